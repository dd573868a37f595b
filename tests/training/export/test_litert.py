from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from preprocessing.bundle.classifier import VIEWS_SIGNATURE
from preprocessing.bundle.outputs import LABEL, OUTPUTS
from preprocessing.bundle.spec import read_spec
from preprocessing.dataset.read import Dataset
from serving.inference.predictor import Predictor
from tests.training.depth import WHOLE_DEPTH, depth
from tests.training.exported import Exported
from training.config import PRECISIONS
from training.data import split_examples
from training.evaluation.predict import classify
from training.export.provenance import read_provenance
from training.export.tta import with_views
from training.networks.build import load_network

# How far logits may be from those of Keras, as shares of how much the logits of an output differ
# among themselves.
TOLERANCES = {"float32": 1e-4, "float16": 0.02, "int8": 0.3}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "outputs"),
    [("exported", [LABEL]), ("voted_exported", OUTPUTS)],
)
def test_all_precisions_agree_with_keras(
    source: str, outputs: Sequence[str], request: pytest.FixtureRequest
) -> None:
    exported: Exported = request.getfixturevalue(source)
    converted, logits = exported.converted, exported.keras_logits
    assert list(converted) == list(PRECISIONS)
    assert logits.shape == (12, len(outputs), 6)
    for place, output in enumerate(outputs):
        spread = logits[:, place].std()
        for name, tolerance in TOLERANCES.items():
            changed = np.abs(converted[name].logits[:, place] - logits[:, place])
            assert changed.max() < tolerance * spread, (output, name)
    exact = converted["float32"].precision
    assert exact.agreement == 1
    assert exact.lost == dict.fromkeys(outputs, 0)
    assert list(exact.accuracy) == list(outputs)
    # It refuses a bundle whose network does not give the known answer.
    Predictor(exported.bundle)


@pytest.mark.slow
def test_the_network_that_ships_agrees_with_keras_though_rounding_adds_up_over_34_layers(
    voted: Dataset, repository_root: Path
) -> None:
    bundle, chips = repository_root / "serving" / "bundle", split_examples(voted, "val").chips
    provenance = read_provenance(read_spec(bundle))
    with depth(WHOLE_DEPTH):
        network = load_network(bundle)
    seeing = with_views(network, provenance.views, size_px=chips.shape[1])
    logits = seeing.predict(chips, verbose=0)
    changed = np.abs(classify(bundle, chips, signature=VIEWS_SIGNATURE) - logits)
    spread = logits.std(axis=(0, 2))
    assert (changed.max(axis=(0, 2)) < TOLERANCES[provenance.precision] * spread).all()
    assert [each.name for each in provenance.precisions] == list(PRECISIONS)
    sizes = [each.size_bytes for each in provenance.precisions]
    assert sizes == sorted(sizes, reverse=True)


def test_two_outputs_do_not_say_the_same(voted_exported: Exported) -> None:
    logits = voted_exported.keras_logits
    assert np.abs(logits[:, 0] - logits[:, 1]).max() > 0.1 * logits.std()

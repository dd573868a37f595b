from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from preprocessing.bundle.outputs import CROWD, LABEL, OUTPUTS
from preprocessing.dataset.read import Dataset
from preprocessing.errors import MienError
from serving.inference.predictor import Predictor
from tests.training.depth import WHOLE_DEPTH, depth
from tests.training.exported import Exported, export_into, read_exported
from training.config import PRECISIONS, FitConfig
from training.export.litert import (
    LARGEST_MODEL_BYTES,
    Precision,
    choose_precision,
    precisions_text,
)
from training.fitting.fit import fit

COSTLESS = Precision(
    "",
    size_bytes=0,
    chip_ms=1,
    accuracy={CROWD: 0.8, LABEL: 0.7},
    lost={CROWD: 0.0, LABEL: 0.0},
    agreement=1.0,
)


@pytest.fixture(scope="module")
def whole_exported(
    voted: Dataset, config: FitConfig, tmp_path_factory: pytest.TempPathFactory
) -> Exported:
    """All 34 layers, trained and exported: what rounding costs adds up over them."""
    run, folder = (tmp_path_factory.mktemp(name) for name in ("whole-run", "whole"))
    with depth(WHOLE_DEPTH):
        fit(voted, run, config=config)
        export_into(folder, run, voted)
    return read_exported(folder)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "outputs"),
    [("exported", [LABEL]), ("voted_exported", OUTPUTS), ("whole_exported", OUTPUTS)],
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
        # Shares of how much the logits of the output differ among themselves.
        for name, tolerance in (("float32", 1e-4), ("float16", 0.02), ("int8", 0.3)):
            changed = np.abs(converted[name].logits[:, place] - logits[:, place])
            assert changed.max() < tolerance * spread, (output, name)
    exact = converted["float32"].precision
    assert exact.agreement == 1
    assert exact.lost == dict.fromkeys(outputs, 0)
    assert list(exact.accuracy) == list(outputs)
    sizes = [len(converted[name].model) for name in ("float32", "float16", "int8")]
    assert sizes == sorted(sizes, reverse=True)
    # It refuses a bundle whose network does not give the known answer.
    Predictor(exported.bundle)


def test_two_outputs_do_not_say_the_same(voted_exported: Exported) -> None:
    logits = voted_exported.keras_logits
    assert np.abs(logits[:, 0] - logits[:, 1]).max() > 0.1 * logits.std()


def _precisions(output: str = CROWD, **lost: float) -> list[Precision]:
    sizes = {"float32": 20_000_000, "float16": 10_000_000, "int8": 5_000_000}
    return [
        replace(
            COSTLESS,
            name=name,
            size_bytes=size,
            # One output may lose what the other does not.
            lost={CROWD: 0.0, LABEL: 0.0, output: lost.get(name, 0.0)},
        )
        for name, size in sizes.items()
    ]


@pytest.mark.parametrize("output", OUTPUTS)
def test_the_smallest_that_loses_next_to_nothing_on_any_output_is_chosen(output: str) -> None:
    assert choose_precision(_precisions(output, int8=0.001)) == "int8"
    assert choose_precision(_precisions(output, int8=0.003)) == "float16"
    assert choose_precision(_precisions(output, int8=0.003, float16=0.01)) == "float32"


def test_where_none_will_do_the_table_says_why() -> None:
    large = [replace(each, size_bytes=LARGEST_MODEL_BYTES + 1) for each in _precisions()]
    with pytest.raises(MienError, match="--precision") as raised:
        choose_precision(large)
    assert precisions_text(large) in str(raised.value)
    assert all(output in precisions_text(large) for output in OUTPUTS)

"""A bundle and its model card say which teacher and which votes went into the network."""

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from preprocessing.bundle.spec import CARD_NAME, read_spec
from preprocessing.dataset.labels import FERPLUS_LABELS, DisgustPolicy
from preprocessing.dataset.read import Dataset
from preprocessing.errors import MienError
from tests.training.distilled import finish, first_steps
from training.config import FitConfig
from training.evaluation.predict import predict_split
from training.export.bundle import ExportOptions, export
from training.fitting.fit import fit


@pytest.mark.slow
@pytest.mark.usefixtures("one_precision")
def test_a_bundle_declares_the_teacher_and_ferplus_of_the_run_it_started_from(
    dataset: Dataset, distilled_run: Path, config: FitConfig, run: Path, tmp_path: Path
) -> None:
    next_run, bundle = tmp_path / "run", tmp_path / "bundle"
    first_steps(dataset, next_run, steps=1, config=config, start_from=distilled_run)
    finish(next_run, like=run)
    export(next_run, bundle, dataset=dataset, options=ExportOptions("test", precision="float32"))
    provenance = read_spec(bundle).provenance
    assert provenance["teacher"] is None
    assert provenance["start_from"]["teacher"]["origin"] == "dice"
    assert provenance["ferplus"]
    card = (bundle / CARD_NAME).read_text(encoding="utf-8")
    assert "- In a run before, a teacher gave 30% of the target of each row" in card
    assert "- FER+ votes" in card


@pytest.mark.slow
@pytest.mark.usefixtures("one_precision")
def test_a_network_for_the_labels_of_ferplus_starts_from_another_and_declares_them(
    dataset: Dataset, voted: Dataset, config: FitConfig, run: Path, tmp_path: Path
) -> None:
    recipe = replace(voted.manifest.recipe, disgust=DisgustPolicy.KEEP, labels=FERPLUS_LABELS)
    by_ferplus = replace(voted, manifest=replace(voted.manifest, recipe=recipe))
    next_run, bundle = tmp_path / "run", tmp_path / "bundle"
    still = replace(config, epochs=1, learning_rate=1e-9)
    network = fit(by_ferplus, next_run, config=still, start_from=run)
    assert network.output_shape == (None, 2, 8)
    np.testing.assert_allclose(
        network.get_layer("stem_conv").get_weights()[0],
        keras.saving.load_model(run / "network.keras").get_layer("stem_conv").get_weights()[0],
        atol=1e-4,
    )
    options = ExportOptions("test", precision="float32")
    with pytest.raises(MienError, match="--ferplus-labels"):
        export(next_run, bundle, dataset=dataset, options=options)
    export(next_run, bundle, dataset=by_ferplus, options=options)
    spec = read_spec(bundle)
    assert spec.provenance["ferplus"]
    card = (bundle / CARD_NAME).read_text(encoding="utf-8")
    assert "- FER+ votes" in card
    assert "The labels here are those of FER+" in card
    with pytest.raises(MienError, match="differs in labels"):
        predict_split(bundle, spec, dataset=dataset, split="val")


def test_the_card_says_nothing_of_teachers_where_there_was_none(bundle: Path) -> None:
    card = (bundle / CARD_NAME).read_text(encoding="utf-8")
    assert "teacher" not in card
    assert "FER+" not in card

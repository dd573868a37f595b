from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from preprocessing.bundle.outputs import CROWD, LABEL
from preprocessing.bundle.spec import read_spec
from preprocessing.dataset.read import Dataset
from preprocessing.errors import MienError
from preprocessing.faces.quality import sharpness
from training.data import rows_of, split_examples
from training.evaluation import robustness
from training.evaluation.predict import predict_split
from training.evaluation.slices import Slice
from training.metrics import accuracy

STEPS = [
    len(steps)
    for steps in (robustness.WIDTHS_PX, robustness.BLURS_PX, robustness.NOISES, robustness.LIGHTS)
]


@pytest.fixture(scope="module")
def seen() -> list[np.ndarray]:
    """The chips that the network was shown, in order; filled when `slices` is made."""
    return []


@pytest.fixture(scope="module")
def slices(bundle: Path, dataset: Dataset, seen: list[np.ndarray]) -> list[Slice]:
    classify = robustness.classify

    def watched(bundle: Path, chips: np.ndarray, *, signature: str) -> np.ndarray:
        seen.append(chips)
        return classify(bundle, chips, signature=signature)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(robustness, "classify", watched)
        return robustness.degraded_slices(bundle, dataset, split="val")


def test_every_step_is_evaluated_on_all_of_the_split(slices: list[Slice]) -> None:
    widths = [each.part for each in slices if each.measure == "shrunk to width, px"]
    assert widths == [str(width) for width in robustness.WIDTHS_PX]
    assert len(slices) == sum(STEPS)
    assert {each.count for each in slices} == {12}


def test_the_first_steps_leave_the_chips_as_they_are(
    slices: list[Slice], seen: list[np.ndarray], bundle: Path, dataset: Dataset
) -> None:
    chips = dataset.chips[rows_of(dataset, "val")]
    predictions = predict_split(bundle, read_spec(bundle), dataset=dataset, split="val")[LABEL]
    reached = accuracy(predictions.logits, dataset.class_indices[rows_of(dataset, "val")])
    for step in np.cumsum([0, *STEPS[:-1]]):
        np.testing.assert_array_equal(seen[step], chips)
        assert slices[step].accuracy == reached


def test_each_further_step_takes_detail_away(slices: list[Slice], seen: list[np.ndarray]) -> None:
    detail = [float(np.median([sharpness(chip) for chip in chips])) for chips in seen]
    shrunk, blurred, noisy, _ = np.split(np.array(detail), np.cumsum(STEPS[:-1]))
    assert (np.diff(shrunk) < 0).all()
    assert (np.diff(blurred) < 0).all()
    assert (np.diff(noisy) > 0).all()
    named = [float(each.part) for each in slices if each.measure == "blurred to sharpness"]
    np.testing.assert_allclose(named, blurred, atol=0.005)


def test_noise_and_light_are_of_the_strength_that_is_named(
    slices: list[Slice], seen: list[np.ndarray]
) -> None:
    *_, noisy, dimmed = np.split(np.arange(sum(STEPS)), np.cumsum(STEPS[:-1]))
    chips = seen[0].astype(float)
    inside = (chips > 80) & (chips < 175)
    for step in noisy:
        added = (seen[step] - chips)[inside].std()
        assert added == pytest.approx(float(slices[step].part), rel=0.1, abs=0.1)
    for step in dimmed:
        assert seen[step].mean() == pytest.approx(float(slices[step].part) * chips.mean(), rel=0.02)


def test_the_crowd_is_evaluated_at_its_balance_by_the_majority(
    voted_bundle: Path, voted: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(robustness, "WIDTHS_PX", (48,))
    monkeypatch.setattr(robustness, "BLURS_PX", (0.0,))
    monkeypatch.setattr(robustness, "NOISES", (0,))
    monkeypatch.setattr(robustness, "LIGHTS", (1.0,))
    spec, val = read_spec(voted_bundle), split_examples(voted, "val")
    logits = predict_split(voted_bundle, spec, dataset=voted, split="val")[CROWD].logits
    predicted = spec.outputs[CROWD].probabilities(logits).argmax(axis=1)
    known = val.majority >= 0
    expected = (predicted == val.majority)[known].mean()
    for each in robustness.degraded_slices(voted_bundle, voted, split="val"):
        assert (each.count, each.accuracy) == (9, pytest.approx(expected))


def test_chips_cut_otherwise_are_refused(bundle: Path, dataset: Dataset) -> None:
    recipe = replace(dataset.manifest.recipe, geometry_digest="0" * 16)
    moved = replace(dataset, manifest=replace(dataset.manifest, recipe=recipe))
    with pytest.raises(MienError, match="geometry"):
        robustness.degraded_slices(bundle, moved, split="val")

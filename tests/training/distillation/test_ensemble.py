import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from preprocessing.bundle.classifier import to_probabilities
from preprocessing.bundle.spec import read_spec
from preprocessing.dataset.read import Dataset
from preprocessing.errors import MienError
from training.__main__ import main
from training.distillation.ensemble import ensemble_answers, member_answers
from training.evaluation.predict import TEST_USES_NAME, answers_of

# The logarithm of a mean of float32 probabilities, and back.
ROUNDING = 1e-5


def test_two_equal_members_say_what_each_says(run: Path, dataset: Dataset, tmp_path: Path) -> None:
    copy = shutil.copytree(run, tmp_path / "copy")
    *alone, together = ensemble_answers([run, copy], dataset, split="val").values()
    for one in alone:
        for ours, theirs in (
            (together.logits, one.logits),
            (together.one_view_logits, one.one_view_logits),
        ):
            np.testing.assert_allclose(
                to_probabilities(ours, 1.0), to_probabilities(theirs, 1.0), atol=ROUNDING
            )


def test_a_member_named_twice_is_refused(run: Path, dataset: Dataset) -> None:
    with pytest.raises(MienError, match="twice"):
        ensemble_answers([run, run], dataset, split="val")


def test_the_mean_is_that_of_the_probabilities(run: Path, bundle: Path, dataset: Dataset) -> None:
    answers = ensemble_answers([run, bundle], dataset, split="val")
    assert list(answers) == [str(run), str(bundle), "mean of 2"]
    one, two, mean = (to_probabilities(each.logits, 1.0) for each in answers.values())
    assert np.abs(one - two).max() > 100 * ROUNDING
    np.testing.assert_allclose(mean, (one + two) / 2, atol=ROUNDING)


def test_a_bundle_answers_at_its_temperature(bundle: Path, dataset: Dataset) -> None:
    spec = read_spec(bundle)
    plain = answers_of(bundle, spec, dataset=dataset, split="val")
    scaled = member_answers(bundle, dataset, split="val")
    assert abs(spec.temperature - 1) > 100 * ROUNDING
    np.testing.assert_allclose(scaled.logits * spec.temperature, plain.logits, rtol=1e-5)


def test_a_run_sees_the_mirror_image_too(run: Path, dataset: Dataset) -> None:
    mirrored = replace(dataset, chips=dataset.chips[:, :, ::-1])
    seen, turned = (member_answers(run, each, split="val") for each in (dataset, mirrored))
    np.testing.assert_allclose(turned.logits, seen.logits, atol=1e-4)
    assert np.abs(turned.one_view_logits - seen.one_view_logits).max() > 1e-3


def test_members_of_other_chips_are_refused(
    run: Path, bundle: Path, dataset: Dataset, tmp_path: Path
) -> None:
    recipe = replace(dataset.manifest.recipe, geometry_digest="0" * 16)
    moved = replace(dataset, manifest=replace(dataset.manifest, recipe=recipe))
    for member in (run, bundle):
        with pytest.raises(MienError, match="geometry"):
            member_answers(member, moved, split="val")
    with pytest.raises(MienError, match="no finished run"):
        member_answers(tmp_path, dataset, split="val")


def test_the_command_prints_each_member_and_their_mean(
    run: Path,
    bundle: Path,
    unused_dataset: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    command = ["ensemble", str(unused_dataset), str(run), str(bundle)]
    assert main(command) == 0
    _, _, *rows = capsys.readouterr().out.splitlines()
    assert [row.split(" | ")[0] for row in rows] == [f"| {run}", f"| {bundle}", "| mean of 2"]
    assert not (unused_dataset / TEST_USES_NAME).exists()
    assert main([*command, "--split", "test"]) == 1
    assert main([*command, "--split", "test", "--final"]) == 0
    assert len((unused_dataset / TEST_USES_NAME).read_text("utf-8").splitlines()) == 3

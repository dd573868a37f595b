import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from preprocessing.bundle.outputs import CROWD, LABEL, OUTPUTS, to_probabilities
from preprocessing.bundle.spec import read_spec
from preprocessing.dataset.read import Dataset
from preprocessing.errors import MienError
from training.__main__ import main
from training.distillation.ensemble import ensemble_predictions, member_predictions
from training.evaluation.predict import TEST_USES_NAME, predict_split

# The logarithm of a mean of float32 probabilities, and back.
ROUNDING = 1e-5


def test_two_equal_members_say_what_each_says(run: Path, dataset: Dataset, tmp_path: Path) -> None:
    copy = shutil.copytree(run, tmp_path / "copy")
    *alone, together = ensemble_predictions([run, copy], dataset, split="val").values()
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
        ensemble_predictions([run, run], dataset, split="val")


def test_the_mean_is_that_of_the_probabilities(run: Path, bundle: Path, dataset: Dataset) -> None:
    predictions = ensemble_predictions([run, bundle], dataset, split="val")
    assert list(predictions) == [str(run), str(bundle), "mean of 2"]
    one, two, mean = (to_probabilities(each.logits, 1.0) for each in predictions.values())
    assert np.abs(one - two).max() > 100 * ROUNDING
    np.testing.assert_allclose(mean, (one + two) / 2, atol=ROUNDING)


def test_a_bundle_answers_at_its_temperature(bundle: Path, dataset: Dataset) -> None:
    spec = read_spec(bundle)
    plain = predict_split(bundle, spec, dataset=dataset, split="val")[LABEL]
    scaled = member_predictions(bundle, dataset, split="val")
    temperature = spec.outputs[LABEL].calibration(0.0).temperature
    assert abs(temperature - 1) > 100 * ROUNDING
    np.testing.assert_allclose(scaled.logits * temperature, plain.logits, rtol=1e-5)


def test_each_output_of_a_bundle_answers_as_it_was_learnt_at_its_own_temperature(
    voted_bundle: Path, voted: Dataset
) -> None:
    spec = read_spec(voted_bundle)
    plain = predict_split(voted_bundle, spec, dataset=voted, split="val")
    for output in OUTPUTS:
        said = member_predictions(voted_bundle, voted, split="val", output=output)
        expected = spec.outputs[output].probabilities(plain[output].logits, 0.0)
        np.testing.assert_allclose(to_probabilities(said.logits, 1.0), expected, atol=ROUNDING)


def test_members_of_one_output_and_of_two_say_together_what_both_know(
    run: Path, voted_run: Path, voted: Dataset
) -> None:
    # The run without votes had the same chips and labels.
    together = ensemble_predictions([run, voted_run], voted, split="val")
    one, two, mean = (to_probabilities(each.logits, 1.0) for each in together.values())
    assert np.abs(one - two).max() > 100 * ROUNDING
    np.testing.assert_allclose(mean, (one + two) / 2, atol=ROUNDING)
    np.testing.assert_array_equal(
        together[str(voted_run)].logits,
        member_predictions(voted_run, voted, split="val", output=LABEL).logits,
    )
    crowd = member_predictions(voted_run, voted, split="val", output=CROWD)
    assert np.abs(to_probabilities(crowd.logits, 1.0) - two).max() > 100 * ROUNDING
    with pytest.raises(MienError, match=f"{run} has no output 'crowd', only label"):
        ensemble_predictions([voted_run, run], voted, split="val", output=CROWD)


def test_a_run_sees_the_mirror_image_too(run: Path, dataset: Dataset) -> None:
    mirrored = replace(dataset, chips=dataset.chips[:, :, ::-1])
    seen, turned = (member_predictions(run, each, split="val") for each in (dataset, mirrored))
    np.testing.assert_allclose(turned.logits, seen.logits, atol=1e-4)
    assert np.abs(turned.one_view_logits - seen.one_view_logits).max() > 1e-3


def test_members_of_other_chips_are_refused(
    run: Path, bundle: Path, dataset: Dataset, tmp_path: Path
) -> None:
    recipe = replace(dataset.manifest.recipe, geometry_digest="0" * 16)
    moved = replace(dataset, manifest=replace(dataset.manifest, recipe=recipe))
    for member in (run, bundle):
        with pytest.raises(MienError, match="geometry"):
            member_predictions(member, moved, split="val")
    with pytest.raises(MienError, match="no finished run"):
        member_predictions(tmp_path, dataset, split="val")


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


def test_the_command_holds_the_crowd_to_the_majority(
    voted_run: Path, voted_bundle: Path, voted_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["ensemble", str(voted_folder), str(voted_run), str(voted_bundle)]
    for output, images in ((LABEL, 12), (CROWD, 9)):
        assert main([*command, "--output", output]) == 0
        _, _, *rows = capsys.readouterr().out.splitlines()
        assert len(rows) == 3
        assert all(f" | {images} | " in row for row in rows)


def test_a_member_without_the_output_is_named(
    run: Path, dataset_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ensemble", str(dataset_folder), str(run), "--output", CROWD]) == 1
    assert "no output 'crowd'" in capsys.readouterr().err

import csv
import json
import math
import random
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from preprocessing.bundle.outputs import CROWD, LABEL
from preprocessing.dataset.read import Dataset
from preprocessing.errors import DatasetError, MienError
from training.config import FitConfig
from training.data import TrainingBatches, split_examples, targets_for, training_examples
from training.fitting.curves import Curves
from training.fitting.fit import fit
from training.fitting.schedule import RunState, learning_rate_at, progress, size_at
from training.networks.build import load_network, read_settings
from training.networks.outputs import outputs_of


def test_leaked_rows_are_left_out_of_training(dataset: Dataset) -> None:
    in_train = int(dataset.in_split("train").sum())
    assert dataset.leaks().sum() == 1
    assert len(training_examples(dataset).chips) == in_train - 1
    assert len(split_examples(dataset, "val").chips) == int(dataset.in_split("val").sum())


def test_a_split_without_rows_is_named(dataset: Dataset) -> None:
    only_train = replace(dataset, splits=np.full(len(dataset.splits), "train"))
    with pytest.raises(DatasetError, match="'val'"):
        split_examples(only_train, "val")


def test_batches_are_reproducible_and_differ_by_epoch(dataset: Dataset) -> None:
    examples = training_examples(dataset)
    targets = targets_for(LABEL, examples, classes=6)[:, None]

    def first_batch(epoch: int) -> np.ndarray:
        ways = [(0.5, examples.chips), (0.5, examples.raw)]
        batches = TrainingBatches(ways, targets=targets, batch_size=8, seed=1)
        batches.epoch = epoch
        batches.on_epoch_begin()
        return batches[0][0]

    np.testing.assert_array_equal(first_batch(3), first_batch(3))
    assert (first_batch(3) != first_batch(4)).any()


def test_learning_rate_rises_then_falls_to_zero(config: FitConfig) -> None:
    shares = np.linspace(0, 1, 101)
    rates = np.array([learning_rate_at(share, config) for share in shares])
    peak = int(rates.argmax())
    assert rates[0] == 0
    assert rates[peak] == pytest.approx(config.learning_rate, rel=0.01)
    assert (np.diff(rates[peak:]) <= 0).all()
    assert learning_rate_at(1 - 1e-6, config) == pytest.approx(0, abs=1e-9)


def test_the_clock_ends_a_run_measured_in_minutes(config: FitConfig) -> None:
    timed = replace(config, epochs=None, minutes=10)
    assert progress(RunState(elapsed_s=300), timed, steps_per_epoch=100) == 0.5
    assert progress(RunState(step=10**6, elapsed_s=300), timed, steps_per_epoch=100) == 0.5


def test_sizes_follow_progress(config: FitConfig) -> None:
    growing = replace(config, sizes=((0.0, 24), (0.5, 32)))
    assert [size_at(share, growing) for share in (0, 0.49, 0.5, 1)] == [24, 24, 32, 32]


@pytest.mark.parametrize(
    "changes",
    [
        {"minutes": 5},
        {"epochs": None},
        {"sizes": ((0.1, 24),)},
        {"erase": 1.0},
        {"width": 0},
        {"epochs": 0},
        {"epochs": -1.0},
        {"teacher_weight": 0.0},
        {"teacher_weight": 1.1},
        {"crowd_weight": -0.1},
        {"crowd_weight": 1.0},
        {"seed": -1},
    ],
)
def test_settings_that_make_no_sense_are_refused(
    config: FitConfig, changes: dict[str, object]
) -> None:
    with pytest.raises(MienError):
        replace(config, **changes)


def test_a_run_leaves_network_curves_and_events(run: Path) -> None:
    with (run / "curves.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert all(np.isfinite(float(value)) for row in rows for value in row.values())
    assert list((run / "tensorboard").iterdir())
    network = keras.saving.load_model(run / "network.keras")
    assert network.output_shape == (None, 1, 6)


def test_a_finished_run_is_not_trained_over(dataset: Dataset, run: Path, config: FitConfig) -> None:
    with pytest.raises(MienError, match="--resume"):
        fit(dataset, run, config=config)
    with pytest.raises(MienError, match="other settings"):
        fit(dataset, run, config=replace(config, seed=9), resume=True)


def test_an_interrupted_run_goes_on_and_says_how_far_it_is(
    dataset: Dataset,
    shallow_config: FitConfig,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    train_on_batch = keras.Model.train_on_batch
    steps = []

    def interrupt(self: keras.Model, *args: object, **kwargs: object) -> object:
        steps.append(1)
        if len(steps) == 4:
            raise KeyboardInterrupt
        return train_on_batch(self, *args, **kwargs)

    monkeypatch.setattr(keras.Model, "train_on_batch", interrupt)
    with pytest.raises(KeyboardInterrupt):
        fit(dataset, tmp_path / "run", config=shallow_config)
    fit(dataset, tmp_path / "run", config=shallow_config, resume=True)
    state = json.loads((tmp_path / "run" / "state.json").read_text(encoding="utf-8"))
    assert (state["epoch"], state["step"]) == (2, 2 * (47 // shallow_config.batch_size))
    assert [path.name for path in (tmp_path / "run").glob("checkpoint-*")] == [state["checkpoint"]]
    first, last = capsys.readouterr().out.splitlines()
    assert first.startswith("epoch 1, 50% of the run: ")
    assert last.startswith("epoch 2, 100% of the run: ")
    assert "val_label_accuracy" in last


IN_A_CHILD = """
import sys
from dataclasses import replace
from pathlib import Path

from preprocessing.dataset.read import read_dataset
from training.presets import PRESETS
from training.fitting.fit import fit

config = replace(PRESETS["shallow"], epochs=40, batch_size=16)
fit(read_dataset(Path(sys.argv[1])), Path(sys.argv[2]), config=config)
"""


@pytest.mark.slow
def test_killed_at_a_random_step_a_run_comes_to_the_same(
    dataset: Dataset, dataset_folder: Path, shallow_config: FitConfig, tmp_path: Path
) -> None:
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    curves = killed / "curves.csv"
    with subprocess.Popen(
        [sys.executable, "-c", IN_A_CHILD, dataset_folder, killed],
        cwd=Path(__file__).parents[3],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as child:
        try:
            while not curves.exists() or len(curves.read_text("utf-8").splitlines()) < 25:
                assert child.poll() is None
                time.sleep(0.02)
            time.sleep(random.Random(0).uniform(0, 0.3))  # noqa: S311 - nothing secret
        finally:
            child.kill()
    assert not (killed / "network.keras").exists()
    config = replace(shallow_config, epochs=40)
    fit(dataset, killed, config=config, resume=True)
    fit(dataset, whole, config=config)
    ours, theirs = (np.genfromtxt(run / "curves.csv", delimiter=",")[1:] for run in (killed, whole))
    epochs, val_loss = ours[:, 0], ours[:, 5]
    assert epochs.tolist() == theirs[:, 0].tolist() == list(range(1, 41))
    # From 1.8 to about 0.95; the last quarter alone, from fresh weights, would get to 1.5.
    assert val_loss[-1] == pytest.approx(theirs[-1, 5], abs=0.2)
    assert val_loss[-1] < 1.2


def test_chips_grow_within_an_epoch_too(
    dataset: Dataset, config: FitConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sides = _sides_in_steps(monkeypatch)
    growing = replace(config, epochs=1, sizes=((0.0, 16), (0.5, 24)))
    fit(dataset, tmp_path / "run", config=growing)
    steps = 47 // config.batch_size
    assert sides == [16] * math.ceil(steps / 2) + [24] * (steps // 2)


def test_a_run_stopped_before_its_last_word_gets_its_statistics_at_the_last_size(
    dataset: Dataset, config: FitConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    growing = replace(config, epochs=1, sizes=((0.0, 16), (0.5, 24)))
    whole = fit(dataset, tmp_path / "run", config=growing).get_weights()
    (tmp_path / "run" / "network.keras").unlink()
    sides = _sides_in_steps(monkeypatch)
    again = fit(dataset, tmp_path / "run", config=growing, resume=True).get_weights()
    assert sides == []
    for ours, theirs in zip(again, whole, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


def _sides_in_steps(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Note the side of the chips in each step from now on."""
    train_on_batch = keras.Model.train_on_batch
    sides = []

    def note(self: keras.Model, *args: object, **kwargs: object) -> object:
        sides.append(self.get_layer("augment").size_px)
        return train_on_batch(self, *args, **kwargs)

    monkeypatch.setattr(keras.Model, "train_on_batch", note)
    return sides


def test_a_resumed_run_drops_the_curves_of_epochs_it_takes_anew(tmp_path: Path) -> None:
    for epochs, loss in ((0, 3.0), (1, 2.0), (1, 1.0)):
        with Curves(tmp_path, epochs=epochs) as curves:
            curves.add(epochs + 1, {"loss": loss})
    text = (tmp_path / "curves.csv").read_text(encoding="utf-8")
    assert text.splitlines() == ["epoch,loss", "1,3", "2,1"]


def test_a_run_that_is_killed_right_after_its_resume_keeps_its_curves(tmp_path: Path) -> None:
    with Curves(tmp_path, epochs=0) as curves:
        curves.add(1, {"loss": 3.0})
    resumed = Curves(tmp_path, epochs=1)
    # Nothing is written after this by who is killed here.
    assert (tmp_path / "curves.csv").read_text(encoding="utf-8") == "epoch,loss\n1,3\n"
    with resumed:
        resumed.add(2, {"loss": 2.0})
    assert (tmp_path / "curves.csv").read_text(encoding="utf-8").endswith("1,3\n2,2\n")


def test_a_damaged_file_of_a_run_is_named(
    dataset: Dataset, run: Path, config: FitConfig, tmp_path: Path
) -> None:
    copy = shutil.copytree(run, tmp_path / "run")
    (copy / "network.keras").write_bytes(b"PK cut short")
    with pytest.raises(MienError, match=r"network\.keras cannot be read"):
        fit(dataset, copy, config=config, resume=True)
    (copy / "network.keras").unlink()
    for checkpoint in copy.glob("checkpoint-*"):
        checkpoint.write_bytes(b"")
    with pytest.raises(MienError, match=r"checkpoint-0002\.keras cannot be read"):
        fit(dataset, copy, config=config, resume=True)


def test_a_run_that_is_over_is_returned_as_it_is(
    dataset: Dataset, run: Path, config: FitConfig, tmp_path: Path
) -> None:
    copy = shutil.copytree(run, tmp_path / "run")
    settings = json.loads((copy / "config.json").read_text(encoding="utf-8"))
    # As in a run from before there were teachers.
    del settings["fit"]["teacher_weight"]
    (copy / "config.json").write_text(json.dumps(settings), encoding="utf-8")
    before = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    network = fit(dataset, copy, config=config, resume=True)
    assert {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()} == before
    kept = keras.saving.load_model(run / "network.keras")
    for ours, theirs in zip(network.get_weights(), kept.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_loss_that_is_no_number_stops_and_keeps_the_checkpoint(
    dataset: Dataset, shallow_config: FitConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train_on_batch = keras.Model.train_on_batch
    steps = []

    def come_apart(self: keras.Model, *args: object, **kwargs: object) -> object:
        steps.append(1)
        loss = train_on_batch(self, *args, **kwargs)
        return loss if len(steps) < 4 else float("nan")

    monkeypatch.setattr(keras.Model, "train_on_batch", come_apart)
    with pytest.raises(MienError, match="lower --learning-rate"):
        fit(dataset, tmp_path / "run", config=shallow_config)
    assert (tmp_path / "run" / "checkpoint-0001.keras").is_file()


def test_a_last_step_that_breaks_the_network_does_not_replace_the_checkpoint(
    dataset: Dataset, shallow_config: FitConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train_on_batch = keras.Model.train_on_batch
    steps = []

    def break_at_the_end(self: keras.Model, *args: object, **kwargs: object) -> object:
        steps.append(1)
        loss = train_on_batch(self, *args, **kwargs)
        if len(steps) == 2 * (47 // shallow_config.batch_size):
            bias = self.get_layer("shallow").get_layer(LABEL).bias
            bias.assign(np.full(bias.shape, np.nan, np.float32))
        return loss

    monkeypatch.setattr(keras.Model, "train_on_batch", break_at_the_end)
    with pytest.raises(MienError, match="no numbers in epoch 2"):
        fit(dataset, tmp_path / "run", config=shallow_config)
    assert [path.name for path in (tmp_path / "run").glob("*.keras")] == ["checkpoint-0001.keras"]


def test_a_run_starts_only_from_chips_aligned_alike(
    dataset: Dataset, run: Path, config: FitConfig, tmp_path: Path
) -> None:
    recipe = replace(dataset.manifest.recipe, geometry_digest="0" * 16)
    moved = replace(dataset, manifest=replace(dataset.manifest, recipe=recipe))
    with pytest.raises(MienError, match="differs in geometry_digest"):
        fit(moved, tmp_path / "next", config=config, start_from=run)


def test_a_run_can_start_from_a_bundle(
    dataset: Dataset, bundle: Path, config: FitConfig, tmp_path: Path
) -> None:
    still = replace(config, epochs=1, learning_rate=1e-9)
    network = fit(dataset, tmp_path / "next", config=still, start_from=bundle)
    exported = load_network(bundle)
    for layer in ("stem_conv", LABEL):
        np.testing.assert_allclose(
            network.get_layer(layer).get_weights()[0],
            exported.get_layer(layer).get_weights()[0],
            atol=1e-4,
        )
    started = read_settings(tmp_path / "next")["start_from"]
    assert started["minutes"] == read_settings(bundle)["training_minutes"]
    assert started["source"] == dataset.manifest.recipe.source


def test_a_run_can_start_from_another(
    dataset: Dataset, run: Path, config: FitConfig, tmp_path: Path
) -> None:
    still = replace(config, epochs=1, learning_rate=1e-9)
    network = fit(dataset, tmp_path / "next", config=still, start_from=run)
    earlier = keras.saving.load_model(run / "network.keras")
    np.testing.assert_allclose(
        network.get_layer(LABEL).get_weights()[0],
        earlier.get_layer(LABEL).get_weights()[0],
        atol=1e-4,
    )
    minutes = [read_settings(folder)["training_minutes"] for folder in (run, tmp_path / "next")]
    assert minutes[1] > minutes[0]
    with pytest.raises(MienError, match="no finished run"):
        fit(dataset, tmp_path / "other", config=still, start_from=tmp_path)
    with pytest.raises(MienError, match="another width"):
        fit(dataset, tmp_path / "wider", config=replace(still, width=8), start_from=run)
    assert not (tmp_path / "wider").exists()


@pytest.mark.parametrize("kept", [np.s_[::-1], np.s_[:3]], ids=["as many", "fewer"])
def test_other_labels_get_a_new_last_layer(
    dataset: Dataset, run: Path, config: FitConfig, tmp_path: Path, kept: slice
) -> None:
    recipe = replace(dataset.manifest.recipe, labels=dataset.manifest.recipe.labels[kept])
    other = replace(
        dataset,
        manifest=replace(dataset.manifest, recipe=recipe),
        class_indices=dataset.class_indices % len(recipe.labels),
    )
    still = replace(config, epochs=1, learning_rate=1e-9, seed=1)
    network = fit(other, tmp_path / "next", config=still, start_from=run)
    assert network.output_shape == (None, 1, len(recipe.labels))
    earlier = keras.saving.load_model(run / "network.keras")
    ours, theirs = (
        {name: each.get_layer(name).get_weights()[0] for name in ("stem_conv", LABEL)}
        for each in (network, earlier)
    )
    np.testing.assert_allclose(ours["stem_conv"], theirs["stem_conv"], atol=1e-4)
    assert np.abs(ours[LABEL][:, :3] - theirs[LABEL][:, :3]).max() > 0.1


def test_a_dataset_with_votes_gives_a_network_with_two_outputs(voted_run: Path, run: Path) -> None:
    network, without = (load_network(each) for each in (voted_run, run))
    assert outputs_of(network) == (CROWD, LABEL)
    assert network.output_shape == (None, 2, 6)
    assert outputs_of(without) == (LABEL,)
    assert read_settings(voted_run)["ferplus"]
    assert not read_settings(run).get("ferplus")
    for folder, outputs in ((voted_run, (CROWD, LABEL)), (run, (LABEL,))):
        with (folder / "curves.csv").open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        for row in rows:
            assert all(np.isfinite(float(value)) for value in row.values())
            assert [name for name in row if name.startswith("val_")] == [
                f"val_{output}_{figure}" for output in outputs for figure in ("loss", "accuracy")
            ]
        # Of the nine faces with a majority, or of all twelve.
        for output, count in ((CROWD, 9), (LABEL, 12)):
            if output in outputs:
                hits = [count * float(row[f"val_{output}_accuracy"]) for row in rows]
                assert hits == pytest.approx(np.round(hits), abs=1e-3)


def test_both_outputs_learn(voted: Dataset, shallow_config: FitConfig, tmp_path: Path) -> None:
    fit(voted, tmp_path / "run", config=replace(shallow_config, epochs=25))
    with (tmp_path / "run" / "curves.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for output in (CROWD, LABEL):
        losses = [float(row[f"val_{output}_loss"]) for row in rows]
        # Six labels that cannot be told apart have a loss of 1.79.
        assert losses[-1] < min(losses[0], np.log(6)) - 0.1, output


def test_a_run_without_votes_does_not_go_on_with_them(
    voted: Dataset, run: Path, config: FitConfig
) -> None:
    with pytest.raises(MienError, match="other settings"):
        fit(voted, run, config=config, resume=True)


@pytest.mark.slow
@pytest.mark.parametrize(("others", "earlier"), [("voted", "run"), ("dataset", "voted_run")])
def test_a_run_of_one_output_starts_one_of_two_and_the_other_way_round(
    others: str,
    earlier: str,
    config: FitConfig,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    outputs = (CROWD, LABEL) if others == "voted" else (LABEL,)
    source: Path = request.getfixturevalue(earlier)
    still = replace(config, epochs=1, learning_rate=1e-9, seed=1)
    network = fit(
        request.getfixturevalue(others), tmp_path / "next", config=still, start_from=source
    )
    assert outputs_of(network) == outputs
    before = load_network(source)
    for layer in ("stem_conv", LABEL):
        np.testing.assert_allclose(
            network.get_layer(layer).get_weights()[0],
            before.get_layer(layer).get_weights()[0],
            atol=1e-4,
        )
    if CROWD in outputs:
        # What starts anew is no copy of the label's layer.
        crowd, label = (network.get_layer(name).get_weights()[0] for name in outputs)
        assert np.abs(crowd).max() > 0.01
        assert np.abs(crowd - label).max() > 0.1
    # Votes went into the network, now or before.
    assert read_settings(tmp_path / "next")["ferplus"]


def test_a_network_from_before_there_were_outputs_is_named(run: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(run, tmp_path / "run")
    chips = keras.Input((24, 24, 1))
    logits = keras.layers.Dense(6, name="logits")(keras.layers.Flatten()(chips))
    keras.Model(chips, logits).save(copy / "network.keras")
    with pytest.raises(MienError, match=r"no output crowd or label.*another version"):
        load_network(copy)

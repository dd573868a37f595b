"""Runs that were interrupted, killed or damaged, and what is left of one that fails."""

import errno
import json
import os
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

from preprocessing.bundle.outputs import LABEL
from preprocessing.dataset.read import Dataset
from preprocessing.errors import MienError
from training.config import FitConfig
from training.fitting.devices import Devices
from training.fitting.fit import fit
from training.fitting.runs import save_checkpoint
from training.fitting.schedule import RunState


def test_a_finished_run_is_not_trained_over(dataset: Dataset, run: Path, config: FitConfig) -> None:
    with pytest.raises(MienError, match="--resume"):
        fit(dataset, run, config=config)
    with pytest.raises(MienError, match="other settings"):
        fit(dataset, run, config=replace(config, seed=9), resume=True)


@pytest.mark.parametrize("name", ["manifest.json", "spec.json"])
def test_no_run_is_put_into_a_dataset_or_a_bundle(
    name: str, dataset: Dataset, config: FitConfig, tmp_path: Path
) -> None:
    (tmp_path / name).touch()
    with pytest.raises(MienError, match="holds a dataset or a bundle"):
        fit(dataset, tmp_path, config=config)
    assert len(list(tmp_path.iterdir())) == 1


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

config = replace(PRESETS["shallow"], epochs=14, batch_size=4)
fit(read_dataset(Path(sys.argv[1])), Path(sys.argv[2]), config=config)
"""


@pytest.mark.slow
@pytest.mark.usefixtures("compiled")
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
            while not curves.exists() or len(curves.read_text("utf-8").splitlines()) < 10:
                assert child.poll() is None
                time.sleep(0.02)
            time.sleep(random.Random(0).uniform(0, 0.3))  # noqa: S311 - nothing secret
        finally:
            child.kill()
    assert not (killed / "network.keras").exists()
    config = replace(shallow_config, epochs=14, batch_size=4)
    fit(dataset, killed, config=config, resume=True)
    fit(dataset, whole, config=config)
    ours, theirs = (np.genfromtxt(run / "curves.csv", delimiter=",")[1:] for run in (killed, whole))
    epochs, val_loss = ours[:, 0], ours[:, 5]
    assert epochs.tolist() == theirs[:, 0].tolist() == list(range(1, 15))
    # From 1.8 to about 0.8; the last third alone, from fresh weights, would get to 1.7.
    assert val_loss[-1] == pytest.approx(theirs[-1, 5], abs=0.2)
    assert val_loss[-1] < 1.2


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


def test_a_checkpoint_for_which_there_is_no_room_is_named_and_takes_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill_the_disk(_: Devices, __: object, path: Path) -> None:
        path.write_bytes(b"half of it")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Devices, "save", fill_the_disk)
    model = keras.Sequential()
    with pytest.raises(OSError, match="No space") as error_info:
        save_checkpoint(model, tmp_path, RunState(epoch=3), Devices())
    assert error_info.value.filename == str(tmp_path / "checkpoint-0003.keras")
    assert list(tmp_path.iterdir()) == []


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


def test_a_run_without_votes_does_not_go_on_with_them(
    voted: Dataset, run: Path, config: FitConfig
) -> None:
    with pytest.raises(MienError, match="other settings"):
        fit(voted, run, config=config, resume=True)

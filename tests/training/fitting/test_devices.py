"""Several devices train as one does: tried on parts of the processor, in processes of their own."""

import csv
import os
import socket
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from preprocessing.errors import MienError
from training.__main__ import main
from training.config import FitConfig
from training.fitting.devices import Devices
from training.fitting.open_devices import open_devices

# Relative, on losses of 1 to 3. Only the order in which float32 sums are added up differs, which is
# worth 1e-7 a step; a part of the batch lost, or statistics of half of it, cost more than 1e-2.
SAME_LOSS = 1e-4
EPOCHS = 3


@pytest.fixture(scope="module")
def jax_runs(
    voted_folder: Path, repository_root: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The folder with the runs `run-1` and `run-2` of JAX, of one device and of two."""
    folder = tmp_path_factory.mktemp("jax")
    _finish(_start(repository_root, voted_folder, folder / "run", "1", "2", **_with_jax(folder)))
    return folder


@pytest.mark.slow
def test_two_devices_of_jax_train_as_one_with_the_same_random_numbers(jax_runs: Path) -> None:
    _assert_same_curves(jax_runs / "run-1", jax_runs / "run-2")
    _assert_same_networks(jax_runs / "run-1", jax_runs / "run-2")


@pytest.mark.slow
def test_two_processes_of_jax_train_as_one_and_one_of_them_writes(
    jax_runs: Path, voted_folder: Path, repository_root: Path, tmp_path: Path
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    started = [
        _start(
            repository_root,
            voted_folder,
            tmp_path / "run",
            "2",
            **_with_jax(jax_runs),
            XLA_FLAGS="",
            KERAS_DISTRIBUTION_JOB_ADDRESSES=f"127.0.0.1:{port}",
            KERAS_DISTRIBUTION_NUM_PROCESSES="2",
            KERAS_DISTRIBUTION_PROCESS_ID=str(number),
        )
        for number in range(2)
    ]
    for process in started:
        _finish(process)
    # After the interruption in the second epoch it draws other random numbers.
    _assert_same_curves(jax_runs / "run-1", tmp_path / "run-2", epochs=1)
    # One file from before the interruption, and one from after.
    assert len(list((tmp_path / "run-2" / "tensorboard").iterdir())) == 2


@pytest.mark.slow
def test_two_devices_of_tensorflow_train_as_one_even_when_interrupted(
    voted_folder: Path, repository_root: Path, tmp_path: Path
) -> None:
    _finish(
        _start(
            repository_root,
            voted_folder,
            tmp_path / "run",
            "1",
            "2",
            KERAS_BACKEND="tensorflow",
        )
    )
    _assert_same_curves(tmp_path / "run-1", tmp_path / "run-2")
    _assert_same_networks(tmp_path / "run-1", tmp_path / "run-2")


def test_more_devices_than_there_are_is_an_error(
    voted_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["fit", str(voted_folder), str(tmp_path / "run"), "--preset", "smoke"]
    assert main([*arguments, "--devices", "99"]) == 1
    assert "Received: 99" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
    with pytest.raises(MienError, match="Received: 0"), open_devices(0):
        pass


def test_several_processes_are_for_jax(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_DISTRIBUTION_NUM_PROCESSES", "2")
    with pytest.raises(MienError, match="jax"), open_devices(1):
        pass


def test_batches_must_be_divisible_by_the_devices() -> None:
    devices = Devices()
    devices.count = 3
    devices.check(FitConfig(epochs=1, batch_size=48), rows=1000)
    with pytest.raises(MienError, match="batch of 64"):
        devices.check(FitConfig(epochs=1, batch_size=64), rows=1000)
    # The only batch of a small dataset holds all of it.
    with pytest.raises(MienError, match="batch of 47"):
        devices.check(FitConfig(epochs=1, batch_size=48), rows=47)


def test_processes_cannot_train_by_the_clock() -> None:
    devices = Devices()
    devices.processes = 2
    devices.check(FitConfig(epochs=1), rows=1000)
    with pytest.raises(MienError, match="--epochs"):
        devices.check(FitConfig(minutes=1), rows=1000)


def _start(
    root: Path, dataset: Path, run: Path, *counts: str, **environment: str
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "tests.training.fitting.devices_child",
            str(dataset),
            str(run),
            *counts,
        ],
        cwd=root,
        env={
            **os.environ,
            "XLA_FLAGS": "--xla_force_host_platform_device_count=2",
            **environment,
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def _with_jax(folder: Path) -> dict[str, str]:
    """Return the settings of JAX, which keeps in a folder what it has compiled."""
    return {
        "KERAS_BACKEND": "jax",
        # It takes longer to make the code fast than to run it.
        "JAX_DISABLE_MOST_OPTIMIZATIONS": "1",
        "JAX_COMPILATION_CACHE_DIR": str(folder / "compiled"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }


def _finish(process: subprocess.Popen[str]) -> None:
    _, errors = process.communicate()
    assert process.returncode == 0, errors[-3000:]


def _assert_same_curves(one: Path, several: Path, *, epochs: int = EPOCHS) -> None:
    for column in ("train_loss", "val_crowd_loss", "val_label_loss"):
        expected, curve = _curve(one, column), _curve(several, column)
        assert len(expected) == len(curve) == EPOCHS
        np.testing.assert_allclose(curve[:epochs], expected[:epochs], rtol=SAME_LOSS)
    assert (several / "config.json").read_text() == (one / "config.json").read_text()
    names, expected_names = (sorted(path.name for path in run.iterdir()) for run in (several, one))
    assert names == expected_names


def _assert_same_networks(one: Path, several: Path) -> None:
    chips = np.random.default_rng(0).integers(0, 256, (4, 24, 24, 1)).astype(np.float32)
    logits, expected = (
        keras.saving.load_model(run / "network.keras").predict(chips, verbose=0)
        for run in (several, one)
    )
    np.testing.assert_allclose(logits, expected, rtol=SAME_LOSS, atol=SAME_LOSS)


def _curve(run: Path, column: str) -> list[float]:
    with (run / "curves.csv").open(encoding="utf-8") as file:
        return [float(row[column]) for row in csv.DictReader(file)]

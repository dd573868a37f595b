import csv
import shutil
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from preprocessing.bundle.outputs import CROWD, LABEL
from preprocessing.dataset.read import Dataset
from preprocessing.errors import MienError
from training.config import FitConfig
from training.fitting.fit import fit
from training.networks.build import load_network, read_settings
from training.networks.outputs import outputs_of


def test_a_run_leaves_network_curves_and_events(run: Path) -> None:
    with (run / "curves.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert all(np.isfinite(float(value)) for row in rows for value in row.values())
    assert list((run / "tensorboard").iterdir())
    network = keras.saving.load_model(run / "network.keras")
    assert network.output_shape == (None, 1, 6)


def test_a_dataset_with_votes_gives_a_network_with_two_outputs(voted_run: Path, run: Path) -> None:
    network, without = (load_network(each) for each in (voted_run, run))
    assert outputs_of(network) == (CROWD, LABEL)
    assert network.output_shape == (None, 2, 6)
    assert outputs_of(without) == (LABEL,)
    assert read_settings(voted_run).ferplus
    assert not read_settings(run).ferplus
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


@pytest.mark.slow
@pytest.mark.usefixtures("compiled")
def test_both_outputs_learn(voted: Dataset, shallow_config: FitConfig, tmp_path: Path) -> None:
    fit(voted, tmp_path / "run", config=replace(shallow_config, epochs=25))
    with (tmp_path / "run" / "curves.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for output in (CROWD, LABEL):
        losses = [float(row[f"val_{output}_loss"]) for row in rows]
        # Six labels that cannot be told apart have a loss of 1.79.
        assert losses[-1] < min(losses[0], np.log(6)) - 0.1, output


def test_a_network_from_before_there_were_outputs_is_named(run: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(run, tmp_path / "run")
    chips = keras.Input((24, 24, 1))
    logits = keras.layers.Dense(6, name="logits")(keras.layers.Flatten()(chips))
    keras.Model(chips, logits).save(copy / "network.keras")
    with pytest.raises(MienError, match=r"no output crowd or label.*another version"):
        load_network(copy)

import json
import shutil
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from preprocessing.bundle.outputs import LABEL
from preprocessing.dataset.read import Dataset
from preprocessing.errors import MienError
from training.__main__ import main
from training.config import FitConfig
from training.distillation.average import average_runs
from training.export.bundle import ExportOptions, export
from training.networks.build import (
    CONFIG_NAME,
    NETWORK_NAME,
    build_network,
    load_network,
    read_settings,
)

# Float32, added up in another order.
ROUNDING = 1e-6


def trainable(folder: Path) -> list[np.ndarray]:
    return [np.asarray(each) for each in load_network(folder).trainable_variables]


@pytest.fixture(scope="module")
def other(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same run with weights that are half as large."""
    folder = shutil.copytree(run, tmp_path_factory.mktemp("members") / "other")
    network = load_network(folder)
    network.set_weights([each / 2 for each in network.get_weights()])
    network.save(folder / NETWORK_NAME)
    return folder


@pytest.fixture(scope="module")
def narrow(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same run with a network of fewer channels."""
    folder = shutil.copytree(run, tmp_path_factory.mktemp("members") / "narrow")
    settings = json.loads((folder / CONFIG_NAME).read_text())
    config = FitConfig(**settings["fit"] | {"width": 2})
    (folder / CONFIG_NAME).write_text(json.dumps(settings | {"fit": asdict(config)}))
    labels = len(settings["dataset"]["labels"])
    build_network(config, classes=labels, outputs=(LABEL,)).save(folder / NETWORK_NAME)
    return folder


def test_weights_are_the_weighted_mean_of_the_members(
    run: Path, other: Path, dataset: Dataset, tmp_path: Path
) -> None:
    average_runs(dataset, tmp_path / "mean", members=[run, other], weights=[1, 3])
    for mean, first, second in zip(*map(trainable, (tmp_path / "mean", run, other)), strict=True):
        np.testing.assert_allclose(mean, 0.25 * first + 0.75 * second, atol=ROUNDING)


def test_statistics_of_normalisation_are_those_of_the_mean_and_not_the_mean_of_those(
    run: Path, other: Path, dataset: Dataset, tmp_path: Path
) -> None:
    mean = average_runs(dataset, tmp_path / "mean", members=[run, other])
    members = [load_network(member) for member in (run, other)]
    differ = 0
    for variable, *theirs in zip(
        mean.non_trainable_variables,
        *(each.non_trainable_variables for each in members),
        strict=True,
    ):
        between = np.mean([np.asarray(each) for each in theirs], axis=0)
        differ += not np.allclose(variable, between, rtol=0.01)
    assert differ > len(mean.non_trainable_variables) / 2


@pytest.mark.usefixtures("one_precision")
def test_the_mean_is_a_run_that_says_what_went_into_it(
    run: Path, other: Path, dataset: Dataset, dataset_folder: Path, tmp_path: Path
) -> None:
    paths = [str(each) for each in (dataset_folder, tmp_path / "mean", run, other)]
    assert main(["average", *paths, "--weights", "1,3"]) == 0
    averaged = read_settings(tmp_path / "mean").average
    assert averaged is not None
    assert [each.weight for each in averaged] == [0.25, 0.75]
    assert read_settings(tmp_path / "mean").training_minutes == pytest.approx(
        read_settings(run).training_minutes
    )
    export(
        tmp_path / "mean",
        tmp_path / "bundle",
        dataset=dataset,
        options=ExportOptions(precision="float32"),
    )
    assert "mean of those of 2 networks" in (tmp_path / "bundle" / "model_card.md").read_text()


@pytest.mark.parametrize(
    ("names", "weights", "said"),
    [
        (["run"], None, "two members"),
        (["run", "run"], None, "two members"),
        (["run", "other"], [1.0], "for each of the 2"),
        (["run", "other"], [1.0, 0.0], "above 0"),
        (["run", "narrow"], None, "different shapes"),
    ],
)
def test_what_has_no_mean_is_refused(
    names: list[str],
    weights: list[float] | None,
    said: str,
    *,
    run: Path,
    other: Path,
    narrow: Path,
    dataset: Dataset,
    tmp_path: Path,
) -> None:
    members = [{"run": run, "other": other, "narrow": narrow}[name] for name in names]
    with pytest.raises(MienError, match=said):
        average_runs(dataset, tmp_path / "mean", members=members, weights=weights)
    assert not (tmp_path / "mean").exists()


def test_a_folder_that_holds_something_is_left_alone(
    run: Path, other: Path, dataset: Dataset, tmp_path: Path
) -> None:
    (tmp_path / "mean").mkdir()
    (tmp_path / "mean" / "mine").write_text("mine")
    with pytest.raises(MienError, match="not empty"):
        average_runs(dataset, tmp_path / "mean", members=[run, other])
    assert [path.name for path in (tmp_path / "mean").iterdir()] == ["mine"]

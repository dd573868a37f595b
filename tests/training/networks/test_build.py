import json
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from preprocessing.bundle.outputs import LABEL, OUTPUTS
from preprocessing.dataset.read import Dataset
from preprocessing.errors import MienError
from training.config import MODELS, FitConfig
from training.distillation.ensemble import ensemble_logits, open_member, snapshot_logits
from training.fitting.fit import fit
from training.fitting.schedule import cycle_at, learning_rate_at
from training.fitting.training_model import build_training_model
from training.networks import build
from training.networks.build import build_network, load_network, read_network
from training.presets import PRESETS


@pytest.mark.parametrize(
    ("model", "millions"), [("shallow", 1.1), ("wide", 12.0), ("vgg", 150), ("alexlike", 82)]
)
def test_a_network_costs_what_it_should(model: str, millions: float) -> None:
    network = build_network(PRESETS[model], classes=6, outputs=OUTPUTS)
    assert _multiply_adds(network) / 1e6 == pytest.approx(millions, rel=0.05)
    side_px = PRESETS[model].sizes[0][1]
    assert network(np.zeros((2, side_px, side_px, 1), np.float32)).shape == (2, 2, 6)


def test_every_model_has_a_preset_of_its_own() -> None:
    assert all(PRESETS[preset].model == model for model, preset in MODELS.items())


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"[" * 100_000, "too deep"),
        (b'{"module": "os", "class_name": "system", "config": {}}', "layers"),
        (b'{"config": {"layers": [{"config": {"name": "scale"}}]}}', "no output"),
        (b'{"config": {"layers": [{"config": {"name": "label"}}]}}', "weights"),
        (bytes(2_000), "more than 1,000 bytes"),
    ],
    ids=["lists in lists", "another module", "no output", "no weights", "too large"],
)
def test_a_network_of_a_stranger_is_read_or_refused(
    content: bytes, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if problem.startswith("more"):
        monkeypatch.setattr(build, "MOST_BYTES", 1_000)
    with zipfile.ZipFile(tmp_path / "network.keras", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("config.json", content)
        packed.writestr("metadata.json", "{}")
    with pytest.raises(MienError, match=f"cannot be read: .*{problem}"):
        read_network(tmp_path / "network.keras", PRESETS["shallow"], classes=6)


def test_layers_that_a_stranger_describes_are_never_made(run: Path, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "run")
    path = tmp_path / "run" / "network.keras"
    with zipfile.ZipFile(path) as packed:
        files = {name: packed.read(name) for name in packed.namelist()}
    described = json.loads(files["config.json"])
    for layer in described["config"]["layers"]:
        layer["class_name"] = "Lambda"
        layer["config"] = {"name": layer["config"]["name"], "units": 10**9, "function": "open"}
    with zipfile.ZipFile(path, "w") as packed:
        for name, content in {**files, "config.json": json.dumps(described)}.items():
            packed.writestr(name, content)
    pairs = zip(load_network(path.parent).weights, load_network(run).weights, strict=True)
    assert all(np.array_equal(changed, kept) for changed, kept in pairs)


def test_a_network_of_other_settings_is_refused(run: Path, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "run")
    path = tmp_path / "run" / "config.json"
    settings = json.loads(path.read_text(encoding="utf-8"))
    settings["fit"]["width"] *= 2
    path.write_text(json.dumps(settings), encoding="utf-8")
    with pytest.raises(MienError, match=r"network\.keras cannot be read"):
        load_network(path.parent)


def test_the_squared_error_is_that_of_probabilities() -> None:
    config = replace(PRESETS["shallow"], loss="mean_squared_error")
    loss = build_training_model(config, classes=2, outputs=(LABEL,), side_px=48).loss
    certain = np.array([[[100.0, 0.0]]], np.float32)
    assert float(loss(np.array([[[1.0, 0.0]]], np.float32), certain)) == pytest.approx(0, abs=1e-6)
    assert float(loss(np.array([[[0.0, 1.0]]], np.float32), certain)) == pytest.approx(1)


def test_each_cycle_ends_without_learning_and_starts_anew() -> None:
    config = PRESETS["shallow-snapshots"]
    for cycle in range(config.cycles):
        start, end = cycle / config.cycles, (cycle + 1) / config.cycles
        middle = learning_rate_at(start + 0.5 / config.cycles, config)
        assert cycle_at(start, config) == cycle
        assert learning_rate_at(end - 1e-6, config) < 1e-6 * config.learning_rate
        assert 0.4 * config.learning_rate < middle < 0.6 * config.learning_rate


@pytest.fixture(scope="module")
def snapshots(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("snapshots") / "run"
    config = FitConfig(model="shallow", epochs=2, cycles=3, sizes=((0.0, 40),), batch_size=16)
    fit(dataset, folder, config=config)
    return folder


def test_every_cycle_leaves_a_snapshot(snapshots: Path, dataset: Dataset) -> None:
    logits = snapshot_logits(snapshots, dataset.chips[:5])
    assert logits.shape == (3, 5, 6)
    assert np.abs(logits[0] - logits[2]).max() > 0
    state = json.loads((snapshots / "state.json").read_text(encoding="utf-8"))
    assert state["step"] == 2 * (47 // 16)


def test_a_snapshot_is_a_member_of_its_own(snapshots: Path, dataset: Dataset) -> None:
    chips, recipe = dataset.chips[:5], dataset.manifest.recipe
    second = open_member(snapshots / "snapshot-02.keras", recipe)(chips)
    assert list(second) == [LABEL]
    np.testing.assert_array_equal(second[LABEL], snapshot_logits(snapshots, chips)[1])
    with pytest.raises(MienError, match="no network snapshot-09"):
        open_member(snapshots / "snapshot-09.keras", recipe)


def test_members_that_agree_say_what_each_says() -> None:
    logits = np.log(np.array([[0.7, 0.2, 0.1]]))
    np.testing.assert_allclose(ensemble_logits(np.stack([logits, logits])), logits)


def test_a_run_without_cycles_is_no_ensemble(run: Path, dataset: Dataset) -> None:
    with pytest.raises(MienError, match="several cycles"):
        snapshot_logits(run, dataset.chips[:1])


def test_a_network_starts_from_its_own_kind_only(
    dataset: Dataset, run: Path, snapshots: Path, tmp_path: Path
) -> None:
    assert load_network(snapshots).name == "shallow"
    with pytest.raises(MienError, match="same network"):
        fit(dataset, tmp_path / "next", config=PRESETS["shallow"], start_from=run)


def _multiply_adds(network: keras.Model) -> int:
    weighted = [layer for layer in network.layers if hasattr(layer, "kernel")]
    return sum(
        int(np.prod(layer.output.shape[1:])) * int(np.prod(layer.kernel.shape[:-1]))
        for layer in weighted
    )

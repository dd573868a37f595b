import json
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from preprocessing.dataset.labels import FER2013_LABELS
from preprocessing.dataset.read import Dataset
from preprocessing.errors import BundleError, DatasetError
from training.__main__ import main
from training.evaluation.baselines import Baseline, baseline_predictions, read_baseline
from training.evaluation.predict import TEST_USES_NAME

SIDE_PX = 8


@pytest.fixture(scope="module")
def network() -> keras.Model:
    keras.utils.set_random_seed(0)
    picture = keras.Input((SIDE_PX, SIDE_PX, 3))
    flat = keras.layers.Flatten()(picture)
    return keras.Model(picture, keras.layers.Dense(7, activation="softmax")(flat))


@pytest.fixture(scope="module")
def folder(network: keras.Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same tiny network in each kind of file, each with its JSON file."""
    root = tmp_path_factory.mktemp("baselines")
    for suffix in ("h5", "keras"):
        network.save(root / f"model.{suffix}")
    network.export(root / "model.tflite", format="litert", verbose=False)
    for suffix in ("h5", "keras", "tflite"):
        fields = {
            "name": suffix,
            "model": f"model.{suffix}",
            "input_px": SIDE_PX,
            "black": -1,
            "white": 1,
            "labels": FER2013_LABELS,
            "pictures": "raw",
            "outputs": "probabilities",
        }
        (root / f"{suffix}.json").write_text(json.dumps(fields), encoding="utf-8")
    return root


@pytest.fixture(scope="module")
def baseline(folder: Path) -> Baseline:
    return read_baseline(folder / "keras.json")


def test_every_kind_of_file_gives_the_same_answers(folder: Path, dataset: Dataset) -> None:
    predictions = [
        baseline_predictions(read_baseline(folder / f"{kind}.json"), dataset, split="val").logits
        for kind in ("h5", "keras", "tflite")
    ]
    np.testing.assert_allclose(predictions[1], predictions[0], atol=1e-5)
    np.testing.assert_allclose(predictions[2], predictions[0], atol=1e-4)


def test_the_scale_and_the_missing_label_are_minded(
    baseline: Baseline, network: keras.Model, dataset: Dataset
) -> None:
    white = replace(dataset, raw=np.full_like(dataset.raw, 255))
    (first, *_) = baseline_predictions(baseline, white, split="val").logits
    outputs = network(np.ones((1, SIDE_PX, SIDE_PX, 3)))[0].numpy()
    kept = np.delete(outputs, FER2013_LABELS.index("disgust"))
    np.testing.assert_allclose(np.exp(first), kept / kept.sum(), rtol=1e-4)


def test_labels_in_another_order_are_sorted(baseline: Baseline, dataset: Dataset) -> None:
    turned = replace(baseline, labels=(*FER2013_LABELS[1:], FER2013_LABELS[0]))
    logits = baseline_predictions(baseline, dataset, split="val").logits
    moved = baseline_predictions(turned, dataset, split="val").logits
    # Each output now bears the name of the label before; happy's is what fear's was, and so on.
    labels = dataset.manifest.recipe.labels

    def against(logits: np.ndarray, label: str, other: str) -> np.ndarray:
        return logits[:, labels.index(label)] - logits[:, labels.index(other)]

    for label, former in {"sad": "happy", "neutral": "surprise", "angry": "neutral"}.items():
        np.testing.assert_allclose(
            against(moved, label, "happy"), against(logits, former, "fear"), atol=1e-4
        )


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"labels": FER2013_LABELS[:-1]}, DatasetError, "neutral"),
        ({"labels": (*FER2013_LABELS, "contempt")}, BundleError, "labels"),
        ({"input_px": 9}, BundleError, "JSON"),
        ({"input_px": 0}, BundleError, "input_px"),
        ({"model": Path("nowhere.tflite")}, BundleError, "nowhere"),
        ({"model": Path("nowhere.h5")}, BundleError, "nowhere"),
    ],
)
def test_a_baseline_that_is_described_wrongly_is_refused(
    baseline: Baseline,
    dataset: Dataset,
    changes: dict[str, object],
    error: type[Exception],
    words: str,
) -> None:
    with pytest.raises(error, match=words):
        baseline_predictions(replace(baseline, **changes), dataset, split="val")


def test_a_json_file_that_describes_no_baseline_is_named(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    with pytest.raises(BundleError, match="No such file"):
        read_baseline(path)
    fields = json.loads((folder / "keras.json").read_text(encoding="utf-8"))
    for wrong in (fields | {"colour": 1}, fields | {"pictures": "any"}, {"name": "none"}):
        path.write_text(json.dumps(wrong), encoding="utf-8")
        with pytest.raises(BundleError):
            read_baseline(path)


def test_bundle_and_baselines_stand_in_one_table(
    bundle: Path,
    folder: Path,
    unused_dataset: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    command = ["peers", str(unused_dataset), str(bundle), str(folder / "tflite.json")]
    assert main(command) == 0
    header, _, ours, theirs = capsys.readouterr().out.splitlines()
    assert header.count("|") == ours.count("|") == theirs.count("|")
    assert ours.startswith(f"| {bundle} | 12 |")
    assert theirs.startswith("| tflite | 12 |")
    assert main([*command, "--split", "test"]) == 1
    assert main([*command, "--split", "test", "--final"]) == 0
    assert len((unused_dataset / TEST_USES_NAME).read_text("utf-8").splitlines()) == 2

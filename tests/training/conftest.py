"""Small aligned datasets, with and without votes, and short runs, made the way a user does."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import training.export.bundle
import training.fitting.recalibrate
from preprocessing.bundle.outputs import to_probabilities
from preprocessing.dataset.build import align_source
from preprocessing.dataset.fer2013 import FERPLUS_WORDS, VOTE_COLUMNS
from preprocessing.dataset.labels import FER2013_LABELS
from preprocessing.dataset.options import AlignOptions
from preprocessing.dataset.read import Dataset, read_dataset
from preprocessing.images.decode import decode_image, to_grey
from preprocessing.images.sample import sample_photo_path
from training.config import PRESETS, FitConfig
from training.evaluation.predict import TEST_USES_NAME
from training.export.bundle import ExportOptions, export
from training.export.litert import Converted, convert_all
from training.fitting.fit import fit

# The face in the sample photo: left, top, side in pixels.
FACE_PX = (160, 60, 125)
ROWS = {"Training": 48, "PublicTest": 12, "PrivateTest": 12}
CODES = (0, 2, 3, 4, 5, 6)
# Of ten people, by the place of a row in its split: how many chose the row's label, the label
# after it, `unknown` and `NF`, no face.
USUAL_VOTES = (7, 2, 1, 0)
OTHER_VOTES = {3: (4, 0, 0, 6), 5: (4, 4, 2, 0), 6: (2, 8, 0, 0)}
PERIOD = 8


TRAINED = {"run", "voted_run"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as slow what needs a network to be trained first."""
    for item in items:
        needed = set(getattr(item, "fixturenames", ()))
        if item.path.is_relative_to(Path(__file__).parent) and needed & TRAINED:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session", autouse=True)
def _few_recalibration_batches() -> Iterator[None]:
    """They are most of what a short run costs, and no test asks how good the statistics are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training.fitting.recalibrate, "BATCHES", 10)
        yield


@pytest.fixture(scope="session")
def fer2013_csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """FER2013's format, one face; the code decides its contrast, so that it can be learnt."""
    grey = to_grey(decode_image(sample_photo_path().read_bytes()))
    left, top, side = FACE_PX
    generator = np.random.default_rng(0)
    lines = ["emotion,pixels,Usage"]
    for usage, count in ROWS.items():
        for row in range(count):
            code = CODES[row % len(CODES)]
            x, y = generator.integers((left - 4, top - 4), (left + 5, top + 5))
            crop = cv2.resize(
                grey[y : y + side, x : x + side], (48, 48), interpolation=cv2.INTER_AREA
            )
            noise = generator.normal(0, 2, crop.shape)
            pixels = np.clip((crop - 128.0) * (code + 1) / 7 + 128 + noise, 0, 255).astype(np.uint8)
            lines.append(f"{code},{' '.join(map(str, pixels.ravel()))},{usage}")
    # The last training row is the first of val: what must be left out of training.
    lines[ROWS["Training"]] = lines[ROWS["Training"] + 1].replace("PublicTest", "Training")
    path = tmp_path_factory.mktemp("source") / "fer2013.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def dataset_folder(fer2013_csv: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dataset")
    align_source(fer2013_csv, folder, options=AlignOptions(workers=1))
    return folder


@pytest.fixture(scope="session")
def ferplus_csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """FER+'s format: ten people's votes on each picture of `fer2013_csv`.

    Of eight rows one shows no face to most people, one has no majority, and one has a majority
    for another label than FER2013's.
    """
    lines = [",".join(("Usage", "Image name", *VOTE_COLUMNS))]
    for usage, count in ROWS.items():
        for row in range(count):
            place = row % len(CODES)
            words = [
                FERPLUS_WORDS[FER2013_LABELS[CODES[each % len(CODES)]]]
                for each in (place, place + 1)
            ]
            counts = OTHER_VOTES.get(row % PERIOD, USUAL_VOTES)
            votes = dict(zip((*words, "unknown", "NF"), counts, strict=True))
            lines.append(",".join([usage, "", *(str(votes.get(each, 0)) for each in VOTE_COLUMNS)]))
    path = tmp_path_factory.mktemp("ferplus") / "fer2013new.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def voted_folder(
    fer2013_csv: Path, ferplus_csv: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The same dataset with votes."""
    folder = tmp_path_factory.mktemp("voted")
    align_source(fer2013_csv, folder, options=AlignOptions(workers=1, ferplus=ferplus_csv))
    return folder


@pytest.fixture(scope="session")
def voted(voted_folder: Path) -> Dataset:
    return read_dataset(voted_folder)


@pytest.fixture
def unused_dataset(dataset_folder: Path, tmp_path: Path) -> Path:
    """A copy of the dataset whose test split nobody has asked for yet."""
    return shutil.copytree(
        dataset_folder, tmp_path / "dataset", ignore=shutil.ignore_patterns(TEST_USES_NAME)
    )


@pytest.fixture(scope="session")
def dataset(dataset_folder: Path) -> Dataset:
    return read_dataset(dataset_folder)


@pytest.fixture(scope="session")
def config() -> FitConfig:
    return replace(PRESETS["smoke"], epochs=2)


@pytest.fixture(scope="session")
def shallow_config() -> FitConfig:
    """For what holds whatever the network: one that takes little time to build."""
    return replace(PRESETS["shallow"], epochs=2, batch_size=16)


@pytest.fixture(scope="session")
def run(dataset: Dataset, config: FitConfig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    fit(dataset, folder, config=config)
    return folder


@pytest.fixture(scope="session")
def voted_run(voted: Dataset, config: FitConfig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of a network with two outputs."""
    folder = tmp_path_factory.mktemp("runs") / "voted"
    fit(voted, folder, config=config)
    return folder


Exported = tuple[Path, dict[str, Converted], np.ndarray]
"""A bundle, its network in each precision, and what Keras made of val."""


def _export(run: Path, bundle: Path, dataset: Dataset) -> Exported:
    seen = []

    def convert(*arguments: Any, **options: Any) -> dict[str, Converted]:
        seen.append((convert_all(*arguments, **options), options["keras_logits"]))
        return seen[0][0]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training.export.bundle, "convert_all", convert)
        export(run, bundle, dataset=dataset, options=ExportOptions("test", precision="int8"))
    return bundle, *seen[0]


@pytest.fixture(scope="session")
def exported(run: Path, dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    return _export(run, tmp_path_factory.mktemp("bundle"), dataset)


@pytest.fixture(scope="session")
def bundle(exported: Exported) -> Path:
    """The run, exported; tests that change it take a copy."""
    return exported[0]


@pytest.fixture(scope="session")
def voted_exported(
    voted_run: Path, voted: Dataset, tmp_path_factory: pytest.TempPathFactory
) -> Exported:
    return _export(voted_run, tmp_path_factory.mktemp("voted-bundle"), voted)


@pytest.fixture(scope="session")
def voted_bundle(voted_exported: Exported) -> Path:
    """A bundle with two outputs; tests that change it take a copy."""
    return voted_exported[0]


@pytest.fixture(scope="session")
def honest() -> tuple[np.ndarray, np.ndarray]:
    """Logits whose softmax is the true distribution from which the classes are drawn."""
    generator = np.random.default_rng(0)
    logits = generator.normal(0, 2, (20_000, 3))
    probabilities = to_probabilities(logits, 1.0)
    truth = (generator.random(len(logits))[:, None] > probabilities.cumsum(axis=1)).sum(axis=1)
    return logits, np.minimum(truth, 2)

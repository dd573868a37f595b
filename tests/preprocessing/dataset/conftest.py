"""A small table in FER2013's format, and the dataset that it becomes."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from preprocessing.dataset.build import align_source
from preprocessing.dataset.options import AlignOptions
from preprocessing.dataset.read import Dataset, read_dataset
from preprocessing.images.sample import sample_photo_path

ONE_WORKER = AlignOptions(workers=1)
USAGES = ("Training", "PublicTest", "PrivateTest")


@pytest.fixture(scope="session")
def csv_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty-one rows, three of each code: two of one face, and one without any content."""
    photo = cv2.imread(str(sample_photo_path()), cv2.IMREAD_GRAYSCALE)
    face = cv2.resize(photo[60:185, 160:285], (48, 48), interpolation=cv2.INTER_AREA)
    lines = ["emotion,pixels,Usage"]
    for row in range(21):
        pixels = (
            np.full_like(face, 7 * row) if row % 3 == 2 else face // 2 + row % 3 + 2 * (row // 3)
        )
        lines.append(f"{row // 3},{' '.join(map(str, pixels.ravel()))},{USAGES[row % 3]}")
    path = tmp_path_factory.mktemp("source") / "fer2013.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def folder(csv_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dataset")
    align_source(csv_path, folder, options=ONE_WORKER)
    return folder


@pytest.fixture(scope="session")
def dataset(folder: Path) -> Dataset:
    return read_dataset(folder)

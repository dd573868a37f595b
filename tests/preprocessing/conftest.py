"""The sample photo and the loaded models."""

import numpy as np
import pytest

from preprocessing.faces.finder import FaceFinder
from preprocessing.images.decode import decode_image, to_grey
from preprocessing.images.sample import sample_photo_path


@pytest.fixture(scope="session")
def finder() -> FaceFinder:
    return FaceFinder()


@pytest.fixture(scope="session")
def photo() -> np.ndarray:
    """The sample photo, grey."""
    return to_grey(decode_image(sample_photo_path().read_bytes()))

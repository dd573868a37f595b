"""A picture that is as hard to keep as a photo."""

import pytest
from PIL import Image

from tests.tools.picture_files import noisy_picture


@pytest.fixture(scope="session")
def photo() -> Image.Image:
    """A picture with noise, of 160 x 160 pixels."""
    return noisy_picture(160, 160)

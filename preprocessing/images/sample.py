"""The photo that every check of the whole path uses."""

from pathlib import Path


def sample_photo_path() -> Path:
    """Return the path of a photo with one face, in the public domain.

    NASA's portrait of the astronaut Eileen Collins (S99-03196), as shipped with scikit-image.
    """
    return Path(__file__).with_name("sample.jpg")

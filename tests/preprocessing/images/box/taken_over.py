"""What the tests of the box share: a decoder that does what its picture says."""

import sys

import pytest

from preprocessing.images.box.client import Box

HOSTILE = "tests.preprocessing.images.box.hostile:decode"
ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="no such limits on this system")


def decode(box: Box, data: bytes, **options: object) -> None:
    """Have a small picture decoded."""
    picture = box.decode(data, max_pixels=10_000, **options)  # type: ignore[arg-type]
    assert (picture.pixels == 7).all()

"""A picture with so many faces that not all are in sight at once."""

import pytest

from tests.serving.web.browsing import FACES, crowd


@pytest.fixture(scope="session")
def many_faces(photo: bytes) -> bytes:
    return crowd(photo, FACES)

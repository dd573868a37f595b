import pytest

from preprocessing.faces.types import BoundingBox


def test_a_box_needs_a_size() -> None:
    assert BoundingBox(-3, 0, 5, 2).width == 8
    with pytest.raises(ValueError, match="positive size"):
        BoundingBox(5, 0, 5, 2)

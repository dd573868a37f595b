import pytest

from preprocessing.faces.types import BoundingBox


def test_a_box_needs_a_size() -> None:
    assert BoundingBox(-3, 0, 5, 2).width == 8
    with pytest.raises(ValueError, match="positive size"):
        BoundingBox(5, 0, 5, 2)


def test_a_clipped_box_lies_in_the_picture() -> None:
    assert BoundingBox(-3, 4, 9, 20).clipped(8, 10) == BoundingBox(0, 4, 8, 10)
    assert BoundingBox(1, 2, 5, 6).clipped(8, 10) == BoundingBox(1, 2, 5, 6)
    # A face's centre lies in the picture, but a box of one pixel may be rounded out of it.
    assert BoundingBox(8, -1, 9, 0).clipped(8, 10) == BoundingBox(7, 0, 8, 1)

import numpy as np
import pytest
from PIL import Image

from preprocessing.images.decode import decode_image
from preprocessing.images.formats.text_mode import undo_text_mode
from tests.tools.picture_files import encode, jpeg, jpeg_segment, with_segments

LINES = b"a line\r\n" * 100
COMMENT = 0xFE


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_picture_that_came_in_text_mode_is_read(kind: str, photo: Image.Image) -> None:
    data = encode(photo, kind)
    changed = data.replace(b"\n", b"\r\n")
    assert len(changed) > len(data) + 8
    assert undo_text_mode(changed) == data
    np.testing.assert_array_equal(decode_image(changed), decode_image(data))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_other_pictures_stay_as_they_are(kind: str, photo: Image.Image) -> None:
    data = encode(photo, kind)
    assert undo_text_mode(data) is data


def test_line_ends_in_metadata_and_in_nothing_else_change_nothing() -> None:
    # Of one colour, so that no byte of the scan is a line feed.
    data = with_segments(jpeg(Image.new("RGB", (64, 64))), jpeg_segment(COMMENT, LINES))
    assert undo_text_mode(data) is data

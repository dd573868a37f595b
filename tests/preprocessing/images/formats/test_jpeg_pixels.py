import numpy as np
import pytest

from preprocessing.images.decode import decode_here, decode_picture
from preprocessing.images.types import PictureNote
from tests.tools.picture_files import jpeg, noisy_picture

DATA = jpeg(noisy_picture(320, 240))
MIDDLE = len(DATA) // 2
RUBBISH = np.random.default_rng(0).integers(0, 255, 400, np.uint8).tobytes()


@pytest.mark.parametrize(
    "data",
    [
        DATA[:MIDDLE] + RUBBISH + DATA[MIDDLE + len(RUBBISH) :],
        DATA[:MIDDLE] + bytes(len(RUBBISH)) + DATA[MIDDLE + len(RUBBISH) :],
        DATA[:MIDDLE] + DATA[MIDDLE + 1_000 :],
    ],
    ids=["noise", "zeros", "gap"],
)
def test_pixels_that_are_not_as_they_were_written_are_noted(data: bytes) -> None:
    assert decode_picture(data).notes == (PictureNote.DAMAGED,)


@pytest.mark.parametrize("filling", [bytes(2_000), b"\x55" * 8], ids=["zeros", "few"])
def test_what_cameras_fill_files_up_with_is_no_damage(filling: bytes) -> None:
    assert decode_here(DATA).notes == ()
    filled = decode_here(DATA[:-2] + filling + DATA[-2:])
    assert filled.notes == ()
    np.testing.assert_array_equal(filled.pixels, decode_here(DATA).pixels)

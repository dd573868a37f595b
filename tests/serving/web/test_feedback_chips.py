"""Which chips are taken with what a person says."""

import struct
import zlib

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient

from preprocessing.images.encode import encode_png
from preprocessing.images.sample import sample_photo_path
from tests.serving.web.feedback_forms import SIZE_PX, code_in, kept_by, png_of, send


def chunk_of(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG."""
    check = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)


def png_with(rows: int, *, side_px: int = SIZE_PX, extra: bytes = b"") -> bytes:
    """A black PNG that unpacks into more rows than it says."""
    header = chunk_of(b"IHDR", struct.pack(">IIBBBBB", side_px, side_px, 8, 0, 0, 0, 0))
    pixels = chunk_of(b"IDAT", zlib.compress(bytes(rows * (side_px + 1)), 9))
    return b"\x89PNG\r\n\x1a\n" + header + extra + pixels + chunk_of(b"IEND", b"")


GREY = np.full((SIZE_PX, SIZE_PX), 128, np.uint8)


NO_CHIPS = {
    "a photo": sample_photo_path().read_bytes()[:5_000],
    "another width": png_of(GREY[:, :47]),
    "another size": png_of(np.full((96, 96), 128, np.uint8)),
    "in colour": png_of(np.full((SIZE_PX, SIZE_PX, 3), 128, np.uint8)),
    "with opacity": png_of(np.full((SIZE_PX, SIZE_PX, 4), 128, np.uint8)),
    "with 16 bits": png_of(GREY.astype(np.uint16) * 256),
    "cut short": png_of(GREY)[:40],
    "its beginning alone": png_of(GREY)[:20],
    "more behind it": png_of(GREY) + bytes(4_000),
    "a bomb": png_with(3_000, side_px=3_000),
    "nothing": b"",
}


@pytest.mark.parametrize("kind", NO_CHIPS)
def test_what_is_no_chip_is_refused(kind: str, feedback_app: Flask) -> None:
    # Its database is not there: who kept anything would get 503.
    assert send(feedback_app.test_client(), NO_CHIPS[kind]).status_code == 400


def test_nothing_that_a_chip_hides_is_kept(feedback_client: FlaskClient) -> None:
    text = chunk_of(b"tEXt", b"Comment\0something of mine")
    code_in(send(feedback_client, png_with(50_000, extra=text) + b"behind it"))
    (stored,) = kept_by(feedback_client)
    assert stored.feedback.chip == encode_png(np.zeros((SIZE_PX, SIZE_PX), np.uint8))

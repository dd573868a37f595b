"""What a picture may take goes by its pixels and the bytes that hold them, and has an end."""

import struct

import numpy as np
import pytest
from PIL import Image

from preprocessing.images import announce
from preprocessing.images.box.budget import (
    MOST_MEMORY_BYTES,
    Budget,
    budget_of,
    budget_to_walk,
    room_of,
)
from preprocessing.images.decode import decode_here
from preprocessing.images.types import MAX_PIXELS
from tests.tools.costly.png import chunk
from tests.tools.picture_files import encode

SIDE = 64
PICTURE = Image.fromarray(np.random.default_rng(0).integers(0, 255, (SIDE, SIDE, 3), np.uint8))
RUBBISH = bytes(200_000)
ANSWERED_WITHIN_S = 3.0
# Pixels of AVIF take more than detail may.
KINDS = {
    kind: encode(PICTURE, kind) for kind in ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "HEIF")
}


def told_budgets(data: bytes, monkeypatch: pytest.MonkeyPatch) -> list[Budget]:
    """Return what a picture may take by what its reader tells while it is decoded."""
    budgets: list[Budget] = []
    monkeypatch.setattr(
        announce,
        "listener",
        lambda width, height, pixel_bytes: budgets.append(
            budget_of(data, pixels=width * height, pixel_bytes=pixel_bytes)
        ),
    )
    decode_here(data)
    return budgets


def with_rubbish(kind: str, data: bytes) -> bytes:
    """Put what no picture needs into a file, where its format has room for it."""
    if kind == "JPEG":
        comment = struct.pack(">BBH", 0xFF, 0xFE, 2 + 50_000) + RUBBISH[:50_000]
        return data[:2] + 4 * comment + data[2:]
    if kind == "PNG":
        return data[:33] + chunk(b"tEXt", RUBBISH) + data[33:]
    if kind == "GIF":
        at = 13 + 3 * 2 ** (1 + (data[10] & 7))  # behind the header and its colours
        return data[:at] + b"\x21\xfe" + b"\xff".ljust(256, b"a") * 800 + b"\0" + data[at:]
    if kind == "WEBP":
        data += struct.pack("<4sL", b"EXIF", len(RUBBISH)) + RUBBISH
        return data[:4] + struct.pack("<L", len(data) - 8) + data[8:]
    return data + RUBBISH


@pytest.mark.parametrize("kind", KINDS)
def test_rubbish_in_a_file_earns_it_nothing(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = told_budgets(KINDS[kind], monkeypatch)
    padded = told_budgets(with_rubbish(kind, KINDS[kind]), monkeypatch)
    for alone, beside in zip(plain, padded, strict=True):
        # A few bytes of HEIF and of headers are told from pixels by nobody.
        assert beside.seconds - alone.seconds < 0.006
        assert beside.memory_bytes - alone.memory_bytes < 500_000


@pytest.mark.parametrize("kind", KINDS)
def test_no_file_may_take_more_than_a_server_has_for_it(kind: str) -> None:
    large = KINDS[kind].ljust(10_000_000, b"\0")
    for budget in (
        budget_to_walk(large),
        budget_of(large, pixels=MAX_PIXELS),
        budget_of(large, pixels=MAX_PIXELS, pixel_bytes=len(large)),
    ):
        assert budget.seconds < ANSWERED_WITHIN_S
        assert budget.memory_bytes <= MOST_MEMORY_BYTES


@pytest.mark.parametrize("kind", KINDS)
def test_more_pixels_and_more_detail_may_take_more(kind: str) -> None:
    data = KINDS[kind].ljust(2_000_000, b"\0")
    small = budget_of(data, pixels=1_000_000, pixel_bytes=100_000)
    for more in (
        budget_of(data, pixels=2_000_000, pixel_bytes=100_000),
        budget_of(data, pixels=1_000_000, pixel_bytes=1_000_000),
    ):
        assert more.seconds > small.seconds
        assert more.memory_bytes > small.memory_bytes


def test_a_picture_takes_room_for_its_pixels_and_for_its_detail() -> None:
    small, large = KINDS["PNG"], KINDS["PNG"].ljust(9_000_000, b"\0")
    assert room_of(small, pixels=MAX_PIXELS, pixel_bytes=1_000) == pytest.approx(
        MAX_PIXELS, rel=1e-3
    )
    assert room_of(small, pixels=1_000_000, pixel_bytes=1_000) == pytest.approx(1e6, rel=0.01)
    # It may take as much memory as one of that size.
    assert room_of(large, pixels=2_000_000) > 0.9 * MAX_PIXELS


def test_a_photo_of_a_phone_takes_room_for_no_more_detail_than_its_decoder_keeps() -> None:
    pixels, file_bytes = 12_000_000, 6_000_000
    photo = KINDS["JPEG"].ljust(file_bytes, b"\0")
    # So that a server decodes one while two others are still looked at.
    assert room_of(photo, pixels=pixels, pixel_bytes=file_bytes) <= 3 * pixels

"""Costly pictures of one address hold up nobody else's."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import numpy as np
import pytest
from flask import Flask

from preprocessing.errors import TooCostlyImageError
from preprocessing.images.box.client import Box
from preprocessing.images.encode import encode_png
from preprocessing.images.types import DecodedPicture
from serving.web.client_address import network_of
from serving.web.decoding import (
    SMALL_PIXELS,
    SUSPECT_NICENESS,
    SUSPICION_S,
    PictureDecoder,
    PixelRoom,
    Suspects,
)
from serving.web.problems import BusyError
from tests.tools.costly.jpeg import jpegs

LATER_S = 60.0


@pytest.fixture
def decoder() -> PictureDecoder:
    return PictureDecoder(50_000_000)


def decode(
    decoder: PictureDecoder, data: bytes, address: str, *, within_s: float = LATER_S
) -> DecodedPicture:
    until_s = time.monotonic() + within_s
    with decoder.hold(until_s=until_s) as hold:
        return decoder.decode(data, hold, address=address, until_s=until_s)


@pytest.fixture
def costly(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Let every picture be costly; return with which options it was to be decoded."""
    asked: list[dict[str, Any]] = []

    def refuse(_: Box, __: bytes, **options: Any) -> None:
        asked.append(options)
        raise TooCostlyImageError

    monkeypatch.setattr(Box, "decode", refuse)
    return asked


def test_suspicion_ends_after_a_while_and_counts_networks() -> None:
    suspects = Suspects()
    suspects.note("2001:db8::1", now_s=100)
    assert suspects.includes("2001:db8::2", now_s=100 + SUSPICION_S - 1)
    assert not suspects.includes("2001:db8::2", now_s=100 + SUSPICION_S + 1)
    assert not suspects.includes("2001:db8:0:1::1", now_s=100)


def test_of_very_many_suspects_only_the_last_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serving.web.client_address.KEPT_ADDRESSES", 2)
    suspects = Suspects()
    for address in ("one", "two", "one", "three"):
        suspects.note(address, now_s=0)
    assert [suspects.includes(each, now_s=1) for each in ("one", "two", "three")] == [
        True,
        False,
        True,
    ]


def test_after_a_costly_picture_its_address_comes_behind_all_others(
    decoder: PictureDecoder, costly: list[dict[str, Any]]
) -> None:
    for address in ("one", "one", "two"):
        with pytest.raises(TooCostlyImageError):
            decode(decoder, b"", address)
    assert [each.get("niceness", 0) for each in costly] == [0, SUSPECT_NICENESS, 0]
    assert decoder.is_suspect("one")


def test_suspects_are_decoded_one_at_a_time_and_told_when_there_is_no_time(
    decoder: PictureDecoder, costly: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for address in ("one", "two"):
        with pytest.raises(TooCostlyImageError):
            decode(decoder, b"", address)
    assert len(costly) == 2
    begun, let_go = Event(), Event()

    def hold_on(*_: object, **__: object) -> None:
        begun.set()
        assert let_go.wait(LATER_S)
        raise TooCostlyImageError

    monkeypatch.setattr(Box, "decode", hold_on)
    with ThreadPoolExecutor() as clients:
        first = clients.submit(decode, decoder, b"", "one")
        begun.wait()
        with pytest.raises(BusyError, match="your address"):
            decode(decoder, b"", "two", within_s=0.1)
        let_go.set()
        assert isinstance(first.exception(), TooCostlyImageError)


def test_a_suspect_who_sends_a_good_picture_is_answered(
    decoder: PictureDecoder, photo: bytes
) -> None:
    with pytest.raises(TooCostlyImageError):
        decode(decoder, jpegs()["JPEG of many scans, few pixels"], "one")
    assert decode(decoder, photo, "one").pixels.shape == (512, 512, 3)


def waits(work: Callable[[], None]) -> bool:
    """Say whether some work gets no room at once."""
    try:
        work()
    except TimeoutError:
        return True
    return False


def test_room_bounds_the_pixels_that_are_there_at_once() -> None:
    room = PixelRoom(100)

    def take(pixels: int) -> bool:
        return waits(lambda: room.take(pixels, until_s=time.monotonic()))

    assert not take(60)
    assert take(41)
    assert not take(40)
    assert take(1)
    room.give_back(60)
    room.give_back(40)
    assert not take(1_000), "more than there is room for has it alone"
    assert take(1)


def test_a_picture_waits_for_room_until_another_is_gone(
    decoder: PictureDecoder, photo: bytes
) -> None:
    until_s = time.monotonic() + LATER_S
    with decoder.hold(until_s=until_s) as large:
        large.grow_to(50_000_000 + SMALL_PIXELS)
        with pytest.raises(TimeoutError):
            decode(decoder, photo, "one", within_s=0.2)
        with ThreadPoolExecutor() as clients:
            waiting = clients.submit(decode, decoder, photo, "one")
            large.release()
            assert waiting.result().pixels.shape == (512, 512, 3)


def test_the_detail_of_a_picture_takes_room_while_it_is_decoded(decoder: PictureDecoder) -> None:
    side = 700
    noise = np.random.default_rng(0).integers(0, 255, (side, side, 3), np.uint8)
    data, until_s = encode_png(noise), time.monotonic() + LATER_S
    with decoder.hold(until_s=until_s) as large:
        # Its pixels alone would have had room.
        large.grow_to(50_000_000 + SMALL_PIXELS - 2 * side**2)
        with pytest.raises(TimeoutError):
            decode(decoder, data, "one", within_s=0.2)
    with decoder.hold(until_s=until_s) as hold:
        decoder.decode(data, hold, address="one", until_s=until_s)
        assert hold.pixels == side**2


def test_what_a_request_uses_counts_for_its_address(
    app: Flask, photo: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = app.extensions["mien"].queue
    looked: list[str] = []
    await_turn = queue._await_turn

    def await_turn_and_note(task: Any) -> None:
        looked.append(task.address)
        await_turn(task)

    monkeypatch.setattr(queue, "_await_turn", await_turn_and_note)
    address = {"REMOTE_ADDR": "2001:db8::7"}
    sent = app.test_client().post("/api/v1/predict", data=photo, environ_base=address)
    assert sent.status_code == 200
    network = network_of(address["REMOTE_ADDR"])
    assert queue._usage.of(network, now_s=time.monotonic()) > 0
    # Before it begins, before each look for a face or landmarks, and before the network's.
    assert len(looked) >= 4
    assert set(looked) == {network}


def test_what_decoding_takes_counts_for_the_address(app: Flask) -> None:
    # Only decoding tells that it is cut, so that it never comes before the models.
    cut = encode_png(np.zeros((2_000, 2_000, 3), np.uint8))[:-2_000]
    address = {"REMOTE_ADDR": "2001:db8:1::7"}
    sent = app.test_client().post("/api/v1/predict", data=cut, environ_base=address)
    assert sent.status_code == 400
    used_s = app.extensions["mien"].queue._usage.of(
        network_of(address["REMOTE_ADDR"]), now_s=time.monotonic()
    )
    assert used_s > 0

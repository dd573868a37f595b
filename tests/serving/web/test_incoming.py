import time

import pytest

from serving.web import incoming
from serving.web.incoming import Incoming

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST / HTTP/1.1\r\ncontent-LENGTH:\t5 \r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
# A byte costs some millionths of a second. Would all before it be looked through again, it would
# take twenty times as long as this.
MOST_S = 2
ODD = CHUNKED + b"5;a=b\r\n\r\n0\r\n\r\n00\r\n"


def whole_after(data: bytes, *, most_bytes: int = 100) -> int | None:
    """Return after how many bytes, which come one by one, a request is taken for whole."""
    request, come = Incoming(most_bytes=most_bytes), bytearray()
    for byte in data:
        come.append(byte)
        if request.is_whole(come):
            return len(come)
    return None


@pytest.mark.parametrize(
    "data",
    [
        GET,
        b"\r\n" + GET,
        POST + b"12345",
        CHUNKED + b"0\r\n\r\n",
        ODD + b"\r\n",
        ODD + b"a: b\r\n\r\n",
        CHUNKED + 16 * b"0" + b"5\r\n\r\n\r\n0\r\n0\r\n\r\n",
        CHUNKED + 99 * b"1;a\r\na\r\n" + b"0\r\n\r\n",
    ],
    ids=[
        "no body",
        "an empty line before",
        "a length",
        "no chunk",
        "chunks",
        "a trailer",
        "a long size",
        "chunks whose content is short enough",
    ],
)
def test_a_request_is_whole_with_its_last_byte_and_not_before(data: bytes) -> None:
    assert whole_after(data + b"next") == len(data)
    request = Incoming(most_bytes=100)
    assert request.is_whole(bytearray(data + GET))
    assert request.is_complete


@pytest.mark.parametrize(
    ("data", "bytes_needed"),
    [
        (POST.replace(b"5", b"101"), len(POST) + 2),
        (POST.replace(b"5", 30 * b"9"), len(POST) + 29),
        (POST.replace(b"5", b"000" + 30 * b"9"), len(POST) + 32),
        (CHUNKED + b"65\r\n" + bytes(200), len(CHUNKED) + 107),
        (CHUNKED + b"x\r\n", len(CHUNKED) + 3),
        (CHUNKED + b"1\r\na\r\n" * 9, len(CHUNKED) + 4 * 6 - 3),
        (bytes(200), 151),
        (GET[:-2] + b"\n", len(GET) - 1),
        (b"GET / HTTP/1.0\n\n", 15),
        (CHUNKED + b"1;" + bytes(200), len(CHUNKED) + 30),
    ],
    ids=[
        "too long",
        "far too long",
        "zeros before",
        "chunks too long",
        "malformed",
        "many chunks",
        "a long head",
        "a bare line end",
        "bare line ends",
        "a long line",
    ],
)
def test_of_what_is_refused_anyway_no_more_is_awaited(
    data: bytes, bytes_needed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(incoming, "MOST_HEAD_BYTES", 150)
    monkeypatch.setattr(incoming, "MOST_CHUNK_LINES_BYTES", 15)
    monkeypatch.setattr(incoming, "MOST_CHUNK_LINE_BYTES", 30)
    assert whole_after(data) == bytes_needed


@pytest.mark.parametrize(
    "beginning",
    [
        GET[:-2] + b"a" * 100_000,
        CHUNKED + b"0" * 8_000,
        CHUNKED + b"0;" + b";" * 8_000,
        CHUNKED + b"0\r\na:" + b"\r" * 100_000,
    ],
    ids=["head", "zeros", "extensions", "trailers"],
)
def test_what_comes_in_single_bytes_is_looked_through_once(beginning: bytes) -> None:
    started_s = time.thread_time()
    assert whole_after(beginning) is None
    assert time.thread_time() - started_s < MOST_S


def test_a_chunk_may_be_said_to_be_longer_than_any_memory() -> None:
    line = 16 * b"F" + b"\r\n"
    assert whole_after(CHUNKED + line + bytes(200)) == len(CHUNKED + line) + 103


def test_who_waits_for_the_word_to_send_is_known() -> None:
    request = Incoming(most_bytes=100)
    assert not request.is_whole(bytearray(POST[:-2] + b"Expect: 100-Continue\r\n\r\n"))
    assert request.expects_word
    # HTTP/1.0 has no such word.
    request = Incoming(most_bytes=100)
    old = POST[:-2].replace(b"1.1", b"1.0")
    assert not request.is_whole(bytearray(old + b"Expect: 100-continue\r\n\r\n"))
    assert not request.expects_word

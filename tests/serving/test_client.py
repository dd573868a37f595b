import io
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socketserver import StreamRequestHandler, TCPServer
from threading import Thread
from typing import Any

import pytest
from PIL import Image

from preprocessing.errors import ImageDecodeError
from preprocessing.images.decode import decode_image
from preprocessing.images.sample import sample_photo_path
from serving.client import ApiError, Client
from serving.inference.options import Options
from serving.inference.predictor import Predictor
from serving.inference.schema import BatchLine
from serving.web.openapi_examples import ANSWER
from serving.web.problems import BUSY_RETRY_S, BusyError
from serving.web.queue import TaskQueue


@pytest.fixture
def api(address: str) -> Iterator[Client]:
    with Client(address) as client:
        yield client


def test_it_says_what_the_predictor_says(api: Client, predictor: Predictor, photo: bytes) -> None:
    answer = api.predict(photo, Options(landmarks=True, max_faces=3))
    (expected,) = predictor.predict(photo)[1].predictions
    (face,) = answer.faces
    assert face.label == expected.label
    assert list(face.probabilities.values()) == expected.probabilities.tolist()
    assert face.landmarks is not None
    assert len(face.landmarks) == 68


def test_it_takes_what_the_library_takes(api: Client, photo: bytes, tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(photo)
    expected = api.predict(photo).faces
    rgb = decode_image(photo)
    for picture in (str(path), path, io.BytesIO(photo), bytearray(photo), Image.open(path), rgb):
        assert api.predict(picture).faces == expected
    for wrong, told in (([photo, photo], "one picture at a time"), (None, "cv2.imread")):
        with pytest.raises(TypeError, match=told):
            api.predict(wrong)  # type: ignore[arg-type]
    (line,) = api.predict_batch([str(path)])
    assert line.name == "photo.jpg"


@pytest.mark.parametrize("url", ["127.0.0.1:8080", "localhost:8080", "example.org", ""])
def test_an_address_without_http_is_told_of(url: str) -> None:
    with pytest.raises(ValueError, match=f"http://.*Received: '{url}'"):
        Client(url)


def test_an_address_is_sent_in_the_body_and_not_in_the_query() -> None:
    answer = ANSWER.model_dump_json().encode()
    with another_server(b"HTTP/1.1 200 OK\r\n\r\n" + answer) as (client, received):
        assert client.predict_url("http://example.org/a", Options(crop=True)) == ANSWER
    assert received[0] == b"POST /api/v1/predict?crop=true HTTP/1.1\r\n"
    assert b"Content-Type: application/json\r\n" in received


def test_a_server_that_fetches_nothing_says_so(api: Client) -> None:
    with pytest.raises(ApiError, match="fetches no pictures"):
        api.predict_url("http://example.org/photo.jpg")


def test_a_problem_is_an_error_with_its_code(api: Client) -> None:
    with pytest.raises(ApiError, match="PDF file") as raised:
        api.predict(b"%PDF")
    assert raised.value.problem.code == "unsupported_image"
    assert raised.value.problem.status == 415


def test_a_batch_has_an_answer_or_a_problem_for_each(api: Client, tmp_path: Path) -> None:
    shutil.copy(sample_photo_path(), tmp_path / 'a "quoted" face.jpg')
    (tmp_path / "broken.jpg").write_bytes(sample_photo_path().read_bytes()[:999])
    buffer = io.BytesIO()
    Image.new("L", (48, 48)).save(buffer, "PNG")
    (tmp_path / "none.png").write_bytes(buffer.getvalue())
    face, broken, none = api.predict_batch(sorted(tmp_path.iterdir()))
    assert face.answer is not None
    assert face.answer.faces[0].label == "happy"
    assert "quoted" in face.name
    assert broken.problem is not None
    assert broken.problem.code == "unreadable_image"
    assert none.answer is not None
    assert none.answer.tip


@pytest.mark.parametrize("given", ["photo.jpg", Path("photo.jpg")])
def test_a_batch_is_of_several_paths(given: Any, api: Client) -> None:
    with pytest.raises(TypeError, match="must be a list of paths"):
        next(api.predict_batch(given))


def test_a_file_of_a_batch_that_is_no_picture_is_not_read_to_its_end(
    api: Client, tmp_path: Path
) -> None:
    endless = tmp_path / "endless.jpg"
    with endless.open("wb") as file:
        file.truncate(1 << 42)
    with pytest.raises(ImageDecodeError, match="more than 200,000,000 bytes"):
        next(api.predict_batch([endless]))


def test_a_name_that_is_no_utf_8_or_has_a_line_break_is_sent(api: Client, tmp_path: Path) -> None:
    names = (os.fsdecode(b"caf\xe9.jpg"), "two\r\nlines.jpg")
    for name in names:
        shutil.copy(sample_photo_path(), tmp_path / name)
    found = [line.name for line in api.predict_batch([tmp_path / name for name in names])]
    assert found == ["caf\\xe9.jpg", "two%0D%0Alines.jpg"]


def test_who_is_turned_away_is_told_for_how_long(
    api: Client, photo: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise BusyError("Busy.")

    monkeypatch.setattr(TaskQueue, "run", refuse)
    with pytest.raises(ApiError) as raised:
        api.predict(photo)
    assert raised.value.retry_after_s == BUSY_RETRY_S


def test_the_model_describes_itself(api: Client, predictor: Predictor) -> None:
    assert tuple(api.model().labels) == predictor.spec.labels


def test_no_server_is_an_os_error(photo: bytes) -> None:
    with Client("http://127.0.0.1:9") as client, pytest.raises(OSError, match="refused"):
        client.predict(photo)


@contextmanager
def another_server(
    answer: bytes, *, takes_bodies: bool = True
) -> Iterator[tuple[Client, list[bytes]]]:
    """Give the client of a server that answers a request so, and the head that it received."""
    received: list[bytes] = []

    class Answering(StreamRequestHandler):
        def handle(self) -> None:
            received.extend(iter(self.rfile.readline, b"\r\n"))
            lengths = [line for line in received if line.lower().startswith(b"content-length:")]
            if takes_bodies:
                self.rfile.read(sum(int(line.partition(b":")[2]) for line in lengths))
            self.wfile.write(answer)

    with TCPServer(("127.0.0.1", 0), Answering) as server:
        thread = Thread(target=server.handle_request)
        thread.start()
        with Client(f"http://127.0.0.1:{server.server_address[1]}") as client:
            yield client, received
        thread.join()


# More than lies in the buffers of a connection.
UNTAKEN_BYTES = 50_000_000
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"HTTP/1.1 502 Bad Gateway\r\n\r\n<h1>Bad gateway</h1>", "502"),
        (b"HTTP/1.1 503 Busy\r\nContent-Length: 99\r\n\r\n{", "503"),
        (b"HTTP/1.1 200 OK\r\n\r\n<h1>Log in</h1>", "no server of Mien's"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", "broke off"),
        (CHUNKED + b"63\r\n{", "broke off"),
        (b"none\r\n\r\n", "broke off"),
    ],
)
def test_what_another_server_answers_is_an_os_error(answer: bytes, said: str, photo: bytes) -> None:
    with another_server(answer) as (client, _), pytest.raises(OSError, match=said):
        client.predict(photo)


@pytest.mark.parametrize(
    ("answer", "said"), [(b"HTTP/1.1 413 Much\r\n\r\n", "413"), (b"", "reset|broke")]
)
def test_the_answer_is_read_where_the_body_was_not(answer: bytes, said: str) -> None:
    with (
        another_server(answer, takes_bodies=False) as (client, _),
        pytest.raises(OSError, match=said),
    ):
        client.predict(bytes(UNTAKEN_BYTES))


@pytest.mark.slow
def test_lines_are_told_apart_however_they_come() -> None:
    lines = [BatchLine(name=name).model_dump_json().encode() + b"\n" for name in ("a", "b", "c")]
    text = b"".join(lines)
    for cut in range(1, len(text)):
        chunks = b"".join(b"%x\r\n%b\r\n" % (len(each), each) for each in (text[:cut], text[cut:]))
        with another_server(CHUNKED + chunks + b"0\r\n\r\n") as (client, _):
            found = [line.name for line in client.predict_batch([sample_photo_path()])]
        assert found == ["a", "b", "c"]


@pytest.mark.parametrize("rest", [b"", b"63\r\n{", b"5\r\n{", b"5"])
def test_a_batch_that_is_broken_off_is_an_os_error(rest: bytes) -> None:
    line = BatchLine(name="a.jpg").model_dump_json().encode() + b"\n"
    answer = CHUNKED + b"%x\r\n%b\r\n" % (len(line), line) + rest
    with another_server(answer) as (client, _):
        lines = client.predict_batch([sample_photo_path()])
        assert next(lines).name == "a.jpg"
        with pytest.raises(OSError, match="broke off"):
            next(lines)


def test_a_request_without_a_body_has_no_type() -> None:
    with another_server(b"HTTP/1.1 404 Not Found\r\n\r\n") as (client, received):
        with pytest.raises(OSError, match="404"):
            client.model()
        assert received[0] == b"GET /api/v1/model HTTP/1.1\r\n"
        assert not any(line.lower().startswith(b"content-type") for line in received)

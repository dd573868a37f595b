"""The command `predict`: what it says of pictures, and of those that cannot be read."""

import csv
import json
import os
import shutil
import subprocess
import sys
import weakref
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest

from preprocessing.images.sample import sample_photo_path
from serving.__main__ import main
from serving.cli.predict import PICTURES_A_WORKER, _FilePredictor
from serving.inference.options import Options
from serving.inference.schema import Answer
from serving.web.settings import Settings


def test_predict_ends_with_a_table_of_what_became_of_the_files(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cv2.imwrite(str(photos / "none.png"), np.full((200, 300), 128, np.uint8))
    (photos / "Thumbs.db").write_bytes(b"\0")
    (photos / "face without an ending").write_bytes(sample_photo_path().read_bytes())
    table = tmp_path / "faces.csv"
    assert main(["predict", str(photos), "--json", "--csv", str(table)]) == 0
    captured = capsys.readouterr()
    for line in (
        f"{'pictures read':<34}{3:>9}",
        f"{'faces':<34}{2:>9}",
        f"{'  read as they are, not aligned':<34}{0:>9}",
        f"{'pictures without a face':<34}{1:>9}",
        f"{'pictures that could not be read':<34}{1:>9}",
        f"{'files passed over':<34}{2:>9}  1 hidden and system files, 1 .txt",
    ):
        assert line in captured.err.splitlines()
    assert len([json.loads(line) for line in captured.out.splitlines()]) == 4
    with table.open(encoding="utf-8") as file:
        problems = {Path(row["file"]).name: row["problem"] for row in csv.DictReader(file)}
    assert problems["none.png"] == "no face found"
    assert problems["face.jpg"] == problems["face without an ending"] == ""
    assert main(["predict", str(photos / "none.png")]) == 0
    assert capsys.readouterr().err == ""


def test_a_reader_of_the_answers_may_stop() -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    with os.fdopen(write_end, "wb") as pipe:
        run = subprocess.run(
            [sys.executable, "-m", "serving", "predict", str(sample_photo_path())],
            stdout=pipe,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert run.returncode == 1
    assert "pipe" not in run.stderr


def test_an_answer_that_is_not_asked_for_again_is_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[weakref.ref[Answer]] = []
    most = 0

    def answer_next(path: Path) -> Answer:
        nonlocal most
        answer = predict(path)
        made.append(weakref.ref(answer))
        most = max(most, sum(each() is not None for each in made))
        return answer

    for number in range(4):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.full((48, 48), 128, np.uint8))
    predict = partial(_FilePredictor.__call__, _FilePredictor(Settings(), Options(), None))
    monkeypatch.setattr("serving.cli.predict._FilePredictor", lambda *_: answer_next)
    assert main(["predict", str(tmp_path)]) == 0
    assert len(made) == 4
    assert most <= 2


def test_predict_decodes_no_more_than_is_set(
    photos: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MIEN_MAX_PIXELS", "1000")
    assert main(["predict", str(photos / "inner")]) == 1
    assert "megapixels" in capsys.readouterr().err


def test_a_fallback_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture, table = tmp_path / "grey.png", tmp_path / "faces.csv"
    cv2.imwrite(str(picture), np.full((48, 48), 128, np.uint8))
    assert main(["predict", str(picture), "--crop", "--csv", str(table)]) == 0
    with table.open(encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert row["found_by"] in ("full_frame", "unaligned")
    assert row["found_by"] in capsys.readouterr().out


def test_many_pictures_are_shared_among_processes_and_keep_their_order(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    generator = np.random.default_rng(0)
    for number in range(2 * PICTURES_A_WORKER):
        noise = generator.integers(0, 256, (48, 48), np.uint8)
        cv2.imwrite(str(tmp_path / f"{number:03}.png"), noise)
    assert main(["predict", str(tmp_path), "--crop", "--json"]) == 0
    together = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [Path(each["file"]).stem for each in together] == [
        f"{number:03}" for number in range(2 * PICTURES_A_WORKER)
    ]
    alone = tmp_path / "017.png"
    assert main(["predict", str(alone), "--crop", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["faces"] == together[17]["faces"]


def test_a_bundle_that_is_none_is_an_error_among_many_processes_too(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for number in range(2 * PICTURES_A_WORKER):
        cv2.imwrite(str(tmp_path / f"{number:03}.png"), np.zeros((8, 8), np.uint8))
    assert main(["predict", str(tmp_path), "--bundle", str(tmp_path)]) == 1
    error = capfd.readouterr().err
    assert "error: " in error
    assert "spec.json is missing" in error
    assert "Traceback" not in error


def test_a_file_whose_name_is_no_utf_8_is_read_like_any_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, table = tmp_path / "photos", tmp_path / "faces.csv"
    folder.mkdir()
    shutil.copy(sample_photo_path(), folder / os.fsdecode(b"caf\xe9.jpg"))
    for extra in ([], ["--json"], ["--csv", str(table)]):
        assert main(["predict", str(folder), *extra]) == 0
        assert "caf\\xe9.jpg" in capsys.readouterr().out.replace("\\\\", "\\")
    assert "caf\\xe9.jpg" in table.read_text(encoding="utf-8")


def test_no_name_of_a_file_moves_the_cursor(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(sample_photo_path(), tmp_path / "\x1b[2J.jpg")
    (tmp_path / "\x1b[1A.jpg").write_bytes(b"no picture")
    (tmp_path / "a.\x1b[3A").write_bytes(b"no picture")
    assert main(["predict", str(tmp_path)]) == 0
    said = capsys.readouterr()
    for end in ("[2J.jpg", "[1A.jpg", "[3a"):
        assert f"\N{REPLACEMENT CHARACTER}{end}" in said.out + said.err
    assert "\x1b" not in said.out + said.err


def test_predict_speaks_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", str(sample_photo_path())]) == 0
    assert "1  happy" in capsys.readouterr().out


def test_predict_fails_only_if_all_failed(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", str(photos / "broken.png")]) == 1
    assert "failed: " in capsys.readouterr().err
    assert main(["predict", str(photos / "nowhere")]) == 1
    assert "does not exist" in capsys.readouterr().err
    assert main(["predict", "https://example.org/photo.jpg"]) == 1
    assert "Download it" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("clip.mp4", b"\0\0\0\x18ftypmp42" + bytes(99), "mien video"),
        ("photos.7z", b"7z\xbc\xaf\x27\x1c" + bytes(99), "Unpack"),
        ("paper.pdf", b"%PDF-1.7", "a PDF file"),
    ],
)
def test_what_another_command_reads_is_told_which(
    name: str, content: bytes, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).write_bytes(content)
    assert main(["predict", str(tmp_path / name)]) == 1
    assert told in capsys.readouterr().err


def test_what_can_be_read_only_once_is_read_once(capsys: pytest.CaptureFixture[str]) -> None:
    """As the shell gives it: mien predict <(cat clip.mp4)."""
    reading, writing = os.pipe()
    os.write(writing, b"\0\0\0\x18ftypmp42" + bytes(99))
    os.close(writing)
    assert main(["predict", f"/dev/fd/{reading}"]) == 1
    os.close(reading)
    assert "mien video" in capsys.readouterr().err

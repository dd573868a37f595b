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

BOX_COLUMNS = ["left", "top", "right", "bottom"]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """One photo, in a folder with a broken picture and a text."""
    folder = tmp_path / "photos"
    (folder / "inner").mkdir(parents=True)
    shutil.copy(sample_photo_path(), folder / "inner" / "face.jpg")
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (folder / "notes.txt").write_text("no picture", encoding="utf-8")
    return folder


def test_predict_writes_json_csv_and_pictures(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, drawn = tmp_path / "faces.csv", tmp_path / "drawn"
    command = ["predict", str(photos), "--json", "--csv", str(table), "--annotate", str(drawn)]
    assert main(command) == 0
    captured = capsys.readouterr()
    (line,) = captured.out.splitlines()
    shown = json.loads(line)
    assert shown["file"].endswith("face.jpg")
    assert "broken.png" in captured.err
    with table.open(encoding="utf-8") as file:
        broken, row = csv.DictReader(file)
    assert broken["file"].endswith("broken.png")
    assert "incomplete or damaged" in broken["problem"]
    assert (broken["face"], broken["label"], row["problem"]) == ("", "", "")
    face = shown["faces"][0]
    assert [int(row[name]) for name in BOX_COLUMNS] == list(face["box"].values())
    assert float(row[face["label"]]) == pytest.approx(face["confidence"], abs=1e-4)
    annotated = cv2.imread(str(drawn / "face.jpg.png"))
    plain = cv2.imread(str(sample_photo_path()))
    assert annotated.shape == plain.shape
    box = face["box"]
    assert (
        annotated[box["top"], box["left"] : box["right"]]
        != plain[box["top"], box["left"] : box["right"]]
    ).any()
    assert main(command) == 1
    assert "--overwrite" in capsys.readouterr().err
    assert main([*command, "--overwrite"]) == 0


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
    assert len([json.loads(line) for line in captured.out.splitlines()]) == 3
    with table.open(encoding="utf-8") as file:
        problems = {Path(row["file"]).name: row["problem"] for row in csv.DictReader(file)}
    assert problems["none.png"] == "no face found"
    assert problems["face.jpg"] == problems["face without an ending"] == ""
    assert main(["predict", str(photos / "none.png")]) == 0
    assert capsys.readouterr().err == ""


def test_a_contact_sheet_shows_every_face(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(sample_photo_path(), photos / "second.jpg")
    sheet = tmp_path / "sheet.png"
    assert main(["predict", str(photos), "--contact-sheet", str(sheet)]) == 0
    picture = cv2.imread(str(sheet))
    first, second = np.hsplit(picture, 2)
    assert (first == second).all()
    assert first.std() > 0
    assert main(["predict", str(photos), "--contact-sheet", str(sheet)]) == 1
    assert "--overwrite" in capsys.readouterr().err


def test_without_a_face_there_is_no_sheet_but_all_else(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cv2.imwrite(str(photos / "inner" / "face.jpg"), np.zeros((64, 64), np.uint8))
    sheet, table = tmp_path / "sheet.png", tmp_path / "faces.csv"
    command = ["predict", str(photos), "--contact-sheet", str(sheet), "--csv", str(table)]
    assert main(command) == 0
    captured = capsys.readouterr()
    assert "no face found" in captured.out
    assert "failed: " in captured.err
    assert "no contact sheet was written" in captured.err
    assert table.exists()
    assert not sheet.exists()


def test_predict_takes_the_options_of_the_api(
    tmp_path: Path, two_faces: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "two.jpg"
    picture.write_bytes(two_faces)
    options = ["--json", "--max-faces", "1", "--min-confidence", "1"]
    said = []
    for balance in ("0", "1"):
        assert main(["predict", str(picture), *options, "--balance", balance]) == 0
        shown = json.loads(capsys.readouterr().out)
        assert shown["faces_found"] == 2
        (face,) = shown["faces"]
        assert not face["is_sure"]
        said.append(face["probabilities"])
    assert said[0] != said[1]
    for name, value in (
        ("--max-faces", "101"),
        ("--min-confidence", "1.1"),
        ("--balance", "1.1"),
        ("--balance", "nan"),
    ):
        assert main(["predict", str(picture), name, value]) == 2
        assert name in capsys.readouterr().err


def test_predict_answers_on_no_more_faces_than_are_set(
    tmp_path: Path,
    two_faces: bytes,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("MIEN_MAX_FACES", "1")
    picture = tmp_path / "two.jpg"
    picture.write_bytes(two_faces)
    for asked in ([], ["--max-faces", "2"]):
        assert main(["predict", str(picture), "--json", *asked]) == 0
        assert len(json.loads(capsys.readouterr().out)["faces"]) == 1


def test_whoever_reads_the_answers_may_stop() -> None:
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


def test_an_output_that_cannot_be_written_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet = tmp_path / "not a folder" / "sheet.png"
    sheet.parent.write_bytes(b"")
    assert main(["predict", str(sample_photo_path()), "--contact-sheet", str(sheet)]) == 1
    assert "error: " in capsys.readouterr().err


@pytest.mark.parametrize("port", ["0", "70000", "http"])
def test_what_is_no_port_is_wrong_usage(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--port", port]) == 2
    assert "port" in capsys.readouterr().err


def test_a_server_of_a_bundle_that_is_none_does_not_start(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", "--bundle", str(tmp_path / "mine")]) == 1
    words = capsys.readouterr().err
    assert f"error: {tmp_path / 'mine' / 'spec.json'} is missing" in words
    assert "Mien is on" not in words


def test_predict_speaks_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", str(sample_photo_path())]) == 0
    assert "1  happy" in capsys.readouterr().out


def test_predict_fails_only_if_all_failed(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", str(photos / "broken.png")]) == 1
    assert "failed: " in capsys.readouterr().err
    assert main(["predict", str(photos / "nowhere")]) == 1
    assert "does not exist" in capsys.readouterr().err


def test_wrong_usage_is_2() -> None:
    assert main(["predict"]) == 2

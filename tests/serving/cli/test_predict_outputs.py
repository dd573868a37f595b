"""The command `predict`: tables, JSON, marked pictures and contact sheets."""

import csv
import json
import shutil
from pathlib import Path
from typing import TextIO

import cv2
import numpy as np
import pytest

from preprocessing.images.sample import sample_photo_path
from serving.__main__ import main

BOX_COLUMNS = ["left", "top", "right", "bottom"]


def test_predict_writes_json_csv_and_pictures(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, drawn = tmp_path / "faces.csv", tmp_path / "drawn"
    command = ["predict", str(photos), "--json", "--csv", str(table), "--annotate", str(drawn)]
    assert main(command) == 0
    captured = capsys.readouterr()
    unread, shown = map(json.loads, captured.out.splitlines())
    assert shown["file"].endswith("face.jpg")
    assert "broken.png" in captured.err
    with table.open(encoding="utf-8") as file:
        broken, row = csv.DictReader(file)
    assert broken["file"].endswith("broken.png")
    assert "incomplete or damaged" in broken["problem"]
    assert unread == {"file": broken["file"], "problem": broken["problem"]}
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
    pages = [np.zeros((64, 64), np.uint8)] * 2
    cv2.imwritemulti(str(photos / "inner" / "pages.tiff"), pages)
    (photos / "inner" / "face.jpg").unlink()
    sheet, table = tmp_path / "sheet.png", tmp_path / "faces.csv"
    command = ["predict", str(photos), "--contact-sheet", str(sheet), "--csv", str(table)]
    assert main(command) == 0
    captured = capsys.readouterr()
    assert "no face found\n  the file holds more pictures, which were not read" in captured.out
    assert "failed: " in captured.err
    assert "no contact sheet was written" in captured.err
    with table.open(encoding="utf-8") as file:
        _, pages_row = csv.DictReader(file)
    assert pages_row["hints"] == "more_pictures"
    assert not sheet.exists()


def test_an_output_that_cannot_be_written_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet = tmp_path / "not a folder" / "sheet.png"
    sheet.parent.write_bytes(b"")
    assert main(["predict", str(sample_photo_path()), "--contact-sheet", str(sheet)]) == 1
    assert "error: " in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--csv", "--contact-sheet", "--annotate"])
def test_a_folder_that_may_not_be_written_to_is_told_of_before_the_work(
    option: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    output = tmp_path / "faces"
    monkeypatch.setattr("os.access", lambda path, _: Path(path) not in (tmp_path, output))
    assert main(["predict", str(sample_photo_path()), option, str(output)]) == 1
    captured = capsys.readouterr()
    assert "may not be written to. Name another one." in captured.err
    assert not captured.out


def test_a_table_that_cannot_be_written_whole_leaves_the_one_before(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill_the_disk(file: TextIO, *_: object, **__: object) -> None:
        file.write("half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("serving.cli.predict.write_csv", fill_the_disk)
    table = tmp_path / "faces.csv"
    table.write_text("before", encoding="utf-8")
    assert main(["predict", str(sample_photo_path()), "--csv", str(table), "--overwrite"]) == 1
    assert f"error: {table}: No space left on device" in capsys.readouterr().err
    assert table.read_text(encoding="utf-8") == "before"


def test_a_table_for_which_there_is_no_room_is_written_elsewhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(file: TextIO, *_: object, **__: object) -> None:
        if Path(file.name).parent == tmp_path:
            raise OSError(28, "No space left on device")
        file.write("whole")

    monkeypatch.setattr("serving.cli.predict.write_csv", write)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "spare"))
    (tmp_path / "spare").mkdir()
    table = tmp_path / "faces.csv"
    assert main(["predict", str(sample_photo_path()), "--csv", str(table)]) == 1
    (spare,) = tmp_path.rglob("*.csv")
    assert spare.read_text(encoding="utf-8") == "whole"
    said = f"error: {table} cannot be written: No space left on device. The table was written to"
    assert f"{said} {spare}." in capsys.readouterr().err


def test_a_table_of_which_a_pipe_takes_no_more_is_not_written_elsewhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(file: TextIO, *_: object, **__: object) -> None:
        if file.name == "/dev/null":
            raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr("serving.cli.predict.write_csv", write)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert main(["predict", str(sample_photo_path()), "--csv", "/dev/null", "--overwrite"]) == 1
    assert not list(tmp_path.iterdir())
    assert "error" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "name", "other"),
    [
        ("--csv", "faces.xlsx", "faces.csv"),
        ("--csv", "faces.PARQUET", "faces.csv"),
        ("--csv", "-", "out.csv"),
        ("--contact-sheet", "sheet.jpg", "sheet.png"),
    ],
)
def test_the_name_of_an_output_promises_no_other_kind_of_file(
    option: str, name: str, other: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["predict", "no photo.jpg", option, name]) == 2
    assert other in capsys.readouterr().err

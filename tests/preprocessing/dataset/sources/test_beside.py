"""Files beside pictures, in which their labels may lie."""

import json
from pathlib import Path

import pytest

from preprocessing.dataset.sources.open import open_source
from preprocessing.dataset.sources.reading import Reading
from preprocessing.dataset.sources.types import SourceKind
from tests.preprocessing.dataset.sources.drawn import png, write_folders, zipped
from tests.preprocessing.dataset.sources.folder_trees import refused, with_notes


def test_a_list_beside_class_folders_is_noted_and_counted(tmp_path: Path) -> None:
    write_folders(tmp_path / "set", ("",), ("happy", "sad"))
    (tmp_path / "set" / "labels.csv").write_text("pth,label\nhappy/0_0.png,sad\n", "utf-8")
    source = open_source(tmp_path / "set")
    assert "--list" in source.notes[0]
    assert source.passed_over == {".csv files that are no pictures": 1}
    read = open_source(tmp_path / "set", Reading(lists=(tmp_path / "set" / "labels.csv",)))
    assert [(item.name, item.label) for item in read.items()] == [("happy/0_0.png", "sad")]
    assert read.passed_over == {"in no list": 3}


def test_a_list_in_an_archive_is_to_be_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "set.zip"
    pictures = [(f"{label}/a.png", png(0)) for label in ("happy", "sad")]
    path.write_bytes(zipped([*pictures, ("labels.csv", "path,label\nhappy/a.png,sad\n")]))
    (note,) = open_source(path).notes
    assert note.endswith("To read them from the list: unpack it, and use --list")


def test_photos_beside_a_table_of_pictures_are_not_taken_for_it(tmp_path: Path) -> None:
    (tmp_path / "cover.png").write_bytes(png(0))
    (tmp_path / "fer2013.csv").write_text("emotion,pixels,Usage\n", encoding="utf-8")
    assert "Name it as the source" in refused(tmp_path)


@pytest.mark.parametrize(
    ("picture", "note"),
    [
        ("images/{0}{1}.jpg", "labels/{0}{1}.txt"),
        ("{0}{1}.jpg", "{0}{1}.xml"),
        ("{0}{1}.jpg", "{0}{1}.json"),
        ("anna{1}/a.jpg", "anna{1}/label.txt"),
        ("{0}{1}.jpg", "{0}{1}.cls"),
        ("{0}{1}.jpg", "labels.xlsx"),
        ("{0}{1}.jpg", "labels.sav"),
        ("images/{0}{1}.jpg", "annotations/{0}{1}_exp.npy"),
    ],
)
def test_pictures_beside_which_their_labels_may_lie_are_not_taken_without_them(
    picture: str, note: str, tmp_path: Path
) -> None:
    with_notes(picture, note)(tmp_path)
    message = refused(tmp_path)
    for word in ("no folder is named after an expression", "--list", "--unlabelled"):
        assert word in message
    assert open_source(tmp_path, Reading(is_unlabelled=True)).kind is SourceKind.PHOTOS


COCO = {
    "info": {"description": "x" * 2_000},
    "categories": [{"id": 1, "name": "happy"}],
    "images": [{"id": number, "file_name": f"{number}.png"} for number in range(3)],
    "annotations": [{"image_id": 0, "category_id": 1}],
}
LABEL_STUDIO = [
    {"data": {"image": f"/data/upload/1/0a1b2c3d-{number}.png"}, "annotations": [{"result": []}]}
    for number in range(3)
]
OF_TOOLS = {
    "coco.json": json.dumps(COCO),
    "project.json": json.dumps(LABEL_STUDIO),
    "cvat.xml": "".join(f'<image name="{n}.png"><tag label="happy"/></image>' for n in range(3)),
    "label.lst": "".join(f"{n}.png 0 5 5 40 40 35.1 {n}\n" for n in range(3)),
}


@pytest.mark.parametrize("name", OF_TOOLS)
def test_labels_as_tools_write_them_are_not_passed_over(name: str, tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.png").write_bytes(png(number))
    (tmp_path / name).write_text(OF_TOOLS[name], encoding="utf-8")
    assert f"{name} names pictures and may say what they show" in refused(tmp_path)
    for number in range(3):
        folder = tmp_path / "happy"
        folder.mkdir(exist_ok=True)
        (tmp_path / f"{number}.png").rename(folder / f"{number}.png")
    (note,) = open_source(tmp_path).notes
    assert f"{name} names pictures too" in note


@pytest.mark.parametrize(
    "content",
    [
        {"path": {"0": "0.png", "1": "1.png"}, "label": {"0": "happy", "1": "sad"}},
        {"0.png": {"label": "happy"}, "1.png": {"label": "sad"}},
        {"0.png": "happy", "1.png": "sad"},
    ],
)
def test_a_list_as_json_is_proposed_in_whatever_form(content: object, tmp_path: Path) -> None:
    for number in range(2):
        (tmp_path / f"{number}.png").write_bytes(png(number))
    path = tmp_path / "labels.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    assert f"Read it with --list {path}" in refused(tmp_path)
    assert len(open_source(tmp_path, Reading(lists=(path,))).counts) == 2


@pytest.mark.parametrize("text", ["0.png\n1.png\n2.png\n", "My own photos, with others.png.\n"])
def test_a_text_that_says_nothing_of_pictures_is_passed_over(text: str, tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.png").write_bytes(png(number))
    (tmp_path / "about.txt").write_text(text, encoding="utf-8")
    assert open_source(tmp_path).kind is SourceKind.PHOTOS

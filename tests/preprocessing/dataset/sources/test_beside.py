"""Files beside pictures, in which their labels may lie."""

from pathlib import Path

import pytest

from preprocessing.dataset.sources.open import open_source
from preprocessing.dataset.sources.reading import Reading
from preprocessing.dataset.sources.types import SourceKind
from tests.preprocessing.dataset.sources.drawn import png, write_folders
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
        ("{0}{1}.jpg", "labels.xlsx"),
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

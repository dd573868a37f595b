"""What the numbers of class folders mean is proposed where a file beside them tells it."""

import json
import re
from pathlib import Path

import pytest

from preprocessing.dataset.sources.open import open_source
from preprocessing.dataset.sources.reading import Reading, parse_mapping
from tests.preprocessing.dataset.sources.drawn import png, write_folders, zipped
from tests.preprocessing.dataset.sources.folder_trees import refused

WORDS = ("Angry", "fear", "happiness")
MAP = "--map {0}=angry,{1}=fear,{2}=happy"


@pytest.mark.parametrize(
    ("name", "content", "first"),
    [
        ("classes.txt", "\n".join(WORDS), 0),
        ("classes.txt", "\r\n".join(WORDS) + "\r\n", 1),
        ("labels.txt", "0 Angry\n1 fear\n2 happiness\n", 0),
        ("key.csv", "id,name\n1,Angry\n2,fear\n3,happiness\n", 1),
        ("key.csv", '"emotion";"code"\n"Angry";0\nfear;1\nhappiness;2\n', 0),
        ("class_indices.json", json.dumps(dict(zip(WORDS, range(3), strict=True))), 0),
        ("id2label.json", json.dumps(dict(zip("123", WORDS, strict=True))), 1),
        ("names.json", json.dumps(WORDS), 1),
        ("Schlüssel.txt", "0: Wut\n1: Angst\n2: Freude\n", 0),
    ],
)
def test_a_key_beside_numbered_folders_is_proposed(
    name: str, content: str, first: int, tmp_path: Path
) -> None:
    numbers = tuple(map(str, range(first, first + 3)))
    root = tmp_path / "faces"
    write_folders(root, ("train", "val"), numbers)
    (root / name).write_text(content, "utf-8")
    message = refused(root)
    option = MAP.format(*numbers)
    assert f"But {name} tells what the numbers mean: add {option}." in message
    read = open_source(root, Reading(mapping=parse_mapping(option.removeprefix("--map "))))
    assert {label for label, _ in read.counts} == {"angry", "fear", "happy"}


def test_what_the_dataset_does_not_have_is_to_be_left_out(tmp_path: Path) -> None:
    write_folders(tmp_path, ("",), ("class_0", "class_1", "class_2"))
    (tmp_path / "classes.txt").write_text("happy\ncontempt\nsad\n", "utf-8")
    assert re.search("add --map 0=happy,2=sad --ignore 1[.]", refused(tmp_path))


@pytest.mark.parametrize("content", ["happy\nsad", "one\ntwo\nthree\n", "", "[" * 900, "[1, 2, 3]"])
def test_a_file_that_is_no_key_is_passed_over(content: str, tmp_path: Path) -> None:
    write_folders(tmp_path, ("",), ("0", "1", "2"))
    (tmp_path / "notes.json").write_text(content, "utf-8")
    message = refused(tmp_path)
    assert "--map 0=LABEL,1=LABEL,2=LABEL" in message
    assert "tells what" not in message


@pytest.mark.parametrize("name", ["classes.txt", "names.json"])
@pytest.mark.parametrize("folders", [("1", "2"), ("2", "3"), ("2", "0")])
def test_words_without_numbers_are_counted_only_where_it_is_clear_from_which_on(
    name: str, folders: tuple[str, ...], tmp_path: Path
) -> None:
    """Folders 1 and 2 beside three words may lack the first class, or the last."""
    write_folders(tmp_path, ("",), folders)
    content = json.dumps(WORDS) if name.endswith("json") else "\n".join(WORDS)
    (tmp_path / name).write_text(content, "utf-8")
    proposed = "tells what the numbers mean: add --map 0=angry,2=happy" in refused(tmp_path)
    assert proposed == ("0" in folders)
    assert ("tells what" in refused(tmp_path)) == proposed


@pytest.mark.parametrize("form", ["{0}_faces", "{0}-class", "img {0} x"])
def test_words_may_stand_behind_the_number_of_a_folder(form: str, tmp_path: Path) -> None:
    write_folders(tmp_path, ("train", "val"), tuple(form.format(number) for number in range(3)))
    assert "a number without a meaning" in refused(tmp_path)
    (tmp_path / "classes.txt").write_text("\n".join(WORDS), "utf-8")
    assert f"add {MAP.format(*range(3))}" in refused(tmp_path)


def test_numbers_of_many_digits_are_no_classes(tmp_path: Path) -> None:
    names = [f"train/{digit * 5_000}/a.png" for digit in "123"]
    path = tmp_path / "faces.zip"
    path.write_bytes(zipped([*((name, png(0)) for name in names), ("key.txt", "happy\nsad")]))
    assert "lie in no class folder" in refused(path)

"""Columns whose names are not known are told by what is in them."""

from pathlib import Path

import pytest

from preprocessing.dataset.sources.open import open_source
from preprocessing.dataset.sources.reading import Reading
from preprocessing.errors import DatasetError
from tests.preprocessing.dataset.sources.drawn import png
from tests.preprocessing.dataset.sources.label_lists import LABELS, NAMES, read, table


@pytest.mark.parametrize(
    "header",
    ["Datei;Gefühl;split", "图片;表情;split", "файл;эмоция;split", "Foto do rosto;Emoção;split"],
)
def test_names_of_columns_may_be_in_any_language(header: str, pictures: Path) -> None:
    source = read(pictures, table(header, "{0};{1};{2}"))
    assert [(item.name, item.label) for item in source.items()] == list(
        zip(NAMES, LABELS, strict=True)
    )
    label = header.split(";")[1]
    (note,) = source.notes
    assert note == f"note: labels were read from the column {label} of list.csv"


def test_answers_to_a_question_are_labels_by_whoever_gave_them(pictures: Path) -> None:
    rows = ["2024,b.png,Happy,x,", "2024,b.png,Sad,y,", "2024,b.png,Sad,z,", "2024,a 1.png,,x,"]
    header = "Zeitstempel,Bild,Welche Emotion?,rater,label_2"
    source = read(pictures, "\n".join([header, *rows]))
    assert [(item.name, item.label) for item in source.items()] == [("b.png", "sad")]


def test_a_value_that_is_no_label_is_named(pictures: Path) -> None:
    listed = "Foto,Gefühl\nhttp://a.de/b.png?raw=1,happy\nhttp://a.de/a 1.png?raw=1,weiß nicht\n"
    with pytest.raises(DatasetError, match=r"list.csv:3: the label 'weiß nicht'.*--ignore"):
        read(pictures, listed)


def test_a_remark_is_no_label(pictures: Path) -> None:
    with pytest.raises(DatasetError, match=r"no picture .* has a label.*columns path, remark"):
        read(pictures, "path,remark\nb.png,she looks happy to me\n")


def test_words_in_another_language_are_proposed_with_their_column(pictures: Path) -> None:
    listed = "Datei,Gefühl,Ort\nb.png,wütend,Wien\na 1.png,traurig,Linz\n"
    with pytest.raises(DatasetError, match=r"list.csv:2: the label 'wütend'.*wütend=angry"):
        read(pictures, listed)
    source = read(pictures, listed, words="wütend=angry,traurig=sad")
    assert [item.label for item in source.items()] == ["sad", "angry"]


def test_labels_of_folders_are_not_looked_for_in_other_columns(tmp_path: Path) -> None:
    for place, name in enumerate(("happy/a.png", "sad/b.png")):
        (tmp_path / "faces" / name).parent.mkdir(parents=True)
        (tmp_path / "faces" / name).write_bytes(png(place))
    path = tmp_path / "list.csv"
    path.write_text("path,split,light\na.png,train,neutral\nb.png,val,neutral\n")
    source = open_source(tmp_path / "faces", Reading(lists=(path,)))
    assert source.counts == {("happy", "train"): 1, ("sad", "val"): 1}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("path,A,B\nb.png,sad,sad\n", "no picture .* has a label.*columns path, A, B"),
        ("Gesichter\nb.png;sad\n", "no picture .* has a label.*the columns Gesichter. Expected"),
        ("b.png,sad,fear\n", "list.csv has 2 columns of labels, and no header says which"),
    ],
)
def test_a_column_that_no_name_tells_from_others_is_not_guessed(
    content: str, message: str, pictures: Path
) -> None:
    with pytest.raises(DatasetError, match=message):
        read(pictures, content)

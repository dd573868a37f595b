"""Class folders that are not understood are refused, with what to do."""

from pathlib import Path

import pytest

from tests.preprocessing.dataset.sources.drawn import SIX, png, write_folders
from tests.preprocessing.dataset.sources.folder_trees import ALL, Make, folders, refused, with_notes

REFUSED: dict[str, tuple[Make, tuple[str, ...]]] = {
    "one class too many": (
        folders(*ALL, labels=(*SIX, "contempt")),
        ("6 of 48 pictures", "contempt", "--ignore contempt", "--labels angry,disgust"),
    ),
    "codes": (folders(*ALL, labels=tuple("0123456")), ("--map 0=LABEL", "fer2013, raf-db")),
    "codes without splits": (folders("", labels=tuple("1234567")), ("--map 1=LABEL",)),
    "misspelt": (
        folders("train", "val", labels=("hapy", "sad")),
        ("hapy", "--map hapy=happy", "--ignore hapy"),
    ),
    "in another language": (
        folders("train", "val", labels=("feliz", "triste")),
        ("--map feliz=happy,triste=sad", "--unlabelled"),
    ),
    "in Russian": (
        folders("", labels=("радость", "грусть", "злость")),
        ("--map грусть=sad,злость=angry,радость=happy",),
    ),
    "in Arabic": (folders("", labels=("سعيد", "حزين")), ("حزين=sad", "سعيد=happy")),
    "in Korean": (folders("", labels=("기쁨", "슬픔")), ("기쁨=happy", "슬픔=sad")),
    "smileys alone": (folders("", labels=("😀", "😢")), ("--map '😀=happy,😢=sad'",)),
    "splits with a word of one's own": (
        folders("my_train", "my_val"),
        ("in no split", "--map my_train=train,my_val=val"),
    ),
    "two at once": (
        folders("", labels=("Happily, Surprised", "sad")),
        ("--map 'Happily Surprised=LABEL'",),
    ),
    "boxes in files": (
        with_notes("{}/images/{}.jpg", "{}/labels/{}.txt"),
        ("6 files beside the pictures, such as train/labels/0.txt", "--list"),
    ),
    "abbreviations": (
        folders("", labels=("AN", "HA", "NE", "SA")),
        ("--map AN=angry,HA=happy,NE=neutral,SA=sad",),
    ),
    "all misspelt": (
        folders("", labels=("hapy", "suprised")),
        ("--map hapy=happy,suprised=surprise",),
    ),
    "calm": (folders("", labels=("calm", "sad")), ("--map calm=LABEL",)),
    "split that may be meant": (
        folders("train", "eval", labels=("happy", "sad")),
        ("in no split", "--map eval=val"),
    ),
    "split of another name": (
        folders("train", "extra", labels=("happy", "sad")),
        ("in no split", "--map extra=train"),
    ),
    "classes in classes": (
        folders("happy", labels=("sad", "fear")),
        ("in two classes at once, happy and sad",),
    ),
    "splits in splits": (folders("train/val"), ("in two splits at once, train and val",)),
    "no classes": (folders("train", "val", labels=("",)), ("in no class folder", "--unlabelled")),
}


@pytest.mark.parametrize("name", REFUSED)
def test_folders_that_are_not_understood_are_refused_with_what_to_do(
    name: str, tmp_path: Path
) -> None:
    make, words = REFUSED[name]
    make(tmp_path / "faces")
    message = refused(tmp_path / "faces")
    for word in (*words, "faces: ", "It was read as\n", "Expected folders named angry, disgust"):
        assert word in message


def test_the_error_shows_the_tree_as_it_was_read(tmp_path: Path) -> None:
    write_folders(tmp_path / "faces", ("train", "val"), ("Happiness", "hapy"))
    write_folders(tmp_path / "faces", ("pictures",), ("12",), each=1)
    (tmp_path / "faces" / "cover.png").write_bytes(png(0))
    tree = refused(tmp_path / "faces").splitlines()[1:-1]
    assert tree == [
        "  pictures/",
        "    12/  a number without a meaning, 1 picture",
        "  train/  split train",
        "    Happiness/  class happy, 2 pictures",
        "    hapy/  neither split nor class, 2 pictures",
        "  val/  split val",
        "    Happiness/  class happy, 2 pictures",
        "    hapy/  neither split nor class, 2 pictures",
        "  (no folder)  1 picture",
    ]


def test_the_tree_of_many_folders_is_cut(tmp_path: Path) -> None:
    write_folders(tmp_path, ("",), tuple(f"person{chr(97 + n)}" for n in range(26)), each=1)
    write_folders(tmp_path, ("",), ("happy",))
    message = refused(tmp_path)
    assert "and 18 more folders" in message
    assert len(message.splitlines()) < 20


def test_a_folder_without_pictures_says_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "photos.zip").write_bytes(b"PK\5\6" + bytes(18))
    (tmp_path / "notes.txt").write_text("hello", encoding="utf-8")
    message = refused(tmp_path)
    assert "holds no pictures. It holds notes.txt, 1 x .zip" in message

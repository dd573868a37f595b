"""Class folders that are not understood are refused, with what to do."""

from pathlib import Path

import pytest

from preprocessing.dataset.sources.open import open_source
from preprocessing.dataset.sources.reading import Reading
from tests.preprocessing.dataset.sources.drawn import SIX, png, write_folders, zipped
from tests.preprocessing.dataset.sources.folder_trees import ALL, Make, folders, refused, with_notes

REFUSED: dict[str, tuple[Make, tuple[str, ...]]] = {
    "one class too many": (
        folders(*ALL, labels=(*SIX, "contempt")),
        ("6 of 48 pictures", "contempt", "--ignore contempt", "--labels angry,disgust"),
    ),
    "codes": (folders(*ALL, labels=tuple("0123456")), ("--map 0=LABEL", "fer2013, raf-db")),
    "codes without splits": (folders("", labels=tuple("1234567")), ("--map 1=LABEL",)),
    "codes with a word": (
        folders("", labels=("class_0", "class_1")),
        ("--map class_0=LABEL,class_1=LABEL",),
    ),
    "misspelt": (
        folders("train", "val", labels=("hapy", "sad")),
        ("hapy", "--map hapy=happy", "--ignore hapy"),
    ),
    "in another language": (
        folders("train", "val", labels=("feliz", "triste")),
        ("--map feliz=happy,triste=sad", "--unlabelled"),
    ),
    "people": (folders("", labels=("Anna", "Joy")), ("--ignore Anna", "--unlabelled")),
    "in Russian": (
        folders("", labels=("радость", "грусть", "злость")),
        ("--map грусть=sad,злость=angry,радость=happy",),
    ),
    "without accents": (
        folders("", labels=("froehlich", "uzgun", "degout")),
        ("--map degout=disgust,froehlich=happy,uzgun=sad",),
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
    "in Turkish": (
        folders("", labels=("K\u0131zg\u0131n", "ŞAŞKIN", "İğrenme", "Korkmuş")),
        ("--map Korkmuş=fear,K\u0131zg\u0131n=angry,İğrenme=disgust,ŞAŞKIN=surprise",),
    ),
    "smileys in colour": (folders("", labels=("☺\ufe0f", "☹\ufe0f")), ("=happy", "=sad")),
    "in Hindi": (folders("", labels=("खुश", "दुखी")), ("--map 'खुश=happy,दुखी=sad'",)),
    "in Vietnamese": (
        folders("", labels=("vui vẻ", "1_buồn", "sợ hãi")),
        ("1_buồn=sad,sợ hãi=fear,vui vẻ=happy",),
    ),
    "in Greek": (folders("", labels=("θυμός", "χαρά")), ("--map θυμός=angry,χαρά=happy",)),
    "joined with a plain word": (
        folders("", labels=("happyfaces", "facesad")),
        ("--map facesad=sad,happyfaces=happy",),
    ),
    "all misspelt": (
        folders("", labels=("hapy", "suprised")),
        ("--map hapy=happy,suprised=surprise",),
    ),
    "with the names of people": (
        folders("", labels=("anna_happy", "BobSad", "Cem Joyful (2)")),
        ("--map 'BobSad=sad,Cem Joyful (2)=happy,anna_happy=happy'",),
    ),
    "by how much": (
        folders("", labels=("very happy", "not happy", "sad")),
        ("--map 'not happy=LABEL,very happy=happy'",),
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
        ("in two classes at once, happy and sad", "Of the folders happy and fear only one"),
    ),
    "splits in splits": (
        folders("train/val"),
        ("in two splits at once, train and val", "Of the folders train and val only one"),
    ),
    "splits in Spanish": (
        folders("entrenamiento", "validación", "prueba"),
        ("in no split", "--map entrenamiento=train,prueba=test,validación=val, or leave them out"),
    ),
    "splits in Chinese": (
        folders("训练集", "测试集", labels=("开心", "伤心")),
        ("--map 伤心=sad,开心=happy,测试集=test,训练集=train",),
    ),
    "splits in German and English": (
        folders("Training", "Validierung"),
        ("in no split", "--map Validierung=val, or leave them out with --ignore Validierung."),
    ),
    "a folder of a download": (
        folders("CK+48", labels=(*SIX, "contempt")),
        ("For contempt: leave them out with --ignore contempt, or name all",),
    ),
    "a folder of a download without classes": (
        folders("YOLO/train", "YOLO/val", labels=("images",)),
        ("at any depth. Put the pictures into folders",),
    ),
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


def test_a_folder_without_classes_beside_classes_is_proposed_to_be_left_out(
    tmp_path: Path,
) -> None:
    write_folders(tmp_path, ("train",), ("happy", "sad"))
    write_folders(tmp_path, ("test",), ("images",), each=3)
    assert "with --ignore, as --ignore test." in refused(tmp_path)
    assert open_source(tmp_path, Reading(ignore=("test",))).count == 4


def test_no_name_that_other_pictures_have_is_proposed_to_be_left_out(tmp_path: Path) -> None:
    write_folders(tmp_path / "faces", ("",), ("happy", "sad"))
    (tmp_path / "faces" / "0_0.png").write_bytes(png(0))
    assert "Move files that are not examples out" in refused(tmp_path / "faces")
    (tmp_path / "faces" / "cover.png").write_bytes(png(0))
    assert "--ignore cover.png" in refused(tmp_path / "faces")


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


def test_folders_in_one_another_are_cut_however_many_there_are(tmp_path: Path) -> None:
    archive = tmp_path / "deep.zip"
    archive.write_bytes(zipped([("a/" * 5_000 + "x.png", png(0)), ("happy/b.png", png(1))]))
    lines = refused(archive).splitlines()
    assert lines[40].strip() == "a/  neither split nor class"
    assert lines[41] == "  and 4,961 more lines"


def test_a_folder_without_pictures_says_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "photos.zip").write_bytes(b"PK\5\6" + bytes(18))
    (tmp_path / "notes.txt").write_text("hello", encoding="utf-8")
    message = refused(tmp_path)
    assert "holds no pictures. It holds notes.txt, 1 x .zip" in message
    assert "each into a folder of its name" in message
    (tmp_path / "fer-train.tfrecord-00000-of-00001").write_bytes(bytes(99))
    assert "Arrays and databases are not read" in refused(tmp_path)
    (tmp_path / "fer-train.tfrecord-00000-of-00001").unlink()
    (tmp_path / "photo.jxl").write_bytes(b"\xff\x0a")
    assert "save them as JPEG or PNG" in refused(tmp_path)


def test_of_several_tables_in_a_folder_none_is_taken(tmp_path: Path) -> None:
    for split in ("train", "test"):
        (tmp_path / f"{split}.csv").write_text(f"emotion,pixels\n3,{'7 ' * 2_304}\n", "utf-8")
    message = refused(tmp_path)
    assert "several tables of pictures, test.csv, train.csv" in message
    assert "join them into one, with a column Usage" in message

"""Class folders as people have them are read as they are meant."""

import errno
import os
import unicodedata
from collections import Counter
from pathlib import Path

import pytest

from preprocessing.dataset.labels import FER2013_LABELS
from preprocessing.dataset.sources.open import open_source
from preprocessing.dataset.sources.reading import Reading, parse_mapping
from preprocessing.dataset.sources.types import Source, SourceKind
from tests.preprocessing.dataset.sources.drawn import SIX, png, write_folders
from tests.preprocessing.dataset.sources.folder_trees import ALL, Make, folders


def linked(root: Path) -> None:
    """Make links to the folders of splits, and one that leads back up."""
    real = root.with_name("elsewhere")
    write_folders(real, ALL, SIX)
    root.mkdir()
    for split in ALL:
        (root / split).symlink_to(real / split)
    (root / "again").symlink_to(root)
    (real / "train" / "up").symlink_to(root)


def with_litter(root: Path) -> None:
    """Leave beside the pictures what systems and people leave there."""
    write_folders(root, ALL, SIX)
    happy = root / "train" / "happy"
    for name in (".DS_Store", "Thumbs.db", "desktop.ini", "._0_0.png", ".hidden.png"):
        (happy / name).write_bytes(b"\0\1")
    (root / "__MACOSX" / "train" / "happy").mkdir(parents=True)
    (root / "__MACOSX" / "train" / "happy" / "0.png").write_bytes(png(0))
    (root / ".ipynb_checkpoints").mkdir()
    (root / ".ipynb_checkpoints" / "0.png").write_bytes(png(0))
    (root / "README.md").write_text("faces", encoding="utf-8")
    (root / "train" / "empty").mkdir()
    (root / "test" / "disgust_old").mkdir()
    (root / "train" / "happy" / "landmarks.npy").write_bytes(bytes(200))


def linked_classes(root: Path) -> None:
    """Make links to the folders of classes, and to single pictures."""
    real = root.with_name("elsewhere")
    write_folders(real, ("",), SIX)
    root.mkdir()
    for label in SIX:
        (root / label).mkdir() if label == "sad" else (root / label).symlink_to(real / label)
    for picture in (real / "sad").iterdir():
        (root / "sad" / picture.name).symlink_to(picture)


def class_first(root: Path) -> None:
    for label in SIX:
        write_folders(root / label, ALL, ("",))


def people_inside(root: Path) -> None:
    for label in SIX:
        write_folders(root / label, ("anna", "Ünal"), ("",), each=1)


NOUNS = ("anger", "disgust", "fear", "happiness", "neutrality", "sadness", "surprise")
ADJECTIVES = ("angry", "disgusted", "fearful", "happy", "neutral", "sad", "surprised")
READ: dict[str, tuple[Make, tuple[str, ...]]] = {
    "kaggle's": (folders("train", "test"), ("train", "test")),
    "in images": (folders("images/train", "images/validation"), ("train", "val")),
    "deeper": (folders("a/b/train/c", "a/b/val/c"), ("train", "val")),
    "twice": (folders("train/train", "test/test"), ("train", "test")),
    "training, testing": (folders("Training", "Testing"), ("train", "test")),
    "as in FER2013": (folders("Training", "PublicTest", "PrivateTest"), ALL),
    "with spaces": (folders("Train ", "Public Test", "Private Test"), ALL),
    "as in FER+": (folders("FER2013Train", "FER2013Valid", "FER2013Test"), ALL),
    "valid": (folders("train", "valid", "test"), ALL),
    "dev": (folders("TRAIN SET", "dev", "test_images"), ALL),
    "words without a space": (
        folders("TrainSet", "ValidImages", labels=tuple(f"{each.title()}Faces" for each in SIX)),
        ("train", "val"),
    ),
    "odd capitals": (
        folders("tRAIN", "tEST", labels=tuple(f"{w[0]}{w[1:].upper()}" for w in SIX)),
        ("train", "test"),
    ),
    "capitals": (folders(*("Train", "Val", "Test"), labels=tuple(map(str.upper, SIX))), ALL),
    "nouns": (folders(*ALL, labels=NOUNS), ALL),
    "adjectives": (folders(*ALL, labels=ADJECTIVES), ALL),
    "other words": (
        folders(*ALL, labels=("Anger", "Disgusted", "Afraid", "Joy", "Neutral", "Sad", "Surprise")),
        ALL,
    ),
    "numbers before": (folders(*ALL, labels=tuple(f"{n}_{w}" for n, w in enumerate(SIX))), ALL),
    "numbers from one": (
        folders(*ALL, labels=tuple(f"{n + 1}-{w}" for n, w in enumerate(SIX))),
        ALL,
    ),
    "copies by windows": (folders(*ALL, labels=tuple(f"{word} - Copy" for word in SIX)), ALL),
    "counts behind": (folders(*ALL, labels=tuple(f"{word} (120)" for word in SIX)), ALL),
    "words behind": (folders(*ALL, labels=tuple(f"{word} faces" for word in SIX)), ALL),
    "class first": (class_first, ALL),
    "in one name": (folders("", labels=tuple(f"train_{w}" for w in SIX)), ("train",)),
    "no splits": (folders(""), ("train",)),
    "people": (folders("S005", "S010"), ("train",)),
    "people inside": (people_inside, ("train",)),
    "upper suffix": (folders(*ALL, suffix=".PNG"), ALL),
    "jfif": (folders(*ALL, suffix=".jfif"), ALL),
    "odd suffix": (folders(*ALL, suffix=".x"), ALL),
    "no suffix": (folders(*ALL, suffix=""), ALL),
    "brackets behind": (folders(*ALL, labels=tuple(f"{word.title()}[12]" for word in SIX)), ALL),
    "smileys": (folders(*ALL, labels=tuple(f"😀 {word}" for word in SIX)), ALL),
    "dashes before": (folders(*ALL, labels=tuple(f"-{word}" for word in SIX)), ALL),
    "shares behind": (folders("train (80%)", "test (20%)"), ("train", "test")),
    "folds": (folders("fold_0", "fold_1"), ("train",)),
    "links": (linked, ALL),
    "links to classes": (linked_classes, ("train",)),
    "litter": (with_litter, ALL),
}


@pytest.mark.parametrize("name", READ)
def test_class_folders_as_people_have_them_are_read(name: str, tmp_path: Path) -> None:
    make, splits = READ[name]
    make(tmp_path / "faces")
    source = open_source(tmp_path / "faces")
    assert source.kind is SourceKind.CLASS_FOLDERS
    counts = {(label, split): 2 for split in splits for label in FER2013_LABELS}
    if name in ("people", "folds"):
        counts = dict.fromkeys(counts, 4)
    assert source.counts == counts
    items = list(source.items())
    assert Counter((item.label, item.split) for item in items) == counts
    assert {item.load().shape[:2] for item in items} == {(48, 48)}
    for item in items:
        # Pictures are named after their class: no label went to another's picture.
        number = Path(item.name).name.partition("_")[0]
        assert name in ("class first", "people inside") or item.label == SIX[int(number)]


def test_links_that_are_not_followed_are_counted(tmp_path: Path) -> None:
    write_folders(tmp_path, ("",), ("happy",))
    (tmp_path / "happy" / "gone.png").symlink_to(tmp_path / "nowhere.png")
    (tmp_path / "happy" / "self.png").symlink_to("self.png")
    (tmp_path / "test").symlink_to(tmp_path / "happy")
    source = open_source(tmp_path)
    assert (source.count, source.passed_over) == (
        2,
        {"links that lead nowhere": 2, "links to folders read already": 1},
    )


def test_no_end_of_a_name_moves_the_cursor(tmp_path: Path) -> None:
    write_folders(tmp_path, ("",), ("happy",))
    (tmp_path / "notes.\x1b[2a").write_bytes(b"")
    end = ".\N{REPLACEMENT CHARACTER}[2a"
    assert open_source(tmp_path).passed_over == {f"{end} files that are no pictures": 1}


def test_classes_are_put_together(tmp_path: Path) -> None:
    write_folders(tmp_path, ("",), ("Anger", "fearful", "sad", "contemptuous"))
    source = open_source(tmp_path, Reading(mapping=parse_mapping("fear=sad,contempt=angry")))
    assert source.counts == {("angry", "train"): 4, ("sad", "train"): 4}


def test_names_are_compared_in_one_form(tmp_path: Path) -> None:
    label = "fröhlich"
    for form, split in (("NFC", "train"), ("NFD", "val")):
        write_folders(tmp_path, (split,), (unicodedata.normalize(form, label).upper(), "sad"))
    source = open_source(tmp_path, Reading(own_labels=(label, "sad")))
    assert source.counts == {
        (each, split): 2 for each in (label, "sad") for split in ("train", "val")
    }
    mapped = open_source(tmp_path, Reading(mapping=(("Fröhlich", "happy"),)))
    assert mapped.counts[("happy", "train")] == mapped.counts[("happy", "val")] == 2


def test_litter_is_counted(tmp_path: Path) -> None:
    with_litter(tmp_path / "faces")
    assert open_source(tmp_path / "faces").passed_over == {
        "hidden and system files": 7,
        ".md files that are no pictures": 1,
        ".npy files that are no pictures": 1,
    }


@pytest.mark.parametrize(
    ("name", "is_passed_over"),
    [(".Trashes", True), ("lost+found", True), ("System Volume Information", True), ("sad", False)],
)
def test_what_a_system_keeps_on_a_disk_for_itself_is_passed_over(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_passed_over: bool
) -> None:
    write_folders(tmp_path, ("",), ("happy", name))
    scan = os.scandir

    def refuse(folder: Path) -> object:
        if Path(folder).name == name:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))
        return scan(folder)

    monkeypatch.setattr("preprocessing.dataset.sources.files.os.scandir", refuse)
    if not is_passed_over:
        with pytest.raises(PermissionError):
            open_source(tmp_path)
        return
    source = open_source(tmp_path)
    assert (source.count, source.passed_over) == (2, {"hidden and system files": 1})


def test_what_lies_beside_class_and_split_is_kept_for_grouping(tmp_path: Path) -> None:
    write_folders(tmp_path, ("train/S005", "val/S010"), ("happy",), each=1)
    folders = [item.folder for item in open_source(tmp_path).items()]
    assert folders == ["S005", "S010"]


def test_an_album_with_a_few_words_for_classes_has_photos(tmp_path: Path) -> None:
    events = [f"Trip {number}" for number in range(2001, 2008)]
    write_folders(tmp_path, ("",), ("Surprise party", "Happy birthday", *events), each=1)
    assert open_source(tmp_path).kind is SourceKind.PHOTOS


def test_a_source_changes_with_its_files(tmp_path: Path) -> None:
    def digest() -> str:
        source: Source = open_source(tmp_path)
        return source.sha256

    write_folders(tmp_path, ("",), ("happy",))
    before = digest()
    assert digest() == before
    (tmp_path / "happy" / "more.png").write_bytes(png(9))
    assert digest() != before


def test_capitals_inside_a_name_make_no_other_word_of_a_label_or_of_what_is_mapped(
    tmp_path: Path,
) -> None:
    write_folders(tmp_path, ("0_NotBored", "1_ClassA", "2_NotSure"), ("",), each=2)
    labels = ("notbored", "classa")
    source = open_source(tmp_path, Reading(own_labels=labels, ignore=("notsure",)))
    assert source.counts == {("notbored", "train"): 2, ("classa", "train"): 2}
    source = open_source(tmp_path, Reading(own_labels=labels, mapping=(("notsure", "classa"),)))
    assert source.counts == {("notbored", "train"): 2, ("classa", "train"): 4}

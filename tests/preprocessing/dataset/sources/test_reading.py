"""What a user says of the names in a source: numbers, classes to take, classes to leave out."""

from collections.abc import Callable
from pathlib import Path

import pytest

from preprocessing.dataset.labels import FER2013_LABELS
from preprocessing.dataset.sources.open import open_source
from preprocessing.dataset.sources.reading import Reading, parse_mapping
from preprocessing.dataset.sources.types import SourceKind
from preprocessing.errors import MienError
from tests.preprocessing.dataset.sources.drawn import SIX, SPLITS, png, write_folders
from tests.preprocessing.dataset.sources.folder_trees import refused


@pytest.mark.parametrize(
    ("reading", "labels"),
    [
        (Reading(mapping=parse_mapping("raf-db")), ("surprise", "fear", "disgust")),
        (Reading(mapping=parse_mapping("1=surprise,2=Fearful,3=disgust")), None),
        (Reading(mapping=parse_mapping("1=train")), ()),
    ],
)
def test_numbers_mean_what_is_said(
    reading: Reading, labels: tuple[str, ...] | None, tmp_path: Path
) -> None:
    write_folders(tmp_path, ("train", "test"), ("1", "02", "3"))
    if labels == ():
        assert "a number without a meaning" in refused(tmp_path, reading)
        return
    source = open_source(tmp_path, reading)
    assert {label for label, _ in source.counts} == {"surprise", "fear", "disgust"}


def test_a_name_may_mean_a_split(tmp_path: Path) -> None:
    write_folders(tmp_path, ("fold1", "fold2"), ("happy", "sad"))
    source = open_source(tmp_path, Reading(mapping=parse_mapping("fold1=train,fold2=val")))
    assert {split for _, split in source.counts} == {"train", "val"}


def test_classes_are_chosen_and_left_out(tmp_path: Path) -> None:
    write_folders(tmp_path, ("train", "val"), (*SIX, "contempt", "Ahegao"))
    only = open_source(tmp_path, Reading(only=("happy", "sad")))
    assert {label for label, _ in only.counts} == {"happy", "sad"}
    assert only.passed_over["class contempt (not in --only)"] == 4
    assert only.passed_over["Ahegao (not in --only)"] == 4
    rest = open_source(tmp_path, Reading(ignore=("contempt", "ahe*")))
    assert {label for label, _ in rest.counts} == set(FER2013_LABELS)
    assert rest.passed_over == {"contempt (--ignore)": 4, "Ahegao (--ignore)": 4}
    assert rest.sha256 != only.sha256
    assert "every picture is left out" in refused(tmp_path, Reading(ignore=("*",)))
    assert "No folder with pictures is named calm" in refused(
        tmp_path, Reading(only=("happy", "calm"))
    )


@pytest.mark.parametrize("form", ["0_{}", "{} faces", "{}(2)", "{} - Copy"])
def test_words_that_say_nothing_elsewhere_may_be_classes_and_be_left_out(
    form: str, tmp_path: Path
) -> None:
    write_folders(tmp_path, ("",), [form.format(word) for word in ("original", "swapped", "raw")])
    reading = Reading(own_labels=("original", "swapped"), ignore=("raw",))
    source = open_source(tmp_path, reading)
    assert {label for label, _ in source.counts} == {"original", "swapped"}
    assert source.passed_over == {f"{form.format('raw')} (--ignore)": 2}


def test_stray_files_are_named_and_can_be_left_out(tmp_path: Path) -> None:
    write_folders(tmp_path, ("",), ("happy", "sad"))
    (tmp_path / "my cover.png").write_bytes(png(0))
    assert "--ignore 'my cover.png'" in refused(tmp_path)
    source = open_source(tmp_path, Reading(ignore=("my cover.png",)))
    assert (source.count, source.passed_over["my cover.png (--ignore)"]) == (4, 1)


def test_folders_that_are_no_classes_hold_photos(tmp_path: Path) -> None:
    for folder in ("2019", "2020", "Holidays", ""):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / "one.png").write_bytes(png(0))
    assert open_source(tmp_path).kind is SourceKind.PHOTOS
    some = open_source(tmp_path, Reading(ignore=("Holidays",)))
    assert (some.kind, some.count, some.passed_over.total()) == (SourceKind.PHOTOS, 3, 1)
    write_folders(tmp_path, ("",), ("happy",))
    assert "lie in no class folder" in refused(tmp_path)
    photos = open_source(tmp_path, Reading(is_unlabelled=True))
    assert photos.kind is SourceKind.PHOTOS
    assert {item.label for item in photos.items()} == {None}


def test_the_dots_of_turkish_letters_tell_no_names_apart(tmp_path: Path) -> None:
    own = ("mutlu", "k\u0131zg\u0131n", "iğrenme")
    write_folders(tmp_path, ("train",), ("Mutlu", "K\u0131zg\u0131n", "İğrenme"))
    write_folders(tmp_path, ("val",), ("MUTLU", "KIZGIN", "İĞRENME"))
    source = open_source(tmp_path, Reading(own_labels=own))
    assert source.counts == {(label, split): 2 for label in own for split in ("train", "val")}
    with pytest.raises(MienError, match="two or more different words"):
        Reading(own_labels=("k\u0131l", "kil"))


def test_labels_of_ones_own_with_numbers_are_told_apart(tmp_path: Path) -> None:
    own = ("level 1", "level 2", "happy")
    write_folders(tmp_path, SPLITS, ("Level_1", "level2", "Happiness"))
    source = open_source(tmp_path, Reading(own_labels=own))
    assert source.counts == {(label, split): 2 for label in own for split in SPLITS}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Reading(mapping=(("1", "hapy"),)), "Did you mean happy"),
        (
            lambda: Reading(mapping=(("calm", "sad"),), own_labels=("happy", "angry")),
            "one of happy",
        ),
        (lambda: Reading(own_labels=("a", "b"), only=("a", "b")), "not both"),
        (lambda: Reading(only=("happy",)), "two or more"),
        (lambda: Reading(is_unlabelled=True, only=("happy", "sad")), "without labels"),
        (lambda: parse_mapping("kdef"), "or one of fer2013, raf-db"),
        (lambda: parse_mapping("1=sad,=happy"), "Received: '=happy'"),
        (lambda: parse_mapping("anger="), "Received: 'anger='"),
    ],
)
def test_choices_that_make_no_sense_are_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(MienError, match=message):
        make()


@pytest.mark.parametrize(
    ("ignored", "words", "noted"),
    [
        (("sadness", "0_0*", "fear"), "raf-db,happiness=surprise", ()),
        (
            ("sad happy", "Fear", "1_?"),
            "trian=val,Neutral=sad",
            ("note: --ignore 'sad happy,1_?' fits no name", "note: --map trian=val fits no name"),
        ),
    ],
)
def test_options_that_fit_no_name_are_told(
    ignored: tuple[str, ...], words: str, noted: tuple[str, ...], tmp_path: Path
) -> None:
    write_folders(tmp_path, ("train",), ("happy", "fear", "neutral", "sad"))
    for picture in (tmp_path / "train" / "fear").iterdir():
        picture.rename(picture.with_name(f"x{picture.name}"))
    assert open_source(tmp_path, Reading((), (), parse_mapping(words), ignored)).notes == noted

"""Labels and splits in the names of files, as people have them."""

import itertools
from pathlib import Path

import pytest

from preprocessing.dataset.sources.open import open_source
from preprocessing.dataset.sources.reading import Reading, parse_mapping
from preprocessing.dataset.sources.types import SourceKind
from tests.preprocessing.dataset.sources.drawn import png
from tests.preprocessing.dataset.sources.folder_trees import refused


def test_labels_may_be_in_the_names_of_files(tmp_path: Path) -> None:
    for number, (label, word) in enumerate(
        [("angry", "angry"), ("happy", "HAPPY"), ("fear", "fearful"), ("sad", "sad")] * 2
    ):
        path = tmp_path / "val" / f"Person{number:02}_female_{word}_frontal.png"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(png(number))
        assert label
    source = open_source(tmp_path)
    assert {item.split for item in source.items()} == {"val"}
    assert {(item.label or "")[:3] for item in source.items()} == {"ang", "hap", "fea", "sad"}
    for item in source.items():
        assert (item.label or "")[:3] in item.name.lower()
    assert "labels were read from the names of files" in source.notes[0]
    (tmp_path / "val" / "cover.png").write_bytes(png(99))
    assert "have no expression in their name" in refused(tmp_path)
    assert open_source(tmp_path, Reading(ignore=("cover.png",))).count == 8
    (tmp_path / "val" / "cover.png").rename(tmp_path / "val" / "contemptuous.png")
    assert "--ignore contempt" in refused(tmp_path)


def test_abbreviations_in_the_names_of_files_mean_what_is_said(tmp_path: Path) -> None:
    emotions = ("AN", "AF", "HA", "NE")
    for emotion, side in itertools.product(emotions, ("S", "HL", "FR")):
        for person in ("AF01", "BM31"):
            path = tmp_path / person / f"{person}{emotion}{side}.JPG"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(png(0))
    assert "afs=fear" in refused(tmp_path)
    assert "anhl=angry" in refused(tmp_path)
    mapping = parse_mapping("ANS=angry,AFS=fear,HAS=happy,NES=neutral")
    source = open_source(tmp_path, Reading(mapping=mapping, ignore=("*[HF][LR].JPG",)))
    assert source.counts == {(label, "train"): 2 for label in ("angry", "fear", "happy", "neutral")}
    assert source.passed_over == {"*[hf][lr].jpg (--ignore)": 16}
    assert {item.folder for item in source.items()} == {"AF01", "BM31"}


def test_words_in_the_names_of_files_may_be_of_any_script(tmp_path: Path) -> None:
    for number, word in enumerate(("खुश", "दुखी", "डर") * 2):
        (tmp_path / f"{number}_{word}.png").write_bytes(png(number))
    assert "--map खुश=happy,डर=fear,दुखी=sad" in refused(tmp_path).replace("'", "")
    mapping = parse_mapping("खुश=happy,डर=fear,दुखी=sad")
    assert {label for label, _ in open_source(tmp_path, Reading(mapping=mapping)).counts} == {
        "happy", "fear", "sad",
    }  # fmt: skip


def test_abbreviations_in_the_names_of_files_are_not_passed_over(tmp_path: Path) -> None:
    for person, emotion in itertools.product(("KA", "YM"), ("AN1", "HA2", "SA1", "SU3")):
        (tmp_path / f"{person}.{emotion}.39.tiff").write_bytes(png(0))
    mapping = "an=angry,ha=happy,sa=sad,su=surprise"
    assert f"--map {mapping}, or" in refused(tmp_path)
    source = open_source(tmp_path, Reading(mapping=parse_mapping(mapping)))
    assert source.counts == {(each, "train"): 2 for each in ("angry", "happy", "sad", "surprise")}
    assert open_source(tmp_path, Reading(is_unlabelled=True)).kind is SourceKind.PHOTOS


def test_the_abbreviations_of_nimstim_are_not_passed_over(tmp_path: Path) -> None:
    for emotion, mouth in itertools.product(("AN", "CA", "DI", "FE", "HA", "NE", "SA", "SP"), "OC"):
        (tmp_path / f"01F_{emotion}_{mouth}.BMP").write_bytes(png(0))
    assert "an=angry,di=disgust,fe=fear,ha=happy,ne=neutral,sa=sad,sp=surprise" in refused(tmp_path)


@pytest.mark.parametrize("form", ["{1}/{0}_1.png", "{0}_1_{1}.png", "faces/{1}/{0}-{1}.png"])
def test_splits_may_be_in_the_names_of_files(form: str, tmp_path: Path) -> None:
    for split, label in (("train", "happy"), ("train", "sad"), ("val", "sad"), ("test", "happy")):
        path = tmp_path / form.format(split, label)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(0))
    source = open_source(tmp_path)
    assert set(source.counts) == {
        ("happy", "train"), ("sad", "train"), ("sad", "val"), ("happy", "test"),
    }  # fmt: skip
    assert "splits were read from the names of files" in source.notes[-1]
    (path.parent / "other happy.png").write_bytes(png(0))
    assert {split for _, split in open_source(tmp_path).counts} == {"train"}


def test_one_happy_name_makes_no_class(tmp_path: Path) -> None:
    for name in ("happy birthday.png", "beach.png", "sad goodbye.png", "dog.png"):
        (tmp_path / name).write_bytes(png(0))
    assert open_source(tmp_path).kind is SourceKind.PHOTOS


def test_what_a_photo_service_adds_makes_no_labels(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.jpg").write_bytes(png(number))
        about = f'{{\n  "title": "{number}.jpg",\n  "url": "https://example.com/{number}"\n}}\n'
        (tmp_path / f"{number}.jpg.json").write_text(about, "utf-8")
    (tmp_path / "notes.txt").write_text("Holidays\n", "utf-8")
    assert open_source(tmp_path).kind is SourceKind.PHOTOS


def test_capitals_inside_the_name_of_a_file_part_no_words(tmp_path: Path) -> None:
    """JoyAdams is a person, and TestSubject no split."""
    for folder, names in {
        "photos": ("JoyAdams", "SadieSmith", "SadMan"),
        "labelled": ("TestSubject_happy", "DevPatel_sad", "JoyAdams_sad"),
    }.items():
        (tmp_path / folder).mkdir()
        for number, name in enumerate(names):
            (tmp_path / folder / f"{name}_{number}.png").write_bytes(png(number))
    assert open_source(tmp_path / "photos").kind is SourceKind.PHOTOS
    source = open_source(tmp_path / "labelled")
    assert source.counts == {("happy", "train"): 1, ("sad", "train"): 2}

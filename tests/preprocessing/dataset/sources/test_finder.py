"""A path in a list means one picture, wherever the list lies and whatever program wrote it."""

from pathlib import Path

import pytest

from preprocessing.dataset.sources.finder import PictureFinder
from preprocessing.dataset.sources.open import open_source
from preprocessing.dataset.sources.reading import Reading
from preprocessing.errors import DatasetError
from tests.preprocessing.dataset.sources.drawn import png


@pytest.mark.parametrize(
    ("path", "beside", "found"),
    [
        ("0.png", "train", "train/0.png"),
        ("../test/0.png", "train", "test/0.png"),
        ("1.png", "", "1.png"),
        ("1.png", "train", "train/deep/1.png"),  # in a folder nearer to the list
        ("1.png", "train/labels", "train/deep/1.png"),
        ("test/0.png", "train", "test/0.png"),
    ],
)
def test_a_path_may_begin_in_the_folder_of_its_list(path: str, beside: str, found: str) -> None:
    names = ["train/0.png", "test/0.png", "1.png", "train/deep/1.png"]
    if beside:
        names.remove("1.png")
        names.append("test/1.png")
    assert names[PictureFinder(names).find(path, beside=beside)] == found


@pytest.mark.parametrize("beside", ["", "labels", "train/deep"])
def test_of_pictures_equally_near_to_a_list_none_is_meant(beside: str) -> None:
    with pytest.raises(DatasetError, match=r"it may be train/a/0.png or train/b/0.png"):
        PictureFinder(["train/a/0.png", "train/b/0.png"]).find("0.png", beside=beside)


def test_the_metadata_of_each_split_is_about_the_pictures_beside_it(tmp_path: Path) -> None:
    lists = []
    for number, (split, label) in enumerate({"train": "happy", "test": "sad"}.items()):
        (tmp_path / split).mkdir()
        (tmp_path / split / "0000.png").write_bytes(png(number))
        lists.append(tmp_path / split / "metadata.csv")
        lists[-1].write_text(f"file_name,label\n0000.png,{label}\n", encoding="utf-8")
    source = open_source(tmp_path, Reading(lists=tuple(lists)))
    assert source.counts == {("happy", "train"): 1, ("sad", "test"): 1}


@pytest.mark.parametrize(
    "path",
    [
        "/data/upload/12/0a1b2c3d-anna.png",
        "/data/upload/12/anna.png",
        "http://localhost:8080/data/upload/12/0a1b2c3d-anna.png",
        "/data/local-files/?d=images/anna.png",
        "/data/local-files/?d=images%2Fanna.png",
    ],
)
def test_what_label_studio_puts_before_a_name_is_left_out(path: str) -> None:
    assert PictureFinder(["images/anna.png", "images/ben.png"]).find(path) == 0


def test_a_list_of_photos_is_one_of_the_faces_cut_out_of_them() -> None:
    names = ["aligned/train_1_aligned.jpg", "aligned/train_2_aligned.jpg"]
    assert [PictureFinder(names).find(path) for path in ("train_1.jpg", "train_2")] == [0, 1]
    both = [*names, "original/train_1.jpg"]
    assert both[PictureFinder(both).find("train_1.jpg")] == "original/train_1.jpg"
    with pytest.raises(DatasetError, match="it may be"):
        PictureFinder(["a/train_1_face.jpg", "b/train_1_crop.jpg"]).find("train_1.jpg")

import re
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from preprocessing.__main__ import main
from preprocessing.dataset.batches import AlignOptions
from preprocessing.dataset.build import align_source
from preprocessing.dataset.fer2013 import VOTE_COLUMNS
from preprocessing.dataset.read import Dataset, read_dataset
from preprocessing.images.sample import sample_photo_path
from preprocessing.report.statistics import (
    PairCount,
    constant_rows,
    count_pairs,
    ferplus_confusion,
    landmark_spread,
    mean_faces,
    near_duplicates,
)

FACES = 6


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One face, framed six ways, the first once more but darker; then a constant picture."""
    photo = cv2.imread(str(sample_photo_path()), cv2.IMREAD_GRAYSCALE)
    root = tmp_path_factory.mktemp("quality")
    (root / "votes.csv").write_text(
        "\n".join(
            [
                ",".join(VOTE_COLUMNS),
                *["0,10,0,0,0,0,0,0,0,0"] * FACES,
                *["5,5,0,0,0,0,0,0,0,0"] * 2,
            ]
        ),
        encoding="utf-8",
    )
    crops = []
    for shift in range(FACES):
        turn = cv2.getRotationMatrix2D((223, 130), 6 * shift - 15, 1)
        turned = cv2.warpAffine(photo, turn, (512, 512))
        left, top = 155 + 3 * shift, 66 - 2 * shift
        crop = turned[top : top + 130, left : left + 130]
        crops.append(cv2.resize(crop, (48, 48), interpolation=cv2.INTER_AREA))
    crops += [crops[0] // 2, np.full((48, 48), 7, np.uint8)]
    lines = ["emotion,pixels,Usage"]
    lines += [f"3,{' '.join(map(str, crop.ravel()))},Training" for crop in crops]
    (root / "fer2013.csv").write_text("\n".join(lines), encoding="utf-8")
    options = AlignOptions(workers=1, ferplus=root / "votes.csv")
    align_source(root / "fer2013.csv", root / "dataset", options=options)
    return root / "dataset"


@pytest.fixture(scope="module")
def dataset(folder: Path) -> Dataset:
    return read_dataset(folder)


def test_alignment_gathers_the_landmarks(dataset: Dataset) -> None:
    for spread in landmark_spread(dataset):
        assert spread.after < spread.before / 2


def test_the_mean_face_is_sharper_after_alignment(dataset: Dataset) -> None:
    means = mean_faces(dataset)
    assert list(means) == ["all", "happy"]
    for before, after in means.values():
        assert cv2.Laplacian(after, cv2.CV_64F).var() > cv2.Laplacian(before, cv2.CV_64F).var()


def test_a_darker_copy_is_a_near_duplicate_and_a_constant_picture_is_none(
    dataset: Dataset,
) -> None:
    pairs = [pair[:2] for pair in near_duplicates(dataset)]
    assert (0, FACES) in pairs
    assert all(FACES + 1 not in pair for pair in pairs)


def test_identical_pictures_are_no_near_duplicates(dataset: Dataset) -> None:
    same = replace(dataset, duplicate_groups=np.zeros_like(dataset.duplicate_groups))
    assert near_duplicates(same) == []


def test_pairs_are_counted_within_each_split_and_between_all(dataset: Dataset) -> None:
    split_up = replace(
        dataset,
        splits=np.array(["train", "train", "train", "val", "val", "test", "test", "test"]),
        duplicate_groups=np.array([0, 0, 0, 1, 0, 1, 2, 3]),
    )
    near = [(0, 3, 0.99), (5, 6, 0.99), (4, 6, 0.99), (4, 7, 0.99)]
    counts = {each.where: (each.identical, each.alike) for each in count_pairs(split_up, near)}
    assert counts == {
        "within train": (3, 0),
        "between train and val": (3, 1),
        "between train and test": (0, 0),
        "within val": (0, 0),
        "between val and test": (1, 2),
        "within test": (0, 1),
    }


def test_faces_of_one_photo_are_no_pair(dataset: Dataset) -> None:
    group = replace(
        dataset,
        items=np.array([0, 0, 0, 1, 1, 2, 3, 4], np.int32),
        splits=np.array([""] * (FACES + 2)),
        duplicate_groups=np.array([0, 0, 0, 0, 0, 1, 2, 3]),
    )
    assert count_pairs(group, []) == [PairCount("within no split", identical=1, alike=0)]


def test_constant_pictures_are_named(dataset: Dataset) -> None:
    assert constant_rows(dataset).tolist() == [FACES + 1]


def test_votes_are_counted_by_label(dataset: Dataset) -> None:
    counts = ferplus_confusion(dataset)
    happy = dataset.manifest.recipe.labels.index("happy")
    assert counts.sum() == counts[happy].sum() == FACES + 2
    assert counts[happy, VOTE_COLUMNS.index("happiness")] == FACES
    assert counts[happy, -1] == 2


def test_the_page_is_whole_and_asks_no_other_host(folder: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    assert main(["report", str(folder), "--html", str(page)]) == 0
    text = page.read_text(encoding="utf-8")
    sections = dict(re.findall(r"<section><h2>(.*?)</h2>\n(.*?)</section>", text, re.DOTALL))
    for title in ("Classes by split", "FER+ votes", "Mean face before and after alignment"):
        assert "<img" in sections[title] or "plotly" in sections[title]
    for title, content in {
        "Spread of landmarks": "<td>eyes</td>",
        "How faces were found": f"<td>detector</td><td>{FACES + 1}</td>",
        "Duplicates": "<td>within train</td><td>0</td>",
        "Constant pictures": "1 pictures have one grey level only. fer2013.csv:9",
        "Samples": "<img",
    }.items():
        assert content in sections[title]
    assert not re.search(r"""<(script|link|img)[^>]+(src|href)=["']?(https?:)?//""", text)
    assert main(["report", str(folder), "--html", str(page)]) == 1
    assert main(["report", str(folder), "--html", str(page), "--overwrite"]) == 0

"""What is in a dataset once a source is aligned."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from preprocessing.__main__ import main
from preprocessing.dataset.build import align_source
from preprocessing.dataset.labels import DisgustPolicy
from preprocessing.dataset.options import AlignOptions
from preprocessing.dataset.read import Dataset, read_dataset
from preprocessing.dataset.shards import read_rejected
from preprocessing.dataset.sources.types import read_local_file
from preprocessing.errors import DatasetError, ImageDecodeError
from preprocessing.faces.geometry import apply_transform
from preprocessing.images.sample import sample_photo_path

ONE_WORKER = AlignOptions(workers=1)


def test_no_row_is_lost_but_those_of_the_dropped_class(dataset: Dataset) -> None:
    assert dataset.manifest.items == 21
    assert len(dataset.chips) == dataset.manifest.rows == 18
    assert "disgust" not in dataset.manifest.recipe.labels
    assert np.bincount(dataset.class_indices).tolist() == [3] * 6


@pytest.mark.parametrize(
    ("policy", "counts"),
    [(DisgustPolicy.MERGE, [6, 3, 3, 3, 3, 3]), (DisgustPolicy.KEEP, [3] * 7)],
)
def test_disgust_can_be_merged_or_kept(
    policy: DisgustPolicy, counts: list[int], csv_path: Path, tmp_path: Path
) -> None:
    align_source(csv_path, tmp_path / "out", options=replace(ONE_WORKER, disgust=policy))
    assert np.bincount(read_dataset(tmp_path / "out").class_indices).tolist() == counts


def test_a_dataset_can_have_labels_of_ones_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for label in ("bored", "disgust"):
        (tmp_path / "faces" / label).mkdir(parents=True)
        shutil.copy(sample_photo_path(), tmp_path / "faces" / label / "one.jpg")
    command = ["align", str(tmp_path / "faces"), str(tmp_path / "out"), "--workers", "1"]
    assert main([*command, "--labels", "disgust, Bored"]) == 0
    dataset = read_dataset(tmp_path / "out")
    assert dataset.manifest.recipe.labels == ("disgust", "bored")
    assert dataset.class_indices.tolist() == [1, 0]
    assert main([*command, "--overwrite", "--labels", "bored,bored"]) == 1
    assert "two or more different words" in capsys.readouterr().err


def test_labels_of_ones_own_keep_their_letters(tmp_path: Path) -> None:
    for label in ("Spaß", "GRÖẞE"):
        (tmp_path / "faces" / label).mkdir(parents=True)
        shutil.copy(sample_photo_path(), tmp_path / "faces" / label / "one.jpg")
    command = ["align", str(tmp_path / "faces"), str(tmp_path / "out"), "--workers", "1"]
    assert main([*command, "--labels", "Spaß, Größe"]) == 0
    assert read_dataset(tmp_path / "out").manifest.recipe.labels == ("spaß", "größe")


def test_faces_are_found_and_what_is_none_is_kept_and_flagged(dataset: Dataset) -> None:
    is_blank = dataset.in_split("test")
    assert (dataset.found_by[~is_blank] == "detector").all()
    assert (dataset.found_by[is_blank] != "detector").all()


def test_transforms_bring_landmarks_to_the_template(dataset: Dataset) -> None:
    geometry = AlignOptions.scheme.geometry
    for row in np.flatnonzero(dataset.found_by == "detector"):
        anchors = dataset.landmarks[row][list(geometry.anchors)]
        misses = apply_transform(dataset.transforms[row], anchors) - geometry.template_px()
        found_px = np.sqrt((misses**2).sum(axis=1).mean())
        assert found_px == pytest.approx(dataset.residuals_px[row], rel=1e-4)
        assert found_px < geometry.size_px / 20


def test_raw_pictures_are_the_source(dataset: Dataset, csv_path: Path) -> None:
    first = csv_path.read_text(encoding="utf-8").splitlines()[1].split(",")[1]
    assert dataset.raw[0].ravel().tolist() == [int(value) for value in first.split()]


def test_duplicates_are_grouped_and_leaks_known(csv_path: Path, tmp_path: Path) -> None:
    lines = csv_path.read_text(encoding="utf-8").splitlines()
    copy = lines[1].replace("Training", "PrivateTest")
    path = tmp_path / "fer2013.csv"
    path.write_text("\n".join([*lines, copy]) + "\n", encoding="utf-8")
    align_source(path, tmp_path / "out", options=ONE_WORKER)
    dataset = read_dataset(tmp_path / "out")
    assert dataset.duplicate_groups[0] == dataset.duplicate_groups[-1]
    assert np.flatnonzero(dataset.leaks()).tolist() == [0]
    assert dataset.in_training_too()[-1]


def test_broken_pictures_are_reported_and_the_rest_is_kept(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    shutil.copy(sample_photo_path(), photos / "face.jpg")
    (photos / "broken.jpg").write_bytes(sample_photo_path().read_bytes()[:2000])
    manifest = align_source(photos, tmp_path / "out", options=ONE_WORKER)
    assert (manifest.items, manifest.rows, manifest.rejected) == (2, 1, 1)
    ((name, reason),) = read_rejected(manifest, tmp_path / "out")
    assert name == "broken.jpg"
    assert reason
    assert read_dataset(tmp_path / "out").class_indices.tolist() == [-1]


def test_a_damaged_dataset_is_refused(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "copy")
    shard = tmp_path / "copy" / "shard-00000.parquet"
    shard.write_bytes(shard.read_bytes()[:-100])
    with pytest.raises(DatasetError, match="cannot be read"):
        read_dataset(tmp_path / "copy")
    manifest = tmp_path / "copy" / "manifest.json"
    manifest.write_text(json.dumps({"rows": 1}), encoding="utf-8")
    with pytest.raises(DatasetError, match="does not describe"):
        read_dataset(tmp_path / "copy")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"shards": ["../copy/shard-00000.parquet"]}, "is not the name of a file in the dataset"),
        ({"shards": ["shard-00000.parquet"] * 2}, "names a shard twice"),
        ({"shards": [5]}, "does not describe"),
        ({"items": "many"}, "does not describe"),
        ({"recipe": {"geometry": {"size_px": 0}}}, "recipe.geometry: size_px must be"),
        ({"recipe": {"geometry": {"size_px": 47}}}, "that of another geometry"),
        ({"recipe": {"labels": ["happy"]}}, "do not fit its manifest"),
        ({"recipe": {"labels": "happy"}}, "labels: "),
        ({"recipe": {"labels": ["happy", "\x1b[2J"]}}, "words that can be shown"),
        ({"recipe": {"source": None}}, "source: "),
        ({"rows": True}, "rows: "),
        ({"recipe": {"format_version": 1}}, "format version 1, .* Align the source again"),
        ({"choices": []}, "choices: "),
    ],
)
def test_a_manifest_of_wrong_values_is_refused(
    changes: dict[str, Any], message: str, folder: Path, tmp_path: Path
) -> None:
    shutil.copytree(folder, tmp_path / "copy")
    path = tmp_path / "copy" / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    recipe = {**manifest["recipe"], **changes.get("recipe", {})}
    path.write_text(json.dumps({**manifest, **changes, "recipe": recipe}), encoding="utf-8")
    with pytest.raises(DatasetError, match=message):
        read_dataset(tmp_path / "copy")


@pytest.mark.parametrize("name", ["manifest.json", "recipe.json"])
def test_json_in_json_without_end_is_no_dataset(
    name: str, csv_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dataset = tmp_path / "deep"
    dataset.mkdir()
    (dataset / name).write_text("[" * 100_000, encoding="utf-8")
    command = ["report"] if name == "manifest.json" else ["align", str(csv_path)]
    assert main([*command, str(dataset)]) == 1
    assert f"{name} does not describe a dataset" in capsys.readouterr().err


def test_report_tells_what_is_there(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(folder)]) == 0
    text = capsys.readouterr().out
    for word in ("angry", "neutral", "detector", "18 faces from 21 pictures"):
        assert word in text
    assert main(["report", str(folder / "nowhere")]) == 1
    assert "manifest.json is missing" in capsys.readouterr().err


def test_pictures_without_a_face_make_an_empty_dataset(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    cv2.imwrite(str(photos / "grey.png"), np.full((80, 80), 128, np.uint8))
    align_source(photos, tmp_path / "out", options=ONE_WORKER)
    assert len(read_dataset(tmp_path / "out").chips) == 0
    page = tmp_path / "page.html"
    assert main(["report", str(tmp_path / "out"), "--html", str(page)]) == 0
    assert "0 faces from 1 pictures" in capsys.readouterr().out


def test_a_file_that_may_not_be_read_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Path, _mode: str) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ImageDecodeError, match="Permission denied"):
        read_local_file(str(tmp_path / "face.jpg"))

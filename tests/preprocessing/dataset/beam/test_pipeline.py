import json
import shutil
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from apache_beam.io.filesystem import BeamIOError

from preprocessing.__main__ import RUNNER_NAMES, main
from preprocessing.dataset import build
from preprocessing.dataset.beam import align, files
from preprocessing.dataset.beam.pipeline import RUNNERS, align_pattern
from preprocessing.dataset.beam.write import DEAD_LETTERS_NAME
from preprocessing.dataset.build import align_source
from preprocessing.dataset.fer2013 import VOTE_COLUMNS
from preprocessing.dataset.labels import DisgustPolicy
from preprocessing.dataset.manifest import read_manifest
from preprocessing.dataset.options import AlignOptions
from preprocessing.dataset.read import read_dataset
from preprocessing.dataset.shards import read_rejected
from preprocessing.errors import DatasetError, ImageDecodeError
from preprocessing.images.sample import sample_photo_path

pytestmark = pytest.mark.slow

TWO_WORKERS = ("--direct_num_workers=2", "--direct_running_mode=multi_processing")
ROWS = 150


@pytest.fixture(scope="module")
def lines() -> list[str]:
    """Rows of FER2013's form: one face at many brightnesses, of all labels."""
    photo = cv2.imread(str(sample_photo_path()), cv2.IMREAD_GRAYSCALE)
    face = cv2.resize(photo[60:185, 160:285], (48, 48), interpolation=cv2.INTER_AREA)
    return [
        f"{row % 7},{' '.join(map(str, (face // 2 + row % 100).ravel()))},Training"
        for row in range(ROWS)
    ]


@pytest.fixture(scope="module")
def csv_path(lines: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_csv(tmp_path_factory.mktemp("source") / "fer2013.csv", lines)


def write_csv(path: Path, lines: list[str]) -> Path:
    path.write_text("\n".join(["emotion,pixels,Usage", *lines]) + "\n", encoding="utf-8")
    return path


def test_several_workers_write_the_same_dataset(csv_path: Path, tmp_path: Path) -> None:
    votes = tmp_path / "votes.csv"
    votes.write_text("\n".join([",".join(VOTE_COLUMNS), *["1,2,3,0,0,0,0,0,0,0"] * ROWS]), "utf-8")
    options = AlignOptions(workers=2, ferplus=votes)
    align_source(csv_path, tmp_path / "local", options=options)
    align_pattern(
        str(csv_path), str(tmp_path / "beam"), options=options, runner_arguments=TWO_WORKERS
    )
    written = sorted(path.name for path in (tmp_path / "local").iterdir())
    assert sorted(path.name for path in (tmp_path / "beam").iterdir()) == sorted(
        [*written, DEAD_LETTERS_NAME]
    )
    for name in written:
        assert (tmp_path / "local" / name).read_bytes() == (tmp_path / "beam" / name).read_bytes()
    assert (tmp_path / "beam" / DEAD_LETTERS_NAME).read_text(encoding="utf-8") == ""


def test_labels_by_ferplus_are_the_same_and_not_for_pictures(
    csv_path: Path, tmp_path: Path
) -> None:
    votes = tmp_path / "votes.csv"
    rows = ["0,0,0,0,0,0,0,9,1,0", "5,5,0,0,0,0,0,0,0,0", "0,1,0,0,7,2,0,0,0,0"] * (ROWS // 3)
    votes.write_text("\n".join([",".join(VOTE_COLUMNS), *rows]), "utf-8")
    options = AlignOptions(
        workers=1, ferplus=votes, ferplus_labels=True, disgust=DisgustPolicy.KEEP
    )
    align_source(csv_path, tmp_path / "local", options=options)
    align_pattern(str(csv_path), str(tmp_path / "beam"), options=options)
    for name in ("manifest.json", "shard-00000.parquet"):
        assert (tmp_path / "local" / name).read_bytes() == (tmp_path / "beam" / name).read_bytes()
    assert read_manifest(tmp_path / "beam").rows == ROWS * 2 // 3
    with pytest.raises(DatasetError, match="photos"):
        align_pattern(str(sample_photo_path()), str(tmp_path / "photos"), options=options)


def test_tables_in_parts_are_one_source_over_many_shards(
    csv_path: Path, lines: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (build, align):
        monkeypatch.setattr(module, "SHARD_ITEMS", 64)
    for part, start in enumerate(range(0, ROWS, 70)):
        write_csv(tmp_path / f"part-{part}.csv", lines[start : start + 70])
    align_source(csv_path, tmp_path / "local", options=AlignOptions(workers=1))
    align_pattern(str(tmp_path / "part-*.csv"), str(tmp_path / "beam"), options=AlignOptions())
    whole, parts = read_dataset(tmp_path / "local"), read_dataset(tmp_path / "beam")
    assert parts.manifest.items == ROWS
    assert len(parts.manifest.shards) == len(whole.manifest.shards) == 3
    np.testing.assert_array_equal(parts.chips, whole.chips)
    np.testing.assert_array_equal(parts.class_indices, whole.class_indices)


def test_the_command_knows_all_runners() -> None:
    assert tuple(RUNNERS) == RUNNER_NAMES


def test_broken_rows_are_dead_letters_and_the_counts_add_up(
    lines: list[str], tmp_path: Path
) -> None:
    path = write_csv(tmp_path / "fer2013.csv", ["9,1 2 3,Training", *lines[:3], "0,1 2 3,Training"])
    align_pattern(str(path), str(tmp_path / "beam"), options=AlignOptions())
    manifest = read_manifest(tmp_path / "beam")
    dropped = 1  # of the class disgust
    assert (manifest.items, manifest.rows, manifest.rejected) == (5, 3 - dropped, 2)
    letters = (tmp_path / "beam" / DEAD_LETTERS_NAME).read_text(encoding="utf-8").splitlines()
    named = {letter["name"]: letter["why"] for letter in map(json.loads, letters)}
    assert sorted(named) == ["fer2013.csv:2", "fer2013.csv:6"]
    assert "emotion" in named["fer2013.csv:2"]
    assert sorted(name for name, _ in read_rejected(manifest, tmp_path / "beam")) == sorted(named)


def test_pictures_by_pattern_are_the_same_as_their_folder(tmp_path: Path) -> None:
    photo = cv2.imread(str(sample_photo_path()))
    for index, folder in enumerate(("train/happy", "train/sad", "test/happy", "train/disgust")):
        path = tmp_path / "faces" / folder / f"{index}.png"
        path.parent.mkdir(parents=True)
        cv2.imwrite(str(path), photo[40 : 200 + index, 140:300])
    for label in ("happy", "disgust"):
        (tmp_path / "faces/train" / label / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    align_source(tmp_path / "faces", tmp_path / "local", options=AlignOptions(workers=1))
    align_pattern(f"{tmp_path}/faces/**", str(tmp_path / "beam"), options=AlignOptions())
    for name in ("manifest.json", "shard-00000.parquet"):
        assert (tmp_path / "local" / name).read_bytes() == (tmp_path / "beam" / name).read_bytes()
    manifest = read_manifest(tmp_path / "beam")
    # Of disgust, which is dropped, two pictures are in the source and are not looked at.
    assert (manifest.items, manifest.rows, manifest.rejected) == (6, 3, 1)


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_a_picture_that_cannot_be_read_is_a_dead_letter(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    shutil.copy(sample_photo_path(), tmp_path / "photos" / "face.jpg")
    # A file that is there, and gives an error to all who read it, root too.
    (tmp_path / "photos" / "broken.jpg").symlink_to("/proc/self/mem")
    align_source(tmp_path / "photos", tmp_path / "local", options=AlignOptions(workers=1))
    align_pattern(f"{tmp_path}/photos/**", str(tmp_path / "beam"), options=AlignOptions())
    for name in ("manifest.json", "shard-00000.parquet"):
        assert (tmp_path / "local" / name).read_bytes() == (tmp_path / "beam" / name).read_bytes()
    letter = json.loads((tmp_path / "beam" / DEAD_LETTERS_NAME).read_text(encoding="utf-8"))
    assert letter["name"] == "broken.jpg"
    assert "Input/output error" in letter["why"]


def test_an_error_of_a_store_is_told_as_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: str) -> bytes:
        raise BeamIOError("no such bucket")

    monkeypatch.setattr(files, "_open", refuse)
    with pytest.raises(ImageDecodeError, match="no such bucket"):
        files.read_picture_file("gs://faces/1.png")


def test_the_command_refuses_what_is_there_and_what_is_not(csv_path: Path, tmp_path: Path) -> None:
    target = str(tmp_path / "beam")
    assert main(["align-beam", str(csv_path), target, "--", "--direct_num_workers=1"]) == 0
    assert main(["align-beam", str(csv_path), target]) == 1
    with pytest.raises(DatasetError, match="must match"):
        align_pattern(str(tmp_path / "*.csv"), str(tmp_path / "new"), options=AlignOptions())

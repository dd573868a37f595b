import json
import os
import random
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from unittest import mock

import cv2
import numpy as np
import pytest

from preprocessing.__main__ import main
from preprocessing.dataset import build as module
from preprocessing.dataset.build import align_source
from preprocessing.dataset.fer2013 import VOTE_COLUMNS
from preprocessing.dataset.labels import FERPLUS_LABELS, DisgustPolicy
from preprocessing.dataset.manifest import read_manifest
from preprocessing.dataset.options import AlignOptions
from preprocessing.dataset.read import Dataset, read_dataset
from preprocessing.dataset.shards import read_rejected
from preprocessing.dataset.sources.types import read_local_file
from preprocessing.errors import DatasetError, ImageDecodeError, MienError
from preprocessing.faces.geometry import apply_transform
from preprocessing.images.sample import sample_photo_path

ONE_WORKER = AlignOptions(workers=1)
USAGES = ("Training", "PublicTest", "PrivateTest")


@pytest.fixture(scope="module")
def csv_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty-one rows, three of each code: two of one face, and one without any content."""
    photo = cv2.imread(str(sample_photo_path()), cv2.IMREAD_GRAYSCALE)
    face = cv2.resize(photo[60:185, 160:285], (48, 48), interpolation=cv2.INTER_AREA)
    lines = ["emotion,pixels,Usage"]
    for row in range(21):
        pixels = (
            np.full_like(face, 7 * row) if row % 3 == 2 else face // 2 + row % 3 + 2 * (row // 3)
        )
        lines.append(f"{row // 3},{' '.join(map(str, pixels.ravel()))},{USAGES[row % 3]}")
    path = tmp_path_factory.mktemp("source") / "fer2013.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def folder(csv_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dataset")
    align_source(csv_path, folder, options=ONE_WORKER)
    return folder


@pytest.fixture(scope="module")
def dataset(folder: Path) -> Dataset:
    return read_dataset(folder)


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


def test_an_interrupted_alignment_goes_on_and_ends_the_same(
    csv_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SHARD_ITEMS", 4)
    monkeypatch.setattr(module, "BATCH_ITEMS", 2)
    align_source(csv_path, tmp_path / "whole", options=ONE_WORKER)
    write_shard, written = module.write_shard, []

    def interrupt(table: object, path: Path) -> None:
        if len(written) == 3:
            raise KeyboardInterrupt
        written.append(path.name)
        write_shard(table, path)

    monkeypatch.setattr(module, "write_shard", interrupt)
    with pytest.raises(KeyboardInterrupt):
        align_source(csv_path, tmp_path / "halved", options=ONE_WORKER)
    with pytest.raises(DatasetError, match="not finished"):
        read_dataset(tmp_path / "halved")
    written.clear()
    monkeypatch.setattr(module, "write_shard", write_shard)
    align_source(csv_path, tmp_path / "halved", options=ONE_WORKER)
    names = sorted(path.name for path in (tmp_path / "whole").iterdir())
    assert names == sorted(path.name for path in (tmp_path / "halved").iterdir())
    for name in names:
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "halved" / name).read_bytes()


def test_a_run_killed_with_all_but_its_recipe_put_away_goes_on(
    csv_path: Path, folder: Path, tmp_path: Path
) -> None:
    target = tmp_path / "out"
    with (
        mock.patch.object(Path, "unlink", side_effect=KeyboardInterrupt),
        pytest.raises(KeyboardInterrupt),
    ):
        align_source(csv_path, target, options=ONE_WORKER)
    assert {"manifest.json", "recipe.json"} < {path.name for path in target.iterdir()}
    with pytest.raises(DatasetError, match="another source or other settings"):
        align_source(csv_path, target, options=replace(ONE_WORKER, disgust=DisgustPolicy.KEEP))
    align_source(csv_path, target, options=ONE_WORKER)
    names = sorted(path.name for path in folder.iterdir())
    assert names == sorted(path.name for path in target.iterdir())
    for name in names:
        assert (folder / name).read_bytes() == (target / name).read_bytes()


IN_SMALL_SHARDS = """
import sys
from pathlib import Path
from preprocessing.dataset import build as module
from preprocessing.dataset.options import AlignOptions

if __name__ == "__main__":
    module.SHARD_ITEMS, module.BATCH_ITEMS = 8, 4
    module.align_source(Path(sys.argv[1]), Path(sys.argv[2]), options=AlignOptions(workers=2))
"""
KILLS = 10


@pytest.fixture
def long_csv(csv_path: Path, tmp_path: Path) -> Path:
    header, *rows = csv_path.read_text(encoding="utf-8").splitlines()
    path = tmp_path / "fer2013.csv"
    # 63 shards of eight: the last kill waits for half of them, so that none comes after the end.
    path.write_text("\n".join([header, *rows * 24]) + "\n", encoding="utf-8")
    return path


def start_in_small_shards(source: Path, folder: Path) -> subprocess.Popen[bytes]:
    script = source.with_name("align.py")
    script.write_text(IN_SMALL_SHARDS, encoding="utf-8")
    path = str(Path(__file__).parents[3])
    return subprocess.Popen(
        [sys.executable, script, source, folder],
        env={**os.environ, "PYTHONPATH": path},
        stderr=subprocess.DEVNULL,
    )


def wait_for_shards(folder: Path, count: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while len(list(folder.glob("shard-*.parquet"))) < count and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.mark.slow
def test_killed_ten_times_an_alignment_goes_on_and_ends_the_same(
    long_csv: Path, tmp_path: Path
) -> None:
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    moments = random.Random(0)  # noqa: S311 - nothing secret
    seen = []
    for kill in range(KILLS):
        process = start_in_small_shards(long_csv, killed)
        wait_for_shards(killed, 3 * kill + moments.randint(0, 2), process)
        time.sleep(moments.uniform(0, 0.03))
        process.kill()
        process.wait()
        seen.append(len(list(killed.glob("shard-*.parquet"))))
        assert not (killed / "manifest.json").exists()
    assert seen == sorted(seen)
    assert seen[-1] > 0
    for folder in (killed, whole):
        assert start_in_small_shards(long_csv, folder).wait() == 0
    names = sorted(path.name for path in whole.iterdir())
    assert names == sorted(path.name for path in killed.iterdir())
    for name in names:
        assert (whole / name).read_bytes() == (killed / name).read_bytes()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_workers_end_with_a_killed_parent(long_csv: Path, tmp_path: Path) -> None:
    process = start_in_small_shards(long_csv, tmp_path / "out")
    wait_for_shards(tmp_path / "out", 1, process)
    family = descendants(process.pid)
    # The server from which workers are forked, multiprocessing's own helper, and the workers.
    assert len(family) > 2
    process.kill()
    process.wait()
    deadline = time.monotonic() + 20
    while any(Path("/proc", str(pid)).exists() for pid in family):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def descendants(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8")
    children = [int(child) for child in listed.split()]
    return children + [each for child in children for each in descendants(child)]


def test_a_full_disk_is_a_clear_error_and_leaves_no_half_shard(
    csv_path: Path, tmp_path: Path
) -> None:
    """A limit on the size of files stands in for the disk's: the system's error is as real."""
    script = (
        "import resource, sys; from preprocessing.__main__ import main;"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096));"
        "sys.exit(main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", script, "align", csv_path, tmp_path / "out", "--workers", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["recipe.json"]
    align_source(csv_path, tmp_path / "out", options=ONE_WORKER)
    assert len(read_dataset(tmp_path / "out").chips) == 18


def test_nothing_is_overwritten_unasked(folder: Path, csv_path: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="--overwrite"):
        align_source(csv_path, folder, options=ONE_WORKER)
    (tmp_path / "precious.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(DatasetError, match="not empty"):
        align_source(csv_path, tmp_path, options=ONE_WORKER)
    assert [path.name for path in tmp_path.iterdir()] == ["precious.txt"]


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


def test_report_tells_what_is_there(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(folder)]) == 0
    text = capsys.readouterr().out
    for word in ("angry", "neutral", "detector", "18 faces from 21 pictures"):
        assert word in text
    assert main(["report", str(folder / "nowhere")]) == 1
    assert "manifest.json is missing" in capsys.readouterr().err


def test_overwriting_replaces_the_dataset_and_leaves_other_files(
    csv_path: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    align_source(csv_path, folder, options=ONE_WORKER)
    (folder / "test-uses.jsonl").write_text("{}\n", encoding="utf-8")
    keep = replace(ONE_WORKER, disgust=DisgustPolicy.KEEP)
    manifest = align_source(csv_path, folder, options=keep, overwrite=True)
    assert manifest.rows == 21
    assert (folder / "test-uses.jsonl").exists()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "precious.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(DatasetError, match="not empty"):
        align_source(csv_path, tmp_path / "mine", options=ONE_WORKER, overwrite=True)
    assert (tmp_path / "mine" / "precious.txt").exists()


@pytest.mark.parametrize("removed", range(4))
def test_an_overwriting_that_was_killed_can_be_run_again(
    removed: int, folder: Path, tmp_path: Path
) -> None:
    target = shutil.copytree(folder, tmp_path / "out")
    for number in (1, 2):
        shutil.copy(target / "shard-00000.parquet", target / f"shard-0000{number}.parquet")
    recipe, unlink = read_manifest(folder).recipe, Path.unlink
    left = removed

    def interrupt(path: Path, *, missing_ok: bool = False) -> None:
        nonlocal left
        if not left:
            raise KeyboardInterrupt
        left -= 1
        unlink(path, missing_ok=missing_ok)

    with mock.patch.object(Path, "unlink", interrupt), pytest.raises(KeyboardInterrupt):
        module._prepare(target, recipe, overwrite=True)
    module._prepare(target, recipe, overwrite=True)
    assert [path.name for path in target.iterdir()] == ["recipe.json"]


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
    def refuse(_: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(ImageDecodeError, match="Permission denied"):
        read_local_file(str(tmp_path / "face.jpg"))


def test_votes_of_another_source_are_refused(csv_path: Path, tmp_path: Path) -> None:
    votes = tmp_path / "votes.csv"
    votes.write_text("\n".join([",".join(VOTE_COLUMNS), "1,2,3,0,0,0,0,0,0,0"]), "utf-8")
    with pytest.raises(DatasetError, match="row by row"):
        align_source(csv_path, tmp_path / "out", options=replace(ONE_WORKER, ferplus=votes))
    missing = replace(ONE_WORKER, ferplus=tmp_path / "nowhere.csv")
    with pytest.raises(DatasetError, match="cannot be read"):
        align_source(csv_path, tmp_path / "out", options=missing)


def test_the_majority_of_ferplus_can_be_the_labels(
    csv_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    contempt, sad, split, faceless = (
        "0,0,0,0,0,0,0,8,1,1", "1,0,0,5,2,0,1,1,0,0", "5,5,0,0,0,0,0,0,0,0", "0,0,0,0,0,0,0,0,0,10",
    )  # fmt: skip
    votes = tmp_path / "fer2013new.csv"
    rows = [contempt, sad, split] * 6 + [faceless, sad, contempt]
    votes.write_text("\n".join([",".join(VOTE_COLUMNS), *rows]), encoding="utf-8")
    command = ["align", str(csv_path), str(tmp_path / "out"), "--workers", "1", "--ferplus-labels"]
    assert main(command) == 1
    assert "--ferplus" in capsys.readouterr().err
    command += ["--ferplus", str(votes)]
    for others in (["--disgust", "drop"], ["--labels", "happy,sad"]):
        assert main([*command, *others]) == 2
    assert main(command) == 0
    dataset = read_dataset(tmp_path / "out")
    assert dataset.manifest.recipe.labels == FERPLUS_LABELS
    assert dataset.manifest.recipe.disgust is DisgustPolicy.KEEP
    found = [FERPLUS_LABELS[index] for index in dataset.class_indices]
    assert found == ["contempt", "sad"] * 6 + ["sad", "contempt"]
    assert np.bincount(dataset.items, minlength=21).tolist() == [1, 1, 0] * 6 + [0, 1, 1]
    page = tmp_path / "page.html"
    assert main(["report", str(tmp_path / "out"), "--html", str(page)]) == 0
    assert "labels: majority of FER+" in capsys.readouterr().out
    assert "the majority of these votes" in page.read_text(encoding="utf-8")


def test_votes_are_refused_for_what_is_not_fer2013(tmp_path: Path) -> None:
    (tmp_path / "faces" / "happy").mkdir(parents=True)
    shutil.copy(sample_photo_path(), tmp_path / "faces" / "happy" / "one.jpg")
    votes = tmp_path / "votes.csv"
    votes.write_text("\n".join([",".join(VOTE_COLUMNS), "0,9,0,0,0,0,0,0,1,0"]), "utf-8")
    with pytest.raises(DatasetError, match="class_folders"):
        align_source(
            tmp_path / "faces", tmp_path / "out", options=replace(ONE_WORKER, ferplus=votes)
        )


def test_no_workers_are_refused() -> None:
    with pytest.raises(MienError, match="workers"):
        AlignOptions(workers=0)

"""An alignment makes the splits that it is asked for, and keeps together what belongs together."""

import json
import shutil
from pathlib import Path
from unittest import mock

import cv2
import numpy as np
import pytest

from preprocessing.__main__ import main
from preprocessing.dataset import make_splits as module
from preprocessing.dataset.build import align_source
from preprocessing.dataset.options import AlignOptions
from preprocessing.dataset.read import Dataset, read_dataset
from preprocessing.dataset.split_off import SplitOff
from preprocessing.errors import DatasetError

pytestmark = pytest.mark.slow

TENTHS = SplitOff((("val", 0.1), ("test", 0.1)))
LABELS = ("happy", "sad")
EACH = 20


def write_noise(path: Path, seed: int) -> None:
    """Write a picture that is like no other."""
    path.parent.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(seed)
    coarse = generator.integers(0, 256, (12, 12), np.uint8)
    cv2.imwrite(str(path), cv2.resize(coarse, (48, 48), interpolation=cv2.INTER_NEAREST))


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty pictures of each of two labels, of four people each."""
    folder = tmp_path_factory.mktemp("faces")
    for place, label in enumerate(LABELS):
        for number in range(EACH):
            write_noise(
                folder / label / f"person{number % 4}" / f"{number}.png", 100 * place + number
            )
    return folder


def aligned(source: Path, folder: Path, split_off: SplitOff, **others: object) -> Dataset:
    options = AlignOptions(workers=1, split_off=split_off)
    align_source(source, folder, options=options, **others)  # type: ignore[arg-type]
    return read_dataset(folder)


def splits_of(dataset: Dataset) -> dict[str, str]:
    return dict(zip(dataset.names.tolist(), dataset.splits.tolist(), strict=True))


def test_an_alignment_makes_the_splits_that_it_is_asked_for(faces: Path, tmp_path: Path) -> None:
    dataset = aligned(faces, tmp_path / "out", TENTHS)
    for label in range(2):
        rows = dataset.class_indices == np.unique(dataset.class_indices)[label]
        counts = {split: int((dataset.splits[rows] == split).sum()) for split in ("val", "test")}
        assert counts == {"val": 2, "test": 2}
    again = aligned(faces, tmp_path / "again", TENTHS)
    assert splits_of(again) == splits_of(dataset)
    other = aligned(faces, tmp_path / "other", SplitOff(TENTHS.fractions, seed=1))
    assert splits_of(other) != splits_of(dataset)
    assert dataset.manifest.choices == {
        "split_off": {"shares": {"val": 0.1, "test": 0.1}, "group_by": None, "seed": 0}
    }
    assert other.manifest.recipe != dataset.manifest.recipe


@pytest.mark.parametrize("group_by", ["folder", r"person(\d)", "person."])
def test_a_person_is_in_one_split_only(group_by: str, faces: Path, tmp_path: Path) -> None:
    dataset = aligned(faces, tmp_path / "out", SplitOff((("val", 0.25),), group_by))
    found: dict[str, set[str]] = {}
    for name, split in splits_of(dataset).items():
        found.setdefault(Path(name).parent.name, set()).add(split)
    assert all(len(splits) == 1 for splits in found.values())
    assert set().union(*found.values()) == {"train", "val"}


@pytest.mark.parametrize(
    ("folder", "group_by", "told"),
    [
        ("happy", "folder", "--group-by folder groups no pictures"),
        ("happy", "nobody", "--group-by nobody groups no pictures"),
        ("CK+48/happy", "folder", "puts all pictures into one group, CK.48,"),
        ("happy", "hap+y", "puts all pictures into one group, happy,"),
        ("test/happy", "[0-9]", "has no training pictures of which --split-off"),
    ],
)
def test_what_cannot_be_split_is_refused_before_the_work(
    folder: str, group_by: str, told: str, tmp_path: Path
) -> None:
    for number in range(10):
        write_noise(tmp_path / "faces" / folder / f"{number}.png", number)
    with pytest.raises(DatasetError, match=told):
        aligned(tmp_path / "faces", tmp_path / "out", SplitOff((("val", 0.2),), group_by))
    assert not (tmp_path / "out").exists()


def test_copies_of_a_picture_stay_together(faces: Path, tmp_path: Path) -> None:
    source = tmp_path / "faces"
    shutil.copytree(faces, source)
    pairs = []
    for number in range(8):
        original = source / "happy" / f"person{number % 4}" / f"{number}.png"
        picture = cv2.imread(str(original), cv2.IMREAD_GRAYSCALE)
        same, alike = original.with_name(f"{number}_same.png"), original.with_name(f"{number}.jpg")
        shutil.copy(original, same)
        cv2.imwrite(str(alike), np.clip(0.9 * picture + 12, 0, 255).astype(np.uint8))
        pairs += [(original, same), (original, alike)]
    for seed in range(4):
        dataset = aligned(source, tmp_path / f"out{seed}", SplitOff((("val", 0.3),), seed=seed))
        splits = splits_of(dataset)
        for one, other in pairs:
            names = [path.relative_to(source).as_posix() for path in (one, other)]
            assert splits[names[0]] == splits[names[1]]
        assert "val" in splits.values()


def test_where_all_look_alike_a_split_is_made_all_the_same(tmp_path: Path) -> None:
    base = np.full((48, 48), 120, np.uint8)
    cv2.circle(base, (24, 24), 15, 200, -1)
    for label in LABELS:
        for number in range(EACH):
            path = tmp_path / "faces" / label / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            picture = base.copy()
            picture[0, number] = 0
            cv2.imwrite(str(path), picture)
    told: list[str] = []
    dataset = aligned(
        tmp_path / "faces", tmp_path / "out", SplitOff((("val", 0.25),)), tell=told.append
    )
    assert int((dataset.splits == "val").sum()) == EACH // 2
    assert any("look alike are not kept in one split" in line for line in told)


def test_splits_that_are_there_are_not_made_again(faces: Path, tmp_path: Path) -> None:
    shutil.copytree(faces, tmp_path / "set" / "train")
    shutil.copytree(faces / "happy" / "person0", tmp_path / "set" / "test" / "happy")
    with pytest.raises(DatasetError, match=r"has a split test already. Leave it out"):
        aligned(tmp_path / "set", tmp_path / "out", TENTHS)
    assert not (tmp_path / "out").exists()
    dataset = aligned(tmp_path / "set", tmp_path / "out", SplitOff((("val", 0.1),)))
    names = dataset.names[dataset.splits == "test"].tolist()
    assert names
    assert all(name.startswith("test/") for name in names)


def test_too_few_pictures_for_a_split_are_an_error(tmp_path: Path) -> None:
    for number in range(3):
        write_noise(tmp_path / "faces" / "happy" / f"{number}.png", number)
    with pytest.raises(DatasetError, match="leaves no picture for val"):
        aligned(tmp_path / "faces", tmp_path / "out", SplitOff((("val", 0.05),)))


def test_splits_are_the_same_after_an_interruption(
    faces: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for each in ("batches", "build"):
        monkeypatch.setattr(f"preprocessing.dataset.{each}.SHARD_ITEMS", 16)
        monkeypatch.setattr(f"preprocessing.dataset.{each}.BATCH_ITEMS", 8, raising=False)
    whole = aligned(faces, tmp_path / "whole", TENTHS)
    write, written = module.write_shard, []

    def interrupt(table: object, path: Path) -> None:
        if written:
            raise KeyboardInterrupt
        written.append(path)
        write(table, path)

    with (
        mock.patch.object(module, "write_shard", interrupt),
        pytest.raises(KeyboardInterrupt),
    ):
        aligned(faces, tmp_path / "halved", TENTHS)
    assert splits_of(aligned(faces, tmp_path / "halved", TENTHS)) == splits_of(whole)
    for shard in whole.manifest.shards:
        assert (tmp_path / "whole" / shard).read_bytes() == (
            tmp_path / "halved" / shard
        ).read_bytes()


def test_the_table_of_fer2013_can_be_split_too(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    lines = [
        f"{number % 2 + 3},{' '.join(map(str, generator.integers(0, 256, 2304)))}"
        for number in range(20)
    ]
    path = tmp_path / "train.csv"
    path.write_text("\n".join(["emotion,pixels", *lines]), encoding="utf-8")
    dataset = aligned(path, tmp_path / "out", SplitOff((("val", 0.2),)))
    assert sorted(dataset.splits.tolist()).count("val") == 4


def test_photos_have_nothing_to_split(tmp_path: Path) -> None:
    write_noise(tmp_path / "photos" / "one.png", 0)
    with pytest.raises(DatasetError, match="without labels"):
        aligned(tmp_path / "photos", tmp_path / "out", TENTHS)


def test_the_command_splits_and_says_what_is_missing(
    faces: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["align", str(faces), str(tmp_path / "out"), "--workers", "1"]
    assert main(command) == 0
    assert "--split-off val=0.1,test=0.1" in capsys.readouterr().err
    assert main([*command, "--overwrite", "--split-off", "val=25%", "--group-by", "folder"]) == 0
    captured = capsys.readouterr()
    assert "no split val" not in captured.err
    assert f"{'happy':<12}{15:>9}{5:>9}{0:>9}" in captured.out
    choices = json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))
    assert choices["choices"]["split_off"]["group_by"] == "folder"
    assert main([*command, "--group-by", "folder"]) == 1
    assert "--split-off" in capsys.readouterr().err
    assert main([*command, "--split-off", "half"]) == 2

import bz2
import gzip
import io
import lzma
import os
import pickle
import shutil
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from preprocessing.dataset import fer2013
from preprocessing.dataset.fer2013 import FERPLUS_WORDS, VOTE_COLUMNS, majority_label, read_ferplus
from preprocessing.dataset.labels import (
    FER2013_LABELS,
    FER2013_USAGES,
    FERPLUS_LABELS,
    SPLITS,
    DisgustPolicy,
    labels_for,
    resolve_label,
)
from preprocessing.dataset.sources import SourceKind, open_source
from preprocessing.errors import DatasetError, ImageDecodeError
from preprocessing.images.sample import sample_photo_path

PIXELS = " ".join(str(value % 256) for value in range(48 * 48))
ZIP_FLAGS = 8
VOTES = "neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"


@pytest.fixture
def csv_path(tmp_path: Path) -> Path:
    rows = [f"{code},{PIXELS},{usage}" for code in range(7) for usage in FER2013_USAGES]
    path = tmp_path / "fer2013.csv"
    path.write_text("\n".join(["emotion,pixels,Usage", *rows]) + "\n", encoding="utf-8")
    return path


def test_csv_rows_become_items(csv_path: Path) -> None:
    source = open_source(csv_path)
    items = list(source.items())
    assert source.kind is SourceKind.FER2013
    assert source.count == len(items) == 21
    assert [item.label for item in items[::3]] == list(FER2013_LABELS)
    assert [item.split for item in items[:3]] == list(SPLITS)
    assert items[4].name == "fer2013.csv:6"
    np.testing.assert_array_equal(items[4].load().ravel(), np.arange(48 * 48) % 256)


def test_items_can_start_anywhere_and_travel_to_other_processes(csv_path: Path) -> None:
    source = open_source(csv_path)
    last = list(source.items(20))
    assert [item.row for item in last] == [20]
    assert pickle.loads(pickle.dumps(last[0])).name == last[0].name  # noqa: S301


def test_a_name_that_is_no_utf_8_can_be_shown_and_its_file_read(tmp_path: Path) -> None:
    shutil.copy(sample_photo_path(), tmp_path / os.fsdecode(b"caf\xe9.jpg"))
    (item,) = open_source(tmp_path).items()
    assert item.name == r"caf\xe9.jpg"
    assert item.load().shape == (512, 512)


@pytest.mark.parametrize(
    ("suffix", "pack"), [(".gz", gzip.compress), (".xz", lzma.compress), (".bz2", bz2.compress)]
)
def test_compressed_files_are_the_same_source(suffix: str, pack: object, csv_path: Path) -> None:
    assert callable(pack)
    packed = csv_path.with_name(csv_path.name + suffix)
    packed.write_bytes(pack(csv_path.read_bytes()))
    assert open_source(packed).sha256 == open_source(csv_path).sha256
    packed.write_bytes(packed.read_bytes()[:-20])
    with pytest.raises(DatasetError, match="cannot be read"):
        open_source(packed)


def test_a_zip_holds_one_csv(csv_path: Path) -> None:
    packed = csv_path.with_suffix(".zip")
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(csv_path, "fer2013/fer2013.csv")
    assert open_source(packed).sha256 == open_source(csv_path).sha256
    with zipfile.ZipFile(packed, "a") as archive:
        archive.write(csv_path, "other.csv")
    with pytest.raises(DatasetError, match="one CSV"):
        open_source(packed)


def test_a_zip_that_asks_for_a_password_is_refused(csv_path: Path) -> None:
    packed = csv_path.with_suffix(".zip")
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(csv_path, "fer2013.csv")
    content = bytearray(packed.read_bytes())
    content[content.index(b"PK\x01\x02") + ZIP_FLAGS] |= 1
    packed.write_bytes(content)
    with pytest.raises(DatasetError, match="encrypted"):
        open_source(packed)


def test_columns_may_be_spelt_and_ordered_as_in_kaggle_s_other_file(tmp_path: Path) -> None:
    path = tmp_path / "icml_face_data.csv"
    path.write_text(f"emotion, Usage, pixels\n3,PublicTest,{PIXELS}\n", encoding="utf-8")
    (item,) = open_source(path).items()
    assert (item.label, item.split) == ("happy", "val")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (f"7,{PIXELS},Training", "emotion must be"),
        (f"x,{PIXELS},Training", "emotion must be"),
        (f"-1,{PIXELS},Training", "emotion must be"),
        (f"{'1' * 5000},{PIXELS},Training", "emotion must be"),
        (f"0,{PIXELS},Holiday", "Usage must be"),
        (f"0,{PIXELS} 5,Training", "Received: 2305"),
        (f"0,{PIXELS[:-40]},Training", "cut short"),
        (f"0,{PIXELS[:-1]}x,Training", "number from 0 to 255"),
        (f"0,{PIXELS.replace(' 255 ', ' 256 ', 1)},Training", "'256'"),
        (f"0,{PIXELS.replace(' 255 ', ' -1 ', 1)},Training", "'-1'"),
        (f"0,{PIXELS.replace(' 255 ', ' 2.5 ', 1)},Training", "'2.5'"),
        ("0," + PIXELS.replace(" 255 ", " \u0663 ", 1) + ",Training", "'\u0663'"),
        (f"0,{PIXELS.replace(' 255 ', f' {2**32 + 1} ', 1)},Training", "'4294967297'"),
        ("0," + PIXELS.replace(" ", "\xa0", 1) + ",Training", "separated by spaces"),
        ("0," + PIXELS.replace(" ", "\x1c", 1) + ",Training", "separated by spaces"),
        ("0", "cells"),
    ],
)
def test_a_broken_row_is_named(row: str, message: str, csv_path: Path) -> None:
    with csv_path.open("a", encoding="utf-8") as file:
        file.write(row + "\n")
    source = open_source(csv_path)
    with pytest.raises(DatasetError, match=message) as error_info:
        list(source.items())
    assert "fer2013.csv:23" in str(error_info.value)


def test_another_csv_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("a,b,c\n1,2,3\n", encoding="utf-8")
    with pytest.raises(DatasetError, match="'emotion'"):
        open_source(path)


@pytest.mark.parametrize("inside", ["", "train", "TEST", "validation"])
def test_class_folders_are_understood(inside: str, tmp_path: Path) -> None:
    folder = tmp_path / inside / "Happiness"
    folder.mkdir(parents=True)
    shutil.copy(sample_photo_path(), folder / "one.jpg")
    (folder / ".hidden.jpg").write_bytes(b"")
    source = open_source(tmp_path)
    (item,) = source.items()
    expected = {"": "train", "train": "train", "TEST": "test", "validation": "val"}[inside]
    assert (source.kind, item.label, item.split) == (SourceKind.CLASS_FOLDERS, "happy", expected)
    assert item.load().shape == (512, 512)


def test_a_folder_of_an_unknown_class_is_named(tmp_path: Path) -> None:
    for label in ("happy", "hangry"):
        (tmp_path / label).mkdir()
        shutil.copy(sample_photo_path(), tmp_path / label / "one.jpg")
    with pytest.raises(DatasetError, match="hangry"):
        open_source(tmp_path)


def test_class_folders_may_have_labels_of_ones_own(tmp_path: Path) -> None:
    for label in ("Bored", "happy"):
        (tmp_path / "val" / label).mkdir(parents=True)
        shutil.copy(sample_photo_path(), tmp_path / "val" / label / "one.jpg")
    source = open_source(tmp_path, own_labels=("happy", "bored"))
    assert source.kind is SourceKind.CLASS_FOLDERS
    assert [(item.label, item.split) for item in source.items()] == [
        ("bored", "val"),
        ("happy", "val"),
    ]
    with pytest.raises(DatasetError, match="folders named calm, happy"):
        open_source(tmp_path, own_labels=("calm", "happy"))
    with pytest.raises(DatasetError, match="No folder with pictures is named calm"):
        open_source(tmp_path, own_labels=("calm", "happy", "bored"))


def test_labels_of_ones_own_are_of_class_folders(csv_path: Path, tmp_path: Path) -> None:
    shutil.copy(sample_photo_path(), tmp_path / "one.jpg")
    with pytest.raises(DatasetError, match="no class folder"):
        open_source(tmp_path, own_labels=("bored", "happy"))
    with pytest.raises(DatasetError, match="FER2013's codes"):
        open_source(csv_path, own_labels=("bored", "happy"))


def test_photos_are_listed_in_order(tmp_path: Path) -> None:
    for name in ("b.JPG", "a.jpg", "deep/c.jpeg", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(sample_photo_path(), tmp_path / name)
    source = open_source(tmp_path)
    items = list(source.items())
    assert source.kind is SourceKind.PHOTOS
    assert [item.name for item in items] == ["a.jpg", "b.JPG", "deep/c.jpeg"]
    assert {item.label for item in items} == {None}


def test_a_broken_photo_says_so(tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    (item,) = open_source(tmp_path).items()
    with pytest.raises(ImageDecodeError):
        item.load()


@pytest.mark.parametrize("name", ["nowhere", "text.txt"])
def test_what_is_no_source_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("hello", encoding="utf-8")
    with pytest.raises(DatasetError, match="no source"):
        open_source(tmp_path / name)


def test_votes_are_read_by_position(tmp_path: Path) -> None:
    path = tmp_path / "fer2013new.csv"
    path.write_text(
        f"Usage,Image name,{VOTES}\nTraining,x.png,4,0,0,1,3,2,0,0,0,0\n", encoding="utf-8"
    )
    assert read_ferplus(path).tolist() == [[4, 0, 0, 1, 3, 2, 0, 0, 0, 0]]
    path.write_text(f"Usage,Image name,{VOTES}\nTraining,x.png,4,0,0,one\n", encoding="utf-8")
    with pytest.raises(DatasetError, match=":2"):
        read_ferplus(path)


@pytest.mark.parametrize("name", ["one\rtwo", "x" * 140_000])
def test_votes_that_are_no_csv_are_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / "fer2013new.csv"
    header, row = f"Image name,{VOTES}", f"{name},4,0,0,1,3,2,0,0,0,0"
    for number, lines in enumerate([[header.replace("Image name", name), row], [header, row]], 1):
        path.write_bytes("\n".join(lines).encode())
        with pytest.raises(DatasetError, match=f"fer2013new.csv:{number} "):
            read_ferplus(path)


@pytest.mark.parametrize(
    ("votes", "label"),
    [
        ([0, 0, 0, 0, 0, 0, 0, 10, 0, 0], "contempt"),
        ([1, 4, 1, 1, 2, 1, 0, 0, 0, 0], "happy"),  # 4 of the 6 that are no one's alone
        ([0, 0, 0, 5, 5, 0, 0, 0, 0, 0], None),
        ([4, 0, 0, 0, 3, 0, 3, 0, 0, 0], None),
        ([2, 0, 0, 0, 0, 0, 0, 0, 8, 0], None),
        ([2, 0, 0, 0, 0, 0, 0, 0, 0, 8], None),
        ([1, 1, 1, 1, 1, 1, 1, 1, 1, 1], None),
        ([0, 0, 255, 0, 200, 0, 0, 0, 0, 0], "surprise"),
        ([0, 0, 200, 0, 100, 0, 100, 0, 0, 0], None),
    ],
)
def test_a_majority_is_more_than_half_of_what_more_than_one_chose(
    votes: list[int], label: str | None
) -> None:
    assert majority_label(np.array(votes, np.uint8)) == label


def test_ferplus_keeps_the_class_indices_of_fer2013() -> None:
    assert FERPLUS_LABELS[:-1] == labels_for(DisgustPolicy.KEEP)
    assert tuple(FERPLUS_WORDS) == FERPLUS_LABELS
    assert set(VOTE_COLUMNS) - set(FERPLUS_WORDS.values()) == {"unknown", "NF"}


@pytest.mark.parametrize("policy", DisgustPolicy)
def test_labels_and_class_indices_are_one_to_one(policy: DisgustPolicy) -> None:
    labels = labels_for(policy)
    assert len(set(labels)) == len(labels) == (7 if policy is DisgustPolicy.KEEP else 6)
    resolved = {resolve_label(label, policy) for label in FER2013_LABELS} - {None}
    assert resolved == set(labels)


def test_an_unknown_label_is_refused() -> None:
    with pytest.raises(DatasetError, match="hangry"):
        resolve_label("hangry", DisgustPolicy.DROP)


def test_the_real_fer2013_and_votes_belong_together(shared_data: Path) -> None:
    source = open_source(shared_data / "fer2013" / "fer2013.csv.xz")
    assert source.count == 35_887
    assert source.sha256.startswith("08b77000769fffdd")
    votes = read_ferplus(shared_data / "fer2013" / "fer2013new.csv")
    assert votes.shape == (35_887, 10)
    # FER2013's splits follow each other.
    counts = [
        sum(majority_label(row) is not None for row in split)
        for split in np.split(votes, [28_709, 28_709 + 3589])
    ]
    assert counts == [25_060, 3199, 3153]


ODD_TEXT = st.text("0123456789 \t\n\r,.-+\"'\x00\x1c\xa0\u0663", max_size=8) | st.sampled_from(
    ["\xa0", "\x1c", "9" * 5000, "x" * 140_000, "\n" * 10_000]
)


def zipped(data: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("table.csv", data)
    return packed.getvalue()


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    ".csv": bytes,
    ".csv.gz": gzip.compress,
    ".csv.xz": lzma.compress,
    ".csv.bz2": bz2.compress,
    ".csv.zip": zipped,
}


@st.composite
def damaged_files(draw: st.DrawFn, header: str, row: list[str]) -> tuple[str, bytes]:
    """Write odd text into some cells of a table, compress it, and change some of its bytes.

    Returns:
        The end of the file's name, and the content.
    """
    cells = [header.split(","), *([*row] for _ in range(3))]
    for _ in range(draw(st.integers(0, 2))):
        line, odd = draw(st.sampled_from(cells)), draw(ODD_TEXT)
        column = draw(st.integers(0, len(row) - 1))
        old = line[column]
        line[column] = draw(st.sampled_from([odd, odd + old, old + odd, old.replace(" ", odd, 1)]))
    suffix = draw(st.sampled_from(sorted(PACKERS)))
    content = bytearray(PACKERS[suffix]("\n".join(map(",".join, cells)).encode()))
    # Near its ends an archive says how it is packed; there a zip file says whether it is encrypted.
    edges = st.integers(0, 40) | st.integers(-90, -1) | st.just(-69)
    for _ in range(draw(st.integers(0, 2))):
        start = draw(edges | st.integers(0, len(content) - 1)) % len(content)
        if draw(st.booleans()):
            content[start] ^= 1 << draw(st.integers(0, 7))
        else:
            content[start : start + draw(st.sampled_from([1, 3, 20]))] = draw(st.binary(max_size=9))
    return suffix, bytes(content)


MOST_UNPACKED_BYTES = 1_000_000
MOST_MEMORY_BYTES = 20 * MOST_UNPACKED_BYTES
fuzzed = settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@contextmanager
def within_memory() -> Iterator[None]:
    """Let files unpack to `MOST_UNPACKED_BYTES`, and reading them take `MOST_MEMORY_BYTES`."""
    tracemalloc.start()
    try:
        with mock.patch.object(fer2013, "MAX_UNPACKED_BYTES", MOST_UNPACKED_BYTES):
            yield
        assert tracemalloc.get_traced_memory()[1] < MOST_MEMORY_BYTES
    finally:
        tracemalloc.stop()


def written(file: tuple[str, bytes], folder: Path) -> Path:
    suffix, content = file
    path = folder / f"damaged{suffix}"
    path.write_bytes(content)
    return path


@fuzzed
@given(file=damaged_files("emotion,pixels,Usage", ["3", PIXELS, "Training"]))
def test_damage_to_a_csv_gives_rows_or_a_named_error(
    file: tuple[str, bytes], tmp_path: Path
) -> None:
    path = written(file, tmp_path)
    with within_memory():
        try:
            items = list(open_source(path).items())
        except DatasetError:
            return
    for item in items:
        assert item.label in FER2013_LABELS
        assert item.load().shape == (48, 48)


@fuzzed
@given(file=damaged_files(f"Image name,{VOTES}", ["x.png", *"4001320000"]))
def test_damage_to_votes_gives_votes_or_a_named_error(
    file: tuple[str, bytes], tmp_path: Path
) -> None:
    path = written(file, tmp_path)
    with within_memory():
        try:
            votes = read_ferplus(path)
        except DatasetError:
            return
    assert votes.shape[1] == 10


def test_a_file_of_empty_lines_takes_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "fer2013.csv.gz"
    path.write_bytes(gzip.compress(b"emotion,pixels,Usage\n" + b"\n" * (MOST_UNPACKED_BYTES - 50)))
    with within_memory(), pytest.raises(DatasetError, match="gz:2: expected 3 cells"):
        list(open_source(path).items())


def test_what_unpacks_to_too_much_is_refused(
    csv_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = csv_path.with_name("bomb.csv.gz")
    path.write_bytes(gzip.compress(b"0" * 1_000_001))
    monkeypatch.setattr(fer2013, "MAX_UNPACKED_BYTES", 1_000_000)
    with pytest.raises(DatasetError, match="unpacks to more than"):
        open_source(path)

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given

from preprocessing.dataset.fer2013 import FERPLUS_WORDS, VOTE_COLUMNS, majority_label, read_ferplus
from preprocessing.dataset.labels import FERPLUS_LABELS, DisgustPolicy, labels_for
from preprocessing.dataset.sources.open import open_source
from preprocessing.errors import DatasetError
from tests.preprocessing.dataset.sources.damaged import (
    damaged_files,
    fuzzed,
    within_memory,
    written,
)

VOTES = "neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"


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


@pytest.mark.slow
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


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("delimiter", [",", ";"])
def test_votes_may_come_from_excel(mark: str, delimiter: str, tmp_path: Path) -> None:
    path = tmp_path / "fer2013new.csv"
    lines = [f"Usage,Image name,{VOTES.upper()}", "Training,x.png,4,0,0,1,3,2,0,0,0,0", ""]
    path.write_text(mark + "\r\n".join(lines).replace(",", delimiter), encoding="utf-8")
    assert read_ferplus(path).tolist() == [[4, 0, 0, 1, 3, 2, 0, 0, 0, 0]]

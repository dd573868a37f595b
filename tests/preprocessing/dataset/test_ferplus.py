"""FER+ votes join the rows of FER2013, or are its labels."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from preprocessing.__main__ import main
from preprocessing.dataset.build import align_source
from preprocessing.dataset.fer2013 import VOTE_COLUMNS
from preprocessing.dataset.labels import FERPLUS_LABELS, DisgustPolicy
from preprocessing.dataset.options import AlignOptions
from preprocessing.dataset.read import read_dataset
from preprocessing.errors import DatasetError
from preprocessing.images.sample import sample_photo_path

ONE_WORKER = AlignOptions(workers=1)


def test_votes_of_another_source_are_refused(csv_path: Path, tmp_path: Path) -> None:
    votes = tmp_path / "votes.csv"
    votes.write_text("\n".join([",".join(VOTE_COLUMNS), "1,2,3,0,0,0,0,0,0,0"]), "utf-8")
    with pytest.raises(DatasetError, match="row by row"):
        align_source(csv_path, tmp_path / "out", options=replace(ONE_WORKER, ferplus=votes))
    missing = replace(ONE_WORKER, ferplus=tmp_path / "nowhere.csv")
    with pytest.raises(DatasetError, match=r"nowhere.csv does not exist"):
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

"""What is said of a source before the work."""

from pathlib import Path

import pytest

from preprocessing.dataset.advice import check_source
from preprocessing.dataset.labels import DisgustPolicy
from preprocessing.dataset.options import AlignOptions
from preprocessing.dataset.sources.open import open_source
from preprocessing.dataset.sources.reading import Reading
from preprocessing.dataset.split_off import SplitOff
from preprocessing.errors import DatasetError
from tests.preprocessing.dataset.sources.drawn import write_folders


@pytest.mark.parametrize("labels", [("खुश", "glücklich"), ("злость", "glücklich")])
def test_labels_that_cannot_be_drawn_are_told(labels: tuple[str, ...], tmp_path: Path) -> None:
    write_folders(tmp_path, ("train", "val"), labels)
    options = AlignOptions(disgust=DisgustPolicy.KEEP, reading=Reading(own_labels=labels))
    said = check_source(open_source(tmp_path, options.reading), options)
    told = [note for note in said if "question marks" in note]
    assert ["letters of खुश are in none" in note for note in told] == [True] * (labels[0] == "खुश")


def test_of_photos_that_are_to_be_split_it_is_said_why_they_have_no_labels(tmp_path: Path) -> None:
    write_folders(tmp_path, ("",), ("tired", "awake"))
    options = AlignOptions(split_off=SplitOff((("val", 0.2),)))
    with pytest.raises(DatasetError, match=r"labelled ones. No folder of .* with --labels"):
        check_source(open_source(tmp_path), options)

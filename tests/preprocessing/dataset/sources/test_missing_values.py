"""Cells that say, in the words of some program, that they have no value."""

from pathlib import Path

import pytest

from preprocessing.errors import DatasetError
from tests.preprocessing.dataset.sources.label_lists import read


@pytest.mark.parametrize("empty", ["NA", "n/a", "NaN", "-", ".", "#NV", "#N/A", "NULL", "?"])
def test_a_cell_that_says_a_value_is_missing_is_as_an_empty_one(empty: str, pictures: Path) -> None:
    listed = f"path,label,rater\na 1.png,happy,{empty}\nb.png,{empty},x\n"
    source = read(pictures, listed)
    assert [item.label for item in source.items()] == ["happy"]
    assert source.passed_over["without a label in the list"] == 1
    votes = f"path;happy;sad\na 1.png;{empty};0,4\nb.png;3;{empty}\n"
    assert [item.label for item in read(pictures, votes).items()] == ["sad", "happy"]


def test_what_may_say_that_a_value_is_missing_can_be_a_label(pictures: Path) -> None:
    listed = "path,label\na 1.png,NA\nb.png,sad\n"
    source = read(pictures, listed, words="NA=neutral")
    assert [item.label for item in source.items()] == ["neutral", "sad"]
    with pytest.raises(DatasetError, match="the label 'None' is not understood"):
        read(pictures, listed.replace("NA", "None"))

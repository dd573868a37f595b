"""Columns with a number for each label: the largest is the label."""

from pathlib import Path

import pytest

from preprocessing.errors import DatasetError
from tests.preprocessing.dataset.sources.label_lists import read


def test_of_several_labels_with_the_most_votes_none_is_taken(pictures: Path) -> None:
    source = read(pictures, "path,happy,sad\na 1.png,5,5\nb.png,0,0\nÜnal,2,1\n")
    assert [item.label for item in source.items()] == ["happy"]
    assert source.passed_over == {
        "with as many votes for one label as for another": 1,
        "without a label in the list": 1,
        "in no list": 1,
    }


@pytest.mark.parametrize(
    "cells",
    [
        "1,0",
        "True;False",
        "0,9;0,1",
        "90%;10 %",
        "7.5e-1;",
        " 2 ; ",
        "1,125;1",
        "2,5;1,125",
        "2,0;1,125",
    ],
)
def test_votes_are_numbers_as_people_write_them(cells: str, pictures: Path) -> None:
    delimiter = ";" if ";" in cells else ","
    header = delimiter.join(("path", "happy", "sad"))
    source = read(pictures, f"{header}\nb.png{delimiter}{cells}\n")
    assert [item.label for item in source.items()] == ["happy"]


def test_a_comma_that_decides_whichever_it_is_is_refused(pictures: Path) -> None:
    with pytest.raises(DatasetError, match=r"list.csv:2: '1,200' may be a number above a thousand"):
        read(pictures, 'path,happy,sad\nb.png,"1,200",300\n')


def test_of_people_those_whose_votes_are_even_do_not_count(pictures: Path) -> None:
    votes = "path,happy,sad,rater\nb.png,1,1,x\nb.png,1,1,y\nb.png,0,1,z\na 1.png,1,1,x\n"
    source = read(pictures, votes)
    assert [(item.name, item.label) for item in source.items()] == [("b.png", "sad")]
    assert source.passed_over["with as many votes for one label as for another"] == 1

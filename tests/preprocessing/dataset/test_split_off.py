import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from preprocessing.dataset.grouping import group_pictures
from preprocessing.dataset.near_duplicates import to_thumbnails
from preprocessing.dataset.sources.names import Names
from preprocessing.dataset.sources.reading import Reading
from preprocessing.dataset.split_off import SplitOff, assign_splits, parse_fractions
from preprocessing.errors import MienError


@given(
    labels=st.lists(st.integers(0, 3), min_size=60, max_size=200),
    seed=st.integers(0, 5),
    val=st.sampled_from([0.1, 0.2, 0.4]),
)
def test_each_split_has_its_part_of_every_label(labels: list[int], seed: int, val: float) -> None:
    indices = np.array(labels)
    made = assign_splits(indices, np.arange(len(indices)), fractions={"val": val}, seed=seed)
    for label in set(labels):
        count = int((indices == label).sum())
        assert abs(int((made[indices == label] == "val").sum()) - val * count) <= 1.5
    assert abs(int((made == "val").sum()) - val * len(labels)) <= 2


@given(sizes=st.lists(st.integers(1, 9), min_size=30, max_size=60), seed=st.integers(0, 3))
def test_groups_stay_together_and_parts_are_about_right(sizes: list[int], seed: int) -> None:
    groups = np.repeat(np.arange(len(sizes)), sizes)
    labels = groups % 2
    made = assign_splits(labels, groups, fractions={"val": 0.2, "test": 0.2}, seed=seed)
    for group in range(len(sizes)):
        assert len(set(made[groups == group])) == 1
    for split in ("val", "test"):
        assert abs(float((made == split).mean()) - 0.2) < 0.08


def test_chance_is_seeded() -> None:
    labels, groups = np.zeros(100, np.int64), np.arange(100)
    first, again, other = (
        assign_splits(labels, groups, fractions={"val": 0.2}, seed=seed).tolist()
        for seed in (0, 0, 1)
    )
    assert first == again != other


def test_likeness_is_no_reason_where_it_would_join_too_many() -> None:
    pictures = np.zeros((30, 48, 48), np.uint8)
    generator = np.random.default_rng(0)
    pictures[:12] = generator.integers(0, 256, (48, 48))
    pictures[12:] = generator.integers(0, 256, (18, 48, 48))
    paths, digests = [f"{number}.png" for number in range(30)], [str(n) for n in range(30)]
    certain, alike = group_pictures(
        paths, digests, to_thumbnails(pictures), names=Names(Reading()), group_by=None
    )
    assert (len(set(certain.tolist())), alike) == (30, None)
    certain, alike = group_pictures(
        paths[8:], digests[8:], to_thumbnails(pictures[8:]), names=Names(Reading()), group_by=None
    )
    assert alike is not None
    assert len(set(alike.tolist())) == 19


@pytest.mark.parametrize(
    ("text", "fractions"),
    [
        ("val=0.1,test=0.1", (("val", 0.1), ("test", 0.1))),
        (" VAL = 20% ", (("val", 0.2),)),
    ],
)
def test_parts_are_written_in_two_ways(text: str, fractions: tuple[tuple[str, float], ...]) -> None:
    assert parse_fractions(text) == fractions


@pytest.mark.parametrize("text", ["val", "val=", "val=x", "0.1"])
def test_parts_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(MienError, match="takes parts such as"):
        parse_fractions(text)


@pytest.mark.parametrize(
    ("fractions", "group_by"),
    [
        ((("train", 0.5),), None),
        ((("val", 0.5), ("val", 0.1)), None),
        ((("val", 0.5), ("test", 0.5)), None),
        ((("val", 0.0),), None),
        ((("val", 1.0),), None),
        ((("val", 0.1),), "("),
    ],
)
def test_impossible_parts_are_refused(
    fractions: tuple[tuple[str, float], ...], group_by: str | None
) -> None:
    with pytest.raises(MienError, match=r"--(split-off|group-by) takes"):
        SplitOff(fractions, group_by)

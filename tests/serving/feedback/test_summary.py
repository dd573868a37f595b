import pytest

from serving.feedback.summary import summarise
from serving.feedback.types import Count

LABELS = ("sad", "happy", "angry")


def test_every_answer_is_in_its_cell() -> None:
    counts = [
        Count("a", "1", "happy", "happy", 5),
        Count("a", "1", "happy", "sad", 2),
        Count("a", "1", "angry", "sad", 1),
    ]
    (summary,) = summarise(counts, labels=LABELS)
    assert summary.labels == LABELS
    assert summary.confusion == ((0, 2, 1), (0, 5, 0), (0, 0, 0))
    assert (summary.count, summary.agreed) == (8, 5)
    assert summary.agreement == pytest.approx(5 / 8)


def test_each_model_is_summed_up_by_itself_with_its_own_labels() -> None:
    counts = [
        Count("a", "1", "happy", "sad", 1),
        Count("b", "2", "bored", "happy", 3),
        Count("b", "3", "bored", "bored", 2),
    ]
    summaries = summarise(counts, labels=LABELS)
    assert [(each.model, each.model_digest, each.count) for each in summaries] == [
        ("b", "2", 3),
        ("b", "3", 2),
        ("a", "1", 1),
    ]
    assert summaries[0].labels == ("happy", "bored")
    assert summaries[0].confusion == ((0, 3), (0, 0))


def test_without_answers_there_is_no_summary() -> None:
    assert summarise([], labels=LABELS) == []

"""What is said of certainty follows the figures of the bundle, whatever they are."""

from dataclasses import replace

import pytest

from preprocessing.bundle.spec import ModelSpec
from serving.inference.certainty import (
    LEAST_ANSWERS,
    PROBABLE_ACCURACY,
    Bin,
    Level,
    Record,
    commitment,
    evidence,
    group_of,
    headline,
    odds,
    percent,
    read_record,
)
from serving.inference.predictor import Predictor
from tests.tools import specs


def spec_with(spec: ModelSpec, accuracies: list[float], *, sure_from: float) -> ModelSpec:
    """Give a spec bins of equal width with these accuracies on val, and their mean on test."""
    width = 1 / len(accuracies)
    rows = [
        {"low": at * width, "high": (at + 1) * width, "count": 300, "accuracy": accuracy}
        for at, accuracy in enumerate(accuracies)
    ]
    metrics = {split: {**figures, "reliability": rows} for split, figures in spec.metrics.items()}
    return replace(specs.sure_from(spec, sure_from), metrics=metrics)


@pytest.mark.parametrize(
    ("accuracies", "sure_from", "expected"),
    [
        ([0.1, 0.2, 0.5, 0.7, 0.95], 0.8, 0.6),
        ([0.7, 0.7, 0.5, 0.7, 0.95], 0.8, 0.6),
        ([0.9, 0.9, 0.9, 0.9, 0.95], 0.8, 0.0),
        ([0.1, 0.1, 0.1, 0.1, 0.95], 0.8, 0.8),
        ([0.1, 0.2, 0.8, 0.9, 0.95], 0.5, 0.4),
    ],
)
def test_probable_is_said_from_where_two_of_three_were_right(
    accuracies: list[float], sure_from: float, expected: float, predictor: Predictor
) -> None:
    record = read_record(spec_with(predictor.spec, accuracies, sure_from=sure_from))
    assert record.probable_from == pytest.approx(expected)
    assert record.level(sure_from, is_sure=True) is Level.SURE
    assert record.level(record.probable_from, is_sure=False) is Level.PROBABLE
    if expected > 0:
        assert record.level(record.probable_from - 0.01, is_sure=False) is Level.OPEN


def test_the_shipped_bundle_s_probable_answers_were_right_often_enough(
    predictor: Predictor,
) -> None:
    record = read_record(predictor.spec)
    assert 0 < record.probable_from <= record.sure_from
    rows = predictor.spec.metrics["val"]["reliability"]
    for row in rows:
        if record.probable_from <= row["low"] < record.sure_from:
            assert row["accuracy"] >= PROBABLE_ACCURACY


@pytest.mark.parametrize("confidence", [0.0, 0.2, 0.55, 0.81, 0.99, 1.0])
def test_every_confidence_has_a_record_of_enough_answers(
    confidence: float, predictor: Predictor
) -> None:
    alike = read_record(predictor.spec).right_at(confidence)
    assert alike
    assert alike.count >= LEAST_ANSWERS
    assert alike.low <= max(confidence, alike.low)
    assert confidence <= alike.high or confidence == 1.0


def test_bins_with_few_answers_are_joined_with_their_neighbours() -> None:
    bins = (Bin(0.0, 0.3, 10, 0.1), Bin(0.3, 0.6, 20, 0.4), Bin(0.6, 1.0, 300, 0.9))
    record = Record(0.8, 0.7, bins=bins)
    low = record.right_at(0.1)
    assert low == Bin(0.0, 1.0, 330, pytest.approx((1 + 8 + 270) / 330))
    assert record.right_at(0.95) == bins[-1]
    assert Record(0.8, 0.7, bins=bins[:1]).right_at(0.1) is None


def test_a_bundle_without_figures_claims_nothing(predictor: Predictor) -> None:
    record = read_record(replace(predictor.spec, metrics={}))
    assert evidence(record, 0.9) == ""
    assert "testing" not in commitment(record)
    assert record.level(record.probable_from - 0.01, is_sure=False) is Level.OPEN


def test_words_are_as_firm_as_the_level() -> None:
    assert headline("happy", "sad", level=Level.SURE) == "Happy"
    assert headline("happy", "sad", level=Level.PROBABLE) == "Probably happy"
    assert headline("happy", "sad", level=Level.OPEN) == "Happy or sad?"
    groups = {group_of("happy", level=level) for level in Level}
    assert groups == {"happy", "probably happy", "too close to call"}


def test_a_second_guess_is_told_only_where_it_says_something() -> None:
    plain = [("happy", 0.94), ("neutral", 0.02)]
    close = [("neutral", 0.5), ("angry", 0.35)]
    assert "neutral" not in odds(plain, level=Level.SURE)
    assert odds(close, level=Level.OPEN) == f"{percent(0.5)} neutral, {percent(0.35)} angry."
    assert "angry" in odds(close, level=Level.PROBABLE)

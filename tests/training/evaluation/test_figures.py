import csv
from pathlib import Path

import numpy as np
import pytest

from preprocessing.bundle.outputs import OUTPUTS
from training.confidence import ReliabilityBin
from training.data import Examples
from training.evaluation.figures import (
    bars,
    class_bars,
    confusion,
    points,
    reliability,
    training_curves,
)
from training.evaluation.predictions import LabelledPredictions
from training.fitting.curves import CURVES_NAME

LABELS = ("happy", "sad")
COUNTS = np.array([[3, 1], [2, 4]])


@pytest.fixture
def predicted() -> LabelledPredictions:
    """Five faces; all are mistaken but the last, and the first and the third are one picture."""
    raw = np.arange(5, dtype=np.uint8)[:, None, None] * np.ones((5, 48, 48), np.uint8)
    raw[2] = raw[0]
    said_sad = np.array([0.7, 0.8, 0.9, 0.6, 0.2])
    return LabelledPredictions(
        Examples(
            chips=raw,
            raw=raw,
            class_indices=np.zeros(5, np.int64),
            votes=np.zeros((5, 2), np.int64),
            majority=np.full(5, -1),
        ),
        np.stack([1 - said_sad, said_sad], axis=1),
        LABELS,
    )


def test_curves_show_all_that_a_run_wrote_down(run: Path) -> None:
    figure = training_curves(run)
    with (run / CURVES_NAME).open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    drawn = {trace.name: (list(trace.x), list(trace.y), trace.yaxis) for trace in figure.data}
    epochs = [int(row["epoch"]) for row in rows]
    for name, column, axis in (
        ("accuracy on val, label", "val_label_accuracy", "y"),
        ("learning rate", "learning_rate", "y2"),
        ("loss in training", "train_loss", "y3"),
        ("loss on val, label", "val_label_loss", "y3"),
    ):
        assert drawn[name] == (epochs, [float(row[column]) for row in rows], axis)
    layout = figure.layout
    for axis, title in (("yaxis", "accuracy"), ("yaxis2", "learning rate"), ("yaxis3", "loss")):
        assert layout[axis].title.text == title
    assert layout.yaxis2.rangemode == "tozero"
    assert layout.legend.y < 0  # below, where it hides no axis


def test_curves_show_each_output(voted_run: Path) -> None:
    drawn = {trace.name: list(trace.y) for trace in training_curves(voted_run).data}
    with (voted_run / CURVES_NAME).open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for output in OUTPUTS:
        for figure, name in (("accuracy", "accuracy on val"), ("loss", "loss on val")):
            expected = [float(row[f"val_{output}_{figure}"]) for row in rows]
            assert drawn[f"{name}, {output}"] == expected


def test_confusion_shows_shares_and_counts_on_hover() -> None:
    (heat,) = confusion(COUNTS, LABELS).data
    assert np.array(heat.z).tolist() == [[0.75, 0.25], [1 / 3, 2 / 3]]
    assert np.array(heat.customdata).tolist() == COUNTS.tolist()
    assert "%{customdata} images" in heat.hovertemplate


def test_recall_is_read_along_rows_and_precision_along_columns() -> None:
    recall, precision = class_bars(COUNTS, LABELS).data
    assert (recall.name, list(recall.y)) == ("recall", [0.75, 2 / 3])
    assert (precision.name, list(precision.y)) == ("precision", [0.6, 0.8])


def test_bars_stand_in_groups_with_their_numbers() -> None:
    figure = bars({"a": {"x": 0.1}, "b": {"x": -0.2}}, title="t", number="+.1%")
    assert [(bar.name, list(bar.x), list(bar.y)) for bar in figure.data] == [
        ("a", ["x"], [0.1]),
        ("b", ["x"], [-0.2]),
    ]
    assert figure.layout.barmode == "group"
    assert {bar.texttemplate for bar in figure.data} == {"%{y:+.1%}"}


def test_points_need_not_begin_at_zero() -> None:
    figure = points({"1": 0.628, "all": 0.629}, title="t")
    (trace,) = figure.data
    assert (list(trace.x), list(trace.y)) == (["1", "all"], [0.628, 0.629])
    # Else "1" were a number, and "all" none.
    assert figure.layout.xaxis.type == "category"
    assert figure.layout.yaxis.rangemode is None


def test_a_marker_is_as_large_as_its_answers_are_many() -> None:
    bins = [ReliabilityBin(0, 0.5, 8, 0.3, 0.0), ReliabilityBin(0.5, 1, 800, 0.9, 0.9)]
    _, drawn = reliability({"answers": bins}).data
    assert list(drawn.marker.size) == [8, 800]
    assert drawn.marker.sizemode == "area"


def test_mistakes_are_listed_most_confident_first_and_once(
    predicted: LabelledPredictions,
) -> None:
    assert predicted.mistakes(5) == [2, 1, 3]
    assert predicted.mistakes(2) == [2, 1]


def test_answers_are_counted(predicted: LabelledPredictions) -> None:
    assert predicted.right().tolist() == [False, False, False, False, True]
    assert predicted.accuracy() == pytest.approx(0.2)
    assert predicted.counts().tolist() == [[1, 4], [0, 0]]
    assert predicted.wall([0]).shape[1] < predicted.wall(range(5)).shape[1]

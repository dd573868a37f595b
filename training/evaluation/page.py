"""Show an evaluation as one self-contained HTML page."""

from itertools import groupby

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from preprocessing.bundle.disclaimers import ABOUT_FER2013, ABOUT_FERPLUS, NOT_MEASURED
from preprocessing.dataset.labels import labelled_by_ferplus
from preprocessing.dataset.read import Dataset
from preprocessing.report.html import render
from training.evaluation.evaluate import Evaluation
from training.evaluation.figures import confusion, reliability
from training.evaluation.slices import Slice
from training.evaluation.text import (
    TRUTH_HEAD,
    VOTE_HEAD,
    calibration_rows,
    truth_cells,
    vote_cells,
    when_sure,
)

_CHART = {"width": 640, "height": 480, "margin": {"t": 30}}
_SLICES_HEIGHT_PX = 240

Row = tuple[str, ...]


def evaluation_html(evaluation: Evaluation, dataset: Dataset, *, title: str) -> str:
    """Draw all figures of an evaluation, and the most confident mistakes.

    Args:
        evaluation: The figures.
        dataset: The one that was evaluated: the chips of the mistakes are taken from it.
        title: Of the page.
    """
    return render(
        "evaluation.html",
        package="training.evaluation",
        title=title,
        evaluation=evaluation,
        figures=_figures(evaluation),
        calibration=[
            (name, f"{after:.4f}", f"{before:.4f}")
            for name, after, before in calibration_rows(evaluation)
        ],
        truth_head=TRUTH_HEAD,
        truths=list(map(truth_cells, evaluation.truths)),
        vote_head=VOTE_HEAD,
        votes=list(map(vote_cells, evaluation.votes)),
        confusion=confusion(np.array(evaluation.confusion), evaluation.labels),
        classes=_classes(evaluation),
        reliability=reliability({"predictions": evaluation.reliability}),
        coverage=_coverage(evaluation),
        slices=[
            (measure, _slices_chart(list(parts), evaluation.accuracy))
            for measure, parts in groupby(evaluation.slices, key=lambda each: each.measure)
        ],
        mistakes=_mistakes(evaluation, dataset),
        notes=_notes(evaluation, dataset),
    )


def _figures(evaluation: Evaluation) -> list[Row]:
    low, high = evaluation.accuracy_interval_95
    fresh = f"{evaluation.accuracy_without_leaked:.1%} of {evaluation.images_without_leaked:,}"
    sure = when_sure(evaluation.accuracy_when_sure, evaluation.share_sure)
    return [
        ("accuracy with views", f"{evaluation.accuracy:.1%} ({low:.1%} to {high:.1%})"),
        ("accuracy from one view", f"{evaluation.accuracy_one_view:.1%}"),
        ("accuracy on pictures that are not in training too", fresh),
        ("truth in two guesses", f"{evaluation.accuracy_two_guesses:.1%}"),
        ("predictions it is sure of", f"{evaluation.share_sure:.1%}"),
        ("accuracy where it is sure", sure),
        ("macro F1", f"{evaluation.macro_f1:.1%}"),
    ]


def _classes(evaluation: Evaluation) -> list[Row]:
    return [
        (
            label,
            f"{count:,}",
            f"{evaluation.precision[label]:.1%}",
            f"{evaluation.recall[label]:.1%}",
            f"{evaluation.f1[label]:.1%}",
        )
        for label, count in evaluation.images_by_label.items()
    ]


def _coverage(evaluation: Evaluation) -> go.Figure:
    figure = go.Figure(
        go.Scatter(
            x=[each.share for each in evaluation.coverage],
            y=[each.accuracy for each in evaluation.coverage],
            customdata=[each.confidence for each in evaluation.coverage],
            hovertemplate="%{x:.0%} of the predictions, confidence from %{customdata:.1%} on: "
            "accuracy %{y:.1%}<extra></extra>",
        ),
        layout=_CHART,
    )
    if evaluation.share_sure:
        figure.add_vline(x=evaluation.share_sure, line_dash="dash", annotation_text="sure")
    figure.update_xaxes(title="fraction of the predictions", range=[0, 1], tickformat=".0%")
    figure.update_yaxes(title="accuracy", tickformat=".0%")
    return figure


def _notes(evaluation: Evaluation, dataset: Dataset) -> list[str]:
    recipe = dataset.manifest.recipe
    counts = ", ".join(f"{name} {count:,}" for name, count in evaluation.found_by.items())
    notes = [f"{recipe.source}, sha256 {recipe.source_sha256}. How the faces were found: {counts}."]
    if recipe.source_kind == "fer2013":
        notes.append(ABOUT_FER2013)
    if labelled_by_ferplus(recipe.source_kind, recipe.labels):
        notes.append(ABOUT_FERPLUS)
    return [*notes, NOT_MEASURED]


def _slices_chart(parts: list[Slice], overall: float) -> go.Figure:
    lows, highs = zip(*(each.interval_95 for each in parts), strict=True)
    accuracies = np.array([each.accuracy for each in parts])
    figure = go.Figure(
        go.Scatter(
            # Two parts may bear the same name where a measure has few values.
            x=list(range(len(parts))),
            y=accuracies,
            error_y={
                "symmetric": False,
                "array": np.array(highs) - accuracies,
                "arrayminus": accuracies - np.array(lows),
            },
            mode="markers",
            customdata=[each.count for each in parts],
            hovertemplate="%{customdata} faces: %{y:.1%}<extra></extra>",
        ),
        layout={**_CHART, "height": _SLICES_HEIGHT_PX},
    )
    figure.add_hline(y=overall, line_dash="dash")
    figure.update_xaxes(tickvals=list(range(len(parts))), ticktext=[each.part for each in parts])
    figure.update_yaxes(tickformat=".0%")
    return figure


def _mistakes(evaluation: Evaluation, dataset: Dataset) -> list[tuple[NDArray[np.uint8], str]]:
    return [
        (
            dataset.chips[each.row],
            f"true {each.label}, predicted {each.predicted} ({each.confidence:.0%})",
        )
        for each in evaluation.mistakes
    ]

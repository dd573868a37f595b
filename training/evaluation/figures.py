"""Charts of runs and predictions, as Plotly figures."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from preprocessing.bundle.outputs import OUTPUTS
from preprocessing.report.label_colours import colours_of
from training.confidence import ReliabilityBin
from training.fitting.curves import CURVES_NAME
from training.metrics import class_rows

WIDTH_PX = 720
LARGEST_MARKER_PX = 24


def training_curves(run: Path) -> go.Figure:
    """Show a run's accuracy on val, its learning rate and its losses, epoch by epoch."""
    with (run / CURVES_NAME).open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    epochs = [int(row["epoch"]) for row in rows]
    curves = {name: [float(row[name]) for row in rows] for name in rows[0]}
    figure = make_subplots(
        rows=2,
        shared_xaxes=True,
        vertical_spacing=0.06,
        specs=[[{"secondary_y": True}], [{}]],
    )
    outputs = [output for output in OUTPUTS if f"val_{output}_accuracy" in curves]
    for output in outputs:
        name = f"accuracy on val, {output}"
        figure.add_scatter(name=name, x=epochs, y=curves[f"val_{output}_accuracy"], row=1, col=1)
    figure.add_scatter(
        name="learning rate",
        x=epochs,
        y=curves["learning_rate"],
        line={"dash": "dot"},
        row=1,
        col=1,
        secondary_y=True,
    )
    figure.add_scatter(name="loss in training", x=epochs, y=curves["train_loss"], row=2, col=1)
    for output in outputs:
        name = f"loss on val, {output}"
        figure.add_scatter(name=name, x=epochs, y=curves[f"val_{output}_loss"], row=2, col=1)
    figure.update_layout(
        title="While it learns",
        width=WIDTH_PX,
        height=560,
        legend={"orientation": "h", "y": -0.16},
        yaxis={"title": "accuracy", "tickformat": ".0%"},
        # Ticks of its own: those of the other axis would fall on uneven rates.
        yaxis2={
            "title": "learning rate",
            "rangemode": "tozero",
            "tickmode": "auto",
            "showgrid": False,
        },
        yaxis3={"title": "loss"},
        xaxis2={"title": "epoch"},
    )
    return figure


def confusion(
    counts: NDArray[np.integer], labels: tuple[str, ...], *, title: str = ""
) -> go.Figure:
    """Show a confusion matrix as fractions of each true class; counts on hover.

    Args:
        counts: Rows by true class, columns by predicted class.
        labels: Of the classes.
        title: Above the chart.
    """
    figure = go.Figure(
        go.Heatmap(
            z=counts / np.maximum(counts.sum(axis=1, keepdims=True), 1),
            x=labels,
            y=labels,
            customdata=counts,
            zmin=0,
            zmax=1,
            colorscale="Blues",
            texttemplate="%{z:.0%}",
            hovertemplate="true %{y}, predicted %{x}: %{customdata} images<extra></extra>",
        )
    )
    figure.update_layout(
        title=title,
        xaxis_title="predicted",
        yaxis={"title": "true", "autorange": "reversed"},
        width=WIDTH_PX,
        height=640,
    )
    return figure


def class_bars(counts: NDArray[np.integer], labels: tuple[str, ...]) -> go.Figure:
    """Show recall and precision by class, from a confusion matrix, in the labels' colours."""
    rows = class_rows(counts, labels)
    fractions = {
        "recall": {row.label: row.recall for row in rows},
        "precision": {row.label: row.precision for row in rows},
    }
    figure = bars(fractions, title="Class by class")
    colours = [colour.light for colour in colours_of(labels).values()]
    figure.update_traces(marker_color=colours)
    figure.update_traces(marker_pattern_shape="/", selector={"name": "precision"})
    return figure


def bars(
    groups: Mapping[str, Mapping[str, float]], *, title: str, number: str = ".0%"
) -> go.Figure:
    """Show fractions by name within each group, side by side.

    Args:
        groups: By the name of the group.
        title: Above the chart.
        number: How fractions are written, in D3's format.
    """
    figure = _figure(title, y="", tickformat=number)
    for group, fractions in groups.items():
        text = f"%{{y:{number}}}"
        figure.add_bar(name=group, x=list(fractions), y=list(fractions.values()), texttemplate=text)
    return figure


def points(fractions: Mapping[str, float], *, title: str) -> go.Figure:
    """Show fractions that differ by little, on a scale that need not begin at 0."""
    figure = _figure(title, y="", tickformat=".1%")
    figure.add_scatter(
        x=list(fractions),
        y=list(fractions.values()),
        mode="markers+text",
        marker={"size": 10},
        texttemplate="%{y:.1%}",
        textposition="top center",
        cliponaxis=False,
    )
    figure.update_xaxes(type="category")
    return figure


def reliability(bins: Mapping[str, Sequence[ReliabilityBin]]) -> go.Figure:
    """Show how often predictions of each confidence are right (Guo et al. 2017, arXiv:1706.04599).

    The area of a marker is proportional to the number of predictions in it.

    Args:
        bins: By name, as `training.confidence.reliability_bins` makes them.
    """
    figure = _figure("Is a confidence worth what it says?", y="right", tickformat=".0%")
    figure.add_scatter(name="honest", x=[0, 1], y=[0, 1], mode="lines", line={"dash": "dot"})
    most = max((each.count for row in bins.values() for each in row), default=1)
    for name, row in bins.items():
        figure.add_scatter(
            name=name,
            x=[each.confidence for each in row],
            y=[each.accuracy for each in row],
            customdata=[each.count for each in row],
            mode="lines+markers",
            line={"width": 1},
            marker={
                "size": [each.count for each in row],
                "sizemode": "area",
                "sizeref": most / LARGEST_MARKER_PX**2,
                "sizemin": 2,
            },
            hovertemplate="confidence %{x:.1%}, right %{y:.1%}, %{customdata} predictions",
        )
    figure.update_layout(xaxis={"title": "confidence", "tickformat": ".0%"})
    return figure


def _figure(title: str, *, y: str, tickformat: str) -> go.Figure:
    layout = {"title": title, "width": WIDTH_PX, "height": 400, "barmode": "group"}
    return go.Figure(layout=layout | {"yaxis": {"title": y, "tickformat": tickformat}})

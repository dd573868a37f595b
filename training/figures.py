"""Charts of runs and answers, as Plotly figures."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from training.curves import CURVES_NAME
from training.metrics import ReliabilityBin


def training_curves(run: Path) -> go.Figure:
    """Show a run's accuracy on val and its learning rate, epoch by epoch."""
    with (run / CURVES_NAME).open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    epochs = [int(row["epoch"]) for row in rows]
    figure = _figure("Accuracy on val while it learns", y="accuracy", tickformat=".0%")
    figure.add_scatter(name="val", x=epochs, y=[float(row["val_accuracy"]) for row in rows])
    rates = [float(row["learning_rate"]) for row in rows]
    figure.add_scatter(name="learning rate", x=epochs, y=rates, yaxis="y2", line={"dash": "dot"})
    figure.update_layout(
        xaxis_title="epoch", yaxis2={"overlaying": "y", "side": "right", "showgrid": False}
    )
    return figure


def confusion(
    counts: NDArray[np.integer], labels: tuple[str, ...], *, title: str = ""
) -> go.Figure:
    """Show a confusion matrix as shares of each true class; counts on hover.

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
        width=720,
        height=640,
    )
    return figure


def bars(groups: Mapping[str, Mapping[str, float]], *, title: str) -> go.Figure:
    """Show shares, 0 to 1, by name within each group, side by side."""
    figure = _figure(title, y="", tickformat=".0%")
    for group, shares in groups.items():
        figure.add_bar(name=group, x=list(shares), y=list(shares.values()), texttemplate="%{y:.0%}")
    return figure


def reliability(bins: Mapping[str, Sequence[ReliabilityBin]]) -> go.Figure:
    """Show how often answers of each confidence are right (Guo et al. 2017, arXiv:1706.04599).

    Args:
        bins: By name, as `training.metrics.reliability` makes them.
    """
    figure = _figure("Is a confidence worth what it says?", y="right", tickformat=".0%")
    figure.add_scatter(name="honest", x=[0, 1], y=[0, 1], mode="lines", line={"dash": "dot"})
    for name, row in bins.items():
        figure.add_scatter(
            name=name,
            x=[each.confidence for each in row],
            y=[each.accuracy for each in row],
            customdata=[each.count for each in row],
            mode="lines+markers",
            hovertemplate="confidence %{x:.1%}, right %{y:.1%}, %{customdata} answers",
        )
    figure.update_layout(xaxis={"title": "confidence", "tickformat": ".0%"})
    return figure


def _figure(title: str, *, y: str, tickformat: str) -> go.Figure:
    layout = {"title": title, "width": 720, "height": 400, "barmode": "group"}
    return go.Figure(layout=layout | {"yaxis": {"title": y, "tickformat": tickformat}})

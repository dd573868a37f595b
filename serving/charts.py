"""Bar charts of probabilities, as Plotly's JSON; colours are left to the page."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from serving.prediction import Prediction

HEIGHT_PX = 230
COMPARISON_HEIGHT_PX = 260
# More than so many colours cannot be told apart.
MAX_COLOURS = 6


def probability_figure(prediction: Prediction, labels: tuple[str, ...]) -> dict[str, Any]:
    """Draw the probabilities of one face as horizontal bars, in the fixed order of the labels.

    Returns:
        A figure with `data` and `layout`, of plain lists, numbers and words.
    """
    shares = _shares(prediction)
    bars = go.Bar(
        x=shares,
        y=list(labels),
        orientation="h",
        text=[f"{share:.0%}" for share in shares],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{y}: %{x:.1%}<extra></extra>",
    )
    layout = _layout(HEIGHT_PX, margin={"l": 70, "r": 48, "t": 8, "b": 24}).update(
        xaxis={"range": [0, 1], "tickformat": ".0%", "fixedrange": True, "nticks": 5},
        yaxis={"autorange": "reversed", "fixedrange": True, "ticksuffix": "  "},
        showlegend=False,
    )
    return {"data": [bars.to_plotly_json()], "layout": layout.to_plotly_json()}


def comparison_figure(predictions: Sequence[Prediction], labels: tuple[str, ...]) -> dict[str, Any]:
    """Draw the probabilities of all faces side by side: a group for each label, a bar a face.

    Returns:
        As `probability_figure`; the traces are in the order of the faces.
    """
    bars = [
        go.Bar(
            x=list(labels),
            y=_shares(prediction),
            name=f"face {number}",
            hovertemplate=f"face {number}, %{{x}}: %{{y:.1%}}<extra></extra>",
        )
        for number, prediction in enumerate(predictions, start=1)
    ]
    layout = _layout(COMPARISON_HEIGHT_PX, margin={"l": 44, "r": 8, "t": 8, "b": 28}).update(
        xaxis={"fixedrange": True, "automargin": True},
        yaxis={"range": [0, 1], "tickformat": ".0%", "fixedrange": True, "nticks": 5},
        barmode="group",
        showlegend=len(bars) <= MAX_COLOURS,
        legend={"orientation": "h", "y": 1.05, "yanchor": "bottom"},
    )
    return {"data": [bar.to_plotly_json() for bar in bars], "layout": layout.to_plotly_json()}


def _shares(prediction: Prediction) -> list[float]:
    return [round(float(share), 4) for share in prediction.probabilities]


def _layout(height_px: int, *, margin: dict[str, int]) -> go.Layout:
    return go.Layout(
        height=height_px,
        margin=margin,
        bargap=0.35,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
    )

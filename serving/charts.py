"""Bar charts of probabilities, as Plotly's JSON; colours are left to the page.

Written as plain dictionaries: the browser draws them, and the server needs nothing of Plotly's.
"""

from collections.abc import Sequence
from typing import Any

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
    bars = {
        "type": "bar",
        "x": shares,
        "y": list(labels),
        "orientation": "h",
        "text": [f"{share:.0%}" for share in shares],
        "textposition": "outside",
        "cliponaxis": False,
        "hovertemplate": "%{y}: %{x:.1%}<extra></extra>",
    }
    layout = {
        **_layout(HEIGHT_PX, margin={"l": 70, "r": 48, "t": 8, "b": 24}),
        "xaxis": {"range": [0, 1], "tickformat": ".0%", "fixedrange": True, "nticks": 5},
        "yaxis": {"autorange": "reversed", "fixedrange": True, "ticksuffix": "  "},
        "showlegend": False,
    }
    return {"data": [bars], "layout": layout}


def comparison_figure(predictions: Sequence[Prediction], labels: tuple[str, ...]) -> dict[str, Any]:
    """Draw the probabilities of all faces side by side: a group for each label, a bar a face.

    Returns:
        As `probability_figure`; the traces are in the order of the faces.
    """
    bars = [
        {
            "type": "bar",
            "x": list(labels),
            "y": _shares(prediction),
            "name": f"face {number}",
            "hovertemplate": f"face {number}, %{{x}}: %{{y:.1%}}<extra></extra>",
        }
        for number, prediction in enumerate(predictions, start=1)
    ]
    layout = {
        **_layout(COMPARISON_HEIGHT_PX, margin={"l": 44, "r": 8, "t": 8, "b": 28}),
        "xaxis": {"fixedrange": True, "automargin": True},
        "yaxis": {"range": [0, 1], "tickformat": ".0%", "fixedrange": True, "nticks": 5},
        "barmode": "group",
        "showlegend": len(bars) <= MAX_COLOURS,
        "legend": {"orientation": "h", "y": 1.05, "yanchor": "bottom"},
    }
    return {"data": bars, "layout": layout}


def _shares(prediction: Prediction) -> list[float]:
    return [round(float(share), 4) for share in prediction.probabilities]


def _layout(height_px: int, *, margin: dict[str, int]) -> dict[str, Any]:
    return {
        "height": height_px,
        "margin": margin,
        "bargap": 0.35,
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
    }

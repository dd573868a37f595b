"""Bar charts of probabilities, as Plotly's JSON; colours are left to the page.

Written as plain dictionaries: the browser draws them, and the server needs nothing of Plotly's.
"""

from collections.abc import Sequence
from typing import Any

from serving.inference.prediction import Prediction

HEIGHT_PX = 230
# Of the chart of all faces: its axis and legend, and each bar.
FRAME_PX, ROW_PX = 72, 30


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
    """Draw the probabilities of all faces one below the other: a bar a face, a part a label.

    Returns:
        As `probability_figure`; the traces are in the order of the labels.
    """
    faces = [f"face {number}" for number in range(1, len(predictions) + 1)]
    shares = [_shares(prediction) for prediction in predictions]
    parts = [
        {
            "type": "bar",
            "orientation": "h",
            "x": list(of_label),
            "y": faces,
            "name": label,
            "text": [f"{label} {share:.0%}" for share in of_label],
            "textposition": "inside",
            "insidetextanchor": "middle",
            "textangle": 0,
            "hovertemplate": f"%{{y}}, {label}: %{{x:.1%}}<extra></extra>",
        }
        for label, of_label in zip(labels, zip(*shares, strict=True), strict=True)
    ]
    height_px = FRAME_PX + ROW_PX * len(faces)
    layout = {
        **_layout(height_px, margin={"l": 56, "r": 24, "t": 48, "b": 24}),
        "bargap": 0.25,
        "xaxis": {"range": [0, 1], "tickformat": ".0%", "fixedrange": True, "nticks": 5},
        "yaxis": {
            "autorange": "reversed",
            "fixedrange": True,
            "dtick": 1,
            "ticksuffix": " ",
        },
        "barmode": "stack",
        # Words that do not fit are left out, not made small.
        "uniformtext": {"minsize": 11, "mode": "hide"},
        "showlegend": True,
        # A part that is switched off would move the others.
        "legend": {
            "orientation": "h",
            "y": 1,
            "yanchor": "bottom",
            "traceorder": "normal",
            "itemclick": False,
            "itemdoubleclick": False,
        },
    }
    return {"data": parts, "layout": layout}


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

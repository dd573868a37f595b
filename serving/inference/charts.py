"""Bar charts of probabilities, as Plotly's JSON, in the colours of the labels on a light ground.

Written as plain dictionaries: the browser draws them, and the server needs nothing of Plotly's.
"""

from collections.abc import Sequence
from typing import Any

from preprocessing.report.label_colours import colours_of

Probabilities = Sequence[float]
"""The probabilities of one face, in the order of the labels, 0 to 1."""

HEIGHT_PX = 230
# Heights in the chart of all faces: its axis, and each bar.
FRAME_PX, ROW_PX = 36, 30


def probability_figure(probabilities: Probabilities, labels: tuple[str, ...]) -> dict[str, Any]:
    """Draw the probabilities of one face as horizontal bars, in the fixed order of the labels.

    Returns:
        A figure with `data` and `layout`, of plain lists, numbers and words.
    """
    bars = {
        "type": "bar",
        "x": _rounded(probabilities),
        "y": list(labels),
        "orientation": "h",
        "text": [f"{probability:.0%}" for probability in probabilities],
        "textposition": "outside",
        "cliponaxis": False,
        "marker": {"color": [colour.light for colour in colours_of(labels).values()]},
        "hovertemplate": "%{y}: %{x:.1%}<extra></extra>",
    }
    layout = {
        **_layout(HEIGHT_PX, margin={"l": 70, "r": 48, "t": 8, "b": 24}),
        "bargap": 0.35,
        "yaxis": {"autorange": "reversed", "fixedrange": True, "ticksuffix": "  "},
    }
    return {"data": [bars], "layout": layout}


def comparison_figure(faces: Sequence[Probabilities], labels: tuple[str, ...]) -> dict[str, Any]:
    """Draw the probabilities of all faces one below the other: a bar a face, a part a label.

    It has no legend: the page shows one, which takes no room from the bars.

    Returns:
        As `probability_figure`; the traces are in the order of the labels.
    """
    names = [f"face {number}" for number in range(1, len(faces) + 1)]
    colours = colours_of(labels)
    parts = [
        {
            "type": "bar",
            "orientation": "h",
            "x": _rounded(of_label),
            "y": names,
            "name": label,
            "text": [f"{label} {probability:.0%}" for probability in of_label],
            "textposition": "inside",
            "insidetextanchor": "middle",
            "textangle": 0,
            "marker": {"color": colours[label].light},
            "insidetextfont": {"color": colours[label].light_ink},
            "hovertemplate": f"%{{y}}, {label}: %{{x:.1%}}<extra></extra>",
        }
        for label, of_label in zip(labels, zip(*faces, strict=True), strict=True)
    ]
    layout = {
        **_layout(FRAME_PX + ROW_PX * len(names), margin={"l": 56, "r": 24, "t": 8, "b": 24}),
        "bargap": 0.25,
        "yaxis": {"autorange": "reversed", "fixedrange": True, "dtick": 1, "ticksuffix": " "},
        "barmode": "stack",
        # Words that do not fit are left out, not made small.
        "uniformtext": {"minsize": 11, "mode": "hide"},
    }
    return {"data": parts, "layout": layout}


def _rounded(probabilities: Probabilities) -> list[float]:
    return [round(float(probability), 4) for probability in probabilities]


def _layout(height_px: int, *, margin: dict[str, int]) -> dict[str, Any]:
    return {
        "height": height_px,
        "margin": margin,
        "xaxis": {"range": [0, 1], "tickformat": ".0%", "fixedrange": True, "nticks": 5},
        "showlegend": False,
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
    }

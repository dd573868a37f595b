"""The bar chart of a face's probabilities, as Plotly's JSON."""

from typing import Any

import plotly.graph_objects as go

from serving.prediction import Prediction

HEIGHT_PX = 230


def probability_figure(prediction: Prediction, labels: tuple[str, ...]) -> dict[str, Any]:
    """Draw the probabilities of one face as horizontal bars, in the fixed order of the labels.

    Colours are left to the page, which knows whether it is light or dark.

    Returns:
        A figure with `data` and `layout`, of plain lists, numbers and words.
    """
    shares = [round(float(share), 4) for share in prediction.probabilities]
    bars = go.Bar(
        x=shares,
        y=list(labels),
        orientation="h",
        text=[f"{share:.0%}" for share in shares],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{y}: %{x:.1%}<extra></extra>",
    )
    layout = go.Layout(
        height=HEIGHT_PX,
        margin={"l": 70, "r": 48, "t": 8, "b": 24},
        xaxis={"range": [0, 1], "tickformat": ".0%", "fixedrange": True, "nticks": 5},
        yaxis={"autorange": "reversed", "fixedrange": True, "ticksuffix": "  "},
        bargap=0.35,
        showlegend=False,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
    )
    return {"data": [bars.to_plotly_json()], "layout": layout.to_plotly_json()}

"""Build a self-contained HTML page of tables, charts and pictures."""

import base64
import html
from collections.abc import Mapping, Sequence

import cv2
import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.offline import get_plotlyjs

from preprocessing.images.montage import Tile, draw_sheet
from preprocessing.images.types import RgbImage

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem }
figure { display: inline-block; margin: 0 1rem 1rem 0 }
img { image-rendering: pixelated; max-width: 100% }
table { border-collapse: collapse; margin-bottom: 1rem }
td, th { padding: .2rem .8rem; text-align: right }
td:first-child, th:first-child { text-align: left } tr + tr { border-top: 1px solid #ccc }
"""


def page(title: str, sections: Mapping[str, str], *, has_charts: bool = True) -> str:
    """Put sections, HTML by heading, onto a page that asks no other host for anything.

    Without charts the page is spared the four megabytes of Plotly's script.
    """
    escaped = html.escape(title)
    body = "\n".join(
        f"<section><h2>{html.escape(heading)}</h2>\n{content}</section>"
        for heading, content in sections.items()
    )
    script = f"<script>{get_plotlyjs()}</script>" if has_charts else ""
    return (
        "<!doctype html>\n"
        '<html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{escaped}</title>'
        f"<style>{_STYLE}</style>{script}</head>\n"
        f"<body><h1>{escaped}</h1>\n{body}</body></html>\n"
    )


def chart(figure: go.Figure) -> str:
    """Embed a chart; the page brings Plotly's script."""
    config = {"responsive": True}
    return str(figure.to_html(full_html=False, include_plotlyjs=False, config=config))


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a table; cells are text, not HTML."""
    head = "".join(f"<th>{html.escape(word)}</th>" for word in header)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"


def pictures(images: Sequence[NDArray[np.uint8]], caption: str) -> str:
    """Embed square grey pictures, at least one, side by side in rows, as one image."""
    return sheet(draw_sheet([Tile(image) for image in images]), caption)


def sheet(picture: RgbImage, caption: str) -> str:
    """Embed a picture sheet."""
    encoded = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))[1]
    data = base64.b64encode(encoded.tobytes()).decode()
    escaped = html.escape(caption)
    return (
        f'<figure><img alt="{escaped}" src="data:image/jpeg;base64,{data}">'
        f"<figcaption>{escaped}</figcaption></figure>"
    )

"""Render self-contained HTML pages of tables, charts and pictures from Jinja2 templates.

A package keeps the template of its page in its folder `templates`. Each extends `page.html` here
and is made of the parts of `parts.html`.
"""

import base64
from collections.abc import Sequence

import cv2
import numpy as np
import plotly.graph_objects as go
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from numpy.typing import NDArray
from plotly.offline import get_plotlyjs

from preprocessing.images.montage import Tile, draw_sheet
from preprocessing.images.types import RgbImage

_SHARED = "preprocessing.report"


def render(template: str, *, package: str, **values: object) -> str:
    """Render a page that asks no other host for anything.

    Args:
        template: The file's name in the folder `templates` of the package.
        package: The package's dotted name.
        values: What the template shows, by name. Text is escaped, wherever it came from.

    Returns:
        HTML.
    """
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package), PackageLoader(_SHARED)]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals["plotly_script"] = get_plotlyjs
    environment.filters |= {
        "jpeg_url": _jpeg_url,
        "plotly_html": _plotly_html,
        "side_by_side": _side_by_side,
    }
    return environment.get_template(template).render(values)


def _plotly_html(figure: go.Figure) -> str:
    """Write a chart; the page brings Plotly's script."""
    config = {"responsive": True}
    return str(figure.to_html(full_html=False, include_plotlyjs=False, config=config))


def _side_by_side(images: Sequence[NDArray[np.uint8]]) -> RgbImage:
    """Draw square grey pictures, at least one, side by side in rows."""
    return draw_sheet([Tile(image) for image in images])


def _jpeg_url(picture: RgbImage) -> str:
    encoded = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))[1]
    return f"data:image/jpeg;base64,{base64.b64encode(encoded.tobytes()).decode()}"

from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import pytest
from jinja2 import UndefinedError

from preprocessing.report.html import render

TEMPLATE = """
{% extends "page.html" %}
{% from "parts.html" import chart, pictures, section, table %}
{% block body %}
{% call section(said) %}
{{ table((said,), [(said,)]) }}
{{ chart(figure) }}
{{ pictures(images, said) }}
{% endcall %}
{% endblock %}
"""
HOSTILE = "\"><script>alert('a')</script>"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A package with a template of its own."""
    templates = tmp_path / "shown" / "templates"
    templates.mkdir(parents=True)
    (templates.parent / "__init__.py").touch()
    (templates / "shown.html").write_text(TEMPLATE, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    return "shown"


def test_text_is_escaped_wherever_it_stands_and_charts_and_pictures_are_not(package: str) -> None:
    page = render(
        "shown.html",
        package=package,
        title=HOSTILE,
        said=HOSTILE,
        figure=go.Figure(),
        images=[np.zeros((48, 48), np.uint8)],
    )
    assert "alert" in page
    assert "<script>alert" not in page
    assert f'alt="{HOSTILE[0]}' not in page
    assert 'class="plotly-graph-div"' in page
    assert 'src="data:image/jpeg;base64,' in page


def test_a_value_that_was_not_given_is_an_error(package: str) -> None:
    with pytest.raises(UndefinedError, match="said"):
        render("shown.html", package=package, title="a page")

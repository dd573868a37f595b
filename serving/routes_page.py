"""The page: what people see."""

import functools
import hashlib
from pathlib import Path

from flask import Blueprint, Response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from preprocessing.sample import sample_photo_path
from preprocessing.spec import CARD_NAME
from serving.page import to_view
from serving.problems import Problem
from serving.service import current_service
from serving.uploads import read_picture

routes = Blueprint("page", __name__)


@routes.get("/")
def show_page() -> ResponseReturnValue:
    """Show the page without a result."""
    return _render()


@routes.post("/")
def show_result() -> ResponseReturnValue:
    """Show the page with the result for an uploaded picture, or for the sample."""
    is_sample = request.form.get("sample") == "1"
    data = sample_photo_path().read_bytes() if is_sample else read_picture(request)
    rgb, result = current_service().predict(data, is_crop=request.form.get("crop") == "1")
    return _render(result=to_view(rgb, result))


def show_problem(problem: Problem) -> ResponseReturnValue:
    """Show the page with what went wrong."""
    return _render(problem=problem), problem.status


@routes.get("/model-card")
def show_model_card() -> ResponseReturnValue:
    """Show what is known of the model, in Markdown."""
    current_service().require()
    text = (current_service().settings.bundle / CARD_NAME).read_text(encoding="utf-8")
    return Response(text, mimetype="text/plain")


def _render(**shown: object) -> str:
    service = current_service()
    predictor = service.predictor
    return render_template(
        "page.html",
        metrics=predictor.spec.metrics if predictor else {},
        labels_count=len(predictor.spec.labels) if predictor else "several",
        licence=predictor.scheme.licence if predictor else "",
        max_upload_mb=service.settings.max_upload_bytes // 1_000_000,
        **shown,
    )


@functools.cache
def _asset_digest(filename: str) -> str:
    content = Path(__file__).with_name("static").joinpath(filename).read_bytes()
    return hashlib.sha256(content).hexdigest()[:12]


@routes.app_template_global("asset_url")
def asset_url(filename: str) -> str:
    """Return the address of a static file; it changes with the content, so it may be kept."""
    return url_for("static", filename=filename, v=_asset_digest(filename))

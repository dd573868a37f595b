"""The pages: what people see."""

import base64
from functools import partial

import numpy as np
from flask import Blueprint, Request, render_template, request
from flask.typing import ResponseReturnValue
from numpy.typing import NDArray
from werkzeug.exceptions import BadRequest

from preprocessing.bundle.disclaimers import ABOUT_FER2013, NOT_MEASURED
from preprocessing.bundle.occlusion import occlusion_maps
from preprocessing.errors import ImageDecodeError
from preprocessing.faces.types import GreyImage
from preprocessing.images.decode import RgbImage, to_grey
from preprocessing.images.encode import encode_png
from preprocessing.images.sample import sample_photo_path
from preprocessing.images.types import DecodedPicture
from serving.inference.saliency import LEAST_FACTOR, draw_heat_map, strongest_factor
from serving.web.engine import current_service
from serving.web.problems import NoImageError, Problem
from serving.web.uploads import read_picture
from serving.web.view import data_url, to_view

routes = Blueprint("page", __name__)


@routes.get("/")
def show_page() -> ResponseReturnValue:
    """Show the page without a result."""
    return _render()


@routes.post("/")
def show_result() -> ResponseReturnValue:
    """Show the page with the result for an uploaded picture, or for the sample."""
    is_sample = request.form.get("sample") == "1"
    data = sample_photo_path().read_bytes() if is_sample else _read_chosen()
    service = current_service()
    sure_confidence = service.require().spec.sure_confidence
    view = service.predict(
        data,
        partial(to_view, sure_confidence=sure_confidence),
        address=request.remote_addr or "",
        is_crop=request.form.get("crop") == "1",
    )
    return _render(result=view)


def show_problem(problem: Problem) -> ResponseReturnValue:
    """Show the page with what went wrong."""
    return _render(problem=problem), problem.status


@routes.post("/heat-map")
def show_heat_map() -> ResponseReturnValue:
    """Show what mattered for a label in the chip that the page sends back.

    Scripts take from this page what they put beside the face.
    """
    service = current_service()
    predictor = service.require()
    label = request.form.get("label", "")
    if label not in predictor.spec.labels:
        raise BadRequest(f"label must be one of {', '.join(predictor.spec.labels)}.")
    index, size_px = predictor.spec.labels.index(label), predictor.spec.geometry.size_px

    def look(picture: DecodedPicture, _decode_s: float) -> tuple[GreyImage, NDArray[np.float32]]:
        chip = _to_chip(picture.rgb, size_px=size_px)
        return chip, occlusion_maps(chip, predictor.probabilities)[index]

    chip, effects = service.look_at(
        _read_data_url(request.form.get("chip", "")),
        look,
        address=request.remote_addr or "",
        max_pixels=size_px**2,
    )
    factor = strongest_factor(effects)
    url = None
    if factor >= LEAST_FACTOR:
        url = data_url(encode_png(draw_heat_map(chip, effects)), "image/png")
    return render_template("heat_map.html", label=label, url=url, factor=factor)


def is_for_a_person(request: Request) -> bool:
    """Say whether a browser asks for a page, rather than a script or a program for something."""
    accepted = request.accept_mimetypes
    prefers_html = accepted.quality("text/html") > accepted.quality("application/json")
    return prefers_html and not request.path.startswith("/api/")


@routes.get("/model")
def show_model() -> ResponseReturnValue:
    """Show what is known of the model: how good it is, and what was not measured."""
    predictor = current_service().require()
    spec = predictor.spec
    is_fer2013 = spec.provenance["dataset"]["source_kind"] == "fer2013"
    return render_template(
        "model.html",
        spec=spec,
        licence=predictor.scheme.licence,
        notes=[ABOUT_FER2013, NOT_MEASURED] if is_fer2013 else [NOT_MEASURED],
    )


def _read_chosen() -> bytes:
    try:
        return read_picture(request)
    except NoImageError:
        raise NoImageError("Choose a picture first.") from None


def _read_data_url(data_url: str) -> bytes:
    """Return the bytes of a chip.

    Raises:
        ImageDecodeError: It is no data URL.
    """
    try:
        return base64.b64decode(data_url.partition(",")[2], validate=True)
    except ValueError as error:
        raise ImageDecodeError(f"The chip is no data URL with base64: {error}.") from None


def _to_chip(rgb: RgbImage, *, size_px: int) -> GreyImage:
    """Return a picture as a chip.

    Raises:
        ImageDecodeError: It has another size.
    """
    chip = to_grey(rgb)
    if chip.shape != (size_px, size_px):
        raise ImageDecodeError(
            f"A chip is {size_px} pixels wide and high. Received: {chip.shape[1]} x {chip.shape[0]}"
        )
    return chip


def _render(**shown: object) -> str:
    service = current_service()
    predictor = service.predictor
    return render_template(
        "page.html",
        metrics=predictor.spec.metrics if predictor else {},
        labels_count=len(predictor.spec.labels) if predictor else "several",
        licence=predictor.scheme.licence if predictor else "",
        max_upload_mb=f"{service.settings.max_upload_bytes / 1_000_000:g}",
        **shown,
    )

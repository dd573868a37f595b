"""What the page asks for piece by piece: reasons for an answer, a result, a table of many."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import BadRequest

from preprocessing.bundle.occlusion import occlusion_maps
from preprocessing.images.encode import encode_png
from preprocessing.images.types import DecodedPicture, GreyImage
from serving.inference.certainty import read_record
from serving.inference.csv_table import csv_text
from serving.inference.saliency import LEAST_FACTOR, draw_tint, strongest_factor
from serving.web.chips import read_data_url, to_chip
from serving.web.engine import current_service
from serving.web.pictures import data_url
from serving.web.posted_answers import NamedAnswer, Table
from serving.web.problems import BusyError
from serving.web.view import to_view

# A hundred faces with their chips have less than half of it.
LONGEST_ANSWER_BYTES = 2_000_000
LONGEST_TABLE_BYTES = 4_000_000
# JSON that is made to do harm takes sixty times its length while it is read.
_reading = threading.Lock()
LONGEST_WAIT_S = 3.0

routes = Blueprint("parts", __name__)

_Body = TypeVar("_Body", bound=BaseModel)


@dataclass(frozen=True)
class Reason:
    """What spoke for and against a label.

    Attributes:
        label: The expression.
        index: Of the label, from 0.
        factor: By how much the place that matters most changes the odds, from 1.
        url: The tint to lay over the face, a PNG; empty where no part stands out.
    """

    label: str
    index: int
    factor: float
    url: str


@routes.post("/heat-map")
def show_reasons() -> ResponseReturnValue:
    """Show what spoke for each label in the chip that the page sends back.

    Scripts take from this page what they put beside the face.
    """
    service = current_service()
    predictor = service.require()
    labels = predictor.spec.labels
    label = request.form.get("label", "")
    if label not in labels:
        raise BadRequest(f"label must be one of {', '.join(labels)}.")
    size_px = predictor.spec.geometry.size_px

    def look(picture: DecodedPicture, _decode_s: float) -> tuple[GreyImage, NDArray[np.float32]]:
        chip = to_chip(picture.pixels, size_px=size_px)
        return chip, occlusion_maps(chip, predictor.probabilities)

    chip, maps = service.look_at(
        read_data_url(request.form.get("chip", "")),
        look,
        address=request.remote_addr or "",
        max_pixels=size_px**2,
    )
    reasons = []
    for index, (each, saliency) in enumerate(zip(labels, maps, strict=True)):
        factor = strongest_factor(saliency)
        stands_out = factor >= LEAST_FACTOR
        url = data_url(encode_png(draw_tint(saliency)), "image/png") if stands_out else ""
        reasons.append(Reason(each, index, factor, url))
    chip_url = data_url(encode_png(chip), "image/png")
    return render_template("heat_map.html", label=label, reasons=reasons, chip_url=chip_url)


@routes.post("/result")
def show_answer() -> ResponseReturnValue:
    """Show an answer that the API gave, with landmarks and chips, as the page shows it."""
    posted = _read_json(NamedAnswer, LONGEST_ANSWER_BYTES)
    spec = current_service().require().spec
    _check_labels([posted], spec.labels)
    view = to_view(
        posted.answer,
        labels=spec.labels,
        record=read_record(spec, balance=posted.balance),
        name=posted.name,
        balance=posted.balance,
    )
    return render_template("answer.html", result=view)


@routes.post("/table")
def send_table() -> ResponseReturnValue:
    """Send one CSV table of the faces of several answers."""
    posted = _read_json(Table, LONGEST_TABLE_BYTES)
    labels = current_service().require().spec.labels
    _check_labels(posted.pictures, labels)
    answers = [(each.name, each.answer) for each in posted.pictures]
    return Response(csv_text(answers, labels=labels), mimetype="text/csv")


def _check_labels(posted: Iterable[NamedAnswer], labels: tuple[str, ...]) -> None:
    """Make sure that answers have the labels of the bundle.

    Raises:
        BadRequest: One has others, as of a bundle that was served before.
    """
    for face in (face for each in posted for face in each.answer.faces):
        if {*face.probabilities} != {*labels}:
            raise BadRequest(f"The labels are {', '.join(labels)}. Send the picture again.")


def _read_json(kind: type[_Body], most_bytes: int) -> _Body:
    """Read the JSON body of the current request.

    Raises:
        BadRequest: It is too long, or not what was expected.
        BusyError: Others are read for long.
    """
    request.max_content_length = most_bytes
    if request.mimetype != "application/json":
        raise BadRequest("Send JSON, with its content type.")
    body = request.get_data(cache=False)
    if not _reading.acquire(timeout=LONGEST_WAIT_S):
        raise BusyError("More answers come back than can be read. Try again in a moment.")
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise BadRequest(f"The JSON is not as expected: {place}: {first['msg']}.") from None
    finally:
        _reading.release()

"""What the page asks for piece by piece: reasons for an answer, a result, a table of many."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from flask import (
    Blueprint,
    Response,
    copy_current_request_context,
    render_template,
    request,
)
from flask.typing import ResponseReturnValue
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import BadRequest

from preprocessing.bundle.occlusion import occlusion_maps
from preprocessing.images.encode import encode_png
from preprocessing.images.types import DecodedPicture, GreyImage
from preprocessing.runtime.typed_json import first_problem
from serving.inference.certainty import read_record
from serving.inference.csv_table import csv_text
from serving.inference.saliency import LEAST_FACTOR, draw_tint, strongest_factor
from serving.web.chips import read_data_url, to_chip
from serving.web.client_address import network_of, sender_address
from serving.web.engine import current_service
from serving.web.pictures import data_url
from serving.web.posted_answers import NamedAnswer, Table
from serving.web.view import to_view

# A hundred faces with their chips have less than half of it.
LONGEST_ANSWER_BYTES = 2_000_000
LONGEST_TABLE_BYTES = 4_000_000
# JSON that is made to do harm takes sixty times its length while it is read.
_reading = threading.Lock()

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
        address=sender_address(),
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
    return _in_turn(_show_answer, _read_body(LONGEST_ANSWER_BYTES))


@routes.post("/table")
def send_table() -> ResponseReturnValue:
    """Send one CSV table of the faces of several answers."""
    table = _in_turn(_make_table, _read_body(LONGEST_TABLE_BYTES))
    return Response(table, mimetype="text/csv")


def _show_answer(body: bytes) -> str:
    posted = _read_json(NamedAnswer, body)
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


def _make_table(body: bytes) -> str:
    posted = _read_json(Table, body)
    labels = current_service().require().spec.labels
    _check_labels(posted.pictures, labels)
    answers = [(each.name, each.answer) for each in posted.pictures]
    return csv_text(answers, labels=labels)


def _in_turn(make: Callable[[bytes], str], body: bytes) -> str:
    """Make something of the body of the current request, when its turn has come.

    Raises:
        BusyError: Too many wait already.
        TimeLimitError: It took too long.
        BadRequest: The body is not what was expected.
    """
    service, address = current_service(), sender_address()
    queue, network = service.queue, network_of(address)
    make_here = copy_current_request_context(make)
    with queue.slot(network, is_suspect=service.decoder.is_suspect(address)):
        return queue.run(lambda: make_here(body), until_s=queue.until_s(), address=network)


def _check_labels(posted: Iterable[NamedAnswer], labels: tuple[str, ...]) -> None:
    """Make sure that answers have the labels of the bundle.

    Raises:
        BadRequest: One has others, as of a bundle that was served before.
    """
    for face in (face for each in posted for face in each.answer.faces):
        if {*face.probabilities} != {*labels}:
            raise BadRequest(f"The labels are {', '.join(labels)}. Send the picture again.")


def _read_body(most_bytes: int) -> bytes:
    """Return the body of the current request.

    Raises:
        BadRequest: It is no JSON by its type.
        RequestEntityTooLarge: It is too long.
    """
    request.max_content_length = most_bytes
    if request.mimetype != "application/json":
        raise BadRequest("Send JSON, with its content type.")
    return request.get_data(cache=False)


def _read_json(kind: type[_Body], body: bytes) -> _Body:
    """Read JSON, one body after the other.

    Raises:
        BadRequest: It is not what was expected.
    """
    try:
        with _reading:
            return kind.model_validate_json(body)
    except ValidationError as error:
        raise BadRequest(f"The JSON is not as expected: {first_problem(error)}.") from None

"""What people say of predictions: it is kept with their consent, and deleted by a code."""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from flask import Blueprint, Flask, current_app, render_template, request
from flask.typing import ResponseReturnValue
from pydantic import ValidationError
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

from preprocessing.bundle.spec import spec_sha256
from preprocessing.images.encode import encode_png
from preprocessing.images.types import DecodedPicture
from serving.feedback.codes import hash_code
from serving.feedback.schema import FeedbackCode, FeedbackDeleted
from serving.feedback.store import Store
from serving.feedback.types import Feedback
from serving.web.answers import json_answer
from serving.web.chips import check_chip_file, read_data_url, to_chip
from serving.web.client_address import sender_address
from serving.web.engine import Service, current_service
from serving.web.pictures import data_url
from serving.web.problems import InvalidRequestError
from serving.web.routes_page import read_balance
from serving.web.same_origin import require_same_origin

# A chip as base64 in a form, where each sign may take three, and some fields beside it.
LONGEST_FORM_BYTES = 20_000
TOO_LONG = f"Feedback has at most {LONGEST_FORM_BYTES:,} bytes. Send what the page shows."
AGREED = "1"
NO_CODE = (
    "A code is 32 letters and digits in groups of four, as it was shown when you sent your answer. "
    "Send the whole of it."
)

routes = Blueprint("feedback", __name__)


@dataclass(frozen=True)
class FeedbackState:
    """What the routes for feedback need beside the service.

    Attributes:
        store: Where feedback is kept.
        model_digest: Of the loaded bundle; see `Feedback.model_digest`.
    """

    store: Store
    model_digest: str


def register(app: Flask, service: Service) -> None:
    """Add the routes to an application.

    Args:
        app: The application.
        service: With its models loaded, and a database in its settings.
    """
    settings = service.settings
    digest = spec_sha256(settings.bundle) if service.predictor else ""
    store = Store(settings.feedback_database.get_secret_value())
    app.extensions["mien_feedback"] = FeedbackState(store, digest)
    app.register_blueprint(routes)


def current_feedback() -> FeedbackState:
    """Return what the routes for feedback of the current application need."""
    state: FeedbackState = current_app.extensions["mien_feedback"]
    return state


@routes.post("/feedback")
def take_feedback() -> ResponseReturnValue:
    """Store what a person says of a face, or ask for consent where none was given.

    The prediction is computed again from the chip: what a browser says of it is not believed.
    """
    require_same_origin(request)
    _limit_length()
    predictor = current_service().require()
    spec = predictor.spec
    said = request.form.get("said", "")
    if said not in spec.labels:
        raise BadRequest(f"said must be one of {', '.join(spec.labels)}.")
    balance = read_balance(request)
    data = read_data_url(request.form.get("chip", ""))
    check_chip_file(data, size_px=spec.geometry.size_px)
    if request.form.get("consent") != AGREED:
        fields = {"chip": data_url(data, "image/png"), "said": said}
        if balance is not None:
            fields["balance"] = str(balance)
        return render_template("feedback_consent.html", fields=fields)
    code = current_feedback().store.keep(_predict_again(data, said=said, balance=balance))
    return render_template("feedback_thanks.html", code=code)


@routes.get("/feedback/delete")
def ask_for_codes() -> ResponseReturnValue:
    """Show the form that deletes feedback."""
    return render_template("feedback_delete.html")


@routes.post("/feedback/delete")
def delete_feedback() -> ResponseReturnValue:
    """Delete what a person has sent, by its codes: one a line."""
    require_same_origin(request)
    _limit_length()
    codes = [line for line in request.form.get("codes", "").splitlines() if line.strip()]
    if not codes or any(hash_code(code) is None for code in codes):
        raise InvalidRequestError(NO_CODE)
    deleted = current_feedback().store.delete(codes)
    return render_template("feedback_delete.html", deleted=deleted, asked=len(set(codes)))


@routes.post("/api/v1/feedback/delete")
def delete_by_code() -> ResponseReturnValue:
    """Delete feedback by its code, for programs."""
    _limit_length()
    code = _read_code()
    if hash_code(code) is None:
        raise InvalidRequestError(NO_CODE)
    return json_answer(FeedbackDeleted(deleted=current_feedback().store.delete([code])))


def _limit_length() -> None:
    """Make sure that the current request is no longer than feedback needs.

    Raises:
        RequestEntityTooLarge: It is.
    """
    request.max_content_length = LONGEST_FORM_BYTES
    if (request.content_length or 0) > LONGEST_FORM_BYTES:
        raise RequestEntityTooLarge(TOO_LONG)


def _read_code() -> str:
    """Return the code of a JSON object or a form.

    Raises:
        InvalidRequestError: There is none, or something beside it.
    """
    try:
        if request.is_json:
            return FeedbackCode.model_validate_json(request.get_data(cache=False)).code
        form = request.form.to_dict(flat=False)
        return FeedbackCode.model_validate({name: text for name, (text, *_) in form.items()}).code
    except ValidationError:
        raise InvalidRequestError('Send a form with the field code, or {"code": "..."}.') from None


def _predict_again(data: bytes, *, said: str, balance: float | None) -> Feedback:
    """Make feedback of a chip and what a person said of it.

    Raises:
        ImageDecodeError: It is no chip.
        BusyError: Too many wait already.
        TimeLimitError: It took too long.
    """
    service = current_service()
    predictor = service.require()
    spec = predictor.spec
    size_px = spec.geometry.size_px
    digest = current_feedback().model_digest

    def look(picture: DecodedPicture, _decode_s: float) -> Feedback:
        chip = to_chip(picture.pixels, size_px=size_px)
        (probabilities,) = predictor.probabilities(chip[None], balance)
        return Feedback(
            chip=encode_png(chip),
            model=spec.name,
            model_digest=digest,
            balance=spec.answer.balance if balance is None else balance,
            probabilities=dict(zip(spec.labels, probabilities.tolist(), strict=True)),
            predicted=spec.labels[int(np.argmax(probabilities))],
            said=said,
            day=datetime.now(UTC).date(),
        )

    address = sender_address()
    return service.look_at(data, look, address=address, max_pixels=size_px**2)

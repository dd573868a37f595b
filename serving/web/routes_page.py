"""The pages: what people see."""

import unicodedata
from functools import partial
from typing import Any

from flask import Blueprint, Request, Response, make_response, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from preprocessing.bundle.disclaimers import ABOUT_FER2013, NOT_MEASURED
from preprocessing.images.types import RgbImage
from preprocessing.report.label_colours import colours_of
from serving.inference import certainty
from serving.inference.annotate import annotate
from serving.inference.certainty import read_record
from serving.inference.options import Options
from serving.inference.prediction import PhotoResult
from serving.inference.predictor import Predictor
from serving.inference.serialize import to_answer
from serving.inference.shrink import scale_to_side, shrink
from serving.web.assets import keep_while_unchanged
from serving.web.client_address import sender_address
from serving.web.device import is_available
from serving.web.engine import current_service
from serving.web.options import options_from_text, parse_options
from serving.web.pictures import SCREEN_SIDE_PX, screen_url
from serving.web.problems import Problem
from serving.web.samples import SAMPLES, finished_sample, sample_bytes
from serving.web.uploads import FIELD, read_picture
from serving.web.view import ResultView, to_view
from serving.web.words import in_words

LONGEST_NAME = 120
# What `mien.js` imports, so that a browser need not find out one after the other.
MODULES = ("drop.js", "marks.js", "rest.js", "status.js", "store.js")

routes = Blueprint("page", __name__)
routes.add_app_template_filter(certainty.percent, "percent")


@routes.get("/")
def show_page() -> ResponseReturnValue:
    """Show the first screen. It holds nothing of anyone, so a browser may keep it for Back."""
    answer = make_response(_render())
    answer.headers["Cache-Control"] = "no-cache"
    return answer


@routes.post("/")
def show_result() -> ResponseReturnValue:
    """Show the page with the result for an uploaded picture, or for a sample.

    Scripts ask with the field `light` for the result alone, and unless the field `photo` says so
    without the picture, which the browser holds already.
    """
    sample = request.form.get("sample")
    data = sample_bytes(sample) if sample else read_picture(request)
    name = f"{SAMPLES.get(sample, 'Portrait')} (sample)" if sample else picture_name(request)
    balance = read_balance(request)
    service = current_service()
    make_view = partial(
        _view,
        predictor=service.require(),
        balance=balance,
        name=name,
        has_photo=not _is_light() or "photo" in request.form,
        has_annotated=not _is_light(),
    )
    options = Options(crop=request.form.get("crop") == "1", balance=balance)
    result = service.predict(data, make_view, options, address=sender_address())
    return _render(result=result)


def show_problem(problem: Problem) -> ResponseReturnValue:
    """Show the page with what went wrong."""
    return _render(problem=in_words(problem, name=picture_name(request))), problem.status


@routes.get("/privacy")
def show_privacy() -> ResponseReturnValue:
    """Show what becomes of a picture."""
    settings = current_service().settings
    return render_template("privacy.html", settings=settings, has_device=is_available())


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


def is_for_a_person(request: Request) -> bool:
    """Say whether a browser asks for a page, rather than a script or a program for something."""
    accepted = request.accept_mimetypes
    prefers_html = accepted.quality("text/html") > accepted.quality("application/json")
    return prefers_html and not request.path.startswith("/api/")


def picture_name(request: Request) -> str:
    """Return the name of the uploaded file, without folders and control characters."""
    # A form that could not be read is not read again here.
    files = request.files if "files" in request.__dict__ else {}
    file = files.get(FIELD)
    sent = (file.filename or "") if file else ""
    last = sent.replace("\\", "/").rpartition("/")[2]
    shown = "".join(each for each in last if unicodedata.category(each) != "Cc")
    return shown[:LONGEST_NAME]


def _view(
    rgb: RgbImage,
    result: PhotoResult,
    *,
    predictor: Predictor,
    balance: float | None,
    name: str,
    has_photo: bool,
    has_annotated: bool,
) -> ResultView:
    answer = to_answer(rgb, result, options=Options(landmarks=True, chips=True))
    return to_view(
        answer,
        labels=result.labels,
        record=read_record(predictor.spec, balance=balance),
        name=name,
        photo_url=screen_url(rgb) if has_photo else "",
        annotated_url=screen_url(_annotated(rgb, result)) if has_annotated else "",
        balance=balance,
    )


def read_balance(request: Request) -> float | None:
    """Return the class balance that a form chose; None for the bundle's own.

    Raises:
        InvalidRequestError: It is no number from 0 to 1.
    """
    given = MultiDict({"balance": chosen} if (chosen := request.form.get("balance")) else {})
    return parse_options(options_from_text(given)).balance


def _annotated(rgb: RgbImage, result: PhotoResult) -> RgbImage:
    """Mark the faces in what the page shows of a picture."""
    return annotate(*shrink(rgb, result, scale=scale_to_side(rgb, SCREEN_SIDE_PX)))


def _is_light() -> bool:
    # A form that could not be read is not read again here.
    return "light" in request.__dict__.get("form", ())


def _render(**shown: Any) -> str:
    service = current_service()
    predictor = service.predictor
    template = "answer.html" if _is_light() else "page.html"
    is_first = not shown
    return render_template(
        template,
        record=read_record(predictor.spec) if predictor else None,
        labels=predictor.spec.labels if predictor else (),
        sample=finished_sample(predictor) if predictor and is_first else None,
        samples=SAMPLES,
        modules=MODULES,
        has_device=is_available(),
        licence=predictor.scheme.licence if predictor else "",
        settings=service.settings,
        **shown,
    )


@routes.get("/labels.css")
def send_label_colours() -> Response:
    """Send the colours of the bundle's labels, for both themes, as a style sheet."""
    predictor = current_service().require()
    text = render_template("labels.css", colours=colours_of(predictor.spec.labels).values())
    answer = Response(text, mimetype="text/css")
    return keep_while_unchanged(answer)

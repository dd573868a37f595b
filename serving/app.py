"""The Flask application: the page, the API, and what a host asks."""

import functools
import hashlib
import logging
import os
import traceback
from dataclasses import dataclass
from pathlib import Path

from flask import (
    Blueprint,
    Flask,
    Response,
    current_app,
    jsonify,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue

from preprocessing.errors import MienError
from preprocessing.sample import sample_photo_path
from preprocessing.spec import CARD_NAME
from serving.page import to_view
from serving.predictor import SHIPPED_BUNDLE, Predictor
from serving.problems import MAX_UPLOAD_BYTES, NotReadyError, to_problem
from serving.result_json import to_json
from serving.uploads import MemoryRequest, read_picture

ONE_YEAR_S = 31_536_000
# Plotly writes style elements; all else comes from files of this server.
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)

_log = logging.getLogger(__name__)
routes = Blueprint("mien", __name__)


@dataclass(frozen=True)
class Settings:
    """What can be set for a server.

    Attributes:
        bundle: Folder of the trained model; by default the one that ships.
    """

    bundle: Path = SHIPPED_BUNDLE


@dataclass
class Service:
    """The loaded models of one process, or the reason why there are none."""

    settings: Settings
    predictor: Predictor | None = None
    reason: str = ""

    def load(self) -> None:
        """Load the models; a failure is kept as the reason."""
        try:
            self.predictor = Predictor(self.settings.bundle)
        except MienError as error:
            self.reason = str(error)
            _log.error("not ready: %s", error)

    def require(self) -> Predictor:
        """Return the predictor.

        Raises:
            NotReadyError: The models could not be loaded.
        """
        if self.predictor is None:
            raise NotReadyError(self.reason)
        return self.predictor


def create_app(settings: Settings | None = None) -> Flask:
    """Make the application and load its models.

    Args:
        settings: By default read from the environment: `MIEN_BUNDLE`.
    """
    if settings is None:
        settings = Settings(bundle=Path(os.environ.get("MIEN_BUNDLE", SHIPPED_BUNDLE)))
    app = Flask(__name__)
    app.request_class = MemoryRequest
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = ONE_YEAR_S
    app.json.sort_keys = False  # type: ignore[attr-defined] # labels keep their order
    app.extensions["mien"] = Service(settings)
    app.extensions["mien"].load()
    app.register_blueprint(routes)
    app.add_template_global(_asset_url, "asset_url")
    app.register_error_handler(Exception, _answer_error)
    app.after_request(_protect)
    return app


@routes.get("/")
def show_page() -> ResponseReturnValue:
    """Show the page without a result."""
    return _render()


@routes.post("/")
def show_result() -> ResponseReturnValue:
    """Show the page with the result for an uploaded picture, or for the sample."""
    predictor = _service().require()
    is_sample = request.form.get("sample") == "1"
    data = sample_photo_path().read_bytes() if is_sample else read_picture(request)
    rgb, result = predictor.predict(data, is_crop=request.form.get("crop") == "1")
    return _render(result=to_view(rgb, result))


@routes.post("/api/v1/predict")
def predict() -> ResponseReturnValue:
    """Answer with what the faces of a picture express."""
    predictor = _service().require()
    _, result = predictor.predict(read_picture(request))
    return jsonify(to_json(result))


@routes.get("/model-card")
def show_model_card() -> ResponseReturnValue:
    """Show what is known of the model, in Markdown."""
    _service().require()
    text = (_service().settings.bundle / CARD_NAME).read_text(encoding="utf-8")
    return Response(text, mimetype="text/plain")


@routes.get("/livez")
def answer_liveness() -> ResponseReturnValue:
    """Say that the process answers."""
    return jsonify(status="alive")


@routes.get("/readyz")
def answer_readiness() -> ResponseReturnValue:
    """Say whether the models are loaded; the reason if not."""
    return jsonify(status="ready", model=_service().require().spec.name)


def _service() -> Service:
    service: Service = current_app.extensions["mien"]
    return service


def _render(**shown: object) -> str:
    predictor = _service().predictor
    return render_template(
        "page.html",
        metrics=predictor.spec.metrics if predictor else {},
        labels_count=len(predictor.spec.labels) if predictor else "several",
        licence=predictor.scheme.licence if predictor else "",
        max_upload_mb=MAX_UPLOAD_BYTES // 1_000_000,
        **shown,
    )


@functools.cache
def _asset_digest(filename: str) -> str:
    content = Path(__file__).with_name("static").joinpath(filename).read_bytes()
    return hashlib.sha256(content).hexdigest()[:12]


def _asset_url(filename: str) -> str:
    """Return the address of a static file; it changes with the content, so it may be kept."""
    return url_for("static", filename=filename, v=_asset_digest(filename))


def _answer_error(error: Exception) -> ResponseReturnValue:
    """Answer an error as problem details, or on the page where a person asked."""
    problem = to_problem(error)
    if problem.status >= 500 and problem.code != "not_ready":
        # Without the error's own words, which might hold something of a user's.
        where = "".join(traceback.format_tb(error.__traceback__))
        _log.error("request failed with %s at\n%s", type(error).__name__, where)
    if request.path == url_for("mien.show_page"):
        return _render(problem=problem), problem.status
    answer = jsonify(problem.to_json())
    answer.mimetype = "application/problem+json"
    return answer, problem.status


def _protect(response: Response) -> Response:
    """Add the headers that keep a browser from guessing, embedding, and keeping results."""
    response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    if request.endpoint != "static":
        response.headers["Cache-Control"] = "no-store"
    return response

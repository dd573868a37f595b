"""The summary of the feedback for the operator of the server, behind a password."""

import hmac

from flask import Blueprint, make_response, render_template, request
from flask.typing import ResponseReturnValue

from serving.feedback.summary import summarise
from serving.web.engine import current_service
from serving.web.problems import Problem
from serving.web.routes_feedback import current_feedback

ASK = 'Basic realm="Feedback of Mien", charset="UTF-8"'

routes = Blueprint("operator", __name__)


@routes.get("/feedback/summary")
def show_summary() -> ResponseReturnValue:
    """Show how many answers there are, how often people agreed, and a confusion matrix.

    Browsers ask for the password (HTTP Basic, any name); programs may send it as a bearer token.
    Each request counts for the limit of its address, so that nobody can guess for long.
    """
    service = current_service()
    service.limits.count_request()
    if not _is_operator(service.settings.feedback_token.get_secret_value()):
        problem = Problem(
            401, "bad_request", "A password is needed", "It is what MIEN_FEEDBACK_TOKEN is set to."
        )
        answer = make_response(render_template("problem.html", problem=problem), problem.status)
        answer.headers["WWW-Authenticate"] = ASK
        return answer
    labels = service.predictor.spec.labels if service.predictor else ()
    summaries = summarise(current_feedback().store.counts(), labels=labels)
    return render_template("feedback_summary.html", summaries=summaries)


def _is_operator(token: str) -> bool:
    """Say whether the current request brings the token, in a time that reveals nothing of it."""
    # Werkzeug fails on a header that is no ASCII.
    is_readable = request.headers.get("Authorization", "").isascii()
    sent = request.authorization if is_readable else None
    given = (sent.token or sent.password or "") if sent else ""
    return hmac.compare_digest(given.encode(), token.encode())

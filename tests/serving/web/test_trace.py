"""Each line of the log points to the trace that Google's front end, or another's, began."""

import logging

import pytest
from flask import Flask

from serving.web.app import create_app
from serving.web.settings import Settings

GOOGLE, W3C = "105445aa7843bc8bf206b12000100000", "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = f"00-{W3C}-00f067aa0ba902b7-01"


@pytest.fixture(scope="module")
def traced_app() -> Flask:
    return create_app(Settings(GOOGLE_CLOUD_PROJECT="demo"))


@pytest.mark.parametrize(
    ("google", "w3c", "trace"),
    [
        (f"{GOOGLE}/7;o=1", None, GOOGLE),
        (f"{GOOGLE}/7", None, GOOGLE),
        (GOOGLE, None, GOOGLE),
        (f"{GOOGLE}/7;o=1", TRACEPARENT, GOOGLE),
        ("<script>", TRACEPARENT, W3C),
        (f"{GOOGLE[1:]}/7;o=1", None, None),
        (f"{GOOGLE}/../../other", None, None),
        (None, None, None),
    ],
)
def test_a_request_s_line_points_to_its_trace(
    google: str | None,
    w3c: str | None,
    trace: str | None,
    traced_app: Flask,
    caplog: pytest.LogCaptureFixture,
) -> None:
    given = {"X-Cloud-Trace-Context": google, "traceparent": w3c}
    headers = {name: value for name, value in given.items() if value is not None}
    with caplog.at_level(logging.INFO, logger="serving.web.request_log"):
        traced_app.test_client().get("/livez", headers=headers).close()
    (line,) = caplog.records
    expected = trace and f"projects/demo/traces/{trace}"
    assert line.fields.get("logging.googleapis.com/trace") == expected

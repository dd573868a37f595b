"""What is logged of a request: nothing of its answer is kept, and no word of the client's."""

import gc
import logging
import weakref

import pytest
from flask import Flask
from flask.testing import FlaskClient


def test_an_answer_is_gone_once_it_was_sent(app: Flask) -> None:
    gc.collect()
    gc.disable()
    try:
        with app.test_request_context("/model"):
            answer = app.full_dispatch_request()
            kept = weakref.ref(answer)
            answer.close()
            del answer
        assert kept() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("method", ["BREW", "\x1b[2J", "A" * 9_000])
def test_a_method_that_a_client_made_up_is_not_logged(
    method: str, client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "serving"):
        client.open("/livez", environ_overrides={"REQUEST_METHOD": method}).close()
    (record,) = caplog.records
    assert record.getMessage() == "other none 405"
    assert record.fields["method"] == "other"  # type: ignore[attr-defined]

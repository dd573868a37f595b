"""What is logged of a request keeps nothing of its answer."""

import gc
import weakref

from flask import Flask


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

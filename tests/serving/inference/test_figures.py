"""A bundle that does not tell what the page says of it is refused at the start."""

import copy
from dataclasses import replace
from typing import Any

import pytest

from preprocessing.errors import BundleError
from serving.inference.figures import check_figures
from serving.inference.predictor import Predictor

MISSING = object()


def test_the_shipped_bundle_tells_all(predictor: Predictor) -> None:
    check_figures(predictor.spec)
    check_figures(replace(predictor.spec, metrics={}))


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("metrics.val.accuracy", "<b>high</b>"),
        ("metrics.val.accuracy", "0.9"),
        ("metrics.val.accuracy", True),
        ("metrics.val.accuracy", -5.0),
        ("metrics.val.accuracy", MISSING),
        ("metrics.test.accuracy_interval_95", [0.1]),
        ("metrics.test.reliability", 7),
        ("metrics.test.reliability.0.count", 0.5),
        ("metrics.test.coverage.0.share", 1e308),
        ("metrics.test.votes.0.who", None),
        ("metrics.test.confusion", [[1, 2], [3, 4]]),
        ("metrics.test.confusion.0", [1]),
        ("metrics.test.recall", {"happy": 1.0}),
        ("provenance.dataset", MISSING),
        ("provenance.training_minutes", "long"),
    ],
)
def test_a_figure_that_is_missing_or_of_another_kind_is_named(
    place: str, value: object, predictor: Predictor
) -> None:
    told = copy.deepcopy(
        {"metrics": predictor.spec.metrics, "provenance": predictor.spec.provenance}
    )
    *within, last = [int(key) if key.isdecimal() else key for key in place.split(".")]
    holder: Any = told
    for key in within:
        holder = holder[key]
    if value is MISSING:
        del holder[last]
    else:
        holder[last] = value
    with pytest.raises(BundleError, match=f"does not tell how good it is: {place[:7]}"):
        check_figures(replace(predictor.spec, **told))

"""Whether a bundle tells all that the page says of how good it is and how it was made.

The bundle may come from anywhere, and its figures are free fields. What lacks one would answer
every page with an error.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from preprocessing.bundle.spec import SPEC_NAME, ModelSpec
from preprocessing.errors import BundleError
from preprocessing.runtime.typed_json import parse_as

_Fraction = Annotated[float, Field(ge=0, le=1)]
_Interval = tuple[_Fraction, _Fraction]
_Count = Annotated[int, Field(ge=0)]


class _Part(BaseModel):
    model_config = ConfigDict(allow_inf_nan=False)


class _Bin(_Part):
    low: _Fraction
    high: _Fraction
    count: _Count
    confidence: _Fraction
    accuracy: _Fraction


class _Covered(_Part):
    share: _Fraction
    confidence: _Fraction
    accuracy: _Fraction


class _Slice(_Part):
    measure: str
    part: str
    count: _Count
    accuracy: _Fraction
    interval_95: _Interval


class _HeldToTruth(_Part):
    output: str
    balance: float
    truth: str
    images: _Count
    accuracy: _Fraction
    balanced_accuracy: _Fraction


class _HeldToVotes(_Part):
    who: str
    balance: float | None
    images: _Count
    vote_share: float
    calibration_error: float | None


class _Figures(_Part):
    """Of one split, as `training` writes them; what the page does not show may be anything."""

    truth: str
    images: _Count
    accuracy: _Fraction
    accuracy_interval_95: _Interval
    accuracy_one_view: _Fraction
    accuracy_without_leaked: _Fraction
    accuracy_two_guesses: _Fraction
    macro_f1: _Fraction
    share_sure: _Fraction
    accuracy_when_sure: _Fraction
    ece_15_bins: float
    ece_15_bins_uncalibrated: float
    nll: float
    brier: float
    precision: dict[str, _Fraction]
    recall: dict[str, _Fraction]
    confusion: list[list[_Count]]
    reliability: list[_Bin] = []
    coverage: list[_Covered] = []
    slices: list[_Slice] = []
    truths: list[_HeldToTruth] = []
    votes: list[_HeldToVotes] = []


class _Source(_Part):
    source: str
    source_kind: str


class _Provenance(_Part):
    dataset: _Source
    training_minutes: float
    exported: str


class _Told(_Part):
    metrics: dict[str, _Figures]
    provenance: _Provenance


def check_figures(spec: ModelSpec) -> None:
    """Make sure that a bundle tells all that the page says of it. It may have no figures at all.

    Raises:
        BundleError: Something is missing, or is of another kind.
    """
    told = {"metrics": spec.metrics, "provenance": spec.provenance}
    try:
        figures = parse_as(_Told, told).metrics
    except ValueError as error:
        raise _error(spec, str(error)) from None
    labels = {*spec.labels}
    for split, each in figures.items():
        if not labels <= each.precision.keys() & each.recall.keys():
            raise _error(spec, f"metrics.{split}: recall and precision of each label expected")
        if {len(each.confusion), *map(len, each.confusion)} != {len(labels)}:
            raise _error(spec, f"metrics.{split}.confusion: a row and a column a label expected")


def _error(spec: ModelSpec, problem: str) -> BundleError:
    return BundleError(
        f"{SPEC_NAME} of the bundle {spec.name} does not tell how good it is: {problem}. Export "
        "the bundle again."
    )

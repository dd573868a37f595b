"""Outputs of a bundle."""

import pytest

from preprocessing.bundle.outputs import CROWD, LABEL, OutputSpec
from tests.training.evaluation.drawn_predictions import BALANCE, output_spec


@pytest.fixture
def outputs() -> dict[str, OutputSpec]:
    return {CROWD: output_spec(balance=BALANCE), LABEL: output_spec(balance=0.0)}

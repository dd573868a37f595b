from dataclasses import replace

import numpy as np
import pytest

from preprocessing.bundle.outputs import (
    Calibration,
    OutputSpec,
    balanced_probabilities,
    to_probabilities,
)
from preprocessing.errors import BundleError

SHARES = (0.5, 0.3, 0.15, 0.05)
TEMPERATURE = 1.7
# Float64 sums in another order.
ROUNDING = 1e-12


@pytest.fixture
def logits() -> np.ndarray:
    return np.random.default_rng(0).normal(0, 3, (50, len(SHARES))).astype(np.float32)


@pytest.fixture
def output() -> OutputSpec:
    return OutputSpec(
        class_shares=SHARES,
        balance=0.25,
        calibrations=(
            Calibration(0.0, temperature=1.0, sure_confidence=0.9),
            Calibration(0.5, temperature=1.2, sure_confidence=0.7),
            Calibration(1.0, temperature=2.0, sure_confidence=0.5),
        ),
    )


@pytest.mark.parametrize("balance", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("shape", [(4,), (7, 4), (2, 3, 4)])
def test_probabilities_sum_to_one(shape: tuple[int, ...], balance: float) -> None:
    # Logits so large that their exponentials are no numbers.
    logits = np.random.default_rng(0).normal(0, 1000, shape)
    probabilities = balanced_probabilities(
        logits, temperature=TEMPERATURE, class_shares=SHARES, balance=balance
    )
    assert probabilities.shape == shape
    assert (probabilities >= 0).all()
    np.testing.assert_allclose(probabilities.sum(axis=-1), 1, atol=ROUNDING)


def test_balance_0_is_the_plain_softmax_whatever_the_shares(logits: np.ndarray) -> None:
    plain = to_probabilities(logits, TEMPERATURE)
    for shares in (SHARES, SHARES[::-1]):
        balanced = balanced_probabilities(
            logits, temperature=TEMPERATURE, class_shares=shares, balance=0.0
        )
        np.testing.assert_allclose(balanced, plain, atol=ROUNDING)


def test_a_network_that_knows_only_the_shares_knows_nothing_at_balance_1() -> None:
    # What it says where it sees nothing: the labels as frequent as in training.
    logits = TEMPERATURE * np.log(SHARES)
    np.testing.assert_allclose(to_probabilities(logits, TEMPERATURE), SHARES, atol=ROUNDING)
    balanced = balanced_probabilities(
        logits, temperature=TEMPERATURE, class_shares=SHARES, balance=1.0
    )
    np.testing.assert_allclose(balanced, 1 / len(SHARES), atol=ROUNDING)


def test_balance_1_is_bayes_rule_with_all_labels_equally_likely_beforehand() -> None:
    """Menon et al. 2021: from p(label | face) at one prior to that at another."""
    generator = np.random.default_rng(1)
    likelihoods = generator.uniform(0.1, 1, (20, len(SHARES)))
    said = likelihoods * SHARES
    balanced = balanced_probabilities(
        np.log(said), temperature=1.0, class_shares=SHARES, balance=1.0
    )
    expected = likelihoods / likelihoods.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(balanced, expected, atol=ROUNDING)


def test_more_balance_moves_odds_from_frequent_to_rare_labels_by_a_power(
    logits: np.ndarray,
) -> None:
    odds = []
    for balance in (0.0, 0.5, 1.0):
        probabilities = balanced_probabilities(
            logits, temperature=1.0, class_shares=SHARES, balance=balance
        )
        odds.append(probabilities[:, 3] / probabilities[:, 0])
    ratio = SHARES[0] / SHARES[3]
    np.testing.assert_allclose(odds[1] / odds[0], ratio**0.5, rtol=1e-9)
    np.testing.assert_allclose(odds[2] / odds[0], ratio, rtol=1e-9)


def test_where_all_labels_are_as_frequent_balance_changes_nothing(logits: np.ndarray) -> None:
    even = balanced_probabilities(
        logits, temperature=TEMPERATURE, class_shares=(0.25,) * 4, balance=1.0
    )
    np.testing.assert_allclose(even, to_probabilities(logits, TEMPERATURE), atol=ROUNDING)


@pytest.mark.parametrize(
    ("balance", "temperature", "sure_confidence"),
    [
        (0.0, 1.0, 0.9),
        (0.5, 1.2, 0.7),
        (1.0, 2.0, 0.5),
        (0.25, 1.1, 0.8),
        (0.75, 1.6, 0.6),
        (None, 1.1, 0.8),
    ],
)
def test_between_two_calibrations_it_is_interpolated(
    output: OutputSpec, balance: float | None, temperature: float, sure_confidence: float
) -> None:
    found = output.calibration(balance)
    assert found.balance == (0.25 if balance is None else balance)
    assert found.temperature == pytest.approx(temperature)
    assert found.sure_confidence == pytest.approx(sure_confidence)


@pytest.mark.parametrize("balance", [None, 0.0, 0.6, 1.0])
def test_an_output_uses_the_calibration_of_the_balance(
    output: OutputSpec, logits: np.ndarray, balance: float | None
) -> None:
    calibration = output.calibration(balance)
    expected = balanced_probabilities(
        logits,
        temperature=calibration.temperature,
        class_shares=SHARES,
        balance=calibration.balance,
    )
    np.testing.assert_array_equal(output.probabilities(logits, balance), expected)


@pytest.mark.parametrize("balance", [-0.01, 1.01, float("nan"), float("inf")])
def test_a_balance_that_cannot_be_is_refused(
    output: OutputSpec, logits: np.ndarray, balance: float
) -> None:
    with pytest.raises(BundleError):
        output.calibration(balance)
    with pytest.raises(BundleError):
        output.probabilities(logits, balance)
    with pytest.raises(BundleError, match="balance"):
        replace(output, balance=balance)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"temperature": 0.0}, "temperature"),
        ({"temperature": -1.0}, "temperature"),
        ({"temperature": float("nan")}, "temperature"),
        ({"temperature": float("inf")}, "temperature"),
        ({"temperature": 1e-320}, "temperature"),
        ({"temperature": 1e300}, "temperature"),
        ({"sure_confidence": 0.0}, "sure_confidence"),
        ({"sure_confidence": 1.1}, "sure_confidence"),
        ({"sure_confidence": float("nan")}, "sure_confidence"),
        ({"balance": 2.0}, "balance"),
        ({"balance": float("nan")}, "balance"),
    ],
)
def test_a_calibration_that_cannot_be_is_refused(changes: dict[str, float], message: str) -> None:
    with pytest.raises(BundleError, match=message):
        replace(Calibration(0.5, temperature=1.0, sure_confidence=0.9), **changes)


@pytest.mark.parametrize(
    "shares",
    [(0.5, 0.5, 0.0, 0.0), (0.6, 0.6, -0.3, 0.1), (0.25,) * 3, (0.5,) * 4, (float("nan"),) * 4, ()],
)
def test_class_shares_that_cannot_be_are_refused(
    output: OutputSpec, shares: tuple[float, ...]
) -> None:
    with pytest.raises(BundleError, match="class_shares"):
        replace(output, class_shares=shares)


@pytest.mark.parametrize("balances", [(), (0.0,), (0.5, 1.0), (0.0, 0.5), (1.0, 0.0), (0, 0, 1)])
def test_calibrations_that_do_not_rise_from_0_to_1_are_refused(
    output: OutputSpec, balances: tuple[float, ...]
) -> None:
    with pytest.raises(BundleError, match="calibrations"):
        replace(output, calibrations=tuple(Calibration(each, 1.0, 0.9) for each in balances))

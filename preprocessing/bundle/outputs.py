"""What a network can be asked, and how its logits become probabilities."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from preprocessing.errors import BundleError

CROWD, LABEL = "crowd", "label"
OUTPUTS = (CROWD, LABEL)
"""`crowd`: how people's votes on a face would be spread over the labels. `label`: the label that
the dataset itself gives. Where a network has both, the product answers with `crowd`."""

# Class shares may have been rounded, or added up in float32.
SUM_TOLERANCE = 1e-3
# Beyond, probabilities are 0 and 1, or all alike, whatever the network says.
LEAST_TEMPERATURE, MOST_TEMPERATURE = 1e-3, 1e3


@dataclass(frozen=True)
class Calibration:
    """How the probabilities of an output are made where the classes are balanced to some degree.

    Attributes:
        balance: Exponent of the class shares that the probabilities are divided by: 0 leaves them
            as the network learnt them, 1 takes all labels for equally likely beforehand.
        temperature: The logits are divided by it first; 0.001 to 1,000.
        sure_confidence: At this confidence and above, at least nine of ten predictions on val were
            right.
    """

    balance: float
    temperature: float
    sure_confidence: float

    def __post_init__(self) -> None:
        # The comparison also fails for NaN.
        if not LEAST_TEMPERATURE <= self.temperature <= MOST_TEMPERATURE:
            raise BundleError(
                f"temperature must be {LEAST_TEMPERATURE:g} to {MOST_TEMPERATURE:g}. "
                f"Received: {self.temperature}"
            )
        if not 0 < self.sure_confidence <= 1:
            raise BundleError(
                f"sure_confidence must be in (0, 1]. Received: {self.sure_confidence}"
            )
        if not 0 <= self.balance <= 1:
            raise BundleError(f"balance must be in [0, 1]. Received: {self.balance}")


@dataclass(frozen=True)
class OutputSpec:
    """What is known of one output of a network.

    Attributes:
        class_shares: Share of each label in what the output was trained on; each above 0, sum 1.
        balance: The exponent that is used where no other is asked for.
        calibrations: By rising balance, from 0 to 1.
    """

    class_shares: tuple[float, ...]
    balance: float
    calibrations: tuple[Calibration, ...]

    def __post_init__(self) -> None:
        balances = [each.balance for each in self.calibrations]
        if balances != sorted(set(balances)) or balances[:1] != [0] or balances[-1:] != [1]:
            raise BundleError(f"calibrations must rise from 0 to 1. Received: {balances}")
        is_positive = all(share > 0 for share in self.class_shares)
        if not (is_positive and abs(sum(self.class_shares) - 1) <= SUM_TOLERANCE):
            raise BundleError(
                f"class_shares must be above 0 and sum to 1. Received: {self.class_shares}"
            )
        if not 0 <= self.balance <= 1:
            raise BundleError(f"balance must be in [0, 1]. Received: {self.balance}")

    def calibration(self, balance: float | None = None) -> Calibration:
        """Return the calibration at a balance, between two that were fitted by interpolation.

        Args:
            balance: 0 to 1; None for the default.

        Raises:
            BundleError: The balance is none of these.
        """
        at = self.balance if balance is None else balance
        balances = [each.balance for each in self.calibrations]
        temperatures = [each.temperature for each in self.calibrations]
        confidences = [each.sure_confidence for each in self.calibrations]
        return Calibration(
            balance=at,
            temperature=float(np.interp(at, balances, temperatures)),
            sure_confidence=float(np.interp(at, balances, confidences)),
        )

    def sure_from(self, min_confidence: float | None, balance: float | None = None) -> float:
        """Return the confidence, 0 to 1, that a prediction must reach to be called sure.

        Args:
            min_confidence: What was asked for; None for that of the calibration.
            balance: 0 to 1; None for the default.

        Raises:
            BundleError: The balance is none of these.
        """
        if min_confidence is not None:
            return min_confidence
        return self.calibration(balance).sure_confidence

    def probabilities(
        self, logits: NDArray[np.floating], balance: float | None = None
    ) -> NDArray[np.float64]:
        """Turn the logits of this output into probabilities.

        Args:
            logits: (..., labels).
            balance: 0 to 1; None for the default.

        Returns:
            Shape (..., labels), each row summing to 1.

        Raises:
            BundleError: The balance is none of these.
        """
        calibration = self.calibration(balance)
        return balanced_probabilities(
            logits,
            temperature=calibration.temperature,
            class_shares=self.class_shares,
            balance=calibration.balance,
        )


def to_probabilities(logits: NDArray[np.floating], temperature: float) -> NDArray[np.float64]:
    """Turn logits (..., labels) into probabilities that sum to 1 (Guo et al. 2017)."""
    scaled = logits.astype(np.float64) / temperature
    raised = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    probabilities: NDArray[np.float64] = raised / raised.sum(axis=-1, keepdims=True)
    return probabilities


def balanced_probabilities(
    logits: NDArray[np.floating],
    *,
    temperature: float,
    class_shares: Sequence[float],
    balance: float,
) -> NDArray[np.float64]:
    """Divide probabilities by a power of the class shares: logit adjustment (arXiv:2007.07314).

    Menon et al. 2021: a network trained where some labels are frequent says them more readily. At
    balance 1 it answers as if all labels had been equally frequent.

    Args:
        logits: (..., labels).
        temperature: Divides the logits first.
        class_shares: Of the labels in training, each above 0.
        balance: The exponent, 0 to 1.

    Returns:
        Shape (..., labels), each row summing to 1.
    """
    scaled = logits.astype(np.float64) / temperature
    return to_probabilities(scaled - balance * np.log(class_shares), 1.0)

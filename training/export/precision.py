"""How the weights of a bundle can be stored, and what that costs in accuracy."""

from collections.abc import Sequence
from dataclasses import dataclass

from preprocessing.errors import MienError

# What storing the weights in fewer bits may cost, as a fraction of the val rows.
MOST_LOST = 0.002
# With its spec and card a bundle stays under 25 MB.
LARGEST_MODEL_BYTES = 24_000_000


@dataclass(frozen=True)
class Precision:
    """What storing the weights in one way makes of a network.

    Attributes:
        name: One of `PRECISIONS`.
        size_bytes: Of the converted network.
        chip_ms: Processor time for a chip with all views, on one core.
        accuracy: On val with views, by output, 0 to 1.
        lost: Accuracy of the Keras network less this one, by output.
        agreement: Fraction of val rows with the same likeliest labels as from the Keras network.
    """

    name: str
    size_bytes: int
    chip_ms: float
    accuracy: dict[str, float]
    lost: dict[str, float]
    agreement: float


def choose_precision(precisions: Sequence[Precision]) -> str:
    """Choose the smallest, which is also the fastest, among those that cost next to nothing.

    Raises:
        MienError: All are too large or lose too much.
    """
    fit = [
        each
        for each in precisions
        if max(each.lost.values()) <= MOST_LOST and each.size_bytes <= LARGEST_MODEL_BYTES
    ]
    if not fit:
        raise MienError(
            f"No precision keeps the network under {LARGEST_MODEL_BYTES / 1e6:.0f} MB and loses "
            f"at most {MOST_LOST:.1%} on val with any output. "
            "Choose one all the same with --precision.\n" + precisions_text(precisions)
        )
    return min(fit, key=lambda each: each.size_bytes).name


def precisions_text(precisions: Sequence[Precision]) -> str:
    """Write the comparison as a table."""
    outputs = list(precisions[0].accuracy)
    heads = "".join(f"{output:>9}{'lost':>9}" for output in outputs)
    lines = [f"{'weights':<10}{'MB':>8}{'ms a chip':>12}{heads}{'like Keras':>12}"]
    for each in precisions:
        figures = "".join(f"{each.accuracy[name]:>9.2%}{each.lost[name]:>9.2%}" for name in outputs)
        lines.append(
            f"{each.name:<10}{each.size_bytes / 1e6:>8.1f}{each.chip_ms:>12.1f}{figures}"
            f"{each.agreement:>12.1%}"
        )
    return "\n".join(lines)

"""Feedback as the tests keep it, and what lies on the disk."""

import random
from datetime import UTC, datetime
from pathlib import Path

from serving.feedback.types import Feedback

LABELS = ("angry", "happy", "neutral")
DIGEST = "d" * 64
# No two chips have this many bytes in common.
TELLING_BYTES = 16


def feedback_of(number: int, *, predicted: str = "happy", said: str = "happy") -> Feedback:
    """Make feedback with a chip of its own: bytes by chance, which no file has otherwise."""
    chance = random.Random(number)  # noqa: S311 - nothing secret
    shares = {label: (0.5 if label == predicted else 0.25) for label in LABELS}
    day = datetime.now(UTC).date()
    chip = chance.randbytes(chance.randrange(1200, 2300))
    return Feedback(chip, "mien-test", DIGEST, 0.25, shares, predicted, said, day)


def pieces_of(chip: bytes) -> list[bytes]:
    """Cut a chip into pieces, each of which would tell of it."""
    return [chip[at : at + TELLING_BYTES] for at in range(0, len(chip) - TELLING_BYTES, 100)]


def bytes_below(folder: Path) -> bytes:
    """Read all files in a folder and below it."""
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())

"""Arguments that several commands take."""

import argparse
import math
from collections.abc import Callable

from serving.inference.options import MAX_FACES


def number(kind: Callable[[str], float], least: float, most: float) -> Callable[[str], float]:
    """Return what reads a number of a command line, within limits."""

    def read(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            value = math.nan  # within no limits
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"a number from {least} to {most}, not {text}")
        return value

    return read


def add_answer_options(parser: argparse.ArgumentParser) -> None:
    """Add what the API takes as options too."""
    parser.add_argument(
        "--max-faces",
        type=number(int, 1, MAX_FACES),
        default=MAX_FACES,
        help="answer on so many of a picture, the largest",
    )
    parser.add_argument(
        "--min-confidence",
        type=number(float, 0, 1),
        help="from here on an answer is sure; default: the model's",
    )
    parser.add_argument(
        "--balance",
        type=number(float, 0, 1),
        help="0: expressions as frequent as in the training pictures; 1: all equally likely; "
        "default: the model's",
    )

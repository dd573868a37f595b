"""Options that several commands take."""

import click

from preprocessing.runtime.cli import FloatRange, path_option, together
from serving.inference.options import MAX_FACES

bundle_option = path_option("--bundle", help="Another trained model.")

answer_options = together(
    click.option(
        "--max-faces",
        type=click.IntRange(1, MAX_FACES),
        default=MAX_FACES,
        help="Classify at most this many faces of a picture, the largest.",
    ),
    click.option(
        "--min-confidence",
        type=FloatRange(0, 1),
        help="Confidence from which a prediction counts as sure; by default the model's.",
    ),
    click.option(
        "--balance",
        type=FloatRange(0, 1),
        help="0: expressions as frequent as in the training pictures; 1: all equally likely; by "
        "default the model's.",
    ),
    bundle_option,
)
"""What the API takes as options too, and the model that answers."""

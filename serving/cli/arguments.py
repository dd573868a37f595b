"""Options that several commands take."""

import click

from preprocessing.runtime.cli import FloatRange, path_option, together
from serving.inference.options import MAX_FACES

bundle_option = path_option(
    "--bundle", help="The folder of a trained model; by default the one that ships."
)

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
        help="Lowest confidence of a prediction that counts as sure; by default the model's.",
    ),
    click.option(
        "--balance",
        type=FloatRange(0, 1),
        help="How frequent the expressions are taken to be: 0 as in the training pictures, 1 all "
        "equally; by default the model's.",
    ),
    bundle_option,
)
"""What the API takes as options too, and the model that answers."""

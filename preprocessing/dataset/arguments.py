"""The arguments of the commands that align, and what they choose."""

from collections.abc import Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import click

from preprocessing.dataset.labels import DisgustPolicy
from preprocessing.dataset.options import AlignOptions
from preprocessing.dataset.sources.reading import Reading, parse_mapping
from preprocessing.dataset.sources.vocabulary import LABEL_OF, as_label, fold
from preprocessing.dataset.split_off import SplitOff, parse_fractions
from preprocessing.errors import MienError
from preprocessing.faces.align import Frame
from preprocessing.faces.landmarks import LANDMARK_SCHEMES
from preprocessing.faces.types import DetectorKind
from preprocessing.runtime.cli import SEED_RANGE, OneOf, path_option, together


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip().lower() for word in text.split(","))


def _labels(text: str) -> tuple[str, ...]:
    """Read labels by any of their names: happiness is happy."""
    return tuple(LABEL_OF.get(fold(word), as_label(word)) for word in text.split(","))


_labelling = partial(click.option, cls=OneOf, group="labels")
_framing = partial(click.option, cls=OneOf, group="frame")

align_arguments = together(
    _labelling(
        "--labels",
        type=_words,
        metavar="WORD,WORD",
        help="The names of your classes if they are not FER2013's, in the order to show them.",
    ),
    _labelling(
        "--only",
        type=_labels,
        metavar="LABEL,LABEL",
        help="Take these classes and leave the others out.",
    ),
    _labelling(
        "--disgust",
        type=click.Choice(DisgustPolicy, case_sensitive=False),
        help="The class disgust: drop it (the default), merge it into angry, or keep it.",
    ),
    _labelling(
        "--ferplus-labels",
        is_flag=True,
        help="Label FER2013 by the majority of the votes in --ferplus, eight classes; pictures "
        "without a majority are left out.",
    ),
    _labelling(
        "--unlabelled",
        is_flag=True,
        help="The pictures have no labels, whatever their folders are called.",
    ),
    click.option(
        "--map",
        "mapping",
        type=parse_mapping,
        multiple=True,
        metavar="NAME=LABEL,...",
        help="What numbers and names in the source mean: a label, or train, val or test, such as "
        "1=happy,2=sad; or whose numbers they are: fer2013, raf-db, affectnet, ck+.",
    ),
    click.option(
        "--ignore",
        type=_words,
        multiple=True,
        metavar="NAME,NAME",
        help="Classes, folders and files to leave out, also as patterns such as 'backup*'.",
    ),
    click.option(
        "--detector",
        type=click.Choice(DetectorKind, case_sensitive=False),
        default=AlignOptions.detector.value,
        help="yunet is quick and sees the smallest faces; hog is slower, cnn far slower.",
    ),
    click.option(
        "--landmarks",
        type=click.Choice(list(LANDMARK_SCHEMES)),
        default=AlignOptions.scheme.name,
        help="The 68-landmark model may not be used commercially; that of 5 may, and so may the "
        "five points of yunet.",
    ),
    path_option("--ferplus", help="Join the votes of FER+ from this file, fer2013new.csv."),
    _framing(
        "--frame",
        type=click.Choice(Frame, case_sensitive=False),
        default=AlignOptions.frame.value,
        help="Whether each picture is the crop of one face or a photo with room around it; auto "
        "looks at each labelled picture.",
    ),
    _framing("--crop", is_flag=True, help="The same as --frame crop."),
)
"""What both commands that align understand."""

split_arguments = together(
    path_option(
        "--list",
        "lists",
        multiple=True,
        metavar="FILE",
        help="Read labels from this CSV, JSON or Parquet, with columns path, label and split.",
    ),
    click.option(
        "--split-off",
        type=parse_fractions,
        metavar="val=0.1,test=0.1",
        help="Move this fraction of the training pictures of each label into other splits; "
        "pictures that look alike stay in one split.",
    ),
    click.option(
        "--group-by",
        metavar="folder|REGEX",
        help="With --split-off, also keep in one split the pictures of a folder, such as those of "
        "one person, or those in whose paths the regular expression finds the same text.",
    ),
    click.option("--seed", type=SEED_RANGE, default=SplitOff.seed, help="Seed of --split-off."),
)
"""What needs all pictures at once."""


def align_options(
    *,
    labels: tuple[str, ...] | None,
    only: tuple[str, ...] | None,
    disgust: DisgustPolicy | None,
    ferplus_labels: bool,
    unlabelled: bool,
    mapping: Sequence[tuple[tuple[str, str], ...]],
    ignore: Sequence[tuple[str, ...]],
    landmarks: str,
    frame: Frame,
    crop: bool,
    lists: tuple[Path, ...] = (),
    split_off: tuple[tuple[str, float], ...] | None = None,
    group_by: str | None = None,
    seed: int = 0,
    **others: Any,
) -> AlignOptions:
    """Return what was chosen by the arguments of a command; others are as in `AlignOptions`.

    Raises:
        MienError: Two choices contradict each other.
    """
    if group_by is not None and split_off is None:
        raise MienError("--group-by says what stays together in --split-off. Give that too.")
    keeps_all = labels or only or ferplus_labels
    return AlignOptions(
        scheme=LANDMARK_SCHEMES[landmarks],
        disgust=disgust or (DisgustPolicy.KEEP if keeps_all else DisgustPolicy.DROP),
        reading=Reading(
            own_labels=labels or (),
            only=only or (),
            mapping=tuple(chain.from_iterable(mapping)),
            ignore=tuple(chain.from_iterable(ignore)),
            lists=lists,
            is_unlabelled=unlabelled,
        ),
        split_off=None if split_off is None else SplitOff(split_off, group_by, seed),
        ferplus_labels=ferplus_labels,
        frame=Frame.CROP if crop else frame,
        **others,
    )

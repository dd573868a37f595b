"""The arguments of the commands that align, and what they choose."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from preprocessing.dataset.labels import DisgustPolicy
from preprocessing.dataset.options import AlignOptions
from preprocessing.dataset.sources.reading import Reading, parse_mapping
from preprocessing.dataset.sources.vocabulary import LABEL_OF, fold
from preprocessing.dataset.split_off import SplitOff, parse_shares
from preprocessing.errors import MienError
from preprocessing.faces.align import Frame
from preprocessing.faces.landmarks import LANDMARK_SCHEMES
from preprocessing.faces.types import DetectorKind

T = TypeVar("T")


def add_align_arguments(align: argparse.ArgumentParser) -> None:
    """Add what both commands that align understand."""
    _add_label_arguments(align)
    _add_name_arguments(align)
    align.add_argument(
        "--detector",
        type=DetectorKind,
        choices=list(DetectorKind),
        default=AlignOptions.detector,
        help="yunet is quick and sees the smallest faces; dlib's hog is slower, its cnn far slower",
    )
    align.add_argument(
        "--landmarks",
        type=int,
        choices=sorted(LANDMARK_SCHEMES),
        default=AlignOptions.scheme.count,
        help="the 68-landmark model may not be used commercially; that of 5 may",
    )
    align.add_argument("--ferplus", type=Path, help="fer2013new.csv: FER+ votes to join")
    frame = align.add_mutually_exclusive_group()
    frame.add_argument(
        "--frame",
        type=Frame,
        choices=list(Frame),
        default=AlignOptions.frame,
        help="whether each picture is the crop of one face or a photo with room around it; auto"
        " (default) looks at each labelled picture",
    )
    frame.add_argument(
        "--crop", dest="frame", action="store_const", const=Frame.CROP, help="as --frame crop"
    )


def add_split_arguments(align: argparse.ArgumentParser) -> None:
    """Add what needs all pictures at once."""
    align.add_argument(
        "--list",
        type=Path,
        action="append",
        default=[],
        dest="lists",
        metavar="CSV",
        help="a table with columns path, label and split, which says what the pictures show",
    )
    align.add_argument(
        "--split-off",
        type=_checked(parse_shares),
        metavar="val=0.1,test=0.1",
        help="make other splits of a part of the training pictures, with about as many of each"
        " label; pictures that look alike stay together",
    )
    align.add_argument(
        "--group-by",
        metavar="folder|REGEX",
        help="what else stays together: the pictures of a folder, such as a person's, or those in"
        " whose path the expression finds the same",
    )
    align.add_argument("--seed", type=int, default=0, help="of --split-off")


def align_options(options: argparse.Namespace) -> AlignOptions:
    """Return what was chosen.

    Raises:
        MienError: Two choices contradict each other.
    """
    keeps_all = options.labels or options.only or options.ferplus_labels
    return AlignOptions(
        scheme=LANDMARK_SCHEMES[options.landmarks],
        detector=options.detector,
        disgust=options.disgust or (DisgustPolicy.KEEP if keeps_all else DisgustPolicy.DROP),
        reading=Reading(
            own_labels=options.labels,
            only=options.only,
            mapping=tuple(pair for pairs in options.mapping for pair in pairs),
            ignore=tuple(word for words in options.ignore for word in words),
            lists=tuple(getattr(options, "lists", ())),
            is_unlabelled=options.unlabelled,
        ),
        split_off=_split_off(options),
        ferplus=options.ferplus,
        ferplus_labels=options.ferplus_labels,
        frame=options.frame,
    )


def _split_off(options: argparse.Namespace) -> SplitOff | None:
    shares = getattr(options, "split_off", None)
    if shares is not None:
        return SplitOff(shares, options.group_by, options.seed)
    if getattr(options, "group_by", None) is not None:
        raise MienError("--group-by says what stays together in --split-off. Give that too.")
    return None


def _add_label_arguments(align: argparse.ArgumentParser) -> None:
    labels = align.add_mutually_exclusive_group()
    labels.add_argument(
        "--labels",
        type=_words,
        default=(),
        metavar="WORD,WORD",
        help="the names of your classes, where they are not FER2013's, in the order to show",
    )
    labels.add_argument(
        "--only",
        type=_labels,
        default=(),
        metavar="LABEL,LABEL",
        help="take these classes and leave the others out",
    )
    labels.add_argument(
        "--disgust",
        type=DisgustPolicy,
        choices=list(DisgustPolicy),
        help="what becomes of the class disgust: drop (default), merge into angry, or keep",
    )
    labels.add_argument(
        "--ferplus-labels",
        action="store_true",
        help="label FER2013 by the majority of the votes in --ferplus, eight classes; pictures"
        " without a majority are left out",
    )
    labels.add_argument(
        "--unlabelled",
        action="store_true",
        help="photos without labels, whatever the names of their folders",
    )


def _add_name_arguments(align: argparse.ArgumentParser) -> None:
    align.add_argument(
        "--map",
        type=_checked(parse_mapping),
        action="append",
        default=[],
        dest="mapping",
        metavar="NAME=LABEL,...",
        help="what a number or a name means: a label, or train, val or test; or the set whose"
        " numbers are used: fer2013, raf-db, affectnet, ck+",
    )
    align.add_argument(
        "--ignore",
        type=_words,
        action="append",
        default=[],
        metavar="NAME,NAME",
        help="classes, folders and files to leave out, also as patterns such as 'backup*'",
    )


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip().lower() for word in text.split(","))


def _labels(text: str) -> tuple[str, ...]:
    """Read labels by any of their names: happiness is happy."""
    return tuple(LABEL_OF.get(fold(word), fold(word)) for word in text.split(","))


def _checked(read: Callable[[str], T]) -> Callable[[str], T]:
    """Let argparse show an error of ours as wrong usage."""

    def checked(text: str) -> T:
        try:
            return read(text)
        except MienError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return checked

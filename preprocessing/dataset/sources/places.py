"""Read what the folders on the way to a picture, or its file's name, say of it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import PurePosixPath

from preprocessing.dataset.sources.likely_words import likely_label
from preprocessing.dataset.sources.names import Meaning, Names
from preprocessing.dataset.sources.tree import Folders
from preprocessing.dataset.sources.vocabulary import SPLIT_OF, words_of

NO_CLASS = "in no class folder"
NO_SPLIT = "in no split, while others are"
NO_WORD = "in no class folder and have no expression in their name, while others have"
# If this many names of files hold a word for one expression, it is taken for their label.
_MOST = 0.8


@dataclass(frozen=True)
class Place:
    """What the folders on the way to a picture say.

    Attributes:
        split: `train`, `val`, `test`, or None where no folder names one.
        label: The label, or None where no folder names one.
        folder: The other folders, joined by "/".
        unread: Names of folders that may mean a class and are not understood.
        left_out: Why the picture is left out, or None.
        problem: What is missing or contradicts itself, or None.
    """

    split: str | None = None
    label: str | None = None
    folder: str = ""
    unread: tuple[str, ...] = ()
    left_out: str | None = None
    problem: str | None = None


def read_places(paths: Iterable[str], names: Names, *, need_classes: bool = True) -> list[Place]:
    """Read what the folders on each path say.

    Args:
        paths: Of the pictures within the source.
        names: How names are to be read.
        need_classes: Leave out the pictures in folders that name no class, if `names` have some
            classes alone; else something beside the folders may name it.
    """
    read = cache(lambda folders: _read_place(folders, names, need_classes=need_classes))
    places = []
    for path in paths:
        *folders, name = PurePosixPath(path).parts
        ignored = names.ignored_by(name)
        places.append(Place(left_out=ignored) if ignored else read(tuple(folders)))
    return places


def read_file_names(
    paths: Sequence[str], places: Sequence[Place], names: Names
) -> list[Place] | None:
    """Read labels from the names of files, such as "male_angry_01.jpg".

    Args:
        paths: Of the pictures within the source.
        places: What their folders say, which is no label.
        names: How names are to be read.

    Returns:
        The places with labels, or None where the names of files do not tell them.
    """
    found = [
        None if place.left_out else _word_in(PurePosixPath(path).stem, names)
        for path, place in zip(paths, places, strict=True)
    ]
    taken = sum(place.left_out is None for place in places)
    labels = Counter(each.label or each.stray for each in found if each is not None)
    if len(labels) < 2 or labels.total() < _MOST * taken:
        return None
    return [
        place
        if place.left_out or place.problem not in (None, NO_CLASS)
        else replace(place, problem=NO_WORD, unread=())
        if each is None
        else replace(place, label=each.label, unread=(), left_out=each.left_out, problem=None)
        if each.stray is None
        else replace(place, unread=(each.stray,))
        for place, each in zip(places, found, strict=True)
    ]


def likely_words_of_files(paths: Sequence[str]) -> dict[str, str]:
    """Find words in the names of files that may mean labels, such as the AN of "KA.AN1.tiff".

    The last one of a name counts: those before may be of a person, as the AF of "AF01ANS.JPG".

    Returns:
        The label that each may mean; empty where not nearly all names have one.
    """
    found = [
        next(filter(likely_label, reversed(words_of(PurePosixPath(path).stem))), None)
        for path in paths
    ]
    meant = {word: label for word in found if word and (label := likely_label(word))}
    clear = len(found) - found.count(None)
    return meant if len(set(meant.values())) > 2 and clear >= _MOST * len(paths) else {}


def read_splits_of_files(paths: Sequence[str], places: Sequence[Place]) -> list[Place] | None:
    """Read splits from the first words of the names of files, such as "train_0001.jpg".

    Args:
        paths: Of the pictures within the source.
        places: What their folders, or the rest of their names, say.

    Returns:
        The places with splits, or None where a folder names one, or not all names tell them.
    """
    splits = [SPLIT_OF.get(next(iter(words_of(PurePosixPath(path).stem)), "")) for path in paths]
    told = {split for split, place in zip(splits, places, strict=True) if not place.left_out}
    if None in told or len(told) < 2 or any(place.split for place in places):
        return None
    return [replace(place, split=split) for place, split in zip(places, splits, strict=True)]


def _word_in(stem: str, names: Names) -> Meaning | None:
    """Return what the only word for a class in a file's name means."""
    meanings = {names.read(word) for word in words_of(stem) if not word.isdecimal()}
    classes = [each for each in meanings if each.label or each.stray or each.left_out]
    return classes[0] if len(classes) == 1 else None


def _read_place(folders: Folders, names: Names, *, need_classes: bool) -> Place:
    meanings = [names.read(folder) for folder in folders]
    pairs = list(zip(folders, meanings, strict=True))
    left_out = next((each.left_out for each in meanings if each.left_out), None)
    splits = list(dict.fromkeys(each.split for each in meanings if each.split))
    labels = list(dict.fromkeys(each.label for each in meanings if each.label))
    rest = "/".join(name for name, each in pairs if not (each.split or each.label))
    unread = tuple(name for name, each in pairs if each.stray or each.is_code or not each.is_known)
    problem = None
    if not labels:
        problem = NO_CLASS
    elif len(labels) > 1:
        problem = f"in two classes at once, {' and '.join(labels)}"
    elif len(splits) > 1:
        problem = f"in two splits at once, {' and '.join(splits)}"
    has_code = any(each.is_code for each in meanings)
    if need_classes and problem == NO_CLASS and names.reading.only and not has_code:
        left_out = left_out or f"{unread[-1] if unread else 'no folder'} (not in --only)"
    if left_out:
        return Place(left_out=left_out)
    return Place(next(iter(splits), None), next(iter(labels), None), rest, unread, problem=problem)

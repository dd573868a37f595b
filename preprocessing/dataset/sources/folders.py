"""Read splits and labels from the folders in which pictures lie, at any depth."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from preprocessing.dataset.sources.complaint import complaint
from preprocessing.dataset.sources.likely_words import likely_split, suggest
from preprocessing.dataset.sources.names import Names
from preprocessing.dataset.sources.places import (
    NO_SPLIT,
    Place,
    likely_words_of_files,
    read_file_names,
    read_places,
    read_splits_of_files,
)
from preprocessing.dataset.sources.vocabulary import core_of, words_of
from preprocessing.errors import DatasetError
from preprocessing.runtime.terminal import quoted

# Folders with so short numbers may be classes; longer ones are years and the like.
MOST_DIGITS = 2
# Where a smaller part of all folders have a word that is like one for a class, they are those of an
# album: "Surprise party", "Happy birthday".
_LEAST_LIKELY = 0.25
_WORDS_FOR_CLASSES = frozenset(("class", "label", "emotion", "expression"))
NOTE_OF_SPLITS = "note: splits were read from the names of files, such as {}"


@dataclass(frozen=True)
class Entry:
    """A picture of a source that is taken.

    Attributes:
        position: Among the paths given.
        label: Its label, or None for photos.
        split: `train`, `val`, `test`, or None for photos.
        folder: The folders on its path that name neither split nor label, such as a person's.
    """

    position: int
    label: str | None
    split: str | None
    folder: str = ""


@dataclass(frozen=True)
class Layout:
    """How the pictures of a source were read.

    Attributes:
        entries: The pictures that are taken, in order.
        is_labelled: Whether they have labels; else they are photos.
        left_out: Number of pictures left out, by the reason.
        notes: What people should know of how they were read.
    """

    entries: tuple[Entry, ...]
    is_labelled: bool
    left_out: Counter[str] = field(default_factory=Counter)
    notes: tuple[str, ...] = ()


def read_layout(paths: Sequence[str], names: Names, *, source: str) -> Layout:
    """Read what the folders of pictures say.

    Args:
        paths: Of the pictures within the source, with "/" between folders.
        names: How names are to be read.
        source: Name of the source, for messages.

    Raises:
        DatasetError: Some are not understood; the message shows the tree as it was read.
    """
    places = read_places(paths, names)
    notes: tuple[str, ...] = ()
    if not names.reading.is_unlabelled and not any(place.label for place in places):
        named = read_file_names(paths, places, names)
        if named is not None:
            places = named
            notes = (f"note: labels were read from the names of files, such as {paths[0]}",)
    is_labelled = not names.reading.is_unlabelled and _has_classes(places, names)
    if is_labelled:
        told = read_splits_of_files(paths, places)
        if told is not None:
            notes = (*notes, NOTE_OF_SPLITS.format(paths[0]))
        places = _without_split_named(places) if told is None else told
        if any(place.problem for place in places):
            raise DatasetError(complaint(paths, places, names, source=source))
        check_labels_found((place.label for place in places if not place.left_out), names, source)
    elif not names.reading.is_unlabelled and (likely := likely_words_of_files(paths)):
        meant = ",".join(f"{word}={label}" for word, label in sorted(likely.items()))
        raise DatasetError(
            f"{source}: no folder is named after an expression, but the names of files, such as "
            f"{paths[0]}, may tell what they show. Say what they mean with --map {quoted(meant)}, "
            "or take the pictures as photos without labels with --unlabelled."
        )
    entries = tuple(
        Entry(position, place.label, place.split or "train", place.folder)
        if is_labelled
        else Entry(position, None, None)
        for position, place in enumerate(places)
        if not place.left_out
    )
    if not entries:
        raise DatasetError(f"{source}: every picture is left out. Check --ignore.")
    left_out = Counter(place.left_out for place in places if place.left_out)
    return Layout(entries, is_labelled, left_out, notes)


def check_labels_found(labels: Iterable[str | None], names: Names, source: str) -> None:
    """Make sure that each label that was asked for has pictures.

    Raises:
        DatasetError: One has none.
    """
    found = set(labels)
    asked = names.reading.own_labels or names.reading.only
    if missing := [label for label in asked if label not in found]:
        raise DatasetError(
            f"{source}: No folder with pictures is named {' or '.join(missing)}. Say with --map "
            f"what is, as --map NAME={missing[0]}, or leave it out of the labels."
        )


def _has_classes(places: Sequence[Place], names: Names) -> bool:
    """Say whether folders are meant as classes: else the pictures are photos without labels."""
    reading = names.reading
    if reading.own_labels or reading.only or reading.mapping:
        return True
    codes, likely = set(), []
    for place in {place for place in places if not place.left_out}:
        if place.label or place.split:
            return True
        meanings = {name: names.read(name) for name in place.unread}
        if any(each.stray for each in meanings.values()):
            return True
        codes |= {name for name, each in meanings.items() if each.is_code and _is_small(name)}
        meant = {suggest(name) for name, each in meanings.items() if not each.is_code}
        likely.append(meant - {None})
    told = sum(map(bool, likely))
    return len(codes) > 1 or (len(set().union(*likely)) > 1 and told >= _LEAST_LIKELY * len(likely))


def _is_small(name: str) -> bool:
    """Say whether a number may be that of a class: "3" and "class_3", but not "person 3"."""
    words = [word for word in words_of(name) if not word.isdecimal()]
    is_alone = not words or not _WORDS_FOR_CLASSES.isdisjoint(words)
    return is_alone and len(core_of(name)) <= MOST_DIGITS


def _without_split_named(places: Sequence[Place]) -> list[Place]:
    """Mark pictures that are in no split, but in a folder that may stand for one."""
    unread = {name for place in places for name in place.unread}
    may_be = {likely_split(name) for name in unread} - {None}  # "my_train", "my_val"
    if len(may_be) < 2 and not any(place.split for place in places):
        return list(places)
    return [
        replace(place, problem=NO_SPLIT)
        if place.unread and not (place.split or place.problem or place.left_out)
        else place
        for place in places
    ]

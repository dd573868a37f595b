"""Read splits and labels from the folders in which pictures lie, at any depth."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import PurePosixPath

from preprocessing.errors import DatasetError
from preprocessing.sources.names import Names
from preprocessing.sources.tree import Folders, count_by_folder, draw_tree

# Folders that are named by such numbers may be classes; by larger ones, years and the like.
LARGEST_CODE = 99
NO_CLASS = "in no class folder"
NO_SPLIT = "in no split, while others are"


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
    """

    entries: tuple[Entry, ...]
    is_labelled: bool
    left_out: Counter[str] = field(default_factory=Counter)


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
    is_labelled = not names.reading.is_unlabelled and _has_classes(places, names)
    if is_labelled:
        places = _without_split_named(places)
        if any(place.problem for place in places):
            raise DatasetError(_complaint(paths, places, names, source=source))
        check_labels_found((place.label for place in places if not place.left_out), names, source)
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
    return Layout(entries, is_labelled, left_out)


def read_places(paths: Iterable[str], names: Names) -> list[Place]:
    """Read what the folders on each path say."""
    read = cache(lambda folders: _read_place(folders, names))
    places = []
    for path in paths:
        *folders, name = PurePosixPath(path).parts
        is_ignored = names.ignores(name)
        places.append(Place(left_out=f"{name} (--ignore)") if is_ignored else read(tuple(folders)))
    return places


def check_labels_found(labels: Iterable[str | None], names: Names, source: str) -> None:
    """Make sure that each label that was asked for has pictures.

    Raises:
        DatasetError: One has none.
    """
    found = set(labels)
    asked = names.reading.own_labels or names.reading.only
    if missing := [label for label in asked if label not in found]:
        raise DatasetError(f"{source}: No folder with pictures is named {' or '.join(missing)}.")


def expected(names: Names) -> str:
    """Say which folders are expected."""
    others = "" if names.reading.own_labels else " (or anger, fearful, happiness, ...)"
    return (
        f"Expected folders named {', '.join(names.reading.labels)}{others}, or these inside train, "
        "val and test, at any depth."
    )


def _read_place(folders: Folders, names: Names) -> Place:
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
    if problem == NO_CLASS and names.reading.only and not has_code:
        left_out = left_out or f"{unread[-1] if unread else 'no folder'} (not in --only)"
    if left_out:
        return Place(left_out=left_out)
    return Place(next(iter(splits), None), next(iter(labels), None), rest, unread, problem=problem)


def _has_classes(places: Sequence[Place], names: Names) -> bool:
    """Say whether folders are meant as classes: else the pictures are photos without labels."""
    reading = names.reading
    if reading.own_labels or reading.only or reading.mapping:
        return True
    codes = set()
    for place in set(places):
        if place.label or place.split:
            return True
        meanings = {name: names.read(name) for name in place.unread}
        if any(each.stray for each in meanings.values()):
            return True
        codes |= {name for name, each in meanings.items() if each.is_code and _is_small(name)}
    return len(codes) > 1


def _is_small(name: str) -> bool:
    return name.isdecimal() and int(name) <= LARGEST_CODE


def _without_split_named(places: Sequence[Place]) -> list[Place]:
    """Mark pictures that are in no split, but in a folder that may stand for one."""
    if not any(place.split for place in places):
        return list(places)
    return [
        replace(place, problem=NO_SPLIT)
        if place.unread and not (place.split or place.problem or place.left_out)
        else place
        for place in places
    ]


def _complaint(paths: Sequence[str], places: Sequence[Place], names: Names, *, source: str) -> str:
    wrong = [(path, place) for path, place in zip(paths, places, strict=True) if place.problem]
    counts = Counter(place.problem for _, place in wrong)
    first = {place.problem: path for path, place in reversed(wrong)}
    listed = "; ".join(
        f"{count:,} of {len(paths):,} pictures lie {problem} (as {first[problem]})"
        for problem, count in counts.items()
    )
    folders = [PurePosixPath(path).parts[:-1] for path in paths]
    tree = "\n".join(draw_tree(count_by_folder(folders), names))
    remedy = _remedy([path for path, _ in wrong], [place for _, place in wrong], names)
    if not any(place.label for place in places):
        remedy += " Photos without labels are taken with --unlabelled."
    return f"{source}: {listed}. It was read as\n{tree}\n{expected(names)} {remedy}"


def _remedy(paths: Sequence[str], places: Sequence[Place], names: Names) -> str:
    if unread := [name for place in places for name in place.unread]:
        is_split = all(place.problem == NO_SPLIT for place in places)
        return names.remedy(unread, default="train" if is_split else "LABEL")
    ignored = {PurePosixPath(path).name for path in paths}
    return f"Leave what is no example out with --ignore, as --ignore '{min(ignored)}'."

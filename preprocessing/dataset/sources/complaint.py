"""Say what is not understood of a source's folders, and what to do about it."""

from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath

from preprocessing.dataset.sources.likely_words import suggest
from preprocessing.dataset.sources.names import Names
from preprocessing.dataset.sources.places import NO_CLASS, NO_SPLIT, NO_WORD, Place
from preprocessing.dataset.sources.tree import count_by_folder, draw_tree
from preprocessing.runtime.terminal import quoted


def expected(names: Names) -> str:
    """Say which folders are expected."""
    others = "" if names.reading.own_labels else " (or anger, fearful, happiness, ...)"
    return (
        f"Expected folders named {', '.join(names.reading.labels)}{others}, or these inside train, "
        "val and test, at any depth."
    )


def complaint(paths: Sequence[str], places: Sequence[Place], names: Names, *, source: str) -> str:
    """Say which pictures lie where they are not understood, how they were read, and what to do.

    Args:
        paths: Of the pictures within the source.
        places: What their folders, or their names, say; at least one has a problem.
        names: How names are read.
        source: Name of the source.
    """
    wrong = [(path, place) for path, place in zip(paths, places, strict=True) if place.problem]
    counts = Counter(place.problem for _, place in wrong)
    first = {place.problem: path for path, place in reversed(wrong)}
    listed = "; ".join(
        f"{count:,} of {len(paths):,} pictures lie {problem} (as {first[problem]})"
        for problem, count in counts.items()
    )
    folders = [PurePosixPath(path).parts[:-1] for path in paths]
    tree = "\n".join(draw_tree(count_by_folder(folders), names))
    remedy = _remedy(paths, places, names)
    # One may be the name of a person, or of an event.
    if len({place.label for place in places} - {None}) < 2:
        remedy += " Photos without labels are taken with --unlabelled."
    return f"{source}: {listed}. It was read as\n{tree}\n{expected(names)} {remedy}"


def _remedy(paths: Sequence[str], places: Sequence[Place], names: Names) -> str:
    """Say what to do about the pictures whose places have a problem."""
    wrong = [(path, place) for path, place in zip(paths, places, strict=True) if place.problem]
    if meant := _may_be_meant(places, names):
        is_split = all(place.problem == NO_SPLIT for _, place in wrong)
        return names.remedy(meant, default="train" if is_split else "LABEL")
    first, place = wrong[0]
    if place.problem not in (NO_CLASS, NO_SPLIT, NO_WORD):
        return _remedy_for_two(PurePosixPath(first).parts[:-1], names)
    if len(wrong) == len(places):
        return (
            "Put the pictures into folders that are named after their classes, or write a CSV file "
            "with the columns path and label, and read it with --list."
        )
    fine = [path for path, place in zip(paths, places, strict=True) if not place.problem]
    stray = _only_of([path for path, _ in wrong], fine)
    if stray is None:
        return "Move files that are not examples out of the source."
    return f"Leave out files that are not examples with --ignore, as --ignore {quoted(stray)}."


def _only_of(wrong: Sequence[str], fine: Sequence[str]) -> str | None:
    """Return a folder that holds all wrong pictures and no right one, else the name of a wrong one.

    None where each of these is part of a right one's path too.
    """
    of_fine = {part for path in fine for part in PurePosixPath(path).parts}
    folders = [PurePosixPath(path).parts[:-1] for path in wrong]
    shared = [part for part in folders[0] if all(part in each for each in folders)]
    names = sorted(PurePosixPath(path).name for path in wrong)
    return next((each for each in (*shared, *names) if each not in of_fine), None)


def _may_be_meant(places: Sequence[Place], names: Names) -> list[str]:
    """Return the names of folders that may be meant as classes or splits.

    A folder on the way to pictures that are understood is none of them. One on the way to all
    pictures, such as that of a download, is only if it is like a word for a class.
    """
    unread = dict.fromkeys(name for place in places if place.problem for name in place.unread)
    understood = {name for place in places if not place.problem for name in place.unread}
    on_all_ways = set.intersection(*({*each.unread} for each in places if not each.left_out))
    return [
        name
        for name in unread
        if name not in understood and (name not in on_all_ways or _is_like_class(name, names))
    ]


def _is_like_class(name: str, names: Names) -> bool:
    meaning = names.read(name)
    return bool(meaning.stray or meaning.is_code or suggest(name))


def _remedy_for_two(folders: Sequence[str], names: Names) -> str:
    """Say what to do about a picture that lies in two classes, or in two splits, at once."""
    read = {folder: names.read(folder) for folder in folders}
    kind = "class" if len({each.label for each in read.values() if each.label}) > 1 else "split"
    named = [
        folder for folder, each in read.items() if (each.label if kind == "class" else each.split)
    ]
    return (
        f"Of the folders {' and '.join(named)} only one may be named after a {kind}. Rename the "
        "other, such as a person's, or leave it out with --ignore and its name."
    )

"""Draw the folders of a source as they were read, for messages."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from preprocessing.dataset.sources.names import Meaning, Names

MOST_SIBLINGS = 9
MOST_LINES = 40
_INDENT = "  "

Folders = tuple[str, ...]
"""The folders on the way to some pictures, outermost first."""


def draw_tree(counts: dict[Folders, int], names: Names) -> list[str]:
    """Return lines such as "train/  split train", with the number of pictures in each folder.

    Args:
        counts: Number of pictures that lie directly in each folder that has any.
        names: How names are read.
    """
    children: dict[Folders, set[str]] = defaultdict(set)
    for folders in counts:
        for depth, name in enumerate(folders):
            children[folders[:depth]].add(name)
    lines = list(_lines((), children, counts, names))
    if alone := counts.get((), 0):
        lines.append(f"{_INDENT}(no folder)  {_pictures(alone)}")
    if len(lines) > MOST_LINES:
        lines = [*lines[:MOST_LINES], f"{_INDENT}and {len(lines) - MOST_LINES} more lines"]
    return lines


def _lines(
    here: Folders, children: dict[Folders, set[str]], counts: dict[Folders, int], names: Names
) -> Iterator[str]:
    inside = sorted(children[here])
    for name in inside[:MOST_SIBLINGS]:
        folders = (*here, name)
        said = [describe(names.read(name))]
        if count := counts.get(folders, 0):
            said.append(_pictures(count))
        yield f"{_INDENT * (len(here) + 1)}{name}/  {', '.join(filter(None, said))}".rstrip()
        yield from _lines(folders, children, counts, names)
    if len(inside) > MOST_SIBLINGS:
        yield f"{_INDENT * (len(here) + 1)}and {len(inside) - MOST_SIBLINGS} more folders"


def describe(meaning: Meaning) -> str:
    """Say what a folder's name was read as."""
    if meaning.left_out:
        return "left out"
    if meaning.stray:
        return f"class {meaning.stray}, which the dataset does not have"
    said = [
        f"split {meaning.split}" if meaning.split else "",
        f"class {meaning.label}" if meaning.label else "",
    ]
    if any(said):
        return ", ".join(filter(None, said))
    if meaning.is_code:
        return "a number without a meaning"
    return "" if meaning.is_known else "neither split nor class"


def count_by_folder(paths: Iterable[Folders]) -> dict[Folders, int]:
    """Count pictures by the folders on their way."""
    counts: dict[Folders, int] = defaultdict(int)
    for folders in paths:
        counts[folders] += 1
    return counts


def _pictures(count: int) -> str:
    return f"{count:,} picture{'' if count == 1 else 's'}"

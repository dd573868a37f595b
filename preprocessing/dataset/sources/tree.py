"""Draw the folders of a source as they were read, for messages."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from preprocessing.dataset.sources.names import Meaning, Names

MOST_SIBLINGS = 9
MOST_LINES = 40
_INDENT = "  "

Folders = tuple[str, ...]
"""The folders on the way to some pictures, outermost first."""


@dataclass
class _Folder:
    """A folder: how many lie around it, the pictures directly in it, and its folders by name."""

    depth: int = 0
    pictures: int = 0
    inside: dict[str, "_Folder"] = field(default_factory=dict)

    def lines(self) -> list[tuple[str, "_Folder | None"]]:
        """Return the names of its folders with each, in order, and how many more there are."""
        shown = sorted(self.inside)[:MOST_SIBLINGS]
        more = len(self.inside) - len(shown)
        rest = [(f"{_INDENT * (self.depth + 1)}and {more:,} more folders", None)] if more else []
        return [*((name, self.inside[name]) for name in shown), *rest]


def draw_tree(counts: dict[Folders, int], names: Names) -> list[str]:
    """Return lines such as "train/  split train", with the number of pictures in each folder.

    Args:
        counts: Number of pictures that lie directly in each folder that has any.
        names: How names are read.
    """
    top = _tree(counts)
    lines, more = list[str](), 0
    # No call for each folder, for an archive can have more in each other than calls can be.
    waiting = top.lines()[::-1]
    while waiting:
        name, folder = waiting.pop()
        if len(lines) == MOST_LINES:
            more += 1
        else:
            lines.append(name if folder is None else _line(name, folder, names))
        waiting += folder.lines()[::-1] if folder else ()
    if top.pictures and not more:
        lines.append(f"{_INDENT}(no folder)  {_pictures(top.pictures)}")
    return [*lines, f"{_INDENT}and {more:,} more lines"] if more else lines


def _tree(counts: dict[Folders, int]) -> _Folder:
    top = _Folder()
    for folders, count in counts.items():
        here = top
        for depth, name in enumerate(folders, start=1):
            here = here.inside.setdefault(name, _Folder(depth))
        here.pictures = count
    return top


def _line(name: str, folder: _Folder, names: Names) -> str:
    said = [describe(names.read(name)), _pictures(folder.pictures) if folder.pictures else ""]
    return f"{_INDENT * folder.depth}{name}/  {', '.join(filter(None, said))}".rstrip()


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

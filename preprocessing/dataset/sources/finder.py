"""Find the picture that a line of a list means, on whatever machine the list was written."""

import itertools
import posixpath
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from urllib.parse import unquote

from preprocessing.dataset.sources.vocabulary import fold
from preprocessing.errors import DatasetError
from preprocessing.images.formats.others import BASE64, name_of_other

MOST_UNQUOTED = 3
"""How often the signs of an address may be written with % in one another."""
LABEL_STUDIO_MARK = "[0-9a-f]{8}-"
"""What Label Studio puts before the name of a picture that it keeps, as a regular expression."""
# What it puts before the path of one that it keeps, or that lies on its disk.
_LABEL_STUDIO = re.compile(rf"^.*?/data/(?:upload/\d+/(?:{LABEL_STUDIO_MARK})?|local-files/\?d=)")
# What programs that cut out faces add to the name of a picture, as in RAF-DB.
_CUT_OUT = re.compile(r"_(?:aligned|cropped|crop|face)$", re.IGNORECASE)


class PictureFinder:
    """Finds pictures by paths that may be absolute, of Windows, addresses, or without folders.

    Neither case nor the way in which accents are stored makes a difference where only one picture
    can be meant.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._by_name = {name: position for position, name in enumerate(names)}
        self._by_last: dict[str, list[int]] = defaultdict(list)
        whole: dict[str, list[int]] = defaultdict(list)
        for position, name in enumerate(names):
            last = PurePosixPath(name)
            # Lists may leave out what all pictures end with.
            for known in {fold(last.name), fold(last.stem)}:
                self._by_last[known].append(position)
            if (stem := _CUT_OUT.sub("", last.stem)) != last.stem:
                for known in {fold(stem + last.suffix), fold(stem)}:
                    whole[known].append(position)
        # A picture of that very name is meant before what was cut out of it.
        self._by_last = {**whole, **self._by_last}

    def find(self, path: str, *, beside: str = "") -> int:
        """Return the position of the picture that a path means.

        Args:
            path: As a list has it.
            beside: Folder of the list within the source, "" if it lies elsewhere. Paths may begin
                there, and of several pictures the nearest to it is meant.

        Raises:
            DatasetError: There is none, or there are several.
        """
        found = next(filter(None, (self._meant(each, beside) for each in _ways(path))), [])
        if not found and name_of_other(path.encode("utf-8", "replace")) == BASE64:
            raise DatasetError("it is the picture itself; save it as a file, and write its name")
        if not found:
            raise DatasetError("there is no such picture")
        if len(found) > 1:
            found = self._nearest(found, beside)
        if len(found) > 1:
            listed = " or ".join(self._names[position] for position in found[:2])
            raise DatasetError(f"it may be {listed}; write more of its path")
        return found[0]

    def _nearest(self, positions: Sequence[int], folder: str) -> list[int]:
        """Return the pictures whose paths share the most leading folders with a folder's."""
        shared = [self._shared(each, folder) for each in positions]
        most = max(shared)
        return [each for each, folders in zip(positions, shared, strict=True) if folders == most]

    def _shared(self, position: int, folder: str) -> int:
        pairs = zip(PurePosixPath(self._names[position]).parts, folder.split("/"), strict=False)
        return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))

    def _meant(self, path: str, beside: str) -> list[int]:
        """Return the positions of the pictures that a path may mean, as it is written.

        Raises:
            DatasetError: It has no name in it.
        """
        for whole in (posixpath.normpath(posixpath.join(beside, path)), path):
            if whole in self._by_name:
                return [self._by_name[whole]]
        parts = [part for part in path.replace("\\", "/").split("/") if part not in ("", ".", "..")]
        if not parts:
            raise DatasetError("it names no picture")
        wanted = tuple(fold(part) for part in parts)
        return [each for each in self._by_last.get(wanted[-1], ()) if self._agree(each, wanted)]

    def _agree(self, position: int, wanted: tuple[str, ...]) -> bool:
        """Say whether two paths name the same folders, from the last back, where both name one."""
        folders = [fold(part) for part in PurePosixPath(self._names[position]).parts[:-1]]
        pairs = zip(reversed(folders), reversed(wanted[:-1]), strict=False)
        return all(one == two for one, two in pairs)


def _ways(path: str) -> Iterator[str]:
    """Yield a path as it is written, and as it may be meant."""
    yield path
    if (bare := _LABEL_STUDIO.sub("", path)) != path:
        yield bare
        path = bare
    # What follows "?" in an address says nothing; some are quoted with %, even twice.
    for _ in range(MOST_UNQUOTED):
        if (plain := unquote(path.partition("?")[0])) == path:
            return
        path = plain
        yield path

"""Find the picture that a line of a list means, on whatever machine the list was written."""

import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from pathlib import PurePosixPath
from urllib.parse import unquote

from preprocessing.errors import DatasetError

MOST_UNQUOTED = 3
"""How often the signs of an address may be written with % in one another."""


class PictureFinder:
    """Finds pictures by paths that may be absolute, of Windows, addresses, or without folders.

    Neither case nor the way in which accents are stored makes a difference where only one picture
    can be meant.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._by_name = {name: position for position, name in enumerate(names)}
        self._by_last: dict[str, list[int]] = defaultdict(list)
        for position, name in enumerate(names):
            last = PurePosixPath(name)
            # Lists may leave out what all pictures end with.
            for known in {_form(last.name), _form(last.stem)}:
                self._by_last[known].append(position)

    def find(self, path: str) -> int:
        """Return the position of the picture that a path means.

        Raises:
            DatasetError: There is none, or there are several.
        """
        found = self._meant(path)
        # Of an address, what follows "?" says nothing; some are written with %, or twice so.
        for _ in range(MOST_UNQUOTED):
            if found or (plain := unquote(path.partition("?")[0])) == path:
                break
            path = plain
            found = self._meant(path)
        if not found:
            raise DatasetError("there is no such picture")
        if len(found) > 1:
            listed = " or ".join(self._names[position] for position in found[:2])
            raise DatasetError(f"it may be {listed}; write more of its path")
        return found[0]

    def _meant(self, path: str) -> list[int]:
        """Return the positions of the pictures that a path may mean, as it is written.

        Raises:
            DatasetError: It has no name in it.
        """
        if path in self._by_name:
            return [self._by_name[path]]
        parts = [part for part in path.replace("\\", "/").split("/") if part not in ("", ".", "..")]
        if not parts:
            raise DatasetError("it names no picture")
        wanted = tuple(_form(part) for part in parts)
        return [each for each in self._by_last.get(wanted[-1], ()) if self._agree(each, wanted)]

    def _agree(self, position: int, wanted: tuple[str, ...]) -> bool:
        """Say whether the folders of a picture end as those wanted do, or those wanted as they."""
        folders = [_form(part) for part in PurePosixPath(self._names[position]).parts[:-1]]
        pairs = zip(reversed(folders), reversed(wanted[:-1]), strict=False)
        return all(one == two for one, two in pairs)


def _form(part: str) -> str:
    return unicodedata.normalize("NFC", part).casefold().strip()

"""Where `predict` writes copies of pictures with the faces marked."""

import hashlib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from preprocessing.errors import MienError
from preprocessing.images.encode import encode_png
from preprocessing.images.types import RgbImage
from preprocessing.runtime.cli import prepare_folder, refuse_overwriting
from preprocessing.runtime.files import MOST_NAME_BYTES, write_whole
from serving.cli.given import GivenPicture


@dataclass(frozen=True)
class MarkedCopies:
    """Where marked copies go.

    Attributes:
        folder: That all of them lie in.
        keeps_folders: Whether each lies there in the folders of its picture, because two pictures
            have the same name.
    """

    folder: Path
    keeps_folders: bool

    def path(self, given: GivenPicture) -> Path:
        """Return the path of the copy of a picture."""
        parts = given.inside.parts
        folders = parts[:-1] if self.keeps_folders else ()
        return self.folder.joinpath(*map(_as_name, folders), _as_name(parts[-1], suffix=".png"))

    def write(self, given: GivenPicture, rgb: RgbImage) -> None:
        """Write the copy of a picture, uint8 (height, width, 3)."""
        path = self.path(given)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, encode_png(rgb))


def _as_name(part: str, *, suffix: str = "") -> str:
    """Return the name of a file or folder here for one elsewhere.

    Names in an archive may be of another system, and lead elsewhere here, or nowhere. Of one that
    would be too long a digest of all of it takes the place of the end.
    """
    name = re.sub(r"[\\/:\0]", "_", part)
    if len(os.fsencode(name + suffix)) > MOST_NAME_BYTES:
        suffix = f"-{hashlib.sha256(os.fsencode(name)).hexdigest()[:16]}{suffix}"
        name = os.fsencode(name)[: MOST_NAME_BYTES - len(suffix)].decode(errors="ignore")
    return name + suffix


def prepare_copies(
    folder: Path, pictures: Sequence[GivenPicture], *, overwrite: bool
) -> MarkedCopies:
    """Make the folder of marked copies ready.

    Raises:
        MienError: A copy is there already and may not be replaced, or two pictures have the same
            name in the same folders.
    """
    for keeps_folders in (False, True):
        copies = MarkedCopies(folder, keeps_folders)
        paths = [copies.path(picture) for picture in pictures]
        if len({*paths}) == len(paths):
            refuse_overwriting(paths, overwrite=overwrite)
            prepare_folder(folder)
            return copies
    first: dict[Path, GivenPicture] = {}
    for path, picture in zip(paths, pictures, strict=True):
        if path in first:
            break
        first[path] = picture
    raise MienError(
        f"{first[path].path} and {picture.path} have the same name. Mark them in two runs, in two "
        "folders."
    )

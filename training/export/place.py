"""Where a bundle is written before it appears."""

import shutil
from pathlib import Path

from preprocessing.bundle.spec import SPEC_NAME
from preprocessing.errors import MienError
from preprocessing.runtime.files import naming


def make_place(bundle: Path, *, overwrite: bool) -> Path:
    """Make the empty folder, beside a bundle that is to be, in which its files are written.

    Args:
        bundle: The folder that is to appear when all is done.
        overwrite: Whether it may replace a bundle that is there.

    Raises:
        MienError: `bundle` holds something that is not to be replaced, or has no name, as `.`.
        OSError: Its folder may not be written to.
    """
    if not bundle.name:
        raise MienError(f"{bundle} cannot become a bundle. Name a folder in it.")
    if bundle.exists() and any(bundle.iterdir()):
        if not overwrite:
            raise MienError(f"{bundle} is not empty. Choose another folder, or use --overwrite.")
        if not (bundle / SPEC_NAME).is_file():
            raise MienError(f"{bundle} is no bundle and is left alone. Choose another folder.")
    place = bundle.with_name(bundle.name + ".partial")
    shutil.rmtree(place, ignore_errors=True)
    with naming(bundle, place):
        place.mkdir(parents=True)
    return place

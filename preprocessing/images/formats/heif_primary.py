"""Have the primary picture of a HEIC or AVIF file shown, though its item says that it is hidden.

The standard forbids that. Browsers show the picture, but libheif refuses the file.
"""

import re

# The box that tells the number of the primary item, of two bytes or four.
_PRIMARY = re.compile(rb"pitm(?:\0\0\0\0(..)|\x01\0\0\0(....))", re.DOTALL)
_ENTRY, _HIDDEN, _SHOWN = b"infe", b"\0\0\1", b"\0\0\0"
# The version of an entry by the length of its item's number.
_VERSIONS = {2: b"\2", 4: b"\3"}


def show_primary(described: bytes) -> bytes:
    """Return the box that describes the pictures of a file, with its primary item not hidden."""
    found = _PRIMARY.search(described)
    if found is None:
        return described
    number = found[1] or found[2]
    entry = _ENTRY + _VERSIONS[len(number)]
    return described.replace(entry + _HIDDEN + number, entry + _SHOWN + number, 1)

"""Undo what a transfer in text mode does to a picture: it writes a byte 13 before each byte 10."""

import re

_JPEG, _SCAN = b"\xff\xd8\xff", b"\xff\xda"
_PNG = b"\x89PNG\r\r\n\x1a\r\n"
_LINE_FEED, _LINE_END = b"\n", b"\r\n"
_ALONE = re.compile(rb"(?<!\r)\n")
# One byte in 256 of a scan is a line feed, after any other byte. If this many follow a carriage
# return, without one that does not, that is no chance.
LEAST_LINE_ENDS = 8


def undo_text_mode(data: bytes) -> bytes:
    """Return a JPEG or PNG file as it was before its line feeds became line ends of Windows.

    Nothing is lost by that, for each line feed has got its byte 13, whatever stood before it.
    Browsers show such a JPEG file as noise, and such a PNG file not at all.

    Args:
        data: Any file.

    Returns:
        The file itself where it was not changed.
    """
    return data.replace(_LINE_END, _LINE_FEED) if _was_changed(data) else data


def _was_changed(data: bytes) -> bool:
    if data.startswith(_PNG):
        return True
    # Before a scan, metadata may be text.
    start = data.find(_SCAN) if data.startswith(_JPEG) else -1
    return (
        start >= 0
        and _ALONE.search(data, start) is None
        and data.count(_LINE_END, start) >= LEAST_LINE_ENDS
    )

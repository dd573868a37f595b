"""Name pictures of formats that are not read, so that whoever sent one knows what to do."""

import re

# By how a file begins.
_NAMES = (
    (re.compile(rb"\xff\x0a|\0\0\0\x0cJXL "), "a JPEG XL file"),
    (re.compile(rb"\xff\x4f\xff\x51|\0\0\0\x0cjP  "), "a JPEG 2000 file"),
    (re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml.{0,500})?<svg", re.DOTALL), "an SVG drawing"),
    (re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype\s+html|html)\b", re.IGNORECASE), "a web page"),
    (re.compile(rb"8BPS"), "a Photoshop file"),
    (re.compile(rb"%PDF"), "a PDF file"),
    (
        re.compile(rb".{4}ftypcrx |FUJIFILMCCD-RAW|II(?:U\0|R[OS])", re.DOTALL),
        "a camera's raw file",
    ),
    (re.compile(rb".{4}ftyp|\x1aE\xdf\xa3|RIFF.{4}AVI ", re.DOTALL), "a video"),
)


def name_of_other(data: bytes) -> str | None:
    """Name the format of a file that is no picture that is read; None where it is not known."""
    return next((name for start, name in _NAMES if start.match(data)), None)

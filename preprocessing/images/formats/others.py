"""Name pictures of formats that are not read, so that whoever sent one knows what to do."""

import re

from preprocessing.images.formats.kinds import OF_APP, TAR_MAGIC, TAR_MAGIC_AT

# A prologue and comments before a drawing. What was taken for one of them is not taken otherwise,
# or a file of nothing but comments would take for ever.
_BEFORE_DRAWING = rb"(?>(?:<\?xml[^>]*>|<!--.*?-->|<!DOCTYPE\s+svg[^\[>]*(?:\[[^\]]*\]\s*)?>)\s*)*+"
ARCHIVE, BASE64, VIDEO = "an archive or a document", "Base64 text", "a video"
GIT_POINTER = "what Git keeps in place of a large file until git lfs pull fetches it"
# By how a file begins.
_NAMES = {
    rb"version https://git-lfs": GIT_POINTER,
    rb"\xff\x0a|\0\0\0\x0cJXL ": "a JPEG XL file",
    rb"\xff\x4f\xff\x51|\0\0\0\x0cjP  ": "a JPEG 2000 file",
    rb"II\xbc\x01": "a JPEG XR file",
    rb"icns": "an Apple icon",
    OF_APP.pattern: "a PNG file as it lies in an app for Apple's phones",
    rb"(?:\xef\xbb\xbf)?\s*" + _BEFORE_DRAWING + rb"<svg\b": "an SVG drawing",
    rb"(?:\xef\xbb\xbf)?\s*<(?i:!doctype\s+html|html)\b": "a web page",
    rb"8BPS": "a Photoshop file",
    rb"gimp xcf": "a GIMP file",
    rb"%!PS|\xc5\xd0\xd3\xc6": "a PostScript file",
    rb"%PDF": "a PDF file",
    rb"PK(?:\x03\x04|\x05\x06)|\x1f\x8b|Rar!|7z\xbc\xaf|\xd0\xcf\x11\xe0|\{\\rtf|AT&TFORM": ARCHIVE,
    rb"\xfd7zXZ\0|BZh[1-9]1AY&SY|\x28\xb5\x2f\xfd": ARCHIVE,  # compressed, as tar files often are
    b".{%d}%s" % (TAR_MAGIC_AT, TAR_MAGIC): ARCHIVE,
    rb"PAR1|ARROW1|\x89HDF|\x93NUMPY|MATLAB 5|SQLite format|\x80[\x02-\x05][}\]cX(\x95]": (
        "a file of tables or arrays"
    ),
    rb"\0\x05\x16\x07": "a Mac's record of another file, the one without ._ in its name",
    rb".{4}ftypcrx |FUJIFILMCCD-RAW|II(?:U\0|R[OS])|\0MRM|FOVb": "a camera's raw file",
    rb".{4}(?:ftyp|moov|wide|skip|mdat|free)|\x1aE\xdf\xa3|RIFF.{4}AVI |\0\0\x01\xba": VIDEO,
    rb"(?:data:image/[a-z+.-]+;base64,)?(?:/9j/|iVBORw0KGgo)": BASE64,
    # What UTF-8, and line ends of another system, make of the first bytes of JPEG and PNG files.
    rb"(?:\xef\xbf\xbd){3}|\xc3\xbf\xc3\x98\xc3\xbf|(?:\xef\xbf\xbd|\xc2?\x89)PNG\s": (
        "a picture that was sent as text and not as bytes"
    ),
}
_STARTS = [(re.compile(start, re.DOTALL), name) for start, name in _NAMES.items()]
# A drawing's prologue is read up to here.
_MOST_BYTES = 16_384


def name_of_other(data: bytes) -> str | None:
    """Name the format of a file that is no picture that is read; None where it is not known."""
    return next((name for start, name in _STARTS if start.match(data, 0, _MOST_BYTES)), None)

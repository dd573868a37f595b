"""Say what to do with files that are no source of pictures, by their kind."""

from collections.abc import Iterable

from preprocessing.dataset.sources.files import PARQUET_SUFFIX
from preprocessing.images.formats.others import GIT_POINTER, name_of_other

SHEET_SUFFIXES = (
    ".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".numbers",
    ".sav", ".zsav", ".dta", ".sas7bdat", ".rds",
)  # fmt: skip
"""Spreadsheets, and tables of SPSS, Stata, SAS and R."""
_ARRAY_SUFFIXES = (
    ".npy", ".npz", ".h5", ".hdf5", ".mat", ".pkl", ".pickle", ".pt", ".pth", ".tfrecord",
    ".tfrecords", ".arrow", ".mdb", ".lmdb",
)  # fmt: skip
VIDEO_SUFFIXES = (".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v")
_OTHER_PICTURES = (".jxl", ".jp2", ".j2k", ".psd", ".svg", ".pdf", ".cr3", ".raf", ".x3f", ".tga")
_PARTS = (".001", ".002", ".z01")
_ADVICE = {
    SHEET_SUFFIXES: " Save the table as a CSV file.",
    _ARRAY_SUFFIXES: " Arrays and databases are not read: save each picture as a PNG file, in a "
    "folder named after its class.",
    (PARQUET_SUFFIX,): " Parquet files are read where a column such as image has the bytes of the "
    "pictures; unpack an archive of them.",
    VIDEO_SUFFIXES: " Videos are not read: save frames of them as pictures.",
    _PARTS: " Parts of a split archive are not read: unpack the whole, as with 7-Zip, and name the "
    "folder.",
    _OTHER_PICTURES: " Pictures of this kind are not read: save them as JPEG or PNG files.",
}
SEVERAL_TABLES = (
    "Name the one that you mean, or join them into one, with a column Usage that says train, val "
    "or test."
)
"""What to do with several tables of pictures, of which one is read."""


def advice_for(suffixes: Iterable[str], head: bytes = b"") -> str:
    """Say what to do with files that are not read, as the end of a message; empty if not known.

    Args:
        suffixes: Ends of their names, in lower case.
        head: How the only one begins.
    """
    if head.lstrip().startswith(b"<"):
        return " It holds a web page, not what was to be downloaded: download it again."
    if name_of_other(head) == GIT_POINTER:
        return " It only says where Git keeps the file: fetch that with git lfs pull."
    # The parts of TFDS: ".tfrecord-00000-of-00001".
    found = {suffix.partition("-")[0] for suffix in suffixes}
    ways = (way for ends, way in _ADVICE.items() if not found.isdisjoint(ends))
    return next(ways, "")

"""Write text into tables so that no spreadsheet takes it for a formula."""

import unicodedata

# Excel, LibreOffice and Google Sheets run what begins so, some of them in full width too.
_RUN = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
# Unicode's: control and format characters, spaces. Programs pass over some of them before a sign.
_UNSEEN = {"Cc", "Cf", "Zs"}
# What spreadsheets themselves write before text that is to stay text.
_AS_TEXT = "'"


def as_text(cell: str) -> str:
    """Return a cell that shows the text and runs nothing: with an apostrophe before it if need be.

    Args:
        cell: Text that came from elsewhere, as the name of a file.
    """
    seen = next((each for each in cell if unicodedata.category(each) not in _UNSEEN), "")
    return _AS_TEXT + cell if cell.startswith(_RUN) or seen in _RUN else cell

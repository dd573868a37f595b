"""Write text into tables so that no spreadsheet takes it for a formula."""

# Excel, LibreOffice and Google Sheets run what begins so, some of them in full width too.
_RUN = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
# What spreadsheets themselves write before text that is to stay text.
_AS_TEXT = "'"


def as_text(cell: str) -> str:
    """Return a cell that shows the text and runs nothing: with an apostrophe before it if need be.

    Args:
        cell: Text that came from elsewhere, as the name of a file.
    """
    return _AS_TEXT + cell if cell.lstrip(" ").startswith(_RUN) else cell

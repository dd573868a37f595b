"""Split a line of a table into cells, with or without quotes around them."""

import re

from preprocessing.errors import DatasetError

_QUOTED = {
    quote: re.compile(f" *{quote}([^{quote}]*(?:{quote}{quote}[^{quote}]*)*){quote} *")
    for quote in "\"'"
}
# With spaces between cells, those within quotes are part of a cell.
_SPACED = re.compile(r"""(?:"[^"]*"|'[^']*')(?=\s|$)|\S+""")


def split_cells(line: str, delimiter: str, *, name: str) -> list[str]:
    """Split a line into cells, without quotes and spaces around them.

    Args:
        line: The line.
        delimiter: Between cells; a space means any number of spaces and tabs.
        name: Of file and line, for messages.

    Raises:
        DatasetError: A quoted cell does not end.
    """
    if delimiter == " ":
        return [_bare(cell) for cell in _SPACED.findall(line)]
    if '"' in line:
        return _split_quoted(line, delimiter, '"', name)
    if "'" in line:
        return _split_quoted(line, delimiter, "'", name)
    return [cell.strip() for cell in line.split(delimiter)]


def _split_quoted(line: str, delimiter: str, quote: str, name: str) -> list[str]:
    cells = []
    start = 0
    while start <= len(line):
        quoted = _QUOTED[quote].match(line, start)
        if quoted and line[quoted.end() : quoted.end() + 1] in ("", delimiter):
            cells.append(quoted[1].replace(2 * quote, quote).strip())
            end = quoted.end()
        else:
            end = line.find(delimiter, start)
            end = len(line) if end < 0 else end
            cell = line[start:end].strip()
            if cell.startswith('"') and quote == '"':
                raise DatasetError(
                    f"{name}: a cell that begins with a quote does not end with one on its line. "
                    f"Write each row on one line. Received: {cell[:20]!r}"
                )
            cells.append(_bare(cell))
        start = end + 1
    return cells


def _bare(cell: str) -> str:
    """Return a cell without the quotes around it."""
    is_quoted = len(cell) > 1 and cell[0] == cell[-1] and cell[0] in _QUOTED
    return cell[1:-1].strip() if is_quoted else cell

"""Show text from elsewhere, such as names of files, on a terminal."""

import os
import re
import shlex

# Longest line that is shown; commands that a message proposes are shorter.
_MOST_LETTERS = 2_000


def readable(name: str) -> str:
    """Write out the bytes of a file's name that are no UTF-8, so that it can be shown and kept."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def for_terminal(text: str) -> str:
    """Return a text that a terminal shows as it is, for a name may hold control sequences."""
    return "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}"
        for character in readable(text)
    )


def quoted(text: str) -> str:
    """Return a text as one argument of a command that a message proposes, whatever is in it."""
    if not re.search(r"[^\w,=.+-]", text):
        return text
    # To a command prompt of Windows, single quotes are letters like others.
    return f'"{text}"' if os.name == "nt" else shlex.quote(text)


def lines_for_terminal(text: str) -> str:
    """Return lines of text as `for_terminal` does each, without the rest of very long ones."""
    return "\n".join(
        for_terminal(line if len(line) <= _MOST_LETTERS else f"{line[:_MOST_LETTERS]}...")
        for line in text.split("\n")
    )

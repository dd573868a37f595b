"""Show text from elsewhere, such as names of files, on a terminal."""

from preprocessing.dataset.sources.types import readable


def for_terminal(text: str) -> str:
    """Return a text that a terminal shows as it is, for a name may hold control sequences."""
    return "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}"
        for character in readable(text)
    )

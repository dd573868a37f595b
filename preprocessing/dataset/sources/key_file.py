"""Read what the numbers of class folders mean from a file beside them, to be proposed in messages.

Such as `classes.txt` with a word a line, `labels.txt` with "0 happy", or a JSON object of numbers
and words, which many programs that train networks write.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from preprocessing.dataset.sources.compressed import HEAD_BYTES
from preprocessing.dataset.sources.csv_lines import to_utf8
from preprocessing.dataset.sources.folders import MOST_DIGITS
from preprocessing.dataset.sources.likely_words import suggest
from preprocessing.dataset.sources.names import Names
from preprocessing.dataset.sources.stores import PictureStore
from preprocessing.dataset.sources.vocabulary import core_of
from preprocessing.runtime.terminal import quoted
from preprocessing.runtime.typed_json import parse_json

# Files that are looked into.
_MOST_FILES = 10
_NUMBERED = re.compile(r"(\d{1,2})[\s,;:=.|-]+(\S.*)")
_NUMBER_LAST = re.compile(r"(\S.*?)[\s,;:=|-]+(\d{1,2})")


def key_beside(store: PictureStore, names: Names) -> str | None:
    """Say which file tells what the numbers of folders mean, and the options to add.

    Args:
        store: The pictures, and the files beside them.
        names: How the names of folders are read.

    Returns:
        A part of a sentence; None where no folder is a number, or no file has a word for each.
    """
    folders = {part for name in store.names for part in PurePosixPath(name).parts[:-1]}
    codes = {folder: core_of(folder) for folder in folders if names.read(folder).is_code}
    if len(codes) < 2 or max(map(len, codes.values())) > MOST_DIGITS:
        return None
    numbers = {*map(int, codes.values())}
    for file in store.tables[:_MOST_FILES]:
        head = store.head(file)
        if len(head) == HEAD_BYTES:  # too long to be one
            continue
        words = _read_key(to_utf8(head).decode("utf-8", "replace"), numbers)
        meant = {code: _label_of(words[code], names) for code in codes.values() if code in words}
        if len(meant) == len(codes) and all(meant.values()):
            return f"{file} tells what the numbers mean: add {_options(meant, names)}"
    return None


def _read_key(text: str, numbers: set[int]) -> Mapping[str, str]:
    """Return the word for each number, both as they are written.

    Args:
        text: The content of a file.
        numbers: Of the folders.
    """
    try:
        read = parse_json(text)
    except ValueError:
        lines = [line.strip().strip('"') for line in text.splitlines() if line.strip()]
        return dict(_pairs_of_lines(lines)) or dict(_counted(lines, numbers))
    if isinstance(read, list):
        return dict(_counted([str(word) for word in read], numbers))
    return dict(_pairs_of_json(read))


def _counted(words: Sequence[str], numbers: set[int]) -> Iterator[tuple[str, str]]:
    """Number words from 0 or from 1, as the folders are; none where both are possible.

    Folders 1 to 6 beside seven words may lack the first class, or the last.
    """
    least, most = min(numbers), max(numbers)
    if least == 0 or (least == 1 and most == len(words)):
        yield from ((str(least + place), word) for place, word in enumerate(words))


def _pairs_of_lines(lines: list[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        if found := _NUMBERED.fullmatch(line):
            yield str(int(found[1])), found[2]
        elif found := _NUMBER_LAST.fullmatch(line):
            yield str(int(found[2])), found[1]


def _pairs_of_json(read: Any) -> Iterator[tuple[str, str]]:
    for one, other in read.items() if isinstance(read, dict) else ():
        number, word = (other, one) if isinstance(other, int) else (one, other)
        if str(number).isdecimal() and isinstance(word, str):
            yield str(int(number)), word


def _label_of(word: str, names: Names) -> str | None:
    meaning = names.read(word)
    return meaning.label or meaning.stray or suggest(word)


def _options(meant: Mapping[str, str | None], names: Names) -> str:
    known = [f"{code}={label}" for code, label in meant.items() if label in names.reading.labels]
    others = [code for code, label in meant.items() if label not in names.reading.labels]
    named = {"--map": known, "--ignore": others}
    return " ".join(
        f"{option} {quoted(','.join(sorted(words)))}" for option, words in named.items() if words
    )

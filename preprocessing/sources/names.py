"""How a source's names are to be read: which are labels, which are splits, what to leave out."""

import fnmatch
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from preprocessing.dataset.labels import FER2013_LABELS, SPLITS
from preprocessing.errors import DatasetError, MienError
from preprocessing.sources.vocabulary import (
    CODES,
    LABEL_OF,
    code_of,
    core_of,
    fold,
    split_and_label,
    suggest,
    words_of,
)


@dataclass(frozen=True)
class Reading:
    """What can be chosen about the reading of folders, tables and lists.

    Attributes:
        own_labels: Of one's own, in lower case and in the order of their class indices; empty for
            FER2013's. A class that is none of them is an error.
        only: The labels to take, in the order of their class indices; empty for all. Other classes
            are left out.
        mapping: Pairs of a name (of a folder, or in a table) and the label or split that it means.
        ignore: Names of folders, files or classes to leave out; `*` and `?` stand for any letters.
        lists: CSV files that name pictures, their labels and splits.
        is_unlabelled: Whether the pictures are photos without labels, whatever their folders say.
    """

    own_labels: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    mapping: tuple[tuple[str, str], ...] = ()
    ignore: tuple[str, ...] = ()
    lists: tuple[Path, ...] = ()
    is_unlabelled: bool = False

    def __post_init__(self) -> None:
        if self.own_labels and self.only:
            raise MienError("Give either labels of your own or labels to take only, not both.")
        for name, labels in (("Labels of one's own", self.own_labels), ("--only", self.only)):
            words = {label for label in labels if label and label == label.strip().lower()}
            if labels and len(words) < max(2, len(labels)):
                raise MienError(
                    f"{name} must be two or more different words in lower case. "
                    f"Received: {', '.join(labels)}"
                )
        if self.is_unlabelled and (self.own_labels or self.only or self.mapping or self.lists):
            raise MienError("Photos without labels cannot be read with labels, a map or a list.")
        for name, meaning in self.mapping:
            if not name.strip() or self._target(meaning) == (None, None):
                near = suggest(meaning)
                raise MienError(
                    f"--map {name}={meaning}: expected NAME=LABEL or NAME=SPLIT, with one of "
                    f"{', '.join((*self.labels, *SPLITS))}."
                    + (f" Did you mean {near}?" if near else "")
                )

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels that pictures can have."""
        return self.own_labels or self.only or FER2013_LABELS

    def meaning_of_map(self, name: str) -> tuple[str | None, str | None]:
        """Return the split or the label that the mapping gives to a name, or None and None."""
        meanings = dict(self.mapping)
        key = _find(name, tuple(meanings))
        return (None, None) if key is None else self._target(meanings[key])

    def record(self) -> dict[str, Any]:
        """Return what differs from the default and is not told by the labels, for the manifest."""
        record = {
            "map": [f"{name}={meaning}" for name, meaning in self.mapping],
            "only": list(self.only),
            "ignore": list(self.ignore),
            "lists": [path.name for path in self.lists],
        }
        return {name: values for name, values in record.items() if values}

    def _target(self, meaning: str) -> tuple[str | None, str | None]:
        for label in self.own_labels + self.only:
            if fold(label) == fold(meaning):
                return None, label
        found = split_and_label(meaning)
        if found is None or (self.own_labels and found[1] not in (None, *self.own_labels)):
            return None, None
        return found


def parse_mapping(text: str) -> tuple[tuple[str, str], ...]:
    """Read `1=surprise,2=fear`, or the name of a published set whose numbers are known: `raf-db`.

    Raises:
        MienError: It is neither.
    """
    pairs: list[tuple[str, str]] = []
    for part in filter(None, map(str.strip, text.split(","))):
        name, equals, meaning = part.rpartition("=")
        if equals:
            pairs.append((name.strip(), meaning.strip()))
        elif fold(part) in CODES:
            pairs += [(str(code), label) for code, label in CODES[fold(part)].items()]
        else:
            raise MienError(
                f"--map takes NAME=LABEL, or one of {', '.join(CODES)}. Received: {part!r}"
            )
    return tuple(pairs)


@dataclass(frozen=True)
class Meaning:
    """What a name means.

    Attributes:
        split: `train`, `val`, `test`, or None where it names none.
        label: The label, or None where it names none.
        left_out: Why pictures of this name are left out, or None.
        stray: A label that the name means and that the dataset does not have, or None.
        is_code: Whether the name is a number that may stand for a label.
        is_known: Whether all its words are understood.
    """

    split: str | None = None
    label: str | None = None
    left_out: str | None = None
    stray: str | None = None
    is_code: bool = False
    is_known: bool = True


class Names:
    """The names of one source, read by one `Reading`; each is looked up once."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self._known: dict[str, Meaning] = {}
        self._ignored = {fold(word) for word in reading.ignore}
        self._ignored_labels = {LABEL_OF.get(word) for word in self._ignored} - {None}
        self._patterns = [word for word in self._ignored if "*" in word or "?" in word]

    def read(self, name: str) -> Meaning:
        """Read the name of a folder, or a cell of a table."""
        if name not in self._known:
            self._known[name] = self._read(name)
        return self._known[name]

    def ignores(self, name: str) -> bool:
        """Say whether a folder or file of this name is to be left out."""
        folded = fold(name)
        return folded in self._ignored or any(
            fnmatch.fnmatchcase(folded, pattern) for pattern in self._patterns
        )

    def label_of_cell(self, cell: str, codes: dict[int, str] | None = None) -> Meaning:
        """Read a label in a table.

        Args:
            cell: A word or a number.
            codes: What numbers mean that no mapping gives a meaning.
        """
        code = code_of(cell)
        meaning = self.read(cell if code is None else code)
        if code is None or codes is None or meaning != Meaning(is_code=True):
            return meaning
        label = codes.get(int(code))
        return Meaning(is_known=False) if label is None else self._of_label(label)

    def _read(self, name: str) -> Meaning:
        core = core_of(name)
        if self.ignores(name) or core in self._ignored:
            return Meaning(left_out=f"{name} (--ignore)")
        split, label = self.reading.meaning_of_map(name)
        if split or label:
            return Meaning(split) if label is None else self._of_label(label, split)
        if own := _find(name, self.reading.own_labels + self.reading.only):
            return Meaning(label=own)
        if core.isdecimal():
            return Meaning(is_code=True)
        found = split_and_label(name)
        if found is None:
            return Meaning(is_known=False)
        split, label = found
        return Meaning(split) if label is None else self._of_label(label, split)

    def _of_label(self, label: str, split: str | None = None) -> Meaning:
        if label in self._ignored_labels:
            return Meaning(split, left_out=f"class {label} (--ignore)")
        if label in self.reading.labels:
            return Meaning(split, label)
        if self.reading.only:
            return Meaning(split, left_out=f"class {label} (not in --only)")
        return Meaning(split, stray=label)

    def remedy(self, words: Iterable[str], *, default: str = "LABEL") -> str:
        """Say what can be done about names that are not understood, as options to add.

        Args:
            words: The names.
            default: What a name may mean that is like no label.
        """
        names = sorted(set(words))
        if all(self.read(name).is_code for name in names):
            return (
                f"Say what the numbers mean, with --map {_joined(names, '=LABEL')}, or with --map "
                f"and the set that they come from: {', '.join(CODES)}."
            )
        ways = [f"leave them out with --ignore {_joined(names)}"]
        unknown = [name for name in names if self.read(name).stray is None]
        if unknown:
            meant = [f"{name}={self._guess(name, default)}" for name in unknown]
            ways.insert(0, f"say what they mean with --map {_joined(meant)}")
        if not self.reading.own_labels:
            own = [self.read(name).stray or fold(name) for name in names]
            ways.append(
                "name all your classes with --labels "
                + _joined([*self.reading.labels, *dict.fromkeys(own)], most=12)
            )
        return f"For {_joined(names)}: {', or '.join(ways)}."

    def _guess(self, name: str, default: str) -> str:
        near = suggest(name)
        return near if near in self.reading.labels else default


def stray_error(where: str, label: str, names: Names) -> DatasetError:
    """Return the error for a label of a table that the dataset does not have."""
    return DatasetError(
        f"{where}: {label} is none of the labels {', '.join(names.reading.labels)}. Leave it out "
        f"with --ignore {label}, or name all your labels with --labels."
    )


def _find(name: str, keys: Sequence[str]) -> str | None:
    """Return the key that a name means: the same word, else the one most like it.

    "level_1" is "Level 1" by its words, and "0_happy faces" is "happy" by what is left without
    numbers and words that say nothing, unless several keys are.
    """
    for form in (fold, lambda text: " ".join(words_of(text)), core_of):
        found = [key for key in keys if form(key) == form(name) != ""]
        if len(found) == 1 or (found and form is not core_of):
            return found[0]
    return None


def _joined(names: Sequence[str], end: str = "", *, most: int = 4) -> str:
    """Join names as an option takes them, the first few of many."""
    text = ",".join(name + end for name in names[:most])
    quoted = f"'{text}'" if re.search(r"[^\w,=.+-]", text) else text
    return quoted + (",..." if len(names) > most else "")

"""What can be chosen about the reading of a source."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from preprocessing.dataset.labels import FER2013_LABELS, SPLITS, can_be_shown
from preprocessing.dataset.sources.likely_words import suggest
from preprocessing.dataset.sources.vocabulary import (
    CODES,
    LABEL_OF,
    as_label,
    core_of,
    find_key,
    fold,
    split_and_label,
)
from preprocessing.errors import MienError


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
            words = {fold(word) for word in labels if can_be_shown(word) and word == as_label(word)}
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

    def name_in_map(self, name: str) -> str | None:
        """Return the name in the mapping that a name means, or None."""
        return find_key(name, [each for each, _ in self.mapping])

    def meaning_in_map(self, name: str) -> tuple[str | None, str | None]:
        """Return the split or the label that the mapping gives to one of its own names."""
        return self._target(dict(self.mapping)[name])

    def mapped(self, label: str) -> str:
        """Return the label that the mapping makes of another one, whatever it is called there."""
        for name, meaning in self.mapping:
            target = self._target(meaning)[1]
            if target is not None and LABEL_OF.get(core_of(name)) == label:
                return target
        return label

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
        name, _, meaning = map(str.strip, part.rpartition("="))
        if name and meaning:
            pairs.append((name, meaning))
        elif fold(part) in CODES:
            pairs += [(str(code), label) for code, label in CODES[fold(part)].items()]
        else:
            raise MienError(
                f"--map takes NAME=LABEL, or one of {', '.join(CODES)}. Received: {part!r}"
            )
    return tuple(pairs)

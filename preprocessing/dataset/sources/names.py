"""What the names of folders, and the words in tables, mean."""

import fnmatch
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from preprocessing.dataset.labels import SPLITS
from preprocessing.dataset.sources.likely_words import (
    LONGEST_NAME,
    likely_split,
    suggest,
    suggest_split,
)
from preprocessing.dataset.sources.reading import Reading
from preprocessing.dataset.sources.vocabulary import (
    CODES,
    LABEL_OF,
    MISSING,
    as_label,
    code_of,
    core_of,
    find_key,
    fold,
    part_words,
    split_and_label,
    telling_words,
    words_of,
)
from preprocessing.runtime.terminal import quoted

# Names that are proposed to be mapped: all classes of most sets.
_MOST_MEANT = 10


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
        self._cells: dict[tuple[str, bool], Meaning] = {}
        self._ignored = {fold(word) for word in reading.ignore}
        self._telling = telling_words(self._ignored)
        self._ignored_labels = {LABEL_OF.get(word) for word in self._ignored} - {None}
        self._fitting: set[str] = set()
        self._mapped: set[str] = set()
        self._patterns = [word for word in self._ignored if "*" in word or "?" in word]

    def read(self, name: str) -> Meaning:
        """Read the name of a folder, or a cell of a table."""
        if name not in self._known:
            self._known[name] = self._read(name)
        return self._known[name]

    def is_missing(self, cell: str) -> bool:
        """Say whether a cell of a table has no value: it is empty, or "NA" that means nothing."""
        return fold(cell) in MISSING and not self.read(cell).is_known

    def ignored_by(self, name: str) -> str | None:
        """Return why a folder or file of this name is left out: its name or a pattern, or None."""
        folded = fold(name)
        if folded in self._ignored:
            self._fitting.add(folded)
            return f"{name} (--ignore)"
        matching = (each for each in self._patterns if fnmatch.fnmatchcase(folded, each))
        if (pattern := next(matching, None)) is None:
            return None
        self._fitting.add(pattern)
        return f"{pattern} (--ignore)"

    def say_unfitting(self) -> list[str]:
        """Say what of --ignore and --map fits no name that was read, which may be misspelt.

        Numbers are not told: those of a published set may have meanings for more than there are.
        """
        unfitting = [word for word in self.reading.ignore if fold(word) not in self._fitting]
        unmapped = [
            f"{name}={meaning}"
            for name, meaning in self.reading.mapping
            if name not in self._mapped and not core_of(name).isdecimal()
        ]
        return [
            f"note: {option} {_joined(words)} fits no name"
            for option, words in (("--ignore", unfitting), ("--map", unmapped))
            if words
        ]

    def label_of_cell(self, cell: str, codes: dict[int, str] | None = None) -> Meaning:
        """Read a label in a table.

        Args:
            cell: A word or a number.
            codes: What numbers mean that no mapping gives a meaning.
        """
        if (cell, codes is None) not in self._cells:
            self._cells[cell, codes is None] = self._label_of_cell(cell, codes)
        return self._cells[cell, codes is None]

    def _label_of_cell(self, cell: str, codes: dict[int, str] | None) -> Meaning:
        code = code_of(cell)
        meaning = self.read(cell if code is None else code)
        if code is None or codes is None or meaning != Meaning(is_code=True):
            return meaning
        label = codes.get(int(code))
        return Meaning(is_known=False) if label is None else self.read(label)

    def _read(self, name: str) -> Meaning:
        if len(name) > LONGEST_NAME:
            return Meaning(is_known=False)
        cores = {core_of(form, self._telling) for form in (name, part_words(name))}
        if self.ignored_by(name) or not cores.isdisjoint(self._ignored):
            self._fitting |= cores & self._ignored
            return Meaning(left_out=f"{name} (--ignore)")
        split, label = None, None
        if (mapped := self.reading.name_in_map(name)) is not None:
            split, label = self.reading.meaning_in_map(mapped)
            self._mapped.add(mapped)
        if not (split or label):
            label = find_key(name, self.reading.own_labels + self.reading.only)
        if not (split or label):
            if core_of(name).isdecimal():
                return Meaning(is_code=True)
            # A smiley has no words.
            found = split_and_label(name) if words_of(name) else None
            if found is None:
                return Meaning(is_known=False)
            split, label = found[0], found[1] and self.reading.mapped(found[1])
            if label != found[1]:
                pairs = self.reading.mapping
                self._mapped |= {
                    each for each, _ in pairs if LABEL_OF.get(core_of(each)) == found[1]
                }
        return Meaning(split) if label is None else self._of_label(label, split)

    def _of_label(self, label: str, split: str | None = None) -> Meaning:
        if label in self._ignored_labels:
            self._fitting |= {word for word in self._ignored if LABEL_OF.get(word) == label}
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
        # An option has commas between names, and a name is known by its words.
        names = sorted({" ".join(word.replace(",", " ").split()) for word in words})
        if all(self.read(name).is_code for name in names):
            return (
                "Say what the numbers mean, with --map "
                f"{_joined(names, '=LABEL', most=_MOST_MEANT)}, or with --map "
                f"and the set that they come from: {', '.join(CODES)}."
            )
        ways = [f"leave them out with --ignore {_joined(names)}"]
        unknown = [name for name in names if self.read(name).stray is None]
        if unknown:
            meant = [f"{name}={self._guess(name, default)}" for name in unknown]
            ways.insert(0, f"say what they mean with --map {_joined(meant, most=_MOST_MEANT)}")
        if not self.reading.own_labels and default not in SPLITS:
            own = [self.read(name).stray or as_label(name) for name in names]
            ways.append(
                "name all your classes with --labels "
                + _joined([*self.reading.labels, *dict.fromkeys(own)], most=12)
            )
        return f"For {_joined(names)}: {', or '.join(ways)}."

    def _guess(self, name: str, default: str) -> str:
        if default in SPLITS:
            return suggest_split(name)
        near = suggest(name)
        return near if near in self.reading.labels else likely_split(name) or default


def _joined(names: Sequence[str], end: str = "", *, most: int = 4) -> str:
    """Join names as an option takes them, the first few of many."""
    text = ",".join(name + end for name in names[:most])
    return quoted(text) + (",..." if len(names) > most else "")

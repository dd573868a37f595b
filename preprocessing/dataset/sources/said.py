"""What lists say of pictures, line by line; where several people do, what most of them say."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from preprocessing.dataset.sources.folders import Entry
from preprocessing.errors import DatasetError

_TIE = "with as many votes for one label as for another"


@dataclass(frozen=True)
class ListRow:
    """A line of a list.

    Attributes:
        where: Its file and number, for messages.
        path: Of the picture.
        label: Of the picture; None where there is no column of labels.
        split: Likewise.
        is_vote: Whether the list has a line for each person who labelled a picture.
    """

    where: str
    path: str
    label: str | None
    split: str | None
    is_vote: bool


@dataclass
class Said:
    """What lists have said of the pictures so far.

    Attributes:
        entries: By a picture's position in the source; with each, where the line is that says it.
        votes: Likewise what several people say of a picture, with the first of their lines.
        listed: Positions of all pictures that a line names.
        left_out: Number of lines and pictures that are not taken, by the reason.
    """

    entries: dict[int, tuple[Entry, str]] = field(default_factory=dict)
    votes: dict[int, tuple[ListRow, list[Entry | str]]] = field(default_factory=dict)
    listed: set[int] = field(default_factory=set)
    left_out: Counter[str] = field(default_factory=Counter)

    def add(self, row: ListRow, position: int, entry: Entry | str) -> None:
        """Take down what a line says of a picture: its entry, or why it is left out.

        Raises:
            DatasetError: Another line says something else of it.
        """
        if row.is_vote:
            self.votes.setdefault(position, (row, []))[1].append(entry)
        else:
            self._take(row, position, entry)
        self.listed.add(position)

    def count_votes(self) -> None:
        """Take down what most people say of each picture.

        Raises:
            DatasetError: They say several splits, or a line without a rater something else.
        """
        for position, (first, votes) in self.votes.items():
            try:
                entry = _most_voted(votes)
            except DatasetError as error:
                raise DatasetError(f"{first.where}: {first.path}: {error}") from error
            self._take(first, position, entry)

    def _take(self, row: ListRow, position: int, entry: Entry | str) -> None:
        if isinstance(entry, str):
            self.left_out[entry] += 1
        elif position not in self.entries:
            self.entries[position] = (entry, row.where)
        elif self.entries[position][0] == entry:
            self.left_out["named twice in a list"] += 1
        else:
            raise DatasetError(
                f"{row.where}: {row.path} has another label or split than in "
                f"{self.entries[position][1]}. Leave one of the two lines. If several people "
                "labelled each picture, add a column rater that says who: the most votes count."
            )


def _most_voted(votes: Sequence[Entry | str]) -> Entry | str:
    """Return what most people chose for a picture, or why it is left out.

    Args:
        votes: Of each person the entry, or why it would be left out; at least one.

    Raises:
        DatasetError: The entries are in several splits.
    """
    splits = sorted({vote.split or "" for vote in votes if isinstance(vote, Entry)})
    if len(splits) > 1:
        raise DatasetError(
            f"its lines say {' and '.join(splits)}. Write the same split into all of them."
        )
    (first, most), *others = Counter(votes).most_common(2)
    return _TIE if others and others[0][1] == most else first

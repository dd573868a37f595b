"""What lists say of pictures, line by line; where several people do, what most of them say."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from preprocessing.dataset.sources.folders import Entry
from preprocessing.dataset.sources.vocabulary import fold
from preprocessing.errors import DatasetError

NO_LABEL = "without a label in the list"
_TWICE = "named twice in a list"
_SEVERAL_FACES = "If they are about several faces in it, cut out each into a file of its own."
TIE = "with as many votes for one label as for another"


@dataclass(frozen=True)
class ListRow:
    """A line of a list.

    Attributes:
        where: Its file and number, for messages.
        path: Of the picture.
        beside: Folder of the list within the source; "" where it lies elsewhere.
        label: Of the picture; None where there is no column of labels.
        split: Likewise.
        rater: Who chose the label; None where the list does not say it.
        is_tie: Whether several labels have the largest number of the line.
    """

    where: str
    path: str
    beside: str
    label: str | None
    split: str | None
    rater: str | None
    is_tie: bool = False


@dataclass
class Said:
    """What lists have said of the pictures so far.

    Attributes:
        entries: By a picture's position in the source; with each, where the line is that says it.
        votes: Likewise what each person says of a picture, with the line that says it, by their
            name as `fold` returns it.
        listed: Positions of all pictures that a line names.
        left_out: Number of lines and pictures that are not taken, by the reason.
    """

    entries: dict[int, tuple[Entry, str]] = field(default_factory=dict)
    votes: dict[int, dict[str, tuple[ListRow, Entry | str]]] = field(default_factory=dict)
    listed: set[int] = field(default_factory=set)
    left_out: Counter[str] = field(default_factory=Counter)

    def add(self, row: ListRow, position: int, entry: Entry | str) -> None:
        """Take down what a line says of a picture: its entry, or why it is left out.

        Raises:
            DatasetError: Another line of the same person, or one that names nobody, says something
                else.
        """
        self.listed.add(position)
        if not row.rater:
            self._take(row, position, entry)
            return
        votes = self.votes.setdefault(position, {})
        earlier, said = votes.setdefault(fold(row.rater), (row, entry))
        if said != entry:
            raise DatasetError(
                f"{row.where}: {row.path} has another label or split than in {earlier.where}, both "
                f"from {row.rater}. Leave one of the two lines. {_SEVERAL_FACES}"
            )
        if earlier is not row:
            self.left_out[_TWICE] += 1

    def has_votes(self) -> bool:
        """Say whether several people labelled the same picture."""
        return any(len(votes) > 1 for votes in self.votes.values())

    def count_votes(self) -> None:
        """Take down what most people say of each picture.

        Raises:
            DatasetError: They say several splits, or a line without a rater something else.
        """
        for position, votes in self.votes.items():
            first, _ = next(iter(votes.values()))
            try:
                entry = _most_voted([said for _, said in votes.values()])
            except DatasetError as error:
                raise DatasetError(f"{first.where}: {first.path}: {error}") from error
            self._take(first, position, entry)

    def _take(self, row: ListRow, position: int, entry: Entry | str) -> None:
        if isinstance(entry, str):
            self.left_out[entry] += 1
        elif position not in self.entries:
            self.entries[position] = (entry, row.where)
        elif self.entries[position][0] == entry:
            self.left_out[_TWICE] += 1
        else:
            raise DatasetError(
                f"{row.where}: {row.path} has another label or split than in "
                f"{self.entries[position][1]}. Leave one of the two lines. If several people "
                "labelled each picture, add a column rater that says who: the most votes count. "
                f"{_SEVERAL_FACES}"
            )


def _most_voted(votes: Sequence[Entry | str]) -> Entry | str:
    """Return what most people chose for a picture, or why it is left out.

    People who chose no label do not count.

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
    counted = Counter(vote for vote in votes if vote not in (NO_LABEL, TIE))
    if not counted:
        return votes[0]
    (first, most), *others = counted.most_common(2)
    return TIE if others and others[0][1] == most else first

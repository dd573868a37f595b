"""Curves of a run, as CSV for people and as TensorBoard's events."""

import csv
from pathlib import Path
from typing import Self

from tensorboard.summary import Writer

from preprocessing.runtime.files import write_whole

CURVES_NAME = "curves.csv"


class Curves:
    """Append one row an epoch to `curves.csv`, and the same scalars for TensorBoard."""

    def __init__(self, run: Path, *, epochs: int):
        """Open the files in the run's folder.

        Args:
            run: The folder.
            epochs: How many epochs a resumed run has behind it; rows of later ones, of which there
                is no checkpoint, are dropped.
        """
        path = run / CURVES_NAME
        rows = path.read_text(encoding="utf-8").splitlines() if epochs and path.exists() else []
        kept = rows[:1] + [row for row in rows[1:] if int(row.partition(",")[0]) <= epochs]
        # On disk at once, so that a run killed soon after a resume keeps the rows before.
        write_whole(path, "".join(f"{row}\n" for row in kept))
        self._file = path.open("a", newline="", encoding="utf-8")
        self._writer = Writer(str(run / "tensorboard"))

    def __enter__(self) -> Self:
        """Return the open curves."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the files."""
        self._file.close()
        self._writer.close()

    def add(self, epoch: int, values: dict[str, float]) -> None:
        """Write one epoch's values."""
        rows = csv.writer(self._file, lineterminator="\n")
        if self._file.tell() == 0:
            rows.writerow(["epoch", *values])
        rows.writerow([epoch, *(f"{value:.6g}" for value in values.values())])
        self._file.flush()
        for name, value in values.items():
            self._writer.add_scalar(name, value, epoch)
        self._writer.flush()

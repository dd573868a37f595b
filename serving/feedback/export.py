"""Write feedback as pictures that `preprocessing align` reads."""

import csv
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from preprocessing.errors import MienError
from serving.feedback.types import Stored

LIST_NAME = "feedback.csv"
COLUMNS = ("path", "label", "predicted", "probabilities", "balance", "model", "model_digest", "day")


@dataclass(frozen=True)
class Exported:
    """What was written.

    Attributes:
        by_label: How many pictures, by the label that people chose; alphabetical.
    """

    by_label: dict[str, int]


def export(stored: Iterable[Stored], folder: Path, *, overwrite: bool = False) -> Exported:
    """Write a folder with a list, `feedback.csv`, and a PNG for each chip.

    The list has a column of paths and a column of labels, as `align --list` takes it, and the rest
    of what is kept beside them. The folder is there as a whole or not at all.

    Args:
        stored: Of a store.
        folder: To write; its parent must be there.
        overwrite: Replace what an earlier export wrote.

    Raises:
        MienError: The folder is there and may not be replaced, or its parent is not there.
    """
    _check(folder, overwrite=overwrite)
    counts: Counter[str] = Counter()
    fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        with (fresh / LIST_NAME).open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(COLUMNS)
            for each in stored:
                rows.writerow(_row(each))
                (fresh / f"{each.name}.png").write_bytes(each.feedback.chip)
                counts[each.feedback.said] += 1
        if folder.exists():
            shutil.rmtree(folder)
        fresh.rename(folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return Exported(dict(sorted(counts.items())))


def _check(folder: Path, *, overwrite: bool) -> None:
    if not folder.parent.is_dir():
        raise MienError(f"The folder {folder.parent} does not exist.")
    if not folder.exists():
        return
    if not (folder / LIST_NAME).is_file():
        raise MienError(f"{folder} is there and is no export. Name another folder.")
    if not overwrite:
        raise MienError(f"{folder} is there already. Replace it with --overwrite.")


def _row(stored: Stored) -> tuple[str, ...]:
    kept = stored.feedback
    shares = " ".join(f"{label}={share:.4f}" for label, share in kept.probabilities.items())
    return (
        f"{stored.name}.png",
        kept.said,
        kept.predicted,
        shares,
        f"{kept.balance:g}",
        kept.model,
        kept.model_digest,
        kept.day.isoformat(),
    )

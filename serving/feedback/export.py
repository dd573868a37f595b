"""Write feedback as pictures that `preprocessing align` reads."""

import csv
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from preprocessing.errors import MienError
from preprocessing.runtime.cli import check_writable
from serving.feedback.store import NAME_DIGITS
from serving.feedback.types import Stored

LIST_NAME = "feedback.csv"
_CHIP_NAME = re.compile(rf"[0-9a-f]{{{NAME_DIGITS}}}\.png")
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
        overwrite: Replace what an earlier export wrote, and nothing else.

    Raises:
        MienError: The folder is there and may not be replaced, or its parent is not there or may
            not be written to.
    """
    folder = folder.resolve()
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
            # What cannot be removed must not keep the new one from its place.
            aside = fresh.with_name(f"{fresh.name}-old")
            folder.rename(aside)
            fresh.rename(folder)
            shutil.rmtree(aside, ignore_errors=True)
        else:
            fresh.rename(folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return Exported(dict(sorted(counts.items())))


def _check(folder: Path, *, overwrite: bool) -> None:
    check_writable(folder.parent)
    if not folder.exists():
        return
    if not (folder / LIST_NAME).is_file():
        raise MienError(f"{folder} is there and is no export. Name another folder.")
    if not overwrite:
        raise MienError(f"{folder} is there already. Replace it with --overwrite.")
    names = [path.name for path in folder.iterdir()]
    foreign = [name for name in names if name != LIST_NAME and not _CHIP_NAME.fullmatch(name)]
    if foreign:
        raise MienError(
            f"{folder} holds more than an export: {foreign[0]!r}. Name another folder, or move "
            "that away."
        )


def _row(stored: Stored) -> tuple[str, ...]:
    kept = stored.feedback
    probabilities = " ".join(
        f"{label}={probability:.4f}" for label, probability in kept.probabilities.items()
    )
    return (
        f"{stored.name}.png",
        kept.said,
        kept.predicted,
        probabilities,
        f"{kept.balance:g}",
        kept.model,
        kept.model_digest,
        kept.day.isoformat(),
    )

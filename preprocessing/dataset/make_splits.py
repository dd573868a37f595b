"""Write the splits that were asked for into the shards of a dataset."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from preprocessing.dataset.grouping import LARGEST_ALIKE, group_pictures
from preprocessing.dataset.near_duplicates import Thumbnails, to_thumbnails
from preprocessing.dataset.shards import read_shard, write_shard
from preprocessing.dataset.sources.names import Names
from preprocessing.dataset.split_off import SplitOff, assign_splits
from preprocessing.errors import DatasetError

_COLUMNS = ["name", "label", "split", "source_digest"]


def make_splits(
    dataset: Path,
    shards: Sequence[str],
    *,
    split_off: SplitOff,
    names: Names,
    size_px: int,
    tell: Callable[[str], None],
) -> None:
    """Make val or test of a part of the training rows.

    Shards that have got their splits already, before an interruption, get the same again.

    Args:
        dataset: Folder of the shards.
        shards: Their names, in order.
        split_off: What to split off.
        names: How the names of folders are read.
        size_px: Side of the chips.
        tell: Is told of what people should know.

    Raises:
        DatasetError: A split would be empty, or nothing can be grouped as asked.
    """
    tables = [read_shard(dataset / shard, columns=_COLUMNS) for shard in shards]
    rows = pa.concat_tables(tables)
    splits = np.array(rows["split"].to_pylist())
    chosen = np.flatnonzero(np.isin(splits, ["train", *split_off.splits]))
    if not len(chosen):
        raise DatasetError("There are no training pictures of which --split-off could take some.")
    thumbnails = np.concatenate([_thumbnails(dataset / shard, size_px) for shard in shards])[chosen]
    made = _assign(rows.take(chosen), thumbnails, split_off, names, tell)
    for split in split_off.splits:
        if split not in made:
            raise DatasetError(
                f"--split-off leaves no picture for {split}: there are {len(chosen):,} training "
                "pictures. Give it a larger part, or let fewer stay together."
            )
    splits[chosen] = made
    start = 0
    for shard, table in zip(shards, tables, strict=True):
        stop = start + len(table)
        _write_splits(dataset / shard, splits[start:stop].tolist())
        start = stop


def _assign(
    rows: pa.Table,
    thumbnails: Thumbnails,
    split_off: SplitOff,
    names: Names,
    tell: Callable[[str], None],
) -> NDArray[np.str_]:
    labels = np.unique(rows["label"].to_pylist(), return_inverse=True)[1]
    certain, alike = group_pictures(
        rows["name"].to_pylist(),
        rows["source_digest"].to_pylist(),
        thumbnails,
        names=names,
        group_by=split_off.group_by,
    )
    fractions = dict(split_off.fractions)
    if alike is not None:
        made = assign_splits(labels, alike, fractions=fractions, seed=split_off.seed)
        if set(fractions) <= set(made):
            return made
    tell(
        "warning: pictures that look alike are not kept in one split, for too many do (more than "
        f"{LARGEST_ALIKE:.0%} would have to stay together). Where one person or scene is in two "
        "splits, accuracy on val and test is flattered: see --group-by."
    )
    return assign_splits(labels, certain, fractions=fractions, seed=split_off.seed)


def _thumbnails(shard: Path, size_px: int) -> Thumbnails:
    """Make the source pictures small, or their chips where the source has another size."""
    table = read_shard(shard, columns=["chip", "raw"])
    pictures = [
        raw or chip
        for raw, chip in zip(table["raw"].to_pylist(), table["chip"].to_pylist(), strict=True)
    ]
    flat = np.frombuffer(b"".join(pictures), np.uint8)
    return to_thumbnails(flat.reshape(-1, size_px, size_px))


def _write_splits(path: Path, splits: Sequence[str]) -> None:
    table = read_shard(path)
    column = table.schema.get_field_index("split")
    if table["split"].to_pylist() != list(splits):
        field = table.schema.field(column)
        write_shard(table.set_column(column, field, pa.array(splits, field.type)), path)

"""The rows of an aligned dataset, as Parquet."""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from preprocessing.dataset.manifest import Manifest
from preprocessing.dataset.sources.parquet_pages import check_pages
from preprocessing.dataset.sources.types import SourceItem
from preprocessing.errors import DatasetError
from preprocessing.faces.types import AlignedFace
from preprocessing.images.types import GreyImage
from preprocessing.runtime.files import replacing
from preprocessing.runtime.typed_json import parse_as, parse_json

_Note = TypeVar("_Note")

VOTES = 10
# Letters of the name of a row; of a longer one the rest is left out.
LONGEST_NAME = 1_000
# Where a shard keeps the pictures that could not be read: JSON, [[name, reason], ...].
REJECTED_KEY = b"rejected"
# And those in which no face was found, and those with a label in which several were: JSON, [name,
# ...] and [[name, faces], ...]. A shard without such pictures does not have the key.
FACELESS_KEY = b"faceless"
SEVERAL_KEY = b"several"

SCHEMA = pa.schema(
    [
        ("item", pa.int32()),  # position of the picture in the source, from 0
        ("name", pa.string()),  # file and line, or path, for a person to find it
        ("label", pa.string()),  # null for photos without labels
        ("split", pa.string()),  # train, val, test; null for photos
        ("found_by", pa.string()),
        ("chip", pa.binary()),  # uint8 size_px x size_px, rows first
        ("raw", pa.binary()),  # the source itself where it is of the chip's size, else null
        ("landmarks", pa.list_(pa.float32())),  # x0, y0, x1, ... in source pixels
        ("transform", pa.list_(pa.float64(), 6)),  # 2 x 3, source to chip, rows first
        ("residual_px", pa.float32()),
        ("source_digest", pa.string()),  # equal for pixel-identical pictures
        ("votes", pa.binary(VOTES)),  # FER+, null where not given
    ]
)


@dataclass(frozen=True, eq=False)
class Row:
    """One aligned face on its way into a shard; see `SCHEMA` for the fields."""

    item: int
    name: str
    label: str | None
    split: str | None
    found_by: str
    chip: bytes
    raw: bytes | None
    landmarks: NDArray[np.float32]
    transform: NDArray[np.float64]
    residual_px: float
    source_digest: str
    votes: bytes | None


def make_row(
    item: SourceItem,
    *,
    label: str | None,
    source: GreyImage,
    aligned: AlignedFace,
    votes: bytes | None,
) -> Row:
    """Describe one aligned face; the source picture itself is kept if it has the chip's size."""
    shape = f"{source.shape[0]}x{source.shape[1]}:".encode()
    return Row(
        item=item.row,
        name=item.name[:LONGEST_NAME],
        label=label,
        split=item.split,
        found_by=aligned.face.found_by,
        chip=aligned.chip.tobytes(),
        raw=source.tobytes() if source.shape == aligned.chip.shape else None,
        landmarks=aligned.face.landmarks.ravel(),
        transform=aligned.transform.ravel(),
        residual_px=aligned.residual_px,
        source_digest=hashlib.blake2b(shape + source.tobytes(), digest_size=8).hexdigest(),
        votes=votes,
    )


def to_table(rows: Sequence[Row]) -> pa.Table:
    """Bring rows into columns."""
    return pa.Table.from_pylist([vars(row) for row in rows], schema=SCHEMA)


def write_shard(table: pa.Table, path: Path) -> None:
    """Write a shard so that it is never seen half written.

    Raises:
        DatasetError: The disk is full or cannot be written to.
    """
    try:
        # Lent to pyarrow as open files: of paths it takes only such as are UTF-8.
        with replacing(path) as unfinished, unfinished.open("wb") as file:
            write_table(table, file)
    except OSError as error:
        raise DatasetError(
            f"{path} cannot be written: {error}. What is finished is kept: make room and run the "
            "same command again, it goes on from there."
        ) from error


def write_table(table: pa.Table, target: BinaryIO) -> None:
    """Write a table as Parquet into an open file."""
    pq.write_table(table, target, compression="zstd")


def read_shard(path: Path, **choices: Any) -> pa.Table:
    """Read a shard; choices are those of `pyarrow.parquet.read_table`.

    Raises:
        DatasetError: It is damaged, or holds far more than its size lets expect.
    """
    # Opened by Arrow: one of its threads that lets go of a file of Python's while Python ends would
    # abort the process. As bytes, for a name need not be UTF-8.
    try:
        with pa.OSFile(os.fsencode(path)) as file:
            check_pages(file)
            return pq.read_table(file, **choices)
    except (OSError, pa.ArrowException, ValueError) as error:
        raise DatasetError(
            f"{path} cannot be read: {error}. Align the source again with --overwrite."
        ) from error


def read_shard_metadata(path: Path) -> pq.FileMetaData:
    """Read how many rows a shard has, and what is kept beside them."""
    with path.open("rb") as file:
        return pq.read_metadata(file)


def read_rejected(manifest: Manifest, dataset: Path) -> list[tuple[str, str]]:
    """List the pictures that could not be read: name and reason."""
    return _read_notes(manifest, dataset, REJECTED_KEY, list[tuple[str, str]])


def read_several(manifest: Manifest, dataset: Path) -> list[tuple[str, int]]:
    """List the pictures with a label in which several faces were found: name and number."""
    return _read_notes(manifest, dataset, SEVERAL_KEY, list[tuple[str, int]])


def read_faceless(manifest: Manifest, dataset: Path) -> list[str]:
    """List the names of the pictures in which no face was found."""
    return _read_notes(manifest, dataset, FACELESS_KEY, list[str])


def _read_notes(
    manifest: Manifest, dataset: Path, key: bytes, kind: type[list[_Note]]
) -> list[_Note]:
    """List what the shards of a dataset keep beside their rows.

    Raises:
        DatasetError: It is not of that kind.
    """
    notes: list[_Note] = []
    for shard in manifest.shards:
        kept = (read_shard_metadata(dataset / shard).metadata or {}).get(key, b"[]")
        try:
            notes += parse_as(kind, parse_json(kept))
        except ValueError as error:
            raise DatasetError(
                f"{dataset / shard} is damaged: {key.decode()} in it is not what align writes: "
                f"{error}. Align the source again with --overwrite."
            ) from error
    return notes

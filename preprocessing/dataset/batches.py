"""Align a handful of pictures into rows: the unit of work, on one machine or on many."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from preprocessing.dataset.fer2013 import majority_label
from preprocessing.dataset.labels import resolve_label
from preprocessing.dataset.options import AlignOptions
from preprocessing.dataset.shards import (
    FACELESS_KEY,
    REJECTED_KEY,
    SEVERAL_KEY,
    Row,
    make_row,
    to_table,
)
from preprocessing.dataset.sources.types import SourceItem, SourceKind, read_local_file
from preprocessing.errors import DatasetError, ImageDecodeError, ImageTooLargeError
from preprocessing.faces.align import Frame, align_labelled, align_photo
from preprocessing.faces.finder import FaceFinder
from preprocessing.faces.types import AlignedFace
from preprocessing.images.decode import to_grey
from preprocessing.images.types import GreyImage, RgbImage
from preprocessing.runtime.processes import end_if_stopped

SHARD_ITEMS = 2048
BATCH_ITEMS = 64
GROUP_PX = 1_000_000


@dataclass(frozen=True, eq=False)
class Batch:
    """Some pictures, aligned.

    Attributes:
        table: A row for each face.
        rejected: The pictures that could not be read: name and reason.
        faceless: Names of the pictures without a face.
        several: The pictures with a label and several faces: name, and the number of faces.
    """

    table: pa.Table
    rejected: list[tuple[str, str]]
    faceless: list[str]
    several: list[tuple[str, int]]


def check_votes(votes: int, *, items: int) -> None:
    """Make sure that this number of rows of FER+ votes fits FER2013: they are joined by position.

    Raises:
        DatasetError: It has another number of rows.
    """
    if votes != items:
        raise DatasetError(
            f"FER+ votes belong to FER2013 row by row. Received: {votes:,} rows for "
            f"{items:,} pictures"
        )


def align_items(
    items: Sequence[SourceItem],
    kind: SourceKind,
    *,
    options: AlignOptions,
    finder: FaceFinder,
    votes: NDArray[np.uint8] | None,
    read_file: Callable[[str], bytes] = read_local_file,
) -> Batch:
    """Align the faces of some pictures.

    Args:
        items: The pictures.
        kind: Of their source.
        options: See `AlignOptions`.
        finder: The loaded models.
        votes: FER+ votes on all pictures of the source, shape (pictures, 10).
        read_file: Reads a picture file by its path.
    """
    batch = Batch(to_table(()), [], [], [])
    rows: list[Row] = []
    crowd = votes if options.ferplus_labels else None
    for group in _load_in_groups(items, options, crowd, batch.rejected, read_file):
        for picture, faces in zip(group, _align_group(group, kind, options, finder), strict=True):
            if not faces.aligned:
                batch.faceless.append(picture.item.name)
            elif faces.seen > len(faces.aligned):
                batch.several.append((picture.item.name, faces.seen))
            grey = to_grey(picture.image)
            rows += [
                make_row(
                    picture.item,
                    label=picture.label,
                    source=grey,
                    aligned=aligned,
                    votes=None if votes is None else votes[picture.item.row].tobytes(),
                )
                for aligned in faces.aligned
            ]
    return replace(batch, table=to_table(rows))


@dataclass(frozen=True, eq=False)
class _Picture:
    item: SourceItem
    label: str | None
    image: GreyImage | RgbImage


@dataclass(frozen=True, eq=False)
class _Faces:
    """The faces to keep of a picture, and how many were seen."""

    aligned: list[AlignedFace]
    seen: int


def _align_group(
    group: Sequence[_Picture], kind: SourceKind, options: AlignOptions, finder: FaceFinder
) -> list[_Faces]:
    images = [picture.image for picture in group]
    frame, geometry = options.frame_for(kind), options.scheme.geometry
    if kind is SourceKind.PHOTOS and frame is Frame.PHOTO:
        photos = [align_photo(image, finder, geometry=geometry) for image in images]
        return [_Faces(faces, len(faces)) for faces in photos]
    found = align_labelled(images, finder, geometry=geometry, frame=frame)
    return [_Faces([face.aligned] if face.aligned else [], face.seen) for face in found]


def _load_in_groups(
    items: Sequence[SourceItem],
    options: AlignOptions,
    crowd: NDArray[np.uint8] | None,
    rejected: list[tuple[str, str]],
    read_file: Callable[[str], bytes],
) -> Iterator[list[_Picture]]:
    """Load pictures, no more than `GROUP_PX` pixels at a time (or a single larger one)."""
    group: list[_Picture] = []
    group_px = 0
    for item in items:
        end_if_stopped()
        label = item.label
        if crowd is not None:
            label = majority_label(crowd[item.row])
        elif label is not None and not options.keeps_all_labels:
            label = resolve_label(label, options.disgust)
        if label is None and item.label is not None:
            continue
        try:
            image = item.load(read_file)
        except (ImageDecodeError, ImageTooLargeError) as error:
            rejected.append((item.name, str(error)))
            continue
        pixels = image.shape[0] * image.shape[1]
        if group and group_px + pixels > GROUP_PX:
            yield group
            group, group_px = [], 0
        group.append(_Picture(item, label, image))
        group_px += pixels
    if group:
        yield group


def join_batches(batches: Sequence[Batch]) -> pa.Table:
    """Put batches together to the table of a shard."""
    rejected = [rejection for batch in batches for rejection in batch.rejected]
    notes = {
        FACELESS_KEY: [name for batch in batches for name in batch.faceless],
        SEVERAL_KEY: [found for batch in batches for found in batch.several],
    }
    table = pa.concat_tables([batch.table for batch in batches])
    metadata = {REJECTED_KEY: json.dumps(rejected)}
    metadata |= {key: json.dumps(noted) for key, noted in notes.items() if noted}
    return table.replace_schema_metadata(metadata)


def shard_name(number: int) -> str:
    """Return the file name of a shard, counted from 0."""
    return f"shard-{number:05d}.parquet"

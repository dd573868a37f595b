"""Align a handful of pictures into rows: the unit of work, on one machine or on many."""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from preprocessing.dataset.fer2013 import majority_label
from preprocessing.dataset.labels import FERPLUS_LABELS, DisgustPolicy, labels_for, resolve_label
from preprocessing.dataset.manifest import Recipe
from preprocessing.dataset.shards import Row, make_row, to_table
from preprocessing.dataset.sources import SourceItem, SourceKind, read_local_file
from preprocessing.errors import DatasetError, ImageDecodeError, ImageTooLargeError, MienError
from preprocessing.faces.align import align_crops, align_photo
from preprocessing.faces.detectors import DetectorKind, load_detector
from preprocessing.faces.landmarker import FaceFinder
from preprocessing.faces.landmarks import LANDMARK_SCHEMES, LandmarkScheme
from preprocessing.faces.types import GreyImage
from preprocessing.runtime.processes import usable_cores

SHARD_ITEMS = 2048
BATCH_ITEMS = 64
GROUP_PX = 1_000_000
# Where a shard keeps the pictures that could not be read: JSON, [[name, reason], ...].
REJECTED_KEY = b"rejected"


@dataclass(frozen=True)
class AlignOptions:
    """What can be chosen for an alignment.

    Attributes:
        scheme: The landmark model, and the geometry of the chips.
        detector: The face detector.
        disgust: What becomes of the class "disgust".
        own_labels: Of class folders of one's own, in the order of their class indices; empty for
            FER2013's.
        ferplus: FER+ votes to join to FER2013's rows.
        ferplus_labels: Whether the majority of these votes is the label, and pictures without one
            are left out, instead of FER2013's labels.
        crops: Take the pictures of a photo folder as face crops.
        workers: Processes.
    """

    scheme: LandmarkScheme = LANDMARK_SCHEMES[68]
    detector: DetectorKind = DetectorKind.YUNET
    disgust: DisgustPolicy = DisgustPolicy.DROP
    own_labels: tuple[str, ...] = ()
    ferplus: Path | None = None
    ferplus_labels: bool = False
    crops: bool = False
    workers: int = usable_cores()

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise MienError(f"workers must be at least 1. Received: {self.workers}")
        if self.ferplus_labels and self.ferplus is None:
            raise MienError("Labels by FER+ need its votes: --ferplus fer2013new.csv.")
        if (self.own_labels or self.ferplus_labels) and self.disgust is not DisgustPolicy.KEEP:
            raise MienError(
                "With labels of one's own or of FER+ every class is kept: pass DisgustPolicy.KEEP."
            )
        if not self.own_labels:
            return
        words = {label for label in self.own_labels if label and label == label.strip().lower()}
        if len(words) < max(2, len(self.own_labels)):
            raise MienError(
                "Labels of one's own must be two or more different words in lower case. "
                f"Received: {', '.join(self.own_labels)}"
            )

    def check_models(self) -> None:
        """Make sure that the models are there, before any worker needs them.

        Raises:
            ModelFileError: One is missing or is not the expected one.
        """
        self.scheme.file.path()
        load_detector(self.detector)

    def recipe(self, *, source: str, kind: SourceKind, source_sha256: str) -> Recipe:
        """Return all that will decide the content of the dataset.

        Raises:
            DatasetError: There are FER+ votes, and the source is not FER2013.
        """
        ferplus_sha256 = None
        if self.ferplus is not None:
            if kind is not SourceKind.FER2013:
                raise DatasetError(f"FER+ votes belong to FER2013's CSV. Received: {kind.value}")
            ferplus_sha256 = hashlib.sha256(self.ferplus.read_bytes()).hexdigest()
        geometry = self.scheme.geometry
        return Recipe(
            source=source,
            source_kind=kind.value,
            source_sha256=source_sha256,
            crops=self.crops or kind is not SourceKind.PHOTOS,
            disgust=self.disgust,
            labels=FERPLUS_LABELS
            if self.ferplus_labels
            else self.own_labels or labels_for(self.disgust),
            geometry=asdict(geometry),
            geometry_digest=geometry.digest(),
            detector=self.detector,
            landmark_model_sha256=self.scheme.file.sha256,
            ferplus_sha256=ferplus_sha256,
        )


@dataclass(frozen=True, eq=False)
class Batch:
    """Aligned rows, and the pictures that could not be read: name and reason."""

    table: pa.Table
    rejected: list[tuple[str, str]]


def check_votes(votes: int, *, items: int) -> None:
    """Make sure that so many rows of FER+ votes belong to FER2013: they are joined by position.

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
    is_photo = kind is SourceKind.PHOTOS and not options.crops
    geometry = options.scheme.geometry
    rows: list[Row] = []
    rejected: list[tuple[str, str]] = []
    crowd = votes if options.ferplus_labels else None
    for group in _load_in_groups(items, options, crowd, rejected, read_file):
        greys = [picture.grey for picture in group]
        found = (
            [align_photo(grey, finder, geometry=geometry) for grey in greys]
            if is_photo
            else [[face] for face in align_crops(greys, finder, geometry=geometry)]
        )
        rows += [
            make_row(
                picture.item,
                label=picture.label,
                source=picture.grey,
                aligned=aligned,
                votes=None if votes is None else votes[picture.item.row].tobytes(),
            )
            for picture, faces in zip(group, found, strict=True)
            for aligned in faces
        ]
    return Batch(to_table(rows), rejected)


@dataclass(frozen=True, eq=False)
class _Picture:
    item: SourceItem
    label: str | None
    grey: GreyImage


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
        label = item.label
        if crowd is not None:
            label = majority_label(crowd[item.row])
        elif label is not None and not options.own_labels:
            label = resolve_label(label, options.disgust)
        if label is None and item.label is not None:
            continue
        try:
            grey = item.load(read_file)
        except (ImageDecodeError, ImageTooLargeError) as error:
            rejected.append((item.name, str(error)))
            continue
        if group and group_px + grey.size > GROUP_PX:
            yield group
            group, group_px = [], 0
        group.append(_Picture(item, label, grey))
        group_px += grey.size
    if group:
        yield group


def join_batches(batches: Sequence[Batch]) -> pa.Table:
    """Put batches together to the table of a shard."""
    rejected = [rejection for batch in batches for rejection in batch.rejected]
    table = pa.concat_tables([batch.table for batch in batches])
    return table.replace_schema_metadata({REJECTED_KEY: json.dumps(rejected)})


def shard_name(number: int) -> str:
    """Return the file name of a shard, counted from 0."""
    return f"shard-{number:05d}.parquet"

"""Align a whole source into a dataset, on all cores, able to go on after an interruption."""

import hashlib
import json
import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import asdict, dataclass
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from tqdm import tqdm

from preprocessing.align import align_crop, align_photo
from preprocessing.detect import FaceFinder
from preprocessing.errors import DatasetError, ImageDecodeError, ImageTooLargeError
from preprocessing.fer2013 import read_ferplus
from preprocessing.geometry import ChipGeometry
from preprocessing.labels import DisgustPolicy, labels_for, resolve_label
from preprocessing.manifest import (
    MANIFEST_NAME,
    Manifest,
    Recipe,
    parse_recipe,
    write_manifest,
    write_whole,
)
from preprocessing.model_files import LANDMARKS_68_SHA256, landmark_model_path
from preprocessing.shards import Row, to_table, write_shard
from preprocessing.sources import Source, SourceItem, SourceKind, open_source

SHARD_ITEMS = 2048
BATCH_ITEMS = 64
RECIPE_NAME = "recipe.json"
# Where a shard keeps the pictures that could not be read: JSON, [[name, reason], ...].
REJECTED_KEY = b"rejected"


@dataclass(frozen=True)
class AlignOptions:
    """What can be chosen for an alignment.

    Attributes:
        geometry: What the chips are to look like.
        disgust: What becomes of the class "disgust".
        ferplus: FER+ votes to join to FER2013's rows.
        crops: Take the pictures of a photo folder as face crops.
        workers: Processes.
    """

    geometry: ChipGeometry = ChipGeometry()
    disgust: DisgustPolicy = DisgustPolicy.DROP
    ferplus: Path | None = None
    crops: bool = False
    workers: int = os.cpu_count() or 1


@dataclass(frozen=True)
class _Batch:
    table: pa.Table
    rejected: list[tuple[str, str]]


def align_source(
    source_path: Path, dataset: Path, *, options: AlignOptions, overwrite: bool = False
) -> Manifest:
    """Align every picture of a source and write the dataset.

    Work that an interrupted run of the same recipe has finished is kept.

    Args:
        source_path: `fer2013.csv` (plain or compressed), class folders, or a folder of photos.
        dataset: The folder to write.
        options: See `AlignOptions`.
        overwrite: Replace a dataset that is already there.

    Returns:
        The manifest of the finished dataset.

    Raises:
        DatasetError: The source is broken, or the folder holds something else.
        ModelFileError: The landmark model is missing or is not the expected one.
    """
    landmark_model_path()
    source = open_source(source_path)
    recipe = _make_recipe(source, options)
    _prepare(dataset, recipe, overwrite=overwrite)
    _write_shards(source, dataset, options)
    shards = sorted(path.name for path in dataset.glob("shard-*.parquet"))
    files = [pq.ParquetFile(dataset / shard) for shard in shards]
    manifest = Manifest(
        recipe=recipe,
        items=source.count,
        rows=sum(file.metadata.num_rows for file in files),
        rejected=sum(len(json.loads(file.metadata.metadata[REJECTED_KEY])) for file in files),
        shards=tuple(shards),
    )
    write_manifest(manifest, dataset)
    (dataset / RECIPE_NAME).unlink()
    return manifest


def read_rejected(manifest: Manifest, dataset: Path) -> list[tuple[str, str]]:
    """List the pictures that could not be read: name and reason."""
    return [
        (name, reason)
        for shard in manifest.shards
        for name, reason in json.loads(pq.read_metadata(dataset / shard).metadata[REJECTED_KEY])
    ]


def _make_recipe(source: Source, options: AlignOptions) -> Recipe:
    ferplus_sha256 = None
    if options.ferplus is not None:
        ferplus_sha256 = hashlib.sha256(options.ferplus.read_bytes()).hexdigest()
    return Recipe(
        source=source.path.name,
        source_kind=source.kind.value,
        source_sha256=source.sha256,
        disgust=options.disgust,
        labels=labels_for(options.disgust),
        geometry=asdict(options.geometry),
        geometry_digest=options.geometry.digest(),
        landmark_model_sha256=LANDMARKS_68_SHA256,
        ferplus_sha256=ferplus_sha256,
    )


def _prepare(dataset: Path, recipe: Recipe, *, overwrite: bool) -> None:
    """Make sure that the folder holds nothing, or the beginnings of this very dataset."""
    recipe_path, manifest_path = dataset / RECIPE_NAME, dataset / MANIFEST_NAME
    if overwrite:
        ours = (recipe_path, manifest_path, *dataset.glob("shard-*.parquet*"))
        for path in ours:
            path.unlink(missing_ok=True)
    if manifest_path.exists():
        raise DatasetError(f"{dataset} is a finished dataset already. Replace it with --overwrite.")
    if recipe_path.exists():
        begun = parse_recipe(json.loads(recipe_path.read_text(encoding="utf-8")))
        if json.dumps(asdict(begun)) != json.dumps(asdict(recipe)):
            raise DatasetError(
                f"{dataset} holds an unfinished dataset of another source or other settings. "
                "Choose another folder, or replace it with --overwrite."
            )
    elif dataset.exists() and any(dataset.iterdir()):
        raise DatasetError(f"{dataset} is not empty and holds no dataset. Choose another folder.")
    dataset.mkdir(parents=True, exist_ok=True)
    write_whole(recipe_path, json.dumps(asdict(recipe)))


def _write_shards(source: Source, dataset: Path, options: AlignOptions) -> None:
    votes = None if options.ferplus is None else read_ferplus(options.ferplus)
    done = len(list(dataset.glob("shard-*.parquet"))) * SHARD_ITEMS
    batches: list[_Batch] = []
    with tqdm(total=source.count, initial=done, unit="pictures", unit_scale=True) as progress:
        for start, batch in _align_batches(source, options, votes, start=done):
            batches.append(batch)
            stop = min(start + BATCH_ITEMS, source.count)
            progress.update(stop - start)
            if stop % SHARD_ITEMS == 0 or stop == source.count:
                _write_batches(batches, dataset / f"shard-{start // SHARD_ITEMS:05d}.parquet")
                batches.clear()


def _write_batches(batches: list[_Batch], path: Path) -> None:
    rejected = [rejection for batch in batches for rejection in batch.rejected]
    table = pa.concat_tables([batch.table for batch in batches])
    write_shard(table.replace_schema_metadata({REJECTED_KEY: json.dumps(rejected)}), path)


def _align_batches(
    source: Source, options: AlignOptions, votes: NDArray[np.uint8] | None, *, start: int
) -> Iterator[tuple[int, _Batch]]:
    """Align items from `start` on; yield batches in order, with the position each starts at."""
    context = get_context("spawn")
    with ProcessPoolExecutor(options.workers, context, _load_finder) as executor:
        pending: deque[tuple[int, Future[_Batch]]] = deque()
        items = source.items(start)
        while batch := list(islice(items, BATCH_ITEMS)):
            position = batch[0].row
            batch_votes = None if votes is None else votes[position : position + len(batch)]
            task = executor.submit(_align_items, batch, source.kind, options, batch_votes)
            pending.append((position, task))
            if len(pending) > 4 * options.workers:
                begun, task = pending.popleft()
                yield begun, task.result()
        while pending:
            begun, task = pending.popleft()
            yield begun, task.result()


_finder: FaceFinder


def _load_finder() -> None:
    """Load the models once a process."""
    global _finder  # noqa: PLW0603 - a worker process has no other place to keep it
    cv2.setNumThreads(1)
    _finder = FaceFinder()


def _align_items(
    items: list[SourceItem],
    kind: SourceKind,
    options: AlignOptions,
    votes: NDArray[np.uint8] | None,
) -> _Batch:
    rows, rejected = [], []
    for index, item in enumerate(items):
        label = None if item.label is None else resolve_label(item.label, options.disgust)
        if item.label is not None and label is None:
            continue
        try:
            grey = item.load()
        except (ImageDecodeError, ImageTooLargeError) as error:
            rejected.append((item.name, str(error)))
            continue
        if kind is SourceKind.PHOTOS and not options.crops:
            faces = align_photo(grey, _finder, options.geometry)
        else:
            faces = [align_crop(grey, _finder, options.geometry)]
        item_votes = None if votes is None else votes[index].tobytes()
        rows += [
            Row(item.row, item.name, label, item.split, grey, aligned, item_votes)
            for aligned in faces
        ]
    return _Batch(to_table(rows), rejected)

"""Align a whole source into a dataset, on all cores, able to go on after an interruption."""

import json
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import asdict
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from tqdm import tqdm

from preprocessing.dataset.advice import check_source
from preprocessing.dataset.batches import (
    BATCH_ITEMS,
    SHARD_ITEMS,
    Batch,
    align_items,
    check_votes,
    join_batches,
    shard_name,
)
from preprocessing.dataset.fer2013 import read_ferplus
from preprocessing.dataset.make_splits import make_splits
from preprocessing.dataset.manifest import (
    MANIFEST_NAME,
    Manifest,
    Recipe,
    read_recipe,
    write_manifest,
)
from preprocessing.dataset.options import AlignOptions
from preprocessing.dataset.shards import REJECTED_KEY, read_shard_metadata, write_shard
from preprocessing.dataset.sources.names import Names
from preprocessing.dataset.sources.open import open_source
from preprocessing.dataset.sources.types import Source, SourceItem, SourceKind
from preprocessing.errors import DatasetError
from preprocessing.faces.finder import FaceFinder
from preprocessing.runtime.files import write_whole
from preprocessing.runtime.processes import worker_pool

RECIPE_NAME = "recipe.json"


def _say_nothing(_: str) -> None:
    """Keep what people should know to oneself."""


def align_source(
    source_path: Path,
    dataset: Path,
    *,
    options: AlignOptions,
    overwrite: bool = False,
    tell: Callable[[str], None] = _say_nothing,
) -> Manifest:
    """Align every picture of a source and write the dataset.

    Work that an interrupted run of the same recipe has finished is kept.

    Args:
        source_path: `fer2013.csv` or a table like it, class folders, a folder of photos, or an
            archive of one of these; or Parquet files with pictures.
        dataset: The folder to write.
        options: See `AlignOptions`.
        overwrite: Replace a dataset that is already there.
        tell: Is told, before and during the work, of what people should know.

    Returns:
        The manifest of the finished dataset.

    Raises:
        DatasetError: The source is broken, or the folder holds something else.
        ModelFileError: The landmark model is missing or is not the expected one.
    """
    options.check_models()
    source = open_source(source_path, options.reading)
    for note in check_source(source, options):
        tell(note)
    votes = None if options.ferplus is None else read_ferplus(options.ferplus)
    recipe = options.recipe(source=source.path.name, kind=source.kind, source_sha256=source.sha256)
    if votes is not None:
        check_votes(len(votes), items=source.count)
    _prepare(dataset, recipe, overwrite=overwrite)
    _write_shards(source, dataset, options)
    shards = sorted(path.name for path in dataset.glob("shard-*.parquet"))
    if options.split_off is not None:
        make_splits(
            dataset,
            shards,
            split_off=options.split_off,
            names=Names(options.reading),
            size_px=options.scheme.geometry.size_px,
            tell=tell,
        )
    return _finish(shards, dataset, recipe, source, choices=options.record())


def _prepare(dataset: Path, recipe: Recipe, *, overwrite: bool) -> None:
    """Make sure that the folder holds nothing, or the beginnings of this very dataset."""
    recipe_path, manifest_path = dataset / RECIPE_NAME, dataset / MANIFEST_NAME
    is_ours = recipe_path.exists() or manifest_path.exists()
    if overwrite and is_ours:
        # Delete in this order so that an interrupted run can be resumed or overwritten.
        shards = sorted(dataset.glob("*shard-*.parquet"), reverse=True)
        for path in (*shards, manifest_path, recipe_path):
            path.unlink(missing_ok=True)
    # A run that was killed at its very end has left both.
    if manifest_path.exists() and not recipe_path.exists():
        raise DatasetError(f"{dataset} is a finished dataset already. Replace it with --overwrite.")
    if recipe_path.exists():
        if read_recipe(recipe_path) != recipe:
            raise DatasetError(
                f"{dataset} holds an unfinished dataset of another source or other settings. "
                "Choose another folder, or replace it with --overwrite."
            )
    elif not is_ours and dataset.exists() and any(dataset.iterdir()):
        raise DatasetError(f"{dataset} is not empty and holds no dataset. Choose another folder.")
    dataset.mkdir(parents=True, exist_ok=True)
    write_whole(recipe_path, json.dumps(asdict(recipe)))


def _write_shards(source: Source, dataset: Path, options: AlignOptions) -> None:
    done = len(list(dataset.glob("shard-*.parquet"))) * SHARD_ITEMS
    batches: list[Batch] = []
    with tqdm(
        total=source.count, initial=done, unit="pictures", unit_scale=True, disable=None
    ) as progress:
        for start, batch in _align_batches(source, options, start=done):
            batches.append(batch)
            stop = min(start + BATCH_ITEMS, source.count)
            progress.update(stop - start)
            if stop % SHARD_ITEMS == 0 or stop == source.count:
                write_shard(join_batches(batches), dataset / shard_name(start // SHARD_ITEMS))
                batches.clear()


def _finish(
    shards: list[str], dataset: Path, recipe: Recipe, source: Source, *, choices: dict[str, Any]
) -> Manifest:
    """Write the manifest, which says that the dataset is whole."""
    metadata = [read_shard_metadata(dataset / shard) for shard in shards]
    manifest = Manifest(
        recipe=recipe,
        items=source.count,
        rows=sum(each.num_rows for each in metadata),
        rejected=sum(len(json.loads(each.metadata[REJECTED_KEY])) for each in metadata),
        shards=tuple(shards),
        choices=choices,
        passed_over=dict(source.passed_over),
    )
    write_manifest(manifest, dataset)
    (dataset / RECIPE_NAME).unlink()
    return manifest


def _align_batches(
    source: Source, options: AlignOptions, *, start: int
) -> Iterator[tuple[int, Batch]]:
    """Align items from `start` on; yield batches in order, with the position each starts at."""
    with worker_pool(options.workers, _set_up, arguments=(source.kind, options)) as executor:
        pending: deque[tuple[int, Future[Batch]]] = deque()
        items = source.items(start)
        while batch := list(islice(items, BATCH_ITEMS)):
            pending.append((batch[0].row, executor.submit(_align_batch, batch)))
            if len(pending) > 4 * options.workers:
                begun, task = pending.popleft()
                yield begun, task.result()
        while pending:
            begun, task = pending.popleft()
            yield begun, task.result()


_align: Callable[[Sequence[SourceItem]], Batch]


def _set_up(kind: SourceKind, options: AlignOptions) -> None:
    """Load once a process what each batch needs."""
    global _align  # noqa: PLW0603 - a worker process has no other place to keep it
    _align = partial(
        align_items,
        kind=kind,
        options=options,
        finder=FaceFinder(options.scheme, detector=options.detector),
        votes=None if options.ferplus is None else read_ferplus(options.ferplus),
    )


def _align_batch(items: Sequence[SourceItem]) -> Batch:
    return _align(items)

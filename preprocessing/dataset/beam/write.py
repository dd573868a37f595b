"""Write what the workers aligned: shards, dead letters and, when all is there, the manifest."""

import hashlib
import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import apache_beam as beam
from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems

from preprocessing.dataset.batches import Batch, check_votes, join_batches, shard_name
from preprocessing.dataset.beam.batches import Content
from preprocessing.dataset.manifest import MANIFEST_NAME, Manifest, Recipe, manifest_text
from preprocessing.dataset.shards import write_table
from preprocessing.dataset.sources.picture_source import with_choices
from preprocessing.dataset.sources.reading import Reading

DEAD_LETTERS_NAME = "dead-letters.jsonl"


@dataclass(frozen=True)
class Shard:
    """A shard that is written.

    Attributes:
        name: Of its file.
        rows: Faces in it.
        rejected: Pictures of its part of the source that could not be read.
    """

    name: str
    rows: int
    rejected: int


def write_dead_letters(rejected: beam.PCollection, *, dataset: str) -> None:
    """Write the pictures that could not be read, pairs of name and reason, one a line."""
    _ = (
        rejected
        | "to JSON" >> beam.MapTuple(lambda name, why: json.dumps({"name": name, "why": why}))
        | "write dead letters"
        >> beam.io.WriteToText(FileSystems.join(dataset, DEAD_LETTERS_NAME), shard_name_template="")
    )


def write_shard(shard: tuple[int, Iterable[tuple[int, Batch]]], dataset: str) -> Shard:
    """Write a shard so that it is never seen half written, also where a runner tries twice.

    Args:
        shard: Its number, and its batches with the positions at which they start.
        dataset: The folder.
    """
    number, batches = shard
    in_order = [batch for _, batch in sorted(batches, key=lambda pair: pair[0])]
    table = join_batches(in_order)
    name = shard_name(number)
    partial = FileSystems.join(dataset, f"{name}.{uuid.uuid4().hex}.partial")
    with FileSystems.create(partial, compression_type=CompressionTypes.UNCOMPRESSED) as file:
        write_table(table, file)
    FileSystems.rename([partial], [FileSystems.join(dataset, name)])
    return Shard(name, len(table), sum(len(batch.rejected) for batch in in_order))


def write_manifest(
    recipe: Recipe,
    *,
    contents: Mapping[int, Content],
    shards: list[Shard],
    dataset: str,
    votes: int,
    reading: Reading,
    passed_over: dict[str, int],
) -> None:
    """Write the manifest, when all shards are there.

    Args:
        recipe: All but the hash of the source, which is known only now.
        contents: What is in the files of the source, by their number.
        shards: In any order.
        dataset: The folder.
        votes: Number of rows with FER+ votes; 0 without.
        reading: What was chosen about the reading of the source.
        passed_over: Number of what was not taken, by the reason.

    Raises:
        DatasetError: There are FER+ votes, and another number of them than of pictures.
    """
    items = sum(content.pictures for content in contents.values())
    if recipe.ferplus_sha256 is not None:
        check_votes(votes, items=items)
    digests = [contents[position].sha256 for position in sorted(contents)]
    together = hashlib.sha256("".join(digests).encode()).hexdigest()
    sha256 = digests[0] if len(digests) == 1 else together
    manifest = Manifest(
        recipe=replace(recipe, source_sha256=with_choices(sha256, reading)),
        items=items,
        rows=sum(shard.rows for shard in shards),
        rejected=sum(shard.rejected for shard in shards),
        shards=tuple(sorted(shard.name for shard in shards)),
        choices=reading.record(),
        passed_over=passed_over,
    )
    path = FileSystems.join(dataset, MANIFEST_NAME)
    with FileSystems.create(path, compression_type=CompressionTypes.UNCOMPRESSED) as file:
        file.write(manifest_text(manifest).encode())

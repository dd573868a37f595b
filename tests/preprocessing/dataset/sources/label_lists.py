"""A list of labels for four pictures, to be written in other ways."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from preprocessing.dataset.sources.open import open_source
from preprocessing.dataset.sources.reading import Reading, parse_mapping
from preprocessing.dataset.sources.types import Source

NAMES = ("a 1.png", "b.png", "deep/c.png", "deep/Ünal.PNG")
LABELS = ("happy", "sad", "fear", "happy")
SPLITS = ("train", "val", "train", "test")


def table(header: str, form: str, *, end: str = "\n") -> str:
    lines = [
        form.format(name, label, split)
        for name, label, split in zip(NAMES, LABELS, SPLITS, strict=True)
    ]
    return "".join(line + end for line in ([header] if header else []) + lines)


def read(
    pictures: Path, content: str | bytes, *, name: str = "list.csv", words: str = ""
) -> Source:
    path = pictures.parent / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return open_source(pictures, Reading(lists=(path,), mapping=parse_mapping(words)))


PLAIN = table("path,label,split", "{0},{1},{2}")


def parquet(records: Sequence[Mapping[str, object]]) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(list(records)), file)
    return file.getvalue()

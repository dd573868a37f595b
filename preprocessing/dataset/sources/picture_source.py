"""Pictures in a folder, an archive or Parquet files, with what was read of them."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import PurePath

from preprocessing.dataset.sources.files import describe_others
from preprocessing.dataset.sources.folders import Layout
from preprocessing.dataset.sources.names import Names
from preprocessing.dataset.sources.reading import Reading
from preprocessing.dataset.sources.stores import PictureStore
from preprocessing.dataset.sources.types import (
    Source,
    SourceItem,
    SourceKind,
    listing_sha256,
)
from preprocessing.runtime.terminal import readable


class PictureSource(Source):
    """Pictures in a folder, an archive or Parquet files."""

    def __init__(self, store: PictureStore, layout: Layout, kind: SourceKind, names: Names) -> None:
        self.kind = kind
        self.path = store.path
        listing = listing_sha256(zip(store.names, store.sizes, strict=True))
        self.sha256 = with_choices(listing, names.reading)
        self.count = len(layout.entries)
        self.counts = Counter(
            (entry.label, entry.split)
            for entry in layout.entries
            if entry.label is not None and entry.split is not None
        )
        lists = {path.resolve() for path in names.reading.lists}
        others = store.others + Counter(
            PurePath(table).suffix.lower()
            for table in store.tables
            if (store.path / table).resolve() not in lists
        )
        self.passed_over = layout.left_out + Counter(
            {describe_others(end): count for end, count in others.items()}
        )
        self._store = store
        self._entries = layout.entries

    def items(self, start: int = 0) -> Iterator[SourceItem]:
        """Yield the pictures from a position on."""
        entries = self._entries[start:]
        contents = self._store.contents([entry.position for entry in entries])
        for row, (entry, content) in enumerate(zip(entries, contents, strict=True), start=start):
            name = readable(self._store.names[entry.position])
            yield SourceItem(row, name, entry.label, entry.split, content, entry.folder)

    def names(self) -> list[str]:
        """Return the paths within the source."""
        return [readable(self._store.names[entry.position]) for entry in self._entries]


def with_choices(sha256: str, reading: Reading) -> str:
    """Return the hash of a source's content together with what was chosen about its reading."""
    record = reading.record()
    if not record:
        return sha256
    lists = [hashlib.sha256(path.read_bytes()).hexdigest() for path in reading.lists]
    return hashlib.sha256(json.dumps([sha256, record, lists]).encode()).hexdigest()

"""What a worker does: align batches, and set aside the pictures that cannot be read."""

from collections.abc import Iterator
from typing import Any

import apache_beam as beam
import cv2
import numpy as np
from numpy.typing import NDArray

from preprocessing.dataset.batches import SHARD_ITEMS, align_items
from preprocessing.dataset.beam.batches import Rows
from preprocessing.dataset.beam.files import read_picture_file
from preprocessing.dataset.options import AlignOptions
from preprocessing.dataset.sources.names import Names
from preprocessing.dataset.sources.types import SourceItem, SourceKind
from preprocessing.faces.finder import FaceFinder

REJECTED = "rejected"
"""Names the output of pictures that could not be read: pairs of name and reason."""


class Align(beam.DoFn):  # type: ignore[misc]
    """Align batches of pictures; key the rows by the number of their shard."""

    def __init__(
        self, kind: SourceKind, options: AlignOptions, votes: NDArray[np.uint8] | None
    ) -> None:
        self._kind, self._options, self._votes = kind, options, votes

    def setup(self) -> None:
        """Load the models once a worker."""
        cv2.setNumThreads(1)
        self._finder = FaceFinder(self._options.scheme, detector=self._options.detector)

    def process(self, batch: Rows | list[SourceItem]) -> Iterator[Any]:
        """Yield one batch of rows, and each picture that could not be read."""
        if isinstance(batch, Rows):
            start = batch.start
            items, broken = batch.parse(Names(self._options.reading))
        else:
            start = batch[0].row
            items, broken = batch, []
        aligned = align_items(
            items,
            kind=self._kind,
            options=self._options,
            finder=self._finder,
            votes=self._votes,
            read_file=read_picture_file,
        )
        aligned.rejected[:0] = broken
        for rejection in aligned.rejected:
            yield beam.pvalue.TaggedOutput(REJECTED, rejection)
        yield start // SHARD_ITEMS, (start, aligned)

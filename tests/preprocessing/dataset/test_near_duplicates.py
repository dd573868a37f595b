import tracemalloc

import numpy as np
import pytest

from preprocessing.dataset import near_duplicates
from preprocessing.dataset.near_duplicates import alike_pairs, to_thumbnails


def test_a_hundred_thousand_pictures_are_compared_in_little_memory() -> None:
    thumbnails = np.zeros((100_000, 144), np.float32)
    thumbnails[:2] = 1 / 12
    tracemalloc.start()
    try:
        ones, others, _ = next(alike_pairs(thumbnails))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (ones.tolist(), others.tolist()) == ([0], [1])
    assert peak < 400e6


def test_pairs_are_the_same_whatever_is_compared_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (7, 48, 48), dtype=np.uint8)
    thumbnails = to_thumbnails(np.concatenate([pictures, pictures]))
    monkeypatch.setattr(near_duplicates, "_CHUNK_VALUES", 1)
    pairs = [(ones.tolist(), others.tolist()) for ones, others, _ in alike_pairs(thumbnails)]
    found = [pair for pair in pairs if pair[0]]
    assert found == [([number], [number + 7]) for number in range(7)]

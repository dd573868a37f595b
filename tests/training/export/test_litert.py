from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from preprocessing.errors import MienError
from training.config import PRECISIONS
from training.export.litert import (
    LARGEST_MODEL_BYTES,
    Converted,
    Precision,
    choose_precision,
    precisions_text,
)

COSTLESS = Precision("", size_bytes=0, chip_ms=1, accuracy=0.7, lost=0.0, agreement=1.0)


def test_all_precisions_agree_with_keras(
    exported: tuple[Path, dict[str, Converted], np.ndarray],
) -> None:
    _, converted, logits = exported
    assert list(converted) == list(PRECISIONS)
    # Shares of how much the logits differ among themselves.
    for name, tolerance in (("float32", 1e-4), ("float16", 0.02), ("int8", 0.3)):
        assert np.abs(converted[name].logits - logits).max() < tolerance * logits.std()
    assert converted["float32"].precision.agreement == 1
    assert converted["float32"].precision.lost == 0
    sizes = [len(converted[name].model) for name in ("float32", "float16", "int8")]
    assert sizes == sorted(sizes, reverse=True)


def _precisions(**lost: float) -> list[Precision]:
    sizes = {"float32": 20_000_000, "float16": 10_000_000, "int8": 5_000_000}
    return [
        replace(COSTLESS, name=name, size_bytes=size, lost=lost.get(name, 0.0))
        for name, size in sizes.items()
    ]


def test_the_smallest_that_loses_next_to_nothing_is_chosen() -> None:
    assert choose_precision(_precisions(int8=0.001)) == "int8"
    assert choose_precision(_precisions(int8=0.003)) == "float16"
    assert choose_precision(_precisions(int8=0.003, float16=0.01)) == "float32"


def test_where_none_will_do_the_table_says_why() -> None:
    large = [replace(each, size_bytes=LARGEST_MODEL_BYTES + 1) for each in _precisions()]
    with pytest.raises(MienError, match="--precision") as raised:
        choose_precision(large)
    assert precisions_text(large) in str(raised.value)

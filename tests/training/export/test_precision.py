from dataclasses import replace

import pytest

from preprocessing.bundle.outputs import CROWD, LABEL, OUTPUTS
from preprocessing.errors import MienError
from training.export.precision import (
    LARGEST_MODEL_BYTES,
    Precision,
    choose_precision,
    precisions_text,
)

COSTLESS = Precision(
    "",
    size_bytes=0,
    chip_ms=1,
    accuracy={CROWD: 0.8, LABEL: 0.7},
    lost={CROWD: 0.0, LABEL: 0.0},
    agreement=1.0,
)


def _precisions(output: str = CROWD, **lost: float) -> list[Precision]:
    sizes = {"float32": 20_000_000, "float16": 10_000_000, "int8": 5_000_000}
    return [
        replace(
            COSTLESS,
            name=name,
            size_bytes=size,
            # One output may lose what the other does not.
            lost={CROWD: 0.0, LABEL: 0.0, output: lost.get(name, 0.0)},
        )
        for name, size in sizes.items()
    ]


@pytest.mark.parametrize("output", OUTPUTS)
def test_the_smallest_that_loses_next_to_nothing_on_any_output_is_chosen(output: str) -> None:
    assert choose_precision(_precisions(output, int8=0.001)) == "int8"
    assert choose_precision(_precisions(output, int8=0.003)) == "float16"
    assert choose_precision(_precisions(output, int8=0.003, float16=0.01)) == "float32"


def test_where_none_will_do_the_table_says_why() -> None:
    large = [replace(each, size_bytes=LARGEST_MODEL_BYTES + 1) for each in _precisions()]
    with pytest.raises(MienError, match="--precision") as raised:
        choose_precision(large)
    assert precisions_text(large) in str(raised.value)
    assert all(output in precisions_text(large) for output in OUTPUTS)

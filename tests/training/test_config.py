from dataclasses import replace

import pytest

from preprocessing.errors import MienError
from training.config import FitConfig


@pytest.mark.parametrize(
    "changes",
    [
        {"minutes": 5},
        {"epochs": None},
        {"sizes": ((0.1, 24),)},
        {"erase": 1.0},
        {"width": 0},
        {"width": 10**6},
        {"sizes": ((0.0, 10**6),)},
        {"sizes": ((0.0, 0),)},
        {"epochs": 0},
        {"epochs": -1.0},
        {"teacher_weight": 0.0},
        {"teacher_weight": 1.1},
        {"crowd_weight": -0.1},
        {"crowd_weight": 1.1},
        {"seed": -1},
    ],
)
def test_settings_that_make_no_sense_are_refused(
    config: FitConfig, changes: dict[str, object]
) -> None:
    with pytest.raises(MienError):
        replace(config, **changes)

import math
from dataclasses import replace

import pytest

from preprocessing.errors import MienError
from training.config import DLIB, FitConfig

NO_LENGTHS = (math.nan, math.inf, 0.0, -1.0, 1e308)
SENSELESS = {
    "either minutes or epochs": [{"minutes": 5}, {"epochs": None}],
    "length of a run": [{"epochs": value} for value in NO_LENGTHS]
    + [{"epochs": None, "minutes": value} for value in NO_LENGTHS],
    "learning rate": [{"learning_rate": value} for value in NO_LENGTHS],
    "model must be": [{"model": "lenet"}, {"loss": "hinge"}],
    "initial_weights must be": [{"initial_weights": "imagenet"}],
    "weights are for a resnet34": [
        {"initial_weights": DLIB},
        {"initial_weights": DLIB, "stem_pool": True, "width": 16},
    ],
    "chips of one side": [{"model": "wide", "sizes": ((0.0, 24), (0.5, 40))}],
    "sizes must start at 0": [{"sizes": ((0.1, 24),)}],
    "erase": [{"erase": 1.0}],
    "crowd_weight": [{"crowd_weight": -0.1}, {"crowd_weight": 1.1}],
    "other_share": [{"raw_share": 0.8, "other_share": 0.3}],
    "teacher_weight": [{"teacher_weight": 0.0}, {"teacher_weight": 1.1}],
    "class_weight": [{"class_weight": 1.5}, {"class_weight": 0.5, "loss": "mean_squared_error"}],
    "patience": [{"patience": 0}, {"patience": 2, "cycles": 3}],
    "width must be at most": [
        {"width": 10**6},
        {"sizes": ((0.0, 10**6),)},
        {"sizes": ((0.0, 0),)},
    ],
    "must be positive": [{"width": 0}, {"seed": -1}],
}


@pytest.mark.parametrize(
    ("changes", "named"),
    [(changes, named) for named, several in SENSELESS.items() for changes in several],
)
def test_settings_that_make_no_sense_are_refused(changes: dict[str, object], named: str) -> None:
    with pytest.raises(MienError, match=named):
        replace(FitConfig(epochs=1), **changes)

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from preprocessing.dataset.read import Dataset
from preprocessing.faces.geometry import ChipGeometry
from training.presets import PRESETS
from training.studies import alignment as geometries
from training.studies.alignment import ANCHOR_SETS, compare_geometries, geometries_text, realign

pytestmark = pytest.mark.slow


def test_the_same_geometry_cuts_the_same_chips(dataset: Dataset) -> None:
    np.testing.assert_array_equal(realign(dataset, ChipGeometry()).chips, dataset.chips)
    wider = realign(dataset, ChipGeometry(margin=0.2))
    assert (wider.chips != dataset.chips).any()
    assert wider.manifest.recipe.geometry_digest != dataset.manifest.recipe.geometry_digest


def test_dlib_s_anchors_are_those_of_its_face_chips() -> None:
    """`get_face_chip_details` leaves out jaw, brows and lower lip."""
    left_out = {*range(27), *range(55, 60), *range(65, 68)}
    assert set(ANCHOR_SETS["dlib: eyes, nose, upper lip"]) == set(range(68)) - left_out


def test_anchors_on_the_lower_lip_follow_an_open_mouth(dataset: Dataset) -> None:
    rows = {row.name.split(";")[0]: row for row in compare_geometries(dataset, None, seeds=0)}
    assert rows["eyes, nose, mouth corners"].opening_px < 0.1
    assert rows["openface: inner eyes, bottom lip"].opening_px > 1
    assert rows["eyes, nose, mouth corners"].spread["eyes"] < rows["not aligned"].spread["eyes"]
    assert not any(row.val_accuracy for row in rows.values())


def test_each_geometry_is_trained(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = replace(PRESETS["compare"], epochs=1, batch_size=16)
    monkeypatch.setitem(geometries.PRESETS, "compare", short)
    monkeypatch.setattr(geometries, "ANCHOR_SETS", {"eyes": tuple(range(36, 48))})
    rows = compare_geometries(dataset, tmp_path, seeds=2)
    assert [row.name for row in rows] == ["eyes; margin +0.0", "not aligned"]
    assert all(len(row.val_accuracy) == 2 for row in rows)
    text = geometries_text(rows)
    assert text.count("\n") == 1 + len(rows)
    assert "**" in text

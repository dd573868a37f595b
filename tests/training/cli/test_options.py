"""Options change one setting each; numbers that no run can use are wrong usage."""

from dataclasses import asdict
from pathlib import Path

import pytest

from training.__main__ import main
from training.cli.fit import config_of
from training.presets import PRESETS

USELESS = {
    "--minutes": ("nan", "inf", "0", "-1", "1e308"),
    "--epochs": ("nan", "-inf", "0", "1e308"),
    "--learning-rate": ("nan", "-1", "0", "1e308"),
    "--teacher-weight": ("nan", "2", "0", "-0.5"),
    "--crowd-weight": ("nan", "1.5", "-0.1"),
    "--seed": ("nan", "-1", "4294967296"),
    "--devices": ("0", "-1", "1.5"),
}


@pytest.mark.parametrize(
    ("option", "value"), [(name, value) for name, values in USELESS.items() for value in values]
)
def test_a_number_that_no_run_can_use_is_wrong_usage(
    option: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fit", "nowhere", "run", option, value]) == 2
    assert option in capsys.readouterr().err


def test_a_weight_of_votes_is_refused_where_there_are_none(
    dataset_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["fit", str(dataset_folder), str(tmp_path / "run"), "--crowd-weight", "0.7"]
    assert main(command) == 1
    assert "--crowd-weight is that of people's votes" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "value"),
    [("learning_rate", 0.2), ("crowd_weight", 0.0), ("crowd_weight", 1.0), ("seed", 7)],
)
def test_an_option_changes_one_setting_of_a_preset(name: str, value: float) -> None:
    config = config_of(preset="face", model="resnet34", minutes=None, epochs=None, **{name: value})
    assert asdict(config) == asdict(PRESETS["face"]) | {name: value}

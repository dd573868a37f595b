import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from preprocessing.errors import MienError
from training.config import FitConfig
from training.records import EarlierStage, RunSettings, TrainedNetwork, parse_record


@pytest.fixture(scope="module")
def provenance(repository_root: Path) -> dict[str, Any]:
    """Of the bundle that ships: several trainings, of which the first knew far fewer settings."""
    text = (repository_root / "serving" / "bundle" / "spec.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)["provenance"]
    return found


def settings_of(provenance: dict[str, Any]) -> dict[str, Any]:
    return {
        name: provenance[name] for name in ("fit", "dataset", "teacher", "ferplus", "start_from")
    }


def test_what_earlier_versions_wrote_is_read(provenance: dict[str, Any]) -> None:
    network = parse_record(TrainedNetwork, provenance)
    assert network.training_minutes == provenance["training_minutes"]
    stages, stage = [], network.start_from
    while stage is not None:
        stages.append(stage)
        stage = stage.start_from
    assert stages
    # Each is younger than what it began with.
    minutes = [network.training_minutes, *(each.minutes for each in stages)]
    assert minutes == sorted(minutes, reverse=True)
    assert all(isinstance(each.fit, FitConfig) for each in stages)
    # What was not kept then.
    assert stages[-1].source is None
    assert stages[-1].fit.model == "resnet34"


def test_a_record_comes_back_from_its_json_as_it_was(provenance: dict[str, Any]) -> None:
    settings = parse_record(RunSettings, settings_of(provenance))
    written = json.loads(json.dumps(settings.to_json()))
    assert parse_record(RunSettings, written) == settings
    assert {each.name for each in fields(FitConfig)} == set(written["fit"])


def test_a_setting_that_is_younger_than_the_file_has_its_default(
    provenance: dict[str, Any],
) -> None:
    older = settings_of(provenance)
    older["fit"] = {name: value for name, value in older["fit"].items() if name != "class_weight"}
    del older["teacher"], older["start_from"], older["ferplus"]
    settings = parse_record(RunSettings, older)
    assert settings.fit.class_weight == FitConfig.class_weight
    assert (settings.teacher, settings.start_from, settings.ferplus) == (None, None, False)


def test_what_the_next_run_keeps_of_a_network_names_its_source_and_all_before_it(
    provenance: dict[str, Any],
) -> None:
    network = parse_record(TrainedNetwork, provenance)
    earlier = network.as_earlier()
    assert (earlier.minutes, earlier.source) == (network.training_minutes, network.dataset.source)
    assert earlier.start_from == network.start_from
    assert parse_record(EarlierStage, earlier.to_json()) == earlier


def test_a_setting_that_is_not_known_is_named(provenance: dict[str, Any]) -> None:
    newer = settings_of(provenance)
    newer["fit"] = newer["fit"] | {"warp_factor": 9}
    with pytest.raises(ValueError, match=r"fit: .*does not know warp_factor"):
        parse_record(RunSettings, newer)


@pytest.mark.parametrize(
    ("change", "said"),
    [({"fit": None}, "fit: "), ({"start_from": {"minutes": 3}}, r"start_from\.fit: ")],
)
def test_a_field_that_is_wrong_or_missing_is_named(
    change: dict[str, Any], said: str, provenance: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match=said):
        parse_record(RunSettings, settings_of(provenance) | change)


def test_settings_that_make_no_sense_and_datasets_of_another_version_are_refused(
    provenance: dict[str, Any],
) -> None:
    settings = settings_of(provenance)
    both = settings["fit"] | {"minutes": 3, "epochs": 3}
    with pytest.raises(MienError, match="either minutes or epochs"):
        parse_record(RunSettings, settings | {"fit": both})
    with pytest.raises(ValueError, match="dataset: it has format version 1"):
        parse_record(
            RunSettings, settings | {"dataset": settings["dataset"] | {"format_version": 1}}
        )

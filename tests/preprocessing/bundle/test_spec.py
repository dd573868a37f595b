import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from preprocessing.bundle.spec import KnownAnswer, ModelSpec, read_spec, write_spec
from preprocessing.dataset.labels import DisgustPolicy, labels_for
from preprocessing.errors import BundleError
from preprocessing.faces.detectors import DetectorKind
from preprocessing.faces.geometry import ChipGeometry


@pytest.fixture
def spec() -> ModelSpec:
    return ModelSpec(
        name="test",
        labels=labels_for(DisgustPolicy.DROP),
        disgust=DisgustPolicy.DROP,
        geometry=ChipGeometry(),
        temperature=1.25,
        sure_confidence=0.75,
        detector=DetectorKind.HOG,
        landmark_model_sha256="0" * 64,
        network_sha256="0" * 64,
        provenance={"epochs": 3},
        metrics={"val": {"accuracy": 0.5}},
        known_answer=KnownAnswer(((1.0, 0.0, 0.5), (0.0, 1.0, 0.5)), 0.25, (0.1,) * 6, 0.1),
    )


def test_a_spec_comes_back_as_it_was(spec: ModelSpec, tmp_path: Path) -> None:
    write_spec(spec, tmp_path)
    assert read_spec(tmp_path) == spec


def test_a_folder_without_a_spec_is_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no bundle"):
        read_spec(tmp_path)


def test_a_spec_of_an_older_version_says_so(spec: ModelSpec, tmp_path: Path) -> None:
    write_spec(spec, tmp_path)
    path = tmp_path / "spec.json"
    fields = json.loads(path.read_text(encoding="utf-8"))
    del fields["sure_confidence"]
    path.write_text(json.dumps({**fields, "format_version": 1}), encoding="utf-8")
    with pytest.raises(BundleError, match="format version 1"):
        read_spec(tmp_path)


def test_half_a_spec_is_no_json(spec: ModelSpec, tmp_path: Path) -> None:
    write_spec(spec, tmp_path)
    path = tmp_path / "spec.json"
    path.write_text(path.read_text(encoding="utf-8")[:100], encoding="utf-8")
    with pytest.raises(BundleError, match="no valid JSON"):
        read_spec(tmp_path)


@pytest.mark.parametrize("name", [*ModelSpec.__dataclass_fields__])
def test_every_field_is_needed(name: str, spec: ModelSpec, tmp_path: Path) -> None:
    fields = asdict(spec)
    del fields[name]
    (tmp_path / "spec.json").write_text(json.dumps(fields), encoding="utf-8")
    with pytest.raises(BundleError, match="does not describe"):
        read_spec(tmp_path)


def test_unknown_fields_are_refused(spec: ModelSpec, tmp_path: Path) -> None:
    (tmp_path / "spec.json").write_text(json.dumps({**asdict(spec), "x": 1}), encoding="utf-8")
    with pytest.raises(BundleError, match="does not describe"):
        read_spec(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": ("happy", "happy")}, "different words"),
        ({"labels": ("happy", "sad")}, "2 labels"),
        ({"temperature": 0.0}, "temperature"),
        ({"temperature": float("nan")}, "temperature"),
        ({"sure_confidence": 1.5}, "sure_confidence"),
        ({"known_answer": KnownAnswer(((1, 0, 0), (0, 1, 0)), 0.1, (0.0,), 0.1)}, "known answer"),
    ],
)
def test_a_spec_that_contradicts_itself_is_refused(
    change: dict[str, object], message: str, spec: ModelSpec
) -> None:
    with pytest.raises(BundleError, match=message):
        replace(spec, **change)  # type: ignore[arg-type]

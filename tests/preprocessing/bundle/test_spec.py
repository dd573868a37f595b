import functools
import json
import os
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from preprocessing.bundle.outputs import CROWD, LABEL, OUTPUTS, Calibration, OutputSpec
from preprocessing.bundle.spec import KnownAnswer, ModelSpec, read_spec, write_spec
from preprocessing.dataset.labels import DisgustPolicy, labels_for
from preprocessing.errors import BundleError
from preprocessing.faces.geometry import ChipGeometry
from preprocessing.faces.types import DetectorKind


def output_spec(*, balance: float, labels: int = 6) -> OutputSpec:
    calibrations = tuple(
        Calibration(each, temperature=1.25 + each, sure_confidence=0.75) for each in (0.0, 1.0)
    )
    return OutputSpec((1 / labels,) * labels, balance, calibrations)


@pytest.fixture
def spec() -> ModelSpec:
    return ModelSpec(
        name="test",
        labels=labels_for(DisgustPolicy.DROP),
        disgust=DisgustPolicy.DROP,
        geometry=ChipGeometry(),
        outputs={CROWD: output_spec(balance=0.25), LABEL: output_spec(balance=0.0)},
        answers_with=CROWD,
        detector=DetectorKind.HOG,
        landmark_model_sha256="0" * 64,
        network_sha256="0" * 64,
        provenance={"epochs": 3},
        metrics={"val": {"accuracy": 0.5}},
        known_answer=KnownAnswer(
            ((1.0, 0.0, 0.5), (0.0, 1.0, 0.5)), 0.25, ((0.1,) * 6, (0.2,) * 6), 0.1
        ),
        elsewhere={"press": {"accuracy": 0.75}},
    )


def test_bytes_of_a_file_name_that_are_no_utf_8_are_no_damage(
    spec: ModelSpec, tmp_path: Path
) -> None:
    said = {"dataset": {"source": os.fsdecode(b"caf\xe9")}}
    (tmp_path / "spec.json").write_text(json.dumps(asdict(replace(spec, provenance=said))), "utf-8")
    assert read_spec(tmp_path).provenance == {"dataset": {"source": "caf?"}}


def test_a_spec_comes_back_as_it_was(spec: ModelSpec, tmp_path: Path) -> None:
    write_spec(spec, tmp_path)
    assert read_spec(tmp_path) == spec


def test_the_product_answers_with_one_output_of_those_of_the_network(spec: ModelSpec) -> None:
    logits = np.arange(3 * 2 * 6).reshape(3, 2, 6).astype(np.float32)
    for place, name in enumerate(OUTPUTS):
        chosen = replace(spec, answers_with=name)
        assert chosen.answer is spec.outputs[name]
        np.testing.assert_array_equal(chosen.answer_logits(logits), logits[:, place])


def test_an_output_that_makes_no_sense_is_refused_when_the_spec_is_read(
    spec: ModelSpec, tmp_path: Path
) -> None:
    path = tmp_path / "spec.json"
    for damage in (
        {"balance": 2.0},
        {"class_shares": [1.0, 0, 0, 0, 0, 0]},
        {"calibrations": []},
        {"calibrations": [{"balance": 0.0}]},
        {"unknown": 1},
    ):
        fields = json.loads(json.dumps(asdict(spec)))
        fields["outputs"][CROWD] |= damage
        path.write_text(json.dumps(fields), encoding="utf-8")
        with pytest.raises(BundleError):
            read_spec(tmp_path)


def test_a_folder_without_a_spec_is_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no bundle"):
        read_spec(tmp_path)


@pytest.mark.parametrize(
    ("files", "named", "told"),
    [
        (("bundle/spec.json",), "bundle/spec.json", "Name the folder in which it lies, "),
        (("bundle/spec.json", "bundle/model.tflite"), "bundle/model.tflite", "in which it lies"),
        (("run/network.keras", "run/config.json"), "run", "mien export .*run BUNDLE DATASET"),
        (("faces/manifest.json",), "faces", "an aligned dataset"),
        (("unpacked/mine/spec.json",), "unpacked", "Name the folder in it, .*mine[.]"),
        (("bundles/one/spec.json", "bundles/two/spec.json"), "bundles", "with --bundle or in"),
        ((), "nowhere", "with --bundle or in"),
    ],
)
def test_what_is_taken_for_a_bundle_is_told_what_it_is(
    files: tuple[str, ...], named: str, told: str, tmp_path: Path
) -> None:
    for file in files:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text("{}", "utf-8")
    with pytest.raises(BundleError, match=f"is no bundle[.] .*{told}"):
        read_spec(tmp_path / named)


def test_a_spec_of_an_older_version_says_so(spec: ModelSpec, tmp_path: Path) -> None:
    write_spec(spec, tmp_path)
    path = tmp_path / "spec.json"
    fields = json.loads(path.read_text(encoding="utf-8"))
    del fields["outputs"]
    path.write_text(json.dumps({**fields, "format_version": 3}), encoding="utf-8")
    with pytest.raises(BundleError, match="format version 3"):
        read_spec(tmp_path)


@pytest.mark.parametrize("text", ['{"format_version": 4, "na', "[" * 100_000], ids=["cut", "deep"])
def test_half_a_spec_is_no_json(text: str, tmp_path: Path) -> None:
    (tmp_path / "spec.json").write_text(text, encoding="utf-8")
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
    ("place", "value"),
    [
        (("name",), 7),
        (("labels", 0), None),
        (("labels",), "happy"),
        (("geometry", "size_px"), "48"),
        (("geometry", "size_px"), 10**30),
        (("geometry", "margin"), 1e308),
        (("geometry", "anchors", 0), 68),
        (("geometry", "template", 0, 0), 1e308),
        (("geometry", "template", 0), []),
        (("outputs",), []),
        (("outputs", CROWD, "balance"), True),
        (("known_answer", "transform", 0, 0), float("nan")),
        (("known_answer", "transform", 0), [1.0]),
        (("known_answer", "logits", 0, 0), []),
        (("known_answer", "logits_tolerance"), {}),
        (("metrics",), []),
    ],
    ids=str,
)
def test_a_value_of_another_kind_is_named_by_its_place(
    place: tuple[str | int, ...], value: object, spec: ModelSpec, tmp_path: Path
) -> None:
    fields = json.loads(json.dumps(asdict(spec)))
    *within, last = place
    functools.reduce(lambda each, key: each[key], within, fields)[last] = value
    (tmp_path / "spec.json").write_text(json.dumps(fields), encoding="utf-8")
    with pytest.raises(BundleError, match=f"does not describe a bundle: {place[0]}"):
        read_spec(tmp_path)


@pytest.mark.parametrize(
    "word",
    [
        "",
        " ",
        "\x1b[2J",
        "two\nlines",
        "two\u2028lines",
        "\u202eyppah",
        "\u200b",
        "\ud83d",
        "a" * 101,
    ],
)
def test_words_that_cannot_be_shown_are_refused(word: str, spec: ModelSpec) -> None:
    for change in ({"name": word}, {"labels": (word, *spec.labels[1:])}):
        with pytest.raises(BundleError, match="words that can be shown"):
            replace(spec, **change)  # type: ignore[arg-type]


@pytest.mark.parametrize("word", ["\u0628\u200c\u062a", "\U0001faef", "🙂\u200d↔\ufe0f", "a\xa0b"])
def test_words_of_any_language_and_new_emoji_can_be_shown(word: str, spec: ModelSpec) -> None:
    assert word in replace(spec, labels=(word, *spec.labels[1:])).labels


def _known_answer(*logits: tuple[float, ...]) -> KnownAnswer:
    return KnownAnswer(((1, 0, 0), (0, 1, 0)), 0.1, logits, 0.1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": ("happy", "happy")}, "different words"),
        ({"labels": ("happy", "sad")}, "2 numbers"),
        ({"answers_with": "mood"}, "answers_with"),
        ({"outputs": {LABEL: output_spec(balance=0)}}, "answers_with"),
        ({"outputs": {}}, "answers_with"),
        ({"outputs": {CROWD: output_spec(balance=0), "mood": output_spec(balance=0)}}, "crowd"),
        ({"outputs": {CROWD: output_spec(balance=0)}}, "1 outputs"),
        (
            {"outputs": {name: output_spec(balance=0, labels=5) for name in OUTPUTS}},
            "Class shares",
        ),
        ({"known_answer": _known_answer((0.0,) * 6)}, "known answer"),
        ({"known_answer": _known_answer((0.0,), (0.0,))}, "known answer"),
        ({"known_answer": _known_answer((0.0,) * 6, (0.0,) * 5)}, "known answer"),
    ],
)
def test_a_spec_that_contradicts_itself_is_refused(
    change: dict[str, object], message: str, spec: ModelSpec
) -> None:
    with pytest.raises(BundleError, match=message):
        replace(spec, **change)  # type: ignore[arg-type]

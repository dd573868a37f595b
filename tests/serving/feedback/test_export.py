"""What is exported is what `align` reads."""

import contextlib
import csv
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from preprocessing.__main__ import main as preprocess
from preprocessing.dataset.read import read_dataset
from preprocessing.images.encode import encode_png
from serving.__main__ import main
from serving.feedback.export import LIST_NAME
from serving.feedback.store import Store
from serving.inference.predictor import Predictor
from serving.web.samples import SAMPLES, sample_bytes
from tests.serving.feedback.kept import feedback_of

SAID = ("happy", "happy", "sad", "sad", "neutral", "neutral")


@pytest.fixture
def chips(predictor: Predictor) -> list[bytes]:
    """The aligned faces of the samples."""
    return [
        encode_png(prediction.face.chip)
        for name in SAMPLES
        for prediction in predictor.predict(sample_bytes(name))[1].predictions
    ]


@pytest.mark.slow
def test_align_reads_an_export_with_its_labels(
    sqlite_place: str, chips: list[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(sqlite_place)
    for chip, said in zip(chips, SAID, strict=True):
        store.keep(replace(feedback_of(0, said=said), chip=chip))
    store.close()
    monkeypatch.setenv("MIEN_FEEDBACK_DATABASE", sqlite_place)
    said, aligned = tmp_path / "said", tmp_path / "aligned"
    assert main(["feedback", "export", str(said)]) == 0

    with (said / LIST_NAME).open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {(said / row["path"]).read_bytes() for row in rows} == set(chips)
    assert {row["predicted"] for row in rows} == {"happy"}

    command = ["align", str(said), str(aligned), "--list", str(said / LIST_NAME)]
    options = ["--frame", "crop", "--workers", "1", "--split-off", "val=0.4"]
    assert preprocess([*command, *options]) == 0
    dataset = read_dataset(aligned)
    known = dataset.manifest.recipe.labels
    labels = {
        Path(name).name: known[index]
        for name, index in zip(dataset.names, dataset.class_indices, strict=True)
    }
    assert labels == {row["path"]: row["label"] for row in rows}
    assert Counter(labels.values()) == Counter(SAID)


def test_only_an_export_is_replaced_and_only_when_asked(
    sqlite_place: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("MIEN_FEEDBACK_DATABASE", sqlite_place)
    store = Store(sqlite_place)
    code = store.keep(feedback_of(1))
    said = tmp_path / "said"
    assert main(["feedback", "export", str(said)]) == 0
    assert len(list(said.glob("*.png"))) == 1
    store.delete([code])
    store.close()
    assert main(["feedback", "export", str(said)]) == 1
    assert "--overwrite" in capsys.readouterr().err
    assert main(["feedback", "export", str(said), "--overwrite"]) == 0
    assert [path.name for path in said.iterdir()] == [LIST_NAME]
    other = tmp_path / "other"
    other.mkdir()
    assert main(["feedback", "export", str(other), "--overwrite"]) == 1
    assert "is no export" in capsys.readouterr().err
    assert main(["feedback", "export", str(tmp_path / "none" / "said")]) == 1
    assert "Make it, or name another one" in capsys.readouterr().err


def test_what_an_export_did_not_write_is_never_removed(
    sqlite_place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIEN_FEEDBACK_DATABASE", sqlite_place)
    with contextlib.closing(Store(sqlite_place)) as store:
        store.keep(feedback_of(1))
    said = tmp_path / "said"
    assert main(["feedback", "export", str(said)]) == 0
    monkeypatch.chdir(said)
    assert main(["feedback", "export", ".", "--overwrite"]) == 0
    thesis = said / "thesis.txt"
    thesis.write_text("years of work", encoding="utf-8")
    before = sorted(path.name for path in said.iterdir())
    assert main(["feedback", "export", str(said), "--overwrite"]) == 1
    assert sorted(path.name for path in said.iterdir()) == before
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == ["said"]


@pytest.mark.parametrize("command", [["upgrade"], ["export", "said"]])
def test_without_a_database_a_command_says_what_to_set(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["feedback", *command]) == 1
    assert "MIEN_FEEDBACK_DATABASE" in capsys.readouterr().err


def test_upgrade_says_what_it_did(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MIEN_FEEDBACK_DATABASE", f"sqlite:///{tmp_path / 'a.db'}")
    assert main(["feedback", "upgrade"]) == 0
    assert main(["feedback", "upgrade"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert "made" in first
    assert "already" in second

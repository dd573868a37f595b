"""What the commands take, and which arguments they refuse."""

import json
from pathlib import Path

import pytest

from serving.__main__ import main
from serving.cli.command import main as mien


def test_predict_takes_the_options_of_the_api(
    tmp_path: Path, two_faces: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "two.jpg"
    picture.write_bytes(two_faces)
    options = ["--json", "--max-faces", "1", "--min-confidence", "1"]
    said = []
    for balance in ("0", "1"):
        assert main(["predict", str(picture), *options, "--balance", balance]) == 0
        shown = json.loads(capsys.readouterr().out)
        assert shown["faces_found"] == 2
        (face,) = shown["faces"]
        assert not face["is_sure"]
        said.append(face["probabilities"])
    assert said[0] != said[1]
    for name, value in (
        ("--max-faces", "101"),
        ("--min-confidence", "1.1"),
        ("--balance", "1.1"),
        ("--balance", "nan"),
    ):
        assert main(["predict", str(picture), name, value]) == 2
        assert name in capsys.readouterr().err


def test_predict_answers_on_no_more_faces_than_are_set(
    tmp_path: Path,
    two_faces: bytes,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("MIEN_MAX_FACES", "1")
    picture = tmp_path / "two.jpg"
    picture.write_bytes(two_faces)
    for asked in ([], ["--max-faces", "2"]):
        assert main(["predict", str(picture), "--json", *asked]) == 0
        assert len(json.loads(capsys.readouterr().out)["faces"]) == 1


@pytest.mark.parametrize("port", ["0", "70000", "http"])
def test_what_is_no_port_is_wrong_usage(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--port", port]) == 2
    assert "port" in capsys.readouterr().err


def test_a_server_of_a_bundle_that_is_none_does_not_start(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", "--bundle", str(tmp_path / "mine")]) == 1
    words = capsys.readouterr().err
    assert f"error: {tmp_path / 'mine' / 'spec.json'} is missing" in words
    assert "Mien is on" not in words


def test_a_picture_without_a_command_is_told_which_one_reads_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert mien([__file__]) == 2
    assert f"Did you mean mien predict {__file__}?" in capsys.readouterr().err


def test_wrong_usage_is_2() -> None:
    assert main(["predict"]) == 2

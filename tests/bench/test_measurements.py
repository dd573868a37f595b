"""What `make bench-...`, `make soak` and `make scale` run starts at all."""

import runpy
from pathlib import Path

import pytest

HERE = Path(__file__).parent
# What the others share; `mtcnn_program.py` runs where another package is installed.
NO_SCRIPTS = {
    "annotated.py",
    "curves.py",
    "fer2013.py",
    "landmarks.py",
    "large.py",
    "mixed_pictures.py",
    "mtcnn.py",
    "mtcnn_program.py",
    "pasted.py",
    "photo_times.py",
    "scenes.py",
    "small_faces.py",
    "turns.py",
}
SCRIPTS = sorted(
    path
    for path in HERE.glob("*.py")
    if not path.name.startswith("test_") and path.name not in NO_SCRIPTS
)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_measurement_imports_and_tells_its_options(
    script: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", [str(script), "--help"])
    with pytest.raises(SystemExit) as exit_info:
        runpy.run_path(str(script), run_name="__main__")
    assert exit_info.value.code == 0
    assert "usage: " in capsys.readouterr().out

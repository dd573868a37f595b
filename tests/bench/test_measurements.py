"""What `make bench-...`, `make soak` and `make scale` run starts at all."""

import runpy
from pathlib import Path

import pytest

HERE = Path(__file__).parent
NO_SCRIPTS = {"annotated.py", "fer2013.py", "mixed_pictures.py", "scenes.py"}
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

"""What holds for the notebooks as they lie here; `make notebooks` runs them."""

import ast
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from notebooks import execute, gallery
from notebooks.cartoons import SIX, draw_face, write_cartoons
from preprocessing import __main__ as preprocessing_commands
from preprocessing.dataset.sources.folders import read_layout
from preprocessing.dataset.sources.names import Names
from preprocessing.dataset.sources.reading import Reading
from preprocessing.errors import DatasetError
from preprocessing.images.decode import decode_image
from preprocessing.images.sample import sample_photo_path
from serving import __main__ as serving_commands
from serving.inference.predictor import Predictor
from tests.tools.command_lines import understood
from training import __main__ as training_commands

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))
MAX_BYTES = 2_000_000
MAX_PICTURE_BYTES = 150_000
PLOTLY = "application/vnd.plotly.v1+json"
COMMANDS = {
    "preprocessing": preprocessing_commands.main,
    "training": training_commands.main,
    "serving": serving_commands.main,
    "notebooks.execute": execute.main,
}
# Two chips of one face, cut at different tilts: correlation of their grey levels.
SAME_CHIP = 0.99


def cells_of(path: Path) -> list[dict[str, Any]]:
    return list(json.loads(path.read_text(encoding="utf-8"))["cells"])


def commands_in(path: Path) -> Iterator[str]:
    """Yield what is quoted to be typed: in backticks, which may go over lines, or indented."""
    for cell in cells_of(path):
        if cell["cell_type"] == "markdown":
            text = "".join(cell["source"])
            for quoted in re.findall(r"`([^`]+)`|^ {4}(.+)$", text, re.MULTILINE):
                yield " ".join("".join(quoted).split())


def test_the_story_has_nine_chapters() -> None:
    assert [path.name.partition("-")[0] for path in NOTEBOOKS] == [
        f"{number:02d}" for number in range(1, 10)
    ]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_explains_and_defines_nothing(path: Path) -> None:
    cells = cells_of(path)
    head = "".join(cells[0]["source"])
    assert "**Full run:**" in head
    assert f"python -m notebooks.execute --full {path.stem}" in list(commands_in(path))
    assert "**Sample:**" in head
    for cell in cells:
        if cell["cell_type"] == "code":
            code = "".join(cell["source"]).replace("%cd -q ..", "")
            defined = ast.FunctionDef | ast.ClassDef | ast.Lambda
            assert not any(isinstance(node, defined) for node in ast.walk(ast.parse(code)))
            assert all(output["output_type"] != "error" for output in cell["outputs"])


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_command_that_a_notebook_quotes_can_be_typed(
    path: Path, repository_root: Path
) -> None:
    targets = (repository_root / "Makefile").read_text(encoding="utf-8")
    for command in commands_in(path):
        if command.startswith("python -m "):
            module, *arguments = shlex.split(command.removeprefix("python -m "))
            assert understood(COMMANDS[module], arguments) is not None
        elif match := re.fullmatch(r"(?:[A-Z_]+=\S+ )?make ([a-z-]+)", command):
            assert f"\n{match[1]}:" in targets


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_chart_has_a_still_for_readers_on_the_web(path: Path) -> None:
    for cell in cells_of(path):
        for output in cell.get("outputs", []):
            shown = output.get("data", {})
            assert PLOTLY not in shown or "image/png" in shown


def test_the_last_notebook_shows_the_error_that_a_stray_folder_brings_today() -> None:
    cells = cells_of(NOTEBOOKS[-1])
    printed = ["".join(out.get("text", "")) for cell in cells for out in cell.get("outputs", [])]
    labels = ("happy", "surprise", "sleepy", "shouting")
    paths = [
        f"{split}/{label}/{number}.png"
        for split, count in (("train", 40), ("val", 10), ("test", 10))
        for label in labels
        for number in range(count)
    ]
    paths[0] = "train/hapy/0.png"
    with pytest.raises(DatasetError) as raised:
        read_layout(paths, Names(Reading(own_labels=labels)), source="faces")
    assert f"{raised.value}\n" in printed


def test_a_full_run_without_chromium_says_what_to_do_before_it_begins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(execute, "find_browser", lambda: None)
    run = CliRunner().invoke(execute.main, ["--full", "01-data"])
    assert run.exit_code == 1
    assert "apt-get install chromium" in run.stderr


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_small_and_brings_no_script(path: Path) -> None:
    assert path.stat().st_size < MAX_BYTES
    assert "<script" not in path.read_text(encoding="utf-8")


def test_the_readme_shows_the_whole_gallery_in_small_pictures(repository_root: Path) -> None:
    readme = (repository_root / "README.md").read_text(encoding="utf-8")
    pictures = list(gallery.FOLDER.iterdir())
    shown = re.findall(r'src="notebooks/gallery/([^"]+)"', readme)
    assert sorted(shown) == sorted(path.name for path in pictures)
    assert all(path.stat().st_size < MAX_PICTURE_BYTES for path in pictures)


@pytest.mark.slow
def test_the_gallery_is_made_anew_from_the_sample_photo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = {path.name for path in gallery.FOLDER.iterdir()}
    monkeypatch.setattr(gallery, "FOLDER", tmp_path)
    assert CliRunner().invoke(gallery.main, []).exit_code == 0
    made = {path.name for path in tmp_path.iterdir()}
    assert made == here - {"page.jpg", "camera.webp", "mean-faces.jpg"}


def test_a_tilted_head_gives_the_same_chip_at_every_tilt() -> None:
    photo = decode_image(sample_photo_path().read_bytes())
    chips = [chip.ravel() for _, chip in gallery.align_tilted(photo, Predictor())]
    assert np.corrcoef(chips).min() > SAME_CHIP


def test_drawn_faces_of_one_expression_differ_less_than_those_of_two() -> None:
    generator = np.random.default_rng(0)
    means = [np.mean([draw_face(label, generator) for _ in range(40)], axis=0) for label in SIX]
    again = np.mean([draw_face("happy", generator) for _ in range(40)], axis=0)
    happy = SIX.index("happy")
    distances = [np.ptp(mean - again) for mean in means]
    assert int(np.argmin(distances)) == happy


def test_drawn_faces_lie_in_class_folders(tmp_path: Path) -> None:
    write_cartoons(tmp_path, count=4)
    assert {path.name for path in tmp_path.iterdir()} == {"train", "val", "test"}
    assert len(list((tmp_path / "train" / "happy").glob("*.png"))) == 4
    assert len(list((tmp_path / "val" / "sad").glob("*.png"))) == 1

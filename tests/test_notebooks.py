"""What holds for the notebooks as they lie here; `make notebooks` runs them."""

import ast
import json
import re
from pathlib import Path

import numpy as np
import pytest

from notebooks import gallery
from training.cartoons import SIX, draw_face, write_cartoons

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))
MAX_BYTES = 2_000_000
MAX_PICTURE_BYTES = 150_000


def test_the_story_has_nine_chapters() -> None:
    assert [path.name.partition("-")[0] for path in NOTEBOOKS] == [
        f"{number:02d}" for number in range(1, 10)
    ]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_explains_and_defines_nothing(path: Path) -> None:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    head = "".join(cells[0]["source"])
    assert "**Full run:**" in head
    assert "**Sample:**" in head
    for cell in cells:
        if cell["cell_type"] == "code":
            code = "".join(cell["source"]).replace("%cd -q ..", "")
            defined = ast.FunctionDef | ast.ClassDef | ast.Lambda
            assert not any(isinstance(node, defined) for node in ast.walk(ast.parse(code)))
            assert all(output["output_type"] != "error" for output in cell["outputs"])


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


def test_the_gallery_is_made_anew_from_the_sample_photo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = {path.name for path in gallery.FOLDER.iterdir()}
    monkeypatch.setattr(gallery, "FOLDER", tmp_path)
    assert gallery.main([]) == 0
    made = {path.name for path in tmp_path.iterdir()}
    assert {"marked.jpg", "aligned.jpg", "what-mattered.jpg"} == made <= here


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

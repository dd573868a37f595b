"""What the README of this folder says can be typed, works."""

import re
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from preprocessing.__main__ import main
from preprocessing.dataset.arguments import align_options
from preprocessing.dataset.options import AlignOptions
from preprocessing.dataset.sources.open import open_source
from preprocessing.dataset.sources.vocabulary import CODES, LABEL_OF, SPLIT_OF
from tests.preprocessing.dataset.sources.drawn import png, write_folders
from tests.tools.command_lines import understood

README = Path("preprocessing", "dataset", "sources", "README.md")


@pytest.fixture
def lines(repository_root: Path) -> list[str]:
    text = (repository_root / README).read_text(encoding="utf-8")
    return [
        line
        for block in re.findall(r"```\n(.*?)```", text, re.DOTALL)
        for line in block.splitlines()
    ]


def options_of(line: str) -> AlignOptions:
    choices = understood(main, shlex.split(line, comments=True)[3:])
    own = ("source", "dataset", "overwrite")
    return align_options(**{name: value for name, value in choices.items() if name not in own})


def test_every_command_can_be_typed(lines: list[str]) -> None:
    commands = [line for line in lines if line.startswith("python -m preprocessing")]
    assert len(commands) > 8
    for line in commands:
        assert options_of(line)


def make_affectnet(folder: Path) -> Path:
    header = (
        "subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,"
        "expression,valence,arousal"
    )
    for name, codes in (("training", (0, 1, 7, 8)), ("validation", (6,))):
        rows = [header]
        for code in codes:
            path = folder / "AffectNet" / "images" / str(code) / f"{name}{code}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(png(code))
            rows.append(f'{code}/{path.name},1,2,3,4,"1;2;3",{code},0.1,0.2')
        (folder / f"{name}.csv").write_text("\n".join(rows), encoding="utf-8")
    return folder / "AffectNet"


def make_raf(folder: Path) -> Path:
    rows = []
    for number, (split, code) in enumerate((("train", 1), ("train", 4), ("test", 7))):
        name = f"{split}_0000{number}.jpg"
        path = folder / "RAF-DB" / "aligned" / name.replace(".jpg", "_aligned.jpg")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(number))
        rows.append(f"{name} {code}")
    (folder / "list_patition_label.txt").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder / "RAF-DB"


def make_ck(folder: Path) -> Path:
    for number, (person, code) in enumerate((("S005", 3), ("S010", 7), ("S010", 2))):
        stem = f"{person}_00{number}_00000011"
        for frame in ("00000001", "00000011"):
            path = folder / "CK+" / person / f"00{number}" / f"{person}_00{number}_{frame}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(png(number))
        label = folder / "Emotion" / person / f"00{number}" / f"{stem}_emotion.txt"
        label.parent.mkdir(parents=True, exist_ok=True)
        label.write_text(f"   {code}.0000000e+00\n", encoding="utf-8")
    return folder / "CK+"


SETS: dict[str, tuple[Callable[[Path], Path], list[tuple[str, str]]]] = {
    "AffectNet": (make_affectnet, [("neutral", "train"), ("happy", "train"), ("angry", "val")]),
    "RAF-DB": (make_raf, [("surprise", "train"), ("happy", "train"), ("neutral", "test")]),
    "CK+": (make_ck, [("disgust", "train"), ("surprise", "train")]),
}


@pytest.mark.parametrize("word", SETS)
def test_the_lists_of_published_sets_are_read_in_a_line(
    word: str, lines: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, read = SETS[word]
    source = make(tmp_path)
    monkeypatch.chdir(tmp_path)
    align = next(line for line in lines if f"align {word} " in line)
    before = lines[lines.index(align) - 1]
    if before.startswith("awk"):
        subprocess.run(["bash", "-c", before], check=True)  # noqa: S607
    options = options_of(align)
    items = list(open_source(source, options.reading).items())
    assert sorted((item.label, item.split) for item in items) == sorted(read)


def test_every_word_that_is_listed_is_understood(repository_root: Path) -> None:
    text = (repository_root / README).read_text(encoding="utf-8")
    table = text.partition("| meaning | words |")[2].partition("\n\n")[0]
    words = set(re.findall(r"\w+", table.lower().partition("(calm")[0])) - {"meaning", "words"}
    assert words <= set(SPLIT_OF) | set(LABEL_OF)
    assert set(LABEL_OF) - words == {"contempt", "contemptuous"}
    for name in CODES:
        assert name in text


def test_the_classes_of_folders_are_put_together_as_shown(lines: list[str], tmp_path: Path) -> None:
    write_folders(tmp_path, ("",), ("happy", "angry", "sad", "neutral", "fear"))
    line = next(line for line in lines if "--labels good,neutral,bad" in line)
    options = options_of(line)
    counts = open_source(tmp_path, options.reading).counts
    assert counts == {("good", "train"): 2, ("bad", "train"): 4, ("neutral", "train"): 2}

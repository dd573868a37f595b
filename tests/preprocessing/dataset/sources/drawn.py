"""Small sources of drawn faces, as people have them on their disks."""

import io
import tarfile
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np

from preprocessing.dataset.labels import FER2013_LABELS
from preprocessing.images.encode import encode_png

HEADER = "emotion,pixels,Usage"
USAGES = ("Training",) * 8 + ("PublicTest",) * 2 + ("PrivateTest",) * 2
SIX = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")
SPLITS = ("train", "val", "test")

Row = tuple[str, str, str]
"""Emotion, pixels and usage, as they stand in a table."""


def draw(number: int, side_px: int = 48) -> np.ndarray:
    """Draw a face that differs by its number, grey."""
    picture = np.full((48, 48), 90 + number, np.uint8)
    cv2.ellipse(picture, (24, 24), (18, 22), 0, 0, 360, 190, -1)
    for x in (17, 31):
        cv2.circle(picture, (x, 18), 3, 30, -1)
    cv2.ellipse(picture, (24, 32), (9, 7), 0, 20, 160, 60, 2)
    return np.asarray(cv2.resize(picture, (side_px, side_px)), np.uint8)


def rows(side_px: int = 48) -> list[Row]:
    """Return twelve rows as FER2013 has them."""
    return [
        (str(number % 7), " ".join(map(str, draw(number, side_px).ravel())), usage)
        for number, usage in enumerate(USAGES)
    ]


EXPECTED = [
    (FER2013_LABELS[number % 7], split)
    for number, split in enumerate(("train",) * 8 + ("val",) * 2 + ("test",) * 2)
]
"""Label and split of each of the `rows`."""


def text(
    lines: Iterable[Row], *, header: str = HEADER, end: str = "\n", form: str = "{0},{1},{2}"
) -> str:
    """Write a table."""
    written = [header] if header else []
    return "".join(line + end for line in [*written, *(form.format(*row) for row in lines)])


def png(number: int, side_px: int = 48) -> bytes:
    return encode_png(draw(number, side_px))


def write_folders(
    root: Path,
    splits: Sequence[str],
    labels: Sequence[str],
    *,
    each: int = 2,
    side_px: int = 48,
    suffix: str = ".png",
) -> None:
    """Write class folders: `split/label/0.png`, or `label/0.png` where the split is empty."""
    for place, split in enumerate(splits):
        for number, label in enumerate(labels):
            folder = root / split / label
            folder.mkdir(parents=True, exist_ok=True)
            for copy in range(each):
                picture = png(number + 7 * copy + 20 * place, side_px)
                (folder / f"{number}_{copy}{suffix}").write_bytes(picture)


def zipped(members: Iterable[tuple[str, bytes | str]]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return file.getvalue()


def tarred(members: Iterable[tuple[str, bytes]], kind: str = "gz") -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=f"w:{kind}") as archive:
        for name, content in members:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return file.getvalue()

"""What the command `predict` says of a file: its faces, or why it was not read."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from preprocessing.errors import UnsupportedImageError
from preprocessing.images.formats.others import ARCHIVE, VIDEO, name_of_other
from preprocessing.images.types import PictureNote
from preprocessing.runtime.cli import describe
from preprocessing.runtime.terminal import for_terminal, readable
from serving.inference.schema import Answer, FaceAnswer

_OTHER_WAYS = {
    VIDEO: " A video is read by: mien video",
    ARCHIVE: " Unpack an archive, and name the folder with its pictures.",
}


def as_json(path: Path, answer: Answer | str) -> str:
    """Return what was seen in a file, or why it was not read, as one line of JSON.

    The reason is the `problem` that the table of `--csv` has too.
    """
    if isinstance(answer, str):
        seen: dict[str, Any] = {"problem": readable(answer)}
    else:
        seen = answer.model_dump(mode="json", exclude_none=True)
    return json.dumps({"file": readable(str(path)), **seen})


def in_words(path: Path, answer: Answer) -> str:
    """Return what was seen in a file as its name and a line for each face."""
    faces = [
        f"  {face.index}  {face.label:<9}{face.confidence:>5.0%}"
        f"{'' if face.is_sure else '  not sure, perhaps ' + face.second_label}"
        f"{'  (' + ', '.join(_notes(face)) + ')' if _notes(face) else ''}"
        for face in answer.faces
    ]
    hints = _told_here(answer.hints or ())
    no_face = f"  no face found{'  (' + ', '.join(hints) + ')' if hints else ''}"
    lines = [for_terminal(str(path)), *(faces or [no_face])]
    if PictureNote.MORE_PICTURES in (answer.hints or ()):
        lines.append("  the file holds more pictures, which were not read")
    return "\n".join(lines)


def why_not(data: bytes, error: Exception) -> str:
    """Say why the bytes of a file were not read, and where another command reads it, which one."""
    if not isinstance(error, UnsupportedImageError):
        return describe(error)
    name = name_of_other(data)
    return f"{error}{_OTHER_WAYS.get(name or '', '')}"


def _notes(face: FaceAnswer) -> list[str]:
    is_detected = face.found_by.startswith("detector")
    hints = _told_here(face.hints)
    return hints if is_detected else [*hints, face.found_by]


def _told_here(hints: Iterable[str]) -> list[str]:
    """Leave out the hint that has a line of its own."""
    return [hint for hint in hints if hint != PictureNote.MORE_PICTURES]

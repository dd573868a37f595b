"""Keep what was seen in the frames of a video on disk, so that an interrupted run can go on.

One line of JSON for each frame that was looked at: times, boxes and numbers, no pictures. The first
line says what the log is of; the last line says that the video was read to its end.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from preprocessing.errors import MienError
from preprocessing.faces.types import BoundingBox
from preprocessing.runtime.typed_json import parse_json
from serving.inference.video.sole_writer import open_alone
from serving.inference.video.types import Observation, Sample

FORMAT_VERSION = 1
# How the first line of every log begins.
_START = b'{"version": '
_OF, _END = "of", "end"


@dataclass(frozen=True)
class Progress:
    """How far a log has come.

    Attributes:
        last: The last frame that was looked at; None where there is none.
        is_finished: The video was read to its end.
        problem: What could not be read of a video that is finished; None where all could.
    """

    last: Sample | None = None
    is_finished: bool = False
    problem: str | None = None


class SampleLog:
    """The log of one video. A line that a kill cut short is written again.

    No other process can write it until it is closed or deleted.

    Attributes:
        path: Of its file.
        progress: How far it has come.
    """

    def __init__(self, path: Path, identity: dict[str, Any]) -> None:
        """Open a log, or begin a new one where there is none or it is of something else.

        Args:
            path: Of the log's file.
            identity: What decides the log's content, ready for JSON: the video, the bundle and the
                options.

        Raises:
            MienError: The file is there and is no log, or another process is writing it.
        """
        self.path = path
        # As it is read again: JSON knows no tuples.
        self._first = json.loads(json.dumps({"version": FORMAT_VERSION, _OF: identity}))
        self._file = open_alone(path)
        try:
            self.progress = self._recover()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the log, so that it can be resumed."""
        self._file.close()

    def delete(self) -> None:
        """Close the log and delete it."""
        self.close()
        self.path.unlink()

    def append(self, sample: Sample) -> None:
        """Add a frame."""
        self._write(_to_json(sample))
        self.progress = Progress(sample)

    def finish(self, problem: str | None) -> None:
        """Say that the video was read to its end, and what of it could not be read."""
        self._write({_END: problem})
        self.progress = Progress(self.progress.last, is_finished=True, problem=problem)

    def samples(self) -> Iterator[Sample]:
        """Read all frames again, in their order."""
        with self.path.open(encoding="utf-8") as file:
            next(file)
            for line in file:
                fields = json.loads(line)
                if _END not in fields:
                    yield _from_json(fields)

    def _write(self, fields: dict[str, Any]) -> None:
        self._file.write(json.dumps(fields).encode("ascii") + b"\n")
        self._file.flush()

    def _recover(self) -> Progress:
        """Cut the file after its last sound line, and return how far it has come."""
        progress, whole = Progress(), 0
        self._file.seek(0)
        for line in self._file:
            fields = _parse(line)
            if not whole:
                self._refuse_foreign(line)
                if fields != self._first:
                    break
            elif fields is None or not _is_next(progress, fields):
                break
            else:
                progress = _advance(progress, fields)
            whole += len(line)
        self._file.truncate(whole)
        if not whole:
            self._write(self._first)
        return progress

    def _refuse_foreign(self, first: bytes) -> None:
        is_log = first.startswith(_START) or _START.startswith(first)
        fields = _parse(first)
        if not is_log or (fields is not None and _OF not in fields):
            raise MienError(
                f"{self.path} is there and was not written by this command, which would keep there "
                "what it has read. Move it away, or give the output another name."
            )


def _is_next(progress: Progress, fields: dict[str, Any]) -> bool:
    """Say whether a line can follow those before: times rise, and the end is the last line."""
    if progress.is_finished:
        return False
    return _END in fields or progress.last is None or fields["seconds"] > progress.last.seconds


def _advance(progress: Progress, fields: dict[str, Any]) -> Progress:
    if _END in fields:
        return Progress(progress.last, is_finished=True, problem=fields[_END])
    return Progress(_from_json(fields))


def _parse(line: bytes) -> dict[str, Any] | None:
    """Return the fields of a whole line; None where it was cut short."""
    if not line.endswith(b"\n"):
        return None
    try:
        fields = parse_json(line)
    except ValueError:
        return None
    return fields if isinstance(fields, dict) else None


def _to_json(sample: Sample) -> dict[str, Any]:
    return {
        "seconds": sample.seconds,
        "is_after_damage": sample.is_after_damage,
        "faces": [
            {
                "box": [face.box.left, face.box.top, face.box.right, face.box.bottom],
                "logs": face.log_probabilities,
                "hints": face.hints,
                "found_by": face.found_by,
            }
            for face in sample.observations
        ],
    }


def _from_json(fields: dict[str, Any]) -> Sample:
    faces = tuple(
        Observation(
            box=BoundingBox(*face["box"]),
            log_probabilities=tuple(face["logs"]),
            hints=tuple(face["hints"]),
            found_by=face["found_by"],
        )
        for face in fields["faces"]
    )
    return Sample(fields["seconds"], faces, fields["is_after_damage"])

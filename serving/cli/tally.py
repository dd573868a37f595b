"""Count what became of the pictures of a `predict`."""

from collections import Counter
from dataclasses import dataclass, field

from preprocessing.faces.types import FALL_BACKS
from serving.inference.schema import Answer


@dataclass
class Tally:
    """What became of pictures.

    Attributes:
        passed_over: Number of files that were not read, by their suffix; "" counts hidden and
            system files.
        read: Pictures that could be read.
        faces: Faces found in them.
        fell_back: Faces that were read as they are, by `found_by`.
        faceless: Pictures without a face.
        failed: Pictures that could not be read.
    """

    passed_over: Counter[str]
    read: int = 0
    faces: int = 0
    fell_back: Counter[str] = field(default_factory=Counter)
    faceless: int = 0
    failed: int = 0

    def add(self, answer: Answer | str) -> None:
        """Count one picture: what is answered on it, or why it could not be read."""
        if isinstance(answer, str):
            self.failed += 1
            return
        self.read += 1
        self.faces += len(answer.faces)
        self.faceless += not answer.faces
        self.fell_back.update(face.found_by for face in answer.faces if face.found_by in FALL_BACKS)

    def lines(self) -> list[str]:
        """Write the counts as a table."""
        fell_back = ", ".join(f"{count:,} {name}" for name, count in self.fell_back.items())
        others = ", ".join(
            f"{count:,} {end or 'hidden and system files'}"
            for end, count in sorted(self.passed_over.items())
        )
        rows = [
            ("pictures read", self.read, ""),
            ("faces", self.faces, ""),
            ("  read as they are, not aligned", self.fell_back.total(), fell_back),
            ("pictures without a face", self.faceless, ""),
            ("pictures that could not be read", self.failed, ""),
            ("files passed over", self.passed_over.total(), others),
        ]
        return [f"{what:<34}{count:>9,}  {which}".rstrip() for what, count, which in rows]

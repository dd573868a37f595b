"""Predict and align from Python: what `import mien` gives."""

import functools
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from preprocessing.faces.types import AlignedFace, BoundingBox, Landmarks
from preprocessing.images.decode import decode_picture
from preprocessing.images.types import GreyImage, RgbImage
from serving.inference.csv_table import row_types, to_row
from serving.inference.given_picture import Picture, read_given
from serving.inference.options import Options, PredictOptions, check_crop
from serving.inference.prediction import PhotoResult
from serving.inference.predictor import Predictor
from serving.inference.schema import FaceAnswer
from serving.inference.serialize import to_answer
from serving.inference.shipped_bundle import SHIPPED_BUNDLE

if TYPE_CHECKING:
    import pandas as pd

# Loaded models are kept: each bundle takes about a second to load.
_KEPT_BUNDLES = 4


@dataclass(frozen=True, eq=False)
class Face:
    """One face of a picture, and which expression it shows.

    Attributes:
        index: From 1, in the order of the faces.
        label: The likeliest expression.
        confidence: The probability of `label`, 0 to 1.
        is_sure: The confidence reaches the threshold: by default that from which at least 90 %
            of the validation predictions were correct, at least 0.5.
        second_label: The second likeliest expression.
        probabilities: By label, in the order of the model's labels; they sum to 1.
        hints: Why the prediction may be worse than usual, such as "small" or "blurred".
        box: In pixels of the upright picture. Of a cut face it reaches outside: before you cut with
            it, take `box.clipped(faces.width, faces.height)`.
        landmarks: float32 (n, 2), x and y in pixels of the upright picture.
        found_by: How the face was found; see the API's `found_by`.
        chip: The aligned face that the network saw, uint8 (side, side), grey.
    """

    index: int
    label: str
    confidence: float
    is_sure: bool
    second_label: str
    probabilities: dict[str, float] = field(repr=False)
    hints: tuple[str, ...]
    box: BoundingBox
    landmarks: Landmarks = field(repr=False)
    found_by: str = field(repr=False)
    chip: GreyImage = field(repr=False)
    _answer: FaceAnswer = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Return what the API answers on this face, ready for `json.dumps`."""
        return self._answer.model_dump(mode="json", exclude_none=True)


class Faces(Sequence[Face]):
    """All faces of one picture; empty where there is none.

    Attributes:
        width: Of the upright picture, in pixels.
        height: Likewise.
        tip: What may help, where no face was found; else None.
    """

    def __init__(self, rgb: RgbImage, result: PhotoResult) -> None:
        """Wrap what a predictor returns."""
        asked = Options(landmarks=True)
        self._answer = to_answer(rgb, result, options=asked)
        self._labels = result.labels
        self.width, self.height, self.tip = result.width, result.height, self._answer.tip
        self._faces = tuple(
            Face(
                index=answer.index,
                label=answer.label,
                confidence=answer.confidence,
                is_sure=answer.is_sure,
                second_label=answer.second_label,
                probabilities=answer.probabilities,
                hints=tuple(answer.hints),
                box=prediction.face.face.box,
                landmarks=prediction.face.face.landmarks,
                found_by=answer.found_by,
                chip=prediction.face.chip,
                _answer=answer,
            )
            for answer, prediction in zip(self._answer.faces, result.predictions, strict=True)
        )

    @overload
    def __getitem__(self, index: int) -> Face: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Face, ...]: ...
    def __getitem__(self, index: int | slice) -> Face | tuple[Face, ...]:
        """Return one face, or several as a tuple.

        Raises:
            IndexError: There is no such face.
        """
        if not self and not isinstance(index, slice):
            raise IndexError(f"No face was found. {self.tip or ''}")
        return self._faces[index]

    def __len__(self) -> int:
        """Count the faces."""
        return len(self._faces)

    def __repr__(self) -> str:
        """Show the faces, one a line."""
        lines = "".join(f"    {face},\n" for face in self)
        return f"Faces([\n{lines}])" if lines else "Faces([])"

    def to_dict(self) -> dict[str, Any]:
        """Return what the API answers on the picture, ready for `json.dumps`."""
        return self._answer.model_dump(mode="json", exclude_none=True)

    def to_pandas(self) -> "pd.DataFrame":
        """Return a table with one row a face, in the columns of `mien predict --csv`.

        Raises:
            ModuleNotFoundError: pandas is not installed.
        """
        import pandas as pd

        rows = [to_row(answer) for answer in self._answer.faces]
        types = row_types(self._labels)
        return pd.DataFrame(rows, columns=list(types)).astype(types)


def predict(
    picture: Picture,
    *,
    crop: bool = False,
    max_faces: int | None = None,
    min_confidence: float | None = None,
    balance: float | None = None,
    landmarks: str | int | None = None,
    bundle: str | os.PathLike[str] = SHIPPED_BUNDLE,
) -> Faces:
    """Find every face of a picture and predict which expression it shows.

    The first call loads the models, which takes about a second; later calls use them again. Threads
    may call it at the same time.

    Args:
        picture: A path, the bytes of a picture file, a file that is open for reading bytes, a
            Pillow image, or an array: uint8 (height, width) or (height, width, 1) for grey,
            (height, width, 3) for RGB, (height, width, 4) for RGBA. OpenCV's colours come in the
            order BGR; turn them round with `array[..., ::-1]`.
        crop: The picture is already a cropped face.
        max_faces: Only this many faces are classified, the largest, 1 or more; by default all.
        min_confidence: Confidence from which `is_sure` is true, 0 to 1; by default the model's own.
        balance: How frequent the expressions are expected to be: at 0 as in the training pictures,
            mostly neutral and happy; at 1 all equally. By default the model's own.
        landmarks: By which the faces are aligned: `68`, `5` or `yunet`; by default those of the
            model's training.
        bundle: Folder of another trained model.

    Raises:
        ImageDecodeError: The picture cannot be read.
        ImageTooLargeError: It has too many pixels.
        BundleError: The model is missing or damaged.
        ModelFileError: The landmark model or the face detector is missing or damaged.
        OSError: The file cannot be opened.
        TypeError: It is nothing that can be a picture.
        ValueError: A number is outside its range, or `crop` is neither true nor false.
    """
    options = PredictOptions(crop, max_faces, min_confidence, balance)
    return Faces(*loaded_predictor(Path(bundle), landmarks).predict(read_given(picture), options))


def align(
    picture: Picture,
    *,
    crop: bool = False,
    landmarks: str | int | None = None,
    bundle: str | os.PathLike[str] = SHIPPED_BUNDLE,
) -> list[AlignedFace]:
    """Find every face of a picture and align it, as the network is shown it.

    Args:
        picture: As for `predict`.
        crop: The picture is already a cropped face.
        landmarks: As for `predict`.
        bundle: Folder of the trained model whose detector and geometry are used.

    Returns:
        For each face its `chip`, uint8 (side, side), grey, and where it comes from: `transform`
        and `face`.

    Raises:
        ImageDecodeError, ImageTooLargeError, BundleError, ModelFileError, OSError, TypeError,
            ValueError: As `predict`.
    """
    check_crop(crop)
    read = read_given(picture)
    decoded = decode_picture(read, may_reduce=True) if isinstance(read, bytes) else read
    return loaded_predictor(Path(bundle), landmarks).align(decoded, is_crop=crop)


def loaded_predictor(bundle: Path, landmarks: str | int | None) -> Predictor:
    """Load a bundle with all that it needs, or return it as it was loaded before."""
    return _load(bundle, None if landmarks is None else str(landmarks))


@functools.lru_cache(_KEPT_BUNDLES)
def _load(bundle: Path, landmarks: str | None) -> Predictor:
    return Predictor(bundle, landmarks=landmarks)

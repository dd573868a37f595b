"""The landmark models that can be chosen, and what their points mean."""

from dataclasses import dataclass, replace

from preprocessing.faces.geometry import ChipGeometry
from preprocessing.faces.model_files import (
    LANDMARKS_5_FILE,
    LANDMARKS_68_FILE,
    YUNET_FILE,
    ModelFile,
)
from preprocessing.faces.template import MEAN_FACE, YUNET_MEAN_FACE

# dlib's five points as iBUG 300-W indices: outer and inner corner of the eye at image-right, then
# of the eye at image-left, and the base of the nose.
_FIVE = (45, 42, 36, 39, 33)


@dataclass(frozen=True)
class LandmarkScheme:
    """What a landmark model finds.

    Attributes:
        name: As the option `--landmarks` takes it.
        file: The trained model.
        licence: What may be done with it, in a sentence.
        eye_image_left: Indices of the landmarks of the eye at image-left.
        eye_image_right: Likewise.
        nose: Likewise.
        nose_tip: Index of the landmark of the nose that stands out most.
        nose_depth: How far that stands before the plane of the eyes, as a fraction of the distance
            between the eyes, roughly.
        mouth: Indices of the landmarks of the mouth; empty where the model does not see it.
        mean_face: Where each landmark lies in the mean face of FER2013, which looks ahead: x and y
            as fractions of the frame.
        geometry: How chips are cut by these landmarks, unless told otherwise.
    """

    name: str
    file: ModelFile
    licence: str
    eye_image_left: tuple[int, ...]
    eye_image_right: tuple[int, ...]
    nose: tuple[int, ...]
    nose_tip: int
    nose_depth: float
    mouth: tuple[int, ...]
    mean_face: tuple[tuple[float, float], ...]
    geometry: ChipGeometry

    @property
    def count(self) -> int:
        """Number of landmarks."""
        return len(self.mean_face)

    @property
    def is_of_detector(self) -> bool:
        """Whether they are what YuNet, a detector, marks itself; else a model of dlib's does."""
        return self.file == YUNET_FILE

    def parts(self) -> dict[str, tuple[int, ...]]:
        """Return the indices of the landmarks by part of the face."""
        parts = {
            "eyes": self.eye_image_left + self.eye_image_right,
            "nose": self.nose,
            "mouth": self.mouth,
        }
        return {name: indices for name, indices in parts.items() if indices}


_FIVE_MEAN_FACE = tuple(MEAN_FACE[index] for index in _FIVE)

_SCHEMES = (
    LandmarkScheme(
        name="68",
        file=LANDMARKS_68_FILE,
        licence=(
            "The 68-point landmark model was trained on iBUG 300-W "
            "and may not be used commercially."
        ),
        eye_image_left=tuple(range(36, 42)),
        eye_image_right=tuple(range(42, 48)),
        nose=tuple(range(27, 36)),
        nose_tip=30,
        nose_depth=0.5,
        mouth=tuple(range(48, 68)),
        mean_face=MEAN_FACE,
        geometry=ChipGeometry(),
    ),
    LandmarkScheme(
        name="5",
        file=LANDMARKS_5_FILE,
        licence="The 5-point landmark model was put into the public domain by its author.",
        eye_image_left=(2, 3),
        eye_image_right=(0, 1),
        nose=(4,),
        nose_tip=4,
        nose_depth=0.35,
        mouth=(),
        mean_face=_FIVE_MEAN_FACE,
        geometry=ChipGeometry(anchors=tuple(range(5)), template=_FIVE_MEAN_FACE),
    ),
    LandmarkScheme(
        name="yunet",
        file=YUNET_FILE,
        licence="YuNet, which finds these five points, is under the MIT licence.",
        eye_image_left=(0,),
        eye_image_right=(1,),
        nose=(2,),
        nose_tip=2,
        nose_depth=0.5,
        mouth=(3, 4),
        mean_face=YUNET_MEAN_FACE,
        geometry=ChipGeometry(anchors=tuple(range(5)), template=YUNET_MEAN_FACE),
    ),
)
LANDMARK_SCHEMES = {scheme.name: scheme for scheme in _SCHEMES}
"""By name."""


def geometry_by(scheme: LandmarkScheme, geometry: ChipGeometry) -> ChipGeometry:
    """Return how landmarks of a scheme cut chips as much like those of another as they can.

    Args:
        scheme: The scheme.
        geometry: How the landmarks of any scheme cut chips, with that scheme's own anchors.
    """
    own = scheme.geometry
    return replace(geometry, anchors=own.anchors, template=own.template)


def scheme_of(model_sha256: str) -> LandmarkScheme | None:
    """Return the scheme of the model with this sha256, or None where it is not known."""
    for scheme in LANDMARK_SCHEMES.values():
        if scheme.file.sha256 == model_sha256:
            return scheme
    return None

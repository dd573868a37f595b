"""The one function between a picture and its chips, shared by training and serving."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from preprocessing.faces.enlarge import enlarge
from preprocessing.faces.finder import FaceFinder
from preprocessing.faces.geometry import (
    ChipGeometry,
    chip_width_px,
    extract_chip,
    fit_landmarks,
)
from preprocessing.faces.picture import Picture
from preprocessing.faces.types import FALL_BACKS, UNALIGNED, AlignedFace, Face
from preprocessing.images.types import REDUCTION, DecodedPicture, GreyImage, RgbImage

# A face crop shows its face frame-filling, and tilted by no more than a head on a pillow. A fit
# that says otherwise comes from landmarks that missed, and the crop is better kept as it is.
MAX_CROP_ROTATION_RAD = math.radians(60)
CROP_SCALE_RANGE = (0.7, 1.6)
# Pictures up to this side are crops, such as FER2013's of 48 px: with room around it, a face in
# them would be too small to read.
LARGEST_CERTAIN_CROP_PX = 64
# A chip that shows less of a photo which was read reduced is cut from the whole photo.
LEAST_REDUCED_PX = 36


class Frame(StrEnum):
    """What a labelled picture shows around its face.

    `crop` is a face that fills the picture, `photo` one with room around it, and `auto` is decided
    for each picture by what the detector sees.
    """

    AUTO = "auto"
    CROP = "crop"
    PHOTO = "photo"


@dataclass(frozen=True, eq=False)
class LabelledFace:
    """The one face of a picture with a label.

    Attributes:
        aligned: The face; None where a photo shows none.
        seen: How many faces were found in the picture, of which this is the largest.
    """

    aligned: AlignedFace | None
    seen: int


def align_photo(
    photo: GreyImage | RgbImage, finder: FaceFinder, *, geometry: ChipGeometry
) -> list[AlignedFace]:
    """Find and align every face of a photo.

    Args:
        photo: Upright; in colour, more of its small and cut faces are found.
        finder: The loaded detector and landmark model.
        geometry: What the chips are to look like.

    Returns:
        One aligned face for each face found; empty where there is none.
    """
    return _align_faces(Picture(photo), finder, geometry)


def align_decoded(
    picture: DecodedPicture,
    finder: FaceFinder,
    *,
    geometry: ChipGeometry,
    most_again: int | None = None,
) -> list[AlignedFace]:
    """Find and align every face of a photo that may have been read reduced.

    Faces that then have too few pixels are looked at again in the whole photo, if it can be read.

    Args:
        picture: The photo.
        finder: What finds its faces.
        geometry: How chips are cut.
        most_again: At most this many faces are looked at again, the largest; None for all.

    Returns:
        As `align_photo`, in pixels of the whole photo.
    """
    whole = picture.whole
    if whole is None:
        return align_photo(picture.pixels, finder, geometry=geometry)
    found = _align_faces(Picture(picture.pixels, reduction=REDUCTION), finder, geometry)
    enlarged = [enlarge(each, REDUCTION) for each in found]
    small = {
        index
        for index in largest(enlarged, most_again)
        if chip_width_px(found[index].transform, geometry.size_px) < LEAST_REDUCED_PX
    }
    if not small or whole.read is None:
        return enlarged
    detailed = Picture(whole.read())
    return [
        _align(detailed.grey.full, finder.locate_again(detailed, each.face), geometry)
        if index in small
        else each
        for index, each in enumerate(enlarged)
    ]


def largest(faces: Sequence[AlignedFace], count: int | None) -> list[int]:
    """Return which faces are the largest, as indices in ascending order.

    Args:
        faces: The faces of a photo.
        count: How many; None for all.
    """
    by_size = sorted(range(len(faces)), key=lambda index: -faces[index].face.box.width)
    return sorted(by_size[:count])


def align_crops(
    crops: Sequence[GreyImage], finder: FaceFinder, *, geometry: ChipGeometry
) -> list[AlignedFace]:
    """Align the one face of each picture that is a face crop.

    Never fails: where the landmarks make no sense the crop is only brought to size, and `found_by`
    says `unaligned`.
    """
    return [
        _align_crop(grey, face, geometry)
        for grey, face in zip(crops, finder.find_faces_in_crops(crops), strict=True)
    ]


def align_labelled(
    pictures: Sequence[GreyImage | RgbImage],
    finder: FaceFinder,
    *,
    geometry: ChipGeometry,
    frame: Frame,
) -> list[LabelledFace]:
    """Align the one face of each picture that has a label.

    With `Frame.AUTO` a picture is taken as a crop first. Where no face that fills it is seen, it is
    searched as a photo, and the largest face found is taken; where there is none it stays the crop.

    Args:
        pictures: Upright, grey or in colour.
        finder: The loaded detector and landmark model.
        geometry: What the chips are to look like.
        frame: What the pictures show around their faces.
    """
    seen = [Picture(each) for each in pictures]
    if frame is Frame.PHOTO:
        return [_largest(_align_faces(each, finder, geometry)) for each in seen]
    greys = [each.grey.full for each in seen]
    crops = [LabelledFace(face, 1) for face in align_crops(greys, finder, geometry=geometry)]
    if frame is Frame.CROP:
        return crops
    return [
        _with_room(each, crop, finder, geometry) for each, crop in zip(seen, crops, strict=True)
    ]


def _with_room(
    picture: Picture, crop: LabelledFace, finder: FaceFinder, geometry: ChipGeometry
) -> LabelledFace:
    """Search a picture as a photo where it is no crop of one face."""
    is_crop = crop.aligned is not None and crop.aligned.face.found_by not in FALL_BACKS
    if is_crop or max(picture.grey.full.shape) <= LARGEST_CERTAIN_CROP_PX:
        return crop
    found = _largest(_align_faces(picture, finder, geometry))
    return crop if found.aligned is None else found


def _largest(faces: Sequence[AlignedFace]) -> LabelledFace:
    largest = max(faces, key=lambda aligned: aligned.face.box.width, default=None)
    return LabelledFace(largest, len(faces))


def _align_crop(grey: GreyImage, face: Face, geometry: ChipGeometry) -> AlignedFace:
    aligned = _align(grey, face, geometry)
    is_known = face.found_by != UNALIGNED
    if is_known and _is_plausible_for_crop(aligned.transform, grey, geometry):
        return aligned
    transform = _whole_frame_transform(grey, geometry)
    return AlignedFace(
        chip=extract_chip(grey, transform, geometry=geometry),
        transform=transform,
        face=replace(face, found_by=UNALIGNED),
        residual_px=aligned.residual_px,
    )


def _align_faces(picture: Picture, finder: FaceFinder, geometry: ChipGeometry) -> list[AlignedFace]:
    faces = finder.find_faces(picture)
    return [_align(picture.grey.full, face, geometry) for face in faces]


def _align(grey: GreyImage, face: Face, geometry: ChipGeometry) -> AlignedFace:
    transform, residual_px = fit_landmarks(face.landmarks, geometry)
    return AlignedFace(
        extract_chip(grey, transform, geometry=geometry), transform, face, residual_px
    )


def _is_plausible_for_crop(
    transform: NDArray[np.float64], grey: GreyImage, geometry: ChipGeometry
) -> bool:
    (cosine, _, _), (sine, _, _) = transform
    whole = _whole_frame_transform(grey, geometry)
    relative_scale = math.hypot(cosine, sine) / whole[0, 0]
    smallest, largest = CROP_SCALE_RANGE
    upright = abs(math.atan2(sine, cosine)) <= MAX_CROP_ROTATION_RAD
    return upright and smallest <= relative_scale <= largest


def _whole_frame_transform(grey: GreyImage, geometry: ChipGeometry) -> NDArray[np.float64]:
    """Bring the whole crop, centred, to the frame of the template."""
    height, width = grey.shape
    scale = geometry.size_px / (1 + 2 * geometry.margin) / max(height, width)
    centre = (geometry.size_px - 1) / 2
    return np.array(
        [
            [scale, 0, centre - scale * (width - 1) / 2],
            [0, scale, centre - scale * (height - 1) / 2],
        ]
    )

"""What a face detector is, whichever it is, and what it sees."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from preprocessing.images.types import GreyImage, RgbImage


@dataclass(frozen=True)
class Detection:
    """A square in which a detector saw a face, framed as dlib's detectors frame one.

    Attributes:
        centre: x and y in pixels of the picture given.
        side: In pixels.
        roll_deg: By how much the face is turned clockwise; YuNet tells little but to which side.
        score: The detector's confidence.
    """

    centre: tuple[float, float]
    side: float
    roll_deg: float
    score: float


# Takes a picture and the least score; finds faces that are about upright.
Detect = Callable[[GreyImage | RgbImage, float], list[Detection]]


@dataclass(frozen=True)
class Detector:
    """A loaded detector, with what must be known of it; by a default some look is left out.

    Attributes:
        detect: Takes a picture and the least score; finds faces that are about upright.
        detect_in_crop: Likewise in a picture that is known to be one face. Two ways to run one
            network differ by a ten thousandth of a pixel, and FER2013's chips shall stay as they
            are to the last bit.
        reads_colour: Whether the picture may be in colour; else it must be grey.
        smallest_px: Side of the smallest faces that it finds dependably in grey pictures.
        smallest_colour_px: Likewise in colour.
        turns_deg: By how much to turn a picture in which no face is seen, to see any.
        least_score: Candidates with less are dropped. Heads tilted unlike the others score little.
        likely_score: From here on candidates tell how small faces are, and by how much they tilt.
        sure_score: From here on a candidate is a face as far as the search goes, which then ends.
        certain_score: From here on it is a face in any case.
        cut_score: Likewise where the picture's edge cuts the face.
        second_look_score: One that is not certain must be seen again, aligned, by dlib's HOG
            detector with this score.
        crop_score: In a picture that is known to be one face, a weak detection is better than none.
        crop_side_px: Side to which such a picture is enlarged.
        doubtful_score: One that has less must be seen again with `verify.DOUBTFUL_LOOK_SCORE`.
        smaller_score: One that was sure may instead be seen again, shrunk, with this mean score.
        shrunk_scan_score: One that had this score in a scan may also be seen again at two sizes.
        shrunk_scores: Mean scores that it then needs, shrunk and shrunk further.
        mended_scan_score: One that had this score in a scan may also be seen again in a mended
            picture: its light evened out, or noise or lines smoothed.
        mended_scores: Mean scores that it then needs at the same two sizes.
        closer_px: Side at which a face is framed well; one seen smaller is worth a closer look. 0
            where the side makes no difference.
        closer_score: Least score in a closer look of a face that was seen small and not sure.
        upright_score: A candidate with less may be tilted more than its `roll_deg` says.
        upright_crop_score: Likewise in a picture that is known to be one face.
        searches_whole: Whether a photo is searched for small faces at `whole_scale`: not where that
            would take too long.
    """

    detect: Detect
    detect_in_crop: Detect
    reads_colour: bool
    smallest_px: int
    smallest_colour_px: int
    turns_deg: tuple[int, ...]
    least_score: float
    likely_score: float
    sure_score: float
    certain_score: float
    cut_score: float
    second_look_score: float
    crop_score: float
    crop_side_px: int
    doubtful_score: float = -math.inf
    smaller_score: float = math.inf
    shrunk_scan_score: float = math.inf
    shrunk_scores: tuple[float, float] = (math.inf, math.inf)
    mended_scan_score: float = math.inf
    mended_scores: tuple[float, float] = (math.inf, math.inf)
    closer_px: int = 0
    closer_score: float = -math.inf
    upright_score: float = -math.inf
    upright_crop_score: float = -math.inf
    searches_whole: bool = False

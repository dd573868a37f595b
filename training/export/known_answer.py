"""The known answer, with which serving checks that it computes what the exporting machine did."""

from pathlib import Path

from preprocessing.bundle.classifier import ChipClassifier
from preprocessing.bundle.spec import KnownAnswer
from preprocessing.dataset.manifest import Recipe
from preprocessing.faces.align import align_photo
from preprocessing.faces.finder import FaceFinder
from preprocessing.images.decode import decode_image
from preprocessing.images.sample import sample_photo_path

# LiteRT's kernels add up in another order on another processor, and OpenCV may round a grey level
# differently; both move a logit in the second decimal at most.
LOGITS_TOLERANCE = 0.1
TRANSFORM_TOLERANCE_PX = 0.25


def known_answer(bundle: Path, recipe: Recipe) -> KnownAnswer:
    """Align the sample photo as the dataset was aligned, and classify it with the exported network.

    Args:
        bundle: Its folder, with the network.
        recipe: Of the dataset that the network was trained on.
    """
    photo = decode_image(sample_photo_path().read_bytes())
    finder = FaceFinder(recipe.scheme(), detector=recipe.detector)
    (aligned,) = align_photo(photo, finder, geometry=recipe.geometry)
    first, second = aligned.transform.tolist()
    return KnownAnswer(
        transform=(tuple(first), tuple(second)),
        transform_tolerance_px=TRANSFORM_TOLERANCE_PX,
        logits=tuple(map(tuple, ChipClassifier(bundle).logits(aligned.chip[None])[0].tolist())),
        logits_tolerance=LOGITS_TOLERANCE,
    )

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from preprocessing.bundle.occlusion import LEAST_PROBABILITY, occlusion_maps
from preprocessing.faces.geometry import apply_transform
from preprocessing.images.decode import decode_image
from preprocessing.images.encode import encode_png
from preprocessing.images.sample import sample_photo_path
from serving.inference.prediction import Prediction
from serving.inference.predictor import Predictor
from serving.inference.saliency import DRAWN_SIDE_PX, LEAST_FACTOR, draw_saliency, strongest_factor

UNIFORM = np.full(6, 1 / 6)
# From one pixel to the next, as a fraction of the strongest one; hard covers jump by 0.3.
LARGEST_STEP = 0.15
# The edges of windows end nowhere; so much of an effect is lost to far places.
SOFT_EDGES = 0.01


def map_of(prediction: Prediction, predictor: Predictor) -> NDArray[np.float32]:
    index = predictor.spec.labels.index(prediction.label)
    return occlusion_maps(prediction.face.chip, predictor.probabilities)[index]


def variants_of_the_sample() -> dict[str, NDArray[np.uint8]]:
    photo = decode_image(sample_photo_path().read_bytes())
    turn = cv2.getRotationMatrix2D((photo.shape[1] / 2, photo.shape[0] / 2), 15, 1)
    return {
        "as it is": photo,
        "mirrored": photo[:, ::-1].copy(),
        "dark": (photo * 0.4).astype(np.uint8),
        "turned": cv2.warpAffine(photo, turn, photo.shape[1::-1]),
        "small": cv2.resize(photo, None, fx=0.4, fy=0.4, interpolation=cv2.INTER_AREA),
    }


@pytest.mark.parametrize("name", variants_of_the_sample())
def test_a_smile_is_read_from_the_mouth_however_sure_the_answer(
    name: str, predictor: Predictor
) -> None:
    (prediction,) = predictor.predict(encode_png(variants_of_the_sample()[name]))[1].predictions
    assert prediction.label == "happy"
    saliency = map_of(prediction, predictor)
    assert strongest_factor(saliency) > 2 * LEAST_FACTOR
    face = prediction.face
    mouth, eyes = (
        apply_transform(face.transform, face.face.landmarks[part]).mean(axis=0).round().astype(int)
        for part in (slice(48, 68), slice(36, 48))
    )
    assert saliency[mouth[1], mouth[0]] > 0.7 * saliency.max()
    assert saliency[mouth[1], mouth[0]] > 1.5 * saliency[eyes[1], eyes[0]]


def test_every_face_of_a_photo_has_a_map_that_says_something(
    predictor: Predictor, shared_data: Path
) -> None:
    photo = (shared_data / "photos" / "2007_007763.jpg").read_bytes()
    predictions = predictor.predict(photo)[1].predictions
    assert predictions
    for prediction in predictions:
        saliency = map_of(prediction, predictor)
        assert strongest_factor(saliency) > LEAST_FACTOR
        steps = [np.abs(np.diff(saliency, axis=axis)).max() for axis in (0, 1)]
        assert max(steps) < LARGEST_STEP * np.abs(saliency).max()


def test_a_network_that_sees_nothing_gives_a_flat_map(predictor: Predictor, photo: bytes) -> None:
    chip = predictor.predict(photo)[1].predictions[0].face.chip
    saliency, *_ = occlusion_maps(chip, lambda chips: np.tile(UNIFORM, (len(chips), 1)))
    assert saliency.shape == chip.shape
    assert not saliency.any()
    assert strongest_factor(saliency) == 1
    assert np.ptp(draw_saliency(chip, saliency), axis=2).max() == 0


@pytest.mark.parametrize("confidence", [0.9, 1.0])
def test_only_the_place_that_counts_is_marked(confidence: float) -> None:
    chip = np.full((48, 48), 200, np.uint8)
    chip[36:42, 6:12] = 0

    def classify(chips: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Be so sure of one label where the spot at the bottom image-left is sharp, else not."""
        seen = np.where(chips[:, 39, 9] < 40, confidence, 1 - confidence)
        return np.stack([seen, 1 - seen], axis=1)

    saliency, against = occlusion_maps(chip, classify)
    bottom, left = np.unravel_index(saliency.argmax(), saliency.shape)
    assert (bottom > 24, left < 24) == (True, True)
    # A window that holds the spot takes all of the odds, and brings all of them.
    probability = min(confidence, 1 - LEAST_PROBABILITY)
    assert saliency.max() == pytest.approx(
        2 * np.log(probability / (1 - probability)), rel=SOFT_EDGES
    )
    assert max(saliency[:10].max(), saliency[:, 40:].max()) < SOFT_EDGES * saliency.max()
    np.testing.assert_allclose(against, -saliency, atol=1e-4)


def test_tints_tell_for_from_against_and_leave_the_rest_grey() -> None:
    chip = np.full((48, 48), 128, np.uint8)
    saliency = np.zeros((48, 48), np.float32)
    saliency[:, :12], saliency[:, -12:] = 1, -1
    drawn = draw_saliency(chip, saliency).astype(int)
    assert drawn.shape == (DRAWN_SIDE_PX, DRAWN_SIDE_PX, 3)
    middle = DRAWN_SIDE_PX // 2
    red, _, blue = drawn[middle, 10]
    assert red > blue + 50
    red, _, blue = drawn[middle, -10]
    assert blue > red + 50
    assert (drawn[middle, middle] == 128).all()

import numpy as np
from numpy.typing import NDArray

from preprocessing.geometry import apply_transform
from preprocessing.occlusion import occlusion_map
from serving.heat_map import DRAWN_SIDE_PX, draw_heat_map
from serving.predictor import Predictor

UNIFORM = np.full(6, 1 / 6)


def test_a_smile_is_read_from_the_mouth(predictor: Predictor, photo: bytes) -> None:
    (prediction,) = predictor.predict(photo)[1].predictions
    face = prediction.face
    losses = occlusion_map(face.chip, predictor.probabilities, label_index=2)
    assert predictor.spec.labels[2] == "happy"
    x, y = apply_transform(face.transform, face.face.landmarks[48:68]).mean(axis=0).round()
    corners = losses[[0, 0, -1, -1], [0, -1, 0, -1]]
    at_mouth = losses[int(y), int(x)]
    assert at_mouth > 0.05
    assert at_mouth > 3 * np.abs(corners).max()


def test_a_network_that_sees_nothing_gives_a_flat_map(predictor: Predictor, photo: bytes) -> None:
    chip = predictor.predict(photo)[1].predictions[0].face.chip
    losses = occlusion_map(chip, lambda chips: np.tile(UNIFORM, (len(chips), 1)), label_index=0)
    assert losses.shape == chip.shape
    assert not losses.any()


def test_only_the_place_that_counts_is_marked() -> None:
    chip = np.full((48, 48), 200, np.uint8)
    chip[34:44, 4:14] = 0

    def dark_spot(chips: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Say 0.9 where the spot at the bottom image-left is to be seen, else 0.1."""
        seen = np.array([0.9 if chip[39, 9] == 0 else 0.1 for chip in chips])
        return np.stack([seen, 1 - seen], axis=1)

    losses = occlusion_map(chip, dark_spot, label_index=0)
    bottom, left = np.unravel_index(losses.argmax(), losses.shape)
    assert (bottom > 24, left < 24) == (True, True)
    assert losses.max() == np.float32(np.log(9))
    assert losses[:10].max() == losses[:, 40:].max() == 0
    against = occlusion_map(chip, dark_spot, label_index=1)
    assert against.min() == np.float32(-np.log(9))


def test_tints_tell_for_from_against_and_leave_the_rest_grey() -> None:
    chip = np.full((48, 48), 128, np.uint8)
    losses = np.zeros((48, 48), np.float32)
    losses[:, :12], losses[:, -12:] = 1, -1
    drawn = draw_heat_map(chip, losses).astype(int)
    assert drawn.shape == (DRAWN_SIDE_PX, DRAWN_SIDE_PX, 3)
    middle = DRAWN_SIDE_PX // 2
    red, _, blue = drawn[middle, 10]
    assert red > blue + 50
    red, _, blue = drawn[middle, -10]
    assert blue > red + 50
    assert (drawn[middle, middle] == 128).all()

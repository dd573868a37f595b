"""A predictor that threads share, and what it calls between its looks."""

from concurrent.futures import ThreadPoolExecutor
from unittest.mock import Mock

import numpy as np
import pytest

from serving.inference.options import PredictOptions
from serving.inference.prediction import PhotoResult
from serving.inference.predictor import CHIPS_AT_ONCE, Predictor


def test_threads_that_share_a_predictor_see_what_each_would_see_alone(
    predictor: Predictor, photo: bytes, two_faces: bytes
) -> None:
    asked = [
        (picture, PredictOptions(is_crop=is_crop))
        for picture in (photo, two_faces)
        for is_crop in (False, True)
    ]

    def ask(number: int) -> PhotoResult:
        return predictor.predict(*asked[number % len(asked)])[1]

    expected = [ask(number) for number in range(len(asked))]
    with ThreadPoolExecutor(max_workers=8) as threads:
        answers = list(threads.map(ask, range(10 * len(asked))))
    for number, answer in enumerate(answers):
        alone = expected[number % len(asked)]
        assert len(answer.predictions) == len(alone.predictions)
        for face, same in zip(answer.predictions, alone.predictions, strict=True):
            np.testing.assert_array_equal(face.face.chip, same.face.chip)
            np.testing.assert_array_equal(face.probabilities, same.probabilities)


def test_a_picture_can_be_given_up_between_two_looks(photo: bytes) -> None:
    between = Mock()
    predictor = Predictor(between_looks=between)
    between.side_effect = [None, None, TimeoutError]
    with pytest.raises(TimeoutError):
        predictor.predict(photo)


def test_chips_are_classified_a_few_at_a_time_with_a_pause_between(
    predictor: Predictor, photo: bytes
) -> None:
    between = Mock()
    chip = predictor.predict(photo)[1].predictions[0].face.chip
    interrupted = Predictor(between_looks=between)
    between.reset_mock()
    logits = interrupted.logits(np.repeat(chip[None], 2 * CHIPS_AT_ONCE + 1, axis=0))
    assert between.call_count == 3
    np.testing.assert_array_equal(logits, np.broadcast_to(logits[:1], logits.shape))

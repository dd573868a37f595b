from dataclasses import replace

from preprocessing.faces.quality import Hint
from preprocessing.faces.types import UNALIGNED
from serving.inference.options import PredictOptions
from serving.inference.predictor import Predictor


def test_of_a_picture_that_was_kept_whole_nobody_knows_where_its_mouth_is(
    predictor: Predictor, photo: bytes
) -> None:
    for is_crop in (False, True):
        (prediction,) = predictor.predict(photo, PredictOptions(is_crop=is_crop))[1].predictions
        is_whole = prediction.face.face.found_by == UNALIGNED
        assert is_whole == is_crop
        masked = replace(prediction, measures=replace(prediction.measures, mouth_contrast=0.0))
        assert (Hint.COVERED in masked.hints()) != is_whole

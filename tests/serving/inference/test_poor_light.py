import numpy as np
import pytest

from preprocessing.images.decode import decode_image
from preprocessing.images.encode import encode_png
from serving.inference.predictor import Predictor


@pytest.mark.parametrize(
    ("light", "fog"), [(0.04, 0), (0.06, 0), (0.2, 0), (0.08, 160), (0.07, 80)]
)
def test_in_the_dark_and_in_fog_it_sees_the_same(
    light: float, fog: float, predictor: Predictor, photo: bytes
) -> None:
    rgb = decode_image(photo)
    spoiled = (light * rgb + fog).astype(np.uint8)
    (seen,) = predictor.predict(encode_png(spoiled))[1].predictions
    (clear,) = predictor.predict(photo)[1].predictions
    np.testing.assert_allclose(seen.probabilities, clear.probabilities, atol=0.2)
    assert seen.label == clear.label

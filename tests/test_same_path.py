"""One face through training's path and through the server's gives the same chip and answer."""

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from flask.testing import FlaskClient

from preprocessing.bundle.classifier import ChipClassifier
from preprocessing.dataset.build import align_source
from preprocessing.dataset.options import AlignOptions
from preprocessing.dataset.read import Dataset, read_dataset
from preprocessing.images.sample import sample_photo_path
from serving.inference.options import PredictOptions
from serving.inference.predictor import Predictor
from serving.inference.shipped_bundle import SHIPPED_BUNDLE
from serving.web.app import create_app
from serving.web.engine import Service

# Training reads a file's pixels from Parquet, serving from the request: nothing may differ.
EXACT = 1e-12
# The API writes landmarks with two decimals.
ROUNDED_PX = 0.0051


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    return create_app().test_client()


@pytest.fixture(scope="module")
def predictor(client: FlaskClient) -> Predictor:
    service: Service = client.application.extensions["mien"]
    return service.require()


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """The sample photo, and its face as a crop of FER2013's size."""
    photos = tmp_path_factory.mktemp("photos")
    (photos / "photo.jpg").write_bytes(sample_photo_path().read_bytes())
    folder = tmp_path_factory.mktemp("dataset")
    align_source(photos, folder, options=AlignOptions(workers=1))
    return read_dataset(folder)


def test_align_and_server_see_the_same_chip(
    dataset: Dataset, client: FlaskClient, predictor: Predictor
) -> None:
    data = sample_photo_path().read_bytes()
    (prediction,) = predictor.predict(data)[1].predictions
    np.testing.assert_array_equal(prediction.face.chip, dataset.chips[0])
    np.testing.assert_array_equal(prediction.face.transform, dataset.transforms[0])
    spec = predictor.spec
    logits = spec.answer_logits(ChipClassifier(SHIPPED_BUNDLE).logits(dataset.chips))
    expected = spec.answer.probabilities(logits)[0]
    answer = client.post(
        "/api/v1/predict?landmarks=true", data={"image": (io.BytesIO(data), "photo.jpg")}
    )
    (face,) = answer.json["faces"]
    assert list(face["probabilities"].values()) == pytest.approx(expected, abs=EXACT)
    np.testing.assert_allclose(face["landmarks"], dataset.landmarks[0], rtol=0, atol=ROUNDED_PX)


def test_a_crop_is_the_same_for_training_and_server(predictor: Predictor, tmp_path: Path) -> None:
    photo = cv2.imread(str(sample_photo_path()), cv2.IMREAD_GRAYSCALE)
    crop = cv2.resize(photo[60:185, 160:285], (48, 48), interpolation=cv2.INTER_AREA)
    source = tmp_path / "fer2013.csv"
    row = f"3,{' '.join(map(str, crop.ravel()))},Training"
    source.write_text(f"emotion,pixels,Usage\n{row}\n", encoding="utf-8")
    align_source(source, tmp_path / "dataset", options=AlignOptions(workers=1))
    encoded = cv2.imencode(".png", crop)[1].tobytes()
    (prediction,) = predictor.predict(encoded, PredictOptions(is_crop=True))[1].predictions
    np.testing.assert_array_equal(prediction.face.chip, read_dataset(tmp_path / "dataset").chips[0])

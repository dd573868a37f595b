import io
import json
import shutil
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest
from PIL import Image

from preprocessing.bundle.classifier import ChipClassifier
from preprocessing.errors import BundleError
from preprocessing.faces.geometry import apply_transform
from preprocessing.faces.quality import Hint
from serving.inference.options import Options, PredictOptions
from serving.inference.predictor import Predictor
from serving.inference.serialize import to_answer
from serving.inference.shipped_bundle import SHIPPED_BUNDLE
from tests.tools.specs import sure_from

ORIENTATION = 0x0112
# Of the face in the sample photo: left, top, right, bottom.
FACE_BOX = (160, 60, 285, 185)
# A JPEG that is saved again differs by its compression.
RECOMPRESSED = 0.05
# Other landmarks turn and frame a face a little differently.
OTHER_LANDMARKS = 0.1


def as_jpeg(image: Image.Image, *, orientation: int = 1) -> bytes:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=95, exif=exif)
    return buffer.getvalue()


def test_the_sample_shows_one_face_with_probabilities(predictor: Predictor, photo: bytes) -> None:
    rgb, result = predictor.predict(photo)
    (prediction,) = result.predictions
    assert rgb.shape == (result.height, result.width, 3)
    assert prediction.probabilities.sum() == pytest.approx(1)
    assert (prediction.probabilities > 0).all()
    assert result.labels[prediction.probabilities.argmax()] == prediction.label
    assert prediction.confidence == prediction.probabilities.max()
    assert prediction.face.chip.shape == (predictor.spec.geometry.size_px,) * 2
    assert prediction.measures.hints() == ()


def test_all_faces_of_a_picture_go_through_the_network_in_one_call(
    predictor: Predictor, two_faces: bytes
) -> None:
    with mock.patch.object(predictor, "logits", wraps=predictor.logits) as logits:
        result = predictor.predict(two_faces)[1]
    ((chips,), _) = logits.call_args
    assert logits.call_count == 1
    assert len(chips) == len(result.predictions) == 2


@pytest.mark.parametrize("landmarks", ["5", "yunet"])
def test_a_bundle_is_served_with_other_landmarks(
    landmarks: str, predictor: Predictor, two_faces: bytes
) -> None:
    other = Predictor(landmarks=landmarks)
    found, expected = (each.predict(two_faces)[1].predictions for each in (other, predictor))
    assert len(found[0].face.face.landmarks) == 5
    assert [each.label for each in found] == [each.label for each in expected]
    assert [each.face.face.box for each in found] == [each.face.face.box for each in expected]
    for one, same in zip(found, expected, strict=True):
        np.testing.assert_allclose(one.probabilities, same.probabilities, atol=OTHER_LANDMARKS)


def test_landmarks_that_do_not_exist_are_refused() -> None:
    with pytest.raises(BundleError, match="yunet"):
        Predictor(landmarks="7")


def test_the_same_picture_gives_the_same_answer(predictor: Predictor, photo: bytes) -> None:
    first, second = (predictor.predict(photo)[1].predictions[0] for _ in range(2))
    np.testing.assert_array_equal(first.face.chip, second.face.chip)
    np.testing.assert_array_equal(first.probabilities, second.probabilities)


@pytest.mark.parametrize("orientation", range(2, 9))
def test_all_orientations_give_the_same_answer(
    orientation: int, predictor: Predictor, photo: bytes
) -> None:
    undo = {
        2: [Image.Transpose.FLIP_LEFT_RIGHT],
        3: [Image.Transpose.ROTATE_180],
        4: [Image.Transpose.FLIP_TOP_BOTTOM],
        5: [Image.Transpose.TRANSPOSE],
        6: [Image.Transpose.ROTATE_90],
        7: [Image.Transpose.TRANSVERSE],
        8: [Image.Transpose.ROTATE_270],
    }[orientation]
    image = upright = Image.open(io.BytesIO(photo))
    for step in undo:
        image = image.transpose(step)
    turned = predictor.predict(as_jpeg(image, orientation=orientation))[1].predictions
    straight = predictor.predict(as_jpeg(upright))[1].predictions
    assert len(turned) == len(straight) == 1
    assert turned[0].label == straight[0].label
    difference = np.abs(turned[0].probabilities - straight[0].probabilities).max()
    assert difference < RECOMPRESSED


def test_several_faces_are_numbered_from_image_left(predictor: Predictor, photo: bytes) -> None:
    image = Image.open(io.BytesIO(photo))
    pair = Image.new("RGB", (image.width * 2, image.height))
    pair.paste(image, (0, 0))
    pair.paste(image, (image.width, 0))
    predictions = predictor.predict(as_jpeg(pair))[1].predictions
    lefts = [prediction.face.face.box.left for prediction in predictions]
    assert len(lefts) == 2
    assert lefts == sorted(lefts)


def test_it_is_sure_from_the_bundles_confidence_on(predictor: Predictor, photo: bytes) -> None:
    (sure,) = predictor.predict(photo)[1].predictions
    least = predictor.spec.answer.calibration().sure_confidence
    assert sure.is_sure == (sure.confidence >= least)
    with mock.patch.object(predictor, "spec", sure_from(predictor.spec, 1.0)):
        (unsure,) = predictor.predict(photo)[1].predictions
    assert not unsure.is_sure
    assert unsure.label == sure.label != unsure.second_label


@pytest.mark.parametrize("balance", [None, 0.0, 0.4, 1.0])
def test_the_class_balance_decides_probabilities_and_what_is_sure(
    balance: float | None, predictor: Predictor, photo: bytes
) -> None:
    answer = predictor.spec.answer
    (said,) = predictor.predict(photo, PredictOptions(balance=balance))[1].predictions
    logits = predictor.spec.answer_logits(predictor.logits(said.face.chip[None]))
    np.testing.assert_array_equal(said.probabilities, answer.probabilities(logits, balance)[0])
    assert said.probabilities.sum() == pytest.approx(1)
    assert said.is_sure == (said.confidence >= answer.calibration(balance).sure_confidence)


def test_a_small_face_is_hinted_at(predictor: Predictor, photo: bytes) -> None:
    face = Image.open(io.BytesIO(photo)).crop(FACE_BOX)
    for side, is_small in ((96, False), (22, True)):
        crop = as_jpeg(face.resize((side, side), Image.Resampling.LANCZOS))
        (prediction,) = predictor.predict(crop, PredictOptions(is_crop=True))[1].predictions
        assert (Hint.SMALL in prediction.measures.hints()) == is_small


def test_a_crop_is_always_a_face(predictor: Predictor, photo: bytes) -> None:
    crop = Image.open(io.BytesIO(photo)).crop((160, 60, 285, 185))
    (prediction,) = predictor.predict(as_jpeg(crop), PredictOptions(is_crop=True))[1].predictions
    assert prediction.label == predictor.predict(photo)[1].predictions[0].label


def test_eyes_nose_and_mouth_are_inside_the_chip(predictor: Predictor, photo: bytes) -> None:
    face = predictor.predict(photo)[1].predictions[0].face
    inside = apply_transform(face.transform, face.face.landmarks[27:])
    assert (inside > 0).all()
    assert (inside < face.chip.shape[0]).all()


def more_labels(spec: dict[str, Any]) -> None:
    """Name a label that the network has no logit for."""
    spec["labels"].append("bored")
    for output in spec["outputs"].values():
        output["class_shares"] = [1 / 7] * 7
    spec["known_answer"]["logits"] = [[0.0] * 7] * len(spec["outputs"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda spec: spec["known_answer"].update(logits=[[9.0] * 6] * len(spec["outputs"])),
            "known answer",
        ),
        (lambda spec: spec["known_answer"]["transform"][0].__setitem__(2, 0.0), "known answer"),
        (lambda spec: spec.update(landmark_model_sha256="0" * 64), "landmark model"),
        (lambda spec: spec.update(format_version=99), "format version"),
        (lambda spec: spec.pop("labels"), "does not describe"),
        (more_labels, "logits for .2, 6. .* names .2, 7."),
    ],
)
def test_a_bundle_that_does_not_keep_its_promise_is_refused(
    change: object, message: str, tmp_path: Path
) -> None:
    bundle = shutil.copytree(SHIPPED_BUNDLE, tmp_path / "bundle")
    spec = json.loads((bundle / "spec.json").read_text(encoding="utf-8"))
    assert callable(change)
    change(spec)
    (bundle / "spec.json").write_text(json.dumps(spec), encoding="utf-8")
    with pytest.raises(BundleError, match=message):
        Predictor(bundle)


def test_chips_that_the_network_cannot_take_are_refused() -> None:
    with pytest.raises(BundleError, match=r"does not take chips of \(1, 1\) pixels"):
        ChipClassifier(SHIPPED_BUNDLE).logits(np.zeros((1, 1, 1), np.uint8))


def test_what_ships_is_small(repository_root: Path) -> None:
    shipped = sum(path.stat().st_size for path in SHIPPED_BUNDLE.iterdir())
    assert shipped < 25_000_000
    assert repository_root in SHIPPED_BUNDLE.parents


def test_a_photo_of_a_large_camera_is_answered_in_its_own_pixels(
    predictor: Predictor, photo: bytes
) -> None:
    side = 5_001
    large = as_jpeg(Image.open(io.BytesIO(photo)).resize((side, side), Image.Resampling.BILINEAR))
    rgb, result = predictor.predict(large)
    assert (result.width, result.height) == (side, side)
    assert len(rgb) < side  # read reduced
    (found,) = result.predictions
    (expected,) = predictor.predict(large, may_reduce=False)[1].predictions
    misses = np.linalg.norm(found.face.face.landmarks - expected.face.face.landmarks, axis=1)
    assert misses.mean() < 0.05 * expected.face.face.box.width
    assert found.label == expected.label
    assert found.measures.width_px == pytest.approx(expected.measures.width_px, rel=0.05)
    assert to_answer(rgb, result, options=Options()).image.width == side

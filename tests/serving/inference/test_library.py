"""`mien.predict` and `mien.align`: every kind of picture, and the same results as the API."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from PIL import Image, ImageOps

from preprocessing.errors import BundleError, ImageDecodeError
from preprocessing.images.decode import decode_image
from preprocessing.images.sample import sample_photo_path
from serving.inference import library
from serving.inference.library import Faces, align, predict

ORIENTATION = 0x0112
TURNED = 6


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory, photo_bytes: bytes) -> Path:
    path = tmp_path_factory.mktemp("photos") / "photo.jpg"
    path.write_bytes(photo_bytes)
    return path


@pytest.fixture(scope="module")
def photo_bytes() -> bytes:
    return sample_photo_path().read_bytes()


@pytest.fixture(scope="module")
def faces(photo_bytes: bytes) -> Faces:
    return predict(photo_bytes)


def test_every_kind_of_picture_gives_the_same(faces: Faces, path: Path, photo_bytes: bytes) -> None:
    pillow, rgb = Image.open(path), decode_image(photo_bytes)
    upside_down = np.flipud(np.fliplr(rgb))[::-1, ::-1]  # a view, its bytes in another order
    for picture in (str(path), path, pillow, rgb, upside_down):
        same = predict(picture)
        assert [face.to_dict() for face in same] == [face.to_dict() for face in faces]
    assert len(faces) == 1


def test_a_pillow_image_is_turned_upright(photo_bytes: bytes, faces: Faces) -> None:
    turned = Image.fromarray(np.rot90(decode_image(photo_bytes)).copy())
    turned.getexif()[ORIENTATION] = TURNED
    assert ImageOps.exif_transpose(turned).size == (faces.width, faces.height)
    assert predict(turned)[0].to_dict() == faces[0].to_dict()
    assert turned.getexif()[ORIENTATION] == TURNED, "the caller's picture was changed"


def test_transparent_parts_of_a_pillow_image_lie_on_white(path: Path, faces: Faces) -> None:
    with Image.open(path) as photo:
        clear = photo.convert("RGBA")
    clear.putalpha(Image.new("L", clear.size, 255))
    assert predict(clear)[0].to_dict() == faces[0].to_dict()
    assert list(predict(Image.new("RGBA", (80, 60), (0, 0, 0, 0)))) == []


def test_a_face_is_what_the_api_answers(
    client: FlaskClient, photo_bytes: bytes, faces: Faces
) -> None:
    answer = client.post("/api/v1/predict?landmarks=true", data=photo_bytes).get_json()
    ours = faces.to_dict()
    del answer["timing_ms"], ours["timing_ms"]
    assert json.loads(json.dumps(ours)) == answer
    (face,) = faces
    assert face.to_dict() == answer["faces"][0]
    assert face.confidence == face.probabilities[face.label] == max(face.probabilities.values())
    assert sum(face.probabilities.values()) == pytest.approx(1)
    assert "happy" in repr(faces)


def test_align_gives_the_chips_that_predict_shows_the_network(path: Path, faces: Faces) -> None:
    (aligned,) = align(path)
    assert aligned.chip.dtype == np.uint8
    assert np.array_equal(aligned.chip, faces[0].chip)
    assert np.array_equal(aligned.face.landmarks, faces[0].landmarks)


def test_a_cropped_face_and_the_number_of_faces(path: Path) -> None:
    assert predict(path, crop=True)[0].found_by
    with Image.open(path) as photo:
        pair = Image.new("RGB", (2 * photo.width, photo.height))
        pair.paste(photo, (0, 0))
        pair.paste(photo, (photo.width, 0))
    assert len(predict(pair)) == 2
    assert len(predict(pair, max_faces=1)) == 1
    assert not predict(path, min_confidence=1.0)[0].is_sure


def test_no_face_is_no_error() -> None:
    none = predict(np.full((80, 100, 3), 128, np.uint8))
    assert list(none) == []
    assert none.to_dict()["faces"] == []
    assert none.tip is not None
    assert "24 pixels wide" in none.tip
    assert repr(none) == "Faces([])"
    assert len(none.to_pandas()) == 0
    with pytest.raises(IndexError, match=r"No face was found\. .*24 pixels"):
        none[0]
    assert none[:1] == ()


def test_a_table_has_a_row_for_each_face(faces: Faces) -> None:
    table = faces.to_pandas()
    assert table["label"].tolist() == ["happy"]
    assert table["happy"].tolist() == [faces[0].probabilities["happy"]]
    assert table["left"].tolist() == [faces[0].box.left]
    assert table.notna().all(axis=None)
    assert table.dtypes.equals(predict(np.zeros((80, 100), np.uint8)).to_pandas().dtypes)


def test_models_are_loaded_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    predict(path)

    def load(*_: object) -> None:
        raise AssertionError("the models were loaded again")

    monkeypatch.setattr(library, "Predictor", load)
    assert predict(path)


OUTSIDE: dict[str, tuple[Any, ...]] = {
    "max_faces": (0, -1, 2.0, "3"),
    "min_confidence": (80, -0.1, math.nan),
    "balance": (2, "0.5"),
    "crop": ("false",),
}


@pytest.mark.parametrize("option", OUTSIDE)
def test_options_outside_their_range_are_refused(option: str, path: Path) -> None:
    for value in OUTSIDE[option]:
        with pytest.raises(ValueError, match=rf"{option} must be .* Received: "):
            predict(path, **{option: value})


def test_numbers_may_be_numpy_s(path: Path) -> None:
    assert len(predict(path, max_faces=np.int64(1), min_confidence=np.float32(0.5))) == 1


def test_the_class_balance_is_that_of_the_api(
    path: Path, photo_bytes: bytes, client: FlaskClient
) -> None:
    for balance in (0, 1):
        answer = client.post(f"/api/v1/predict?balance={balance}", data=photo_bytes).json
        assert answer is not None
        (face,) = predict(path, balance=balance)
        assert face.probabilities == pytest.approx(answer["faces"][0]["probabilities"])
    assert predict(path, balance=0)[0].probabilities != face.probabilities


def test_landmarks_may_be_named_by_their_number(path: Path) -> None:
    (named,), (numbered,) = (predict(path, landmarks=name) for name in ("5", 5))
    assert named.landmarks.shape == (5, 2)
    assert numbered.to_dict() == named.to_dict()


def test_what_is_no_picture_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(ImageDecodeError):
        predict(b"no picture")
    with pytest.raises(FileNotFoundError):
        predict(tmp_path / "missing.jpg")
    with pytest.raises(BundleError):
        predict(b"", bundle=tmp_path)

"""What a page says of an answer."""

from dataclasses import replace

import cv2
import pytest

from preprocessing.faces.quality import Hint
from preprocessing.faces.types import FULL_FRAME, UNALIGNED
from preprocessing.images.decode import decode_image
from preprocessing.images.encode import encode_png
from preprocessing.images.types import PictureNote
from serving.inference.certainty import read_record
from serving.inference.options import Options, PredictOptions
from serving.inference.predictor import Predictor
from serving.inference.schema import Answer
from serving.inference.serialize import to_answer
from serving.web.view import ResultView, to_view


def view_of(predictor: Predictor, answer: Answer, *, sure_from: float | None = None) -> ResultView:
    record = read_record(predictor.spec)
    if sure_from is not None:
        record = replace(record, sure_from=sure_from)
    return to_view(answer, labels=predictor.spec.labels, record=record)


def answer_of(predictor: Predictor, data: bytes, *, is_crop: bool = False) -> Answer:
    rgb, result = predictor.predict(data, PredictOptions(is_crop=is_crop))
    return to_answer(rgb, result, options=Options(landmarks=True, chips=True))


@pytest.mark.parametrize(
    ("found_by", "said"),
    [(FULL_FRAME, "No face was detected"), (UNALIGNED, "does not look like a cropped face")],
)
def test_a_picture_read_whole_has_no_box_and_says_so(
    found_by: str, said: str, predictor: Predictor, photo: bytes
) -> None:
    answer = answer_of(predictor, photo, is_crop=True)
    for name, expected in (("detector", False), (found_by, True)):
        (face,) = answer.faces
        fallen = answer.model_copy(update={"faces": [face.model_copy(update={"found_by": name})]})
        view = view_of(predictor, fallen)
        (row,) = view.rows
        assert any(said in hint for hint in row.hints) == expected
        assert (row.box is None) == expected
        assert (row.crop == (0, 0, answer.image.width)) == expected
        assert (view.heading == "Read as one face") == expected


def test_no_edge_cuts_the_face_of_a_picture_that_was_kept_whole(
    predictor: Predictor, photo: bytes
) -> None:
    wide = cv2.copyMakeBorder(decode_image(photo), 0, 0, 200, 200, cv2.BORDER_REFLECT)
    answer = answer_of(predictor, encode_png(wide), is_crop=True)
    (face,) = answer.faces
    assert face.found_by == UNALIGNED
    assert Hint.CUT not in face.hints
    (row,) = view_of(predictor, answer).rows
    assert not any("outside" in hint for hint in row.hints)


def test_a_file_with_more_pictures_says_so_once_whatever_was_found(
    predictor: Predictor, photo: bytes
) -> None:
    answer = answer_of(predictor, photo)
    hints = {"hints": [PictureNote.MORE_PICTURES.value]}
    (face,) = answer.faces
    several = answer.model_copy(update=hints | {"faces": [face.model_copy(update=hints)]})
    for each in (several, several.model_copy(update={"faces": []})):
        view = view_of(predictor, each)
        assert [hint[:28] for hint in view.hints] == ["This file holds more picture"]
        assert not any(row.hints for row in view.rows)


def test_the_summary_counts_every_face_once_the_surest_first(
    predictor: Predictor, photo: bytes
) -> None:
    answer = answer_of(predictor, photo)
    (face,) = answer.faces
    record = read_record(predictor.spec)
    unsure = {"is_sure": False}
    probable = face.model_copy(update={**unsure, "confidence": record.probable_from})
    open_one = face.model_copy(update={**unsure, "confidence": record.probable_from - 0.01})
    faces = [open_one, probable, face.model_copy(update={"is_sure": True}), open_one]
    view = view_of(predictor, answer.model_copy(update={"faces": faces, "faces_found": len(faces)}))
    counted = [(group.name, group.count) for group in view.groups]
    assert counted == [(face.label, 1), (f"probably {face.label}", 1), ("too close to call", 2)]
    assert view.title.startswith(f"4 faces: 1 {face.label}")

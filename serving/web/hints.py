"""Sentences on why an answer may be worse than usual."""

from preprocessing.faces.quality import Hint
from preprocessing.faces.types import FULL_FRAME, UNALIGNED
from preprocessing.images.types import PictureNote
from serving.inference.schema import Answer, FaceAnswer

_OF_PICTURE: dict[str, str] = {
    PictureNote.INCOMPLETE: "The file ends too early; what is missing could not be seen.",
    PictureNote.DAMAGED: "Parts of the file are damaged and look like noise. Copy or download it "
    "again.",
    PictureNote.HALVED: "The picture was read at half its width and height, for it takes too "
    "much memory or time. Save it as an ordinary JPEG (not progressive) for more detail.",
}
_OF_FILE: dict[str, str] = {
    PictureNote.MORE_PICTURES: "This file holds more pictures, such as pages or the frames of an "
    "animation. Only this one was read. Save the others as files of their own.",
}


def hints_of_picture(answer: Answer) -> list[str]:
    """List the reasons, if any, for which faces may not have been found in a picture."""
    return [_OF_PICTURE[hint] for hint in answer.hints or () if hint in _OF_PICTURE]


def hints_of_file(answer: Answer) -> list[str]:
    """List what is to be known of a file, whatever was found in the picture."""
    return [_OF_FILE[hint] for hint in answer.hints or () if hint in _OF_FILE]


def hints_of(face: FaceAnswer) -> list[str]:
    """List the reasons, if any, for which an answer may be worse than usual."""
    measured = face.measures
    sentences: dict[str, str] = {
        FULL_FRAME: "No face was detected; the whole picture was read as one.",
        UNALIGNED: "This does not look like a cropped face; the whole picture was read as one.",
        Hint.SMALL: f"This face is only {measured.width_px:.0f} pixels wide in the picture, "
        "so little of its expression can be seen.",
        Hint.BLURRED: "This face is blurred, so little of its expression can be seen.",
        Hint.NOISY: "This face is full of noise or of a pattern such as dots, so little of its "
        "expression can be seen.",
        Hint.TURNED: f"Head turned {abs(measured.yaw_deg):.0f}°. Mien learned mostly from "
        "front-facing people: take this with care.",
        Hint.CUT: "Part of this face is outside the picture.",
        Hint.COVERED: "The mouth cannot be seen, perhaps because of a mask or a hand. Without it, "
        "the answer is often wrong, however sure it looks.",
        **_OF_PICTURE,
    }
    causes = [face.found_by, *face.hints]
    return [sentences[cause] for cause in causes if cause in sentences]

"""Convert decoded frames to pictures that are upright and not mirrored."""

import math

import av
import numpy as np
from av.sidedata.sidedata import SideData
from numpy.typing import NDArray

from preprocessing.images.formats.opacity import lay_on_white
from preprocessing.images.types import RgbImage

_TINY_PX = 16
# With the name of a colour profile in a frame of theirs PyAV frees what FFmpeg frees too, which
# ends the process.
_CODECS_WITH_PROFILES = ("png", "apng")


def to_rgb(frame: av.VideoFrame, *, codec: str) -> RgbImage:
    """Convert a frame, lay transparent parts on white, and turn it as its matrix says.

    Args:
        frame: As it was decoded.
        codec: Name of its codec, as FFmpeg has it.
    """
    if any(component.is_alpha for component in frame.format.components):
        rgb = lay_on_white(np.asarray(frame.to_ndarray(format="rgba"), np.uint8))
    else:
        rgb = np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
    is_safe = codec not in _CODECS_WITH_PROFILES
    matrix = _display_matrix(frame) if is_safe else _turn_alone(frame)
    return np.ascontiguousarray(rgb if matrix is None else _displayed(rgb, matrix))


def _display_matrix(frame: av.VideoFrame) -> NDArray[np.int32] | None:
    """Return the display matrix of a frame, shape (9,); None where it has none."""
    # A frame of PyAV's and its side data hold each other. Until Python's collector of cycles comes,
    # which may be after hundreds of frames, both stay. So it is a tiny copy that is asked.
    tiny = frame.reformat(
        width=_TINY_PX, height=_TINY_PX, format="gray", interpolation="POINT", threads=1
    )
    try:
        matrix = tiny.side_data.get("DISPLAYMATRIX")
    except ValueError:  # PyAV does not know all kinds of side data, such as EXIF's
        return _turn_alone(frame)
    return np.frombuffer(bytes(matrix), np.int32) if isinstance(matrix, SideData) else None


def _turn_alone(frame: av.VideoFrame) -> NDArray[np.int32]:
    """Return a display matrix that turns a frame as its own does, but never mirrors it."""
    angle_rad = math.radians(frame.rotation)
    cosine, sine = round(math.cos(angle_rad)), round(math.sin(angle_rad))
    return np.array([cosine, -sine, 0, sine, cosine, 0, 0, 0, 1], np.int32)


def _displayed(rgb: RgbImage, matrix: NDArray[np.int32]) -> RgbImage:
    """Turn and mirror a picture to the nearest quarter turn of its 3 x 3 display matrix.

    The point (x, y) is shown at (a x + c y, b x + d y).
    """
    a, b, c, d = (int(matrix[index]) for index in (0, 1, 3, 4))
    if abs(b) > abs(a):
        rgb = rgb.transpose(1, 0, 2)
        a, d = c, b
    if a < 0:
        rgb = rgb[:, ::-1]
    if d < 0:
        rgb = rgb[::-1]
    return rgb

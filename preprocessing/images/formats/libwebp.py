"""Decode WebP files to where the picture is to be.

OpenCV and Pillow have libwebp decode to memory of its own, and copy the picture from there, which
takes as long as a third of the decoding. So this calls the library that Pillow brings.
"""

import ctypes
from importlib.util import find_spec

import cv2
import numpy as np
from numpy.typing import NDArray

from preprocessing.errors import ImageDecodeError
from preprocessing.images.formats.order import swap_red_and_blue
from preprocessing.images.formats.raster import DAMAGED

# Opened with this module, for in the box no file can be. What is looked for in Pillow's own module
# is also found in the libraries that it loads.
_MODULE = find_spec("PIL._webp")
LIBRARY = None if _MODULE is None or _MODULE.origin is None else ctypes.CDLL(_MODULE.origin)
# By the number of channels: the bytes of a file and how many, the room and how large, bytes a row.
FUNCTIONS = {3: "WebPDecodeRGBInto", 4: "WebPDecodeRGBAInto"}
# Bytes a pixel that it takes beside the room for a lossless picture, or one with opacity.
_HELD_BYTES = 4
_ARGUMENTS = (ctypes.c_char_p, ctypes.c_size_t, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)


def decode_webp(file: bytes, room: NDArray[np.uint8]) -> None:
    """Decode a WebP file that holds a single picture.

    Args:
        file: The file.
        room: Where the picture goes: shape (height, width, 3), or (height, width, 4) with opacity,
            contiguous, with the picture's own width and height.

    Raises:
        ImageDecodeError: It is damaged.
        MemoryError: There was not enough memory.
    """
    name = FUNCTIONS[room.shape[2]]
    if LIBRARY is None or not hasattr(LIBRARY, name):  # on Windows the module is all there is
        _decode_and_copy(file, room)
        return
    function = LIBRARY[name]
    function.argtypes, function.restype = _ARGUMENTS, ctypes.c_void_p
    if not function(file, len(file), room.ctypes.data, room.nbytes, room.strides[0]):
        np.empty((*room.shape[:2], _HELD_BYTES), np.uint8)  # the library does not say if this fails
        raise ImageDecodeError(DAMAGED)


def _decode_and_copy(file: bytes, room: NDArray[np.uint8]) -> None:
    flag = cv2.IMREAD_COLOR if room.shape[2] == 3 else cv2.IMREAD_UNCHANGED
    samples = cv2.imdecode(np.frombuffer(file, np.uint8), flag)
    if samples is None or samples.shape != room.shape:
        raise ImageDecodeError(DAMAGED)
    room[:] = samples
    swap_red_and_blue(room)

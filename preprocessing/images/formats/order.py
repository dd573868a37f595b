"""Put channels into the order red, green, blue, without a second picture in memory."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from preprocessing.images.formats.colour import strips

# By the number of channels.
_CODES = {3: cv2.COLOR_BGR2RGB, 4: cv2.COLOR_BGRA2RGBA}


def swap_red_and_blue(samples: NDArray[Any]) -> NDArray[Any]:
    """Swap the first and the third channel in place, as OpenCV has them the other way round.

    Args:
        samples: Shape (height, width, 3 or 4); others are returned as they are.
    """
    code = _CODES.get(samples.shape[2]) if samples.ndim == 3 else None
    if code is None:
        return samples
    for strip in strips(samples):
        if samples.dtype == np.uint8:
            strip[:] = cv2.cvtColor(strip, code)
        else:
            strip[..., [0, 2]] = strip[..., [2, 0]]
    return samples

"""Pictures as arrays."""

import numpy as np
from numpy.typing import NDArray

GreyImage = NDArray[np.uint8]
"""Shape (height, width), 0 black to 255 white."""

RgbImage = NDArray[np.uint8]
"""Shape (height, width, 3), red, green, blue."""

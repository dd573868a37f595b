"""YuNet (Wu et al. 2023, doi:10.1007/s11633-023-1423-y), a detector of faces with five points.

It runs in ONNX Runtime, which takes half the time that OpenCV's `FaceDetectorYN` takes for the same
network; what it says is turned into faces as there.
"""

import os
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from preprocessing.faces.model_files import YUNET_ANY_SIZE_FILE
from preprocessing.images.types import GreyImage, RgbImage

# The network halves a picture five times.
SIDES_MULTIPLE_PX = 32
STRIDES_PX = (8, 16, 32)
# If two squares overlap by more than this fraction, the one with the better score is kept.
MOST_OVERLAP = 0.3
MOST_FACES = 5000


class YuNet:
    """The network, loaded. Threads may share it."""

    def __init__(self) -> None:
        """Load it.

        Raises:
            ModelFileError: Its file is missing or is not the expected one.
        """
        # It starts threads as soon as it is imported. A process forked later would lack them, and
        # hang or abort when it ends: only the one that uses it may import it.
        # Without this it notes in the user's folders, as soon as it is imported, what it would tell
        # its maker of its use.
        os.environ["ORT_DISABLE_TELEMETRY"] = "1"
        import onnxruntime

        onnxruntime.disable_telemetry_events()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            YUNET_ANY_SIZE_FILE.path().read_bytes(), options, providers=["CPUExecutionProvider"]
        )
        self._input = self._session.get_inputs()[0].name
        self._outputs = [output.name for output in self._session.get_outputs()]

    def detect(self, image: GreyImage | RgbImage, least_score: float) -> NDArray[np.float32]:
        """Find faces that are about upright.

        Args:
            image: uint8 `(height, width)` or `(height, width, 3)`, of any size.
            least_score: Faces with less are left out.

        Returns:
            A row a face, the best score first, `(faces, 15)`. In pixels: left, top, width and
            height of its box; x and y of the eye on image-left, of the other eye, of the nose, and
            of the corners of the mouth, that on image-left first. Last the score, 0 to 1.
        """
        if image.ndim == 2:
            image = np.asarray(cv2.cvtColor(image, cv2.COLOR_GRAY2RGB), np.uint8)
        down, right = (-side % SIDES_MULTIPLE_PX for side in image.shape[:2])
        padded = cv2.copyMakeBorder(image, 0, down, 0, right, cv2.BORDER_CONSTANT)
        outputs = self._session.run(self._outputs, {self._input: padded})
        by_name = dict(zip(self._outputs, outputs, strict=True))
        height, width = padded.shape[:2]
        rows = _faces(by_name, height, width, least_score)
        return _without_overlaps(rows, least_score)


def _faces(
    outputs: dict[str, Any], height: int, width: int, least_score: float
) -> NDArray[np.float32]:
    """Return the faces that the network sees at its three scales, as rows of `detect`."""

    def of_all_scales(part: str) -> NDArray[np.float32]:
        return np.concatenate([outputs[f"{part}_{stride}"][0] for stride in STRIDES_PX])

    probabilities = [np.clip(of_all_scales(part)[:, 0], 0, 1) for part in ("cls", "obj")]
    scores = np.sqrt(probabilities[0] * probabilities[1])
    (kept,) = np.nonzero(scores >= least_score)
    if not kept.size:  # as in many closer looks
        return np.empty((0, 15), np.float32)
    cells, strides = _places(kept, height, width)
    box, points = of_all_scales("bbox")[kept], of_all_scales("kps")[kept]
    sizes = np.exp(box[:, 2:]) * strides
    corners = (cells + box[:, :2]) * strides - sizes / 2
    points = (points + np.tile(cells, 5)) * strides
    return np.concatenate([corners, sizes, points, scores[kept, None]], axis=1, dtype=np.float32)


def _places(
    cells: NDArray[np.intp], height: int, width: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return column and row of cells that are counted through all scales, and their strides."""
    columns = width // np.array(STRIDES_PX)
    ends = np.cumsum(columns * (height // np.array(STRIDES_PX)))
    scales = np.searchsorted(ends, cells, side="right")
    within = cells - np.append(0, ends)[scales]
    places = np.stack([within % columns[scales], within // columns[scales]], axis=1)
    return places.astype(np.float32), np.array(STRIDES_PX, np.float32)[scales, None]


def _without_overlaps(rows: NDArray[np.float32], least_score: float) -> NDArray[np.float32]:
    """Keep of all rows of one face the one with the best score."""
    # As in OpenCV, whose thresholds were chosen so, boxes overlap by their whole pixels.
    boxes = rows[:, :4].astype(np.int32)
    kept = cv2.dnn.NMSBoxes(
        boxes.tolist(), rows[:, -1].tolist(), least_score, MOST_OVERLAP, top_k=MOST_FACES
    )
    return rows[np.asarray(kept, np.int64)]

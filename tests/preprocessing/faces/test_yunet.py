import subprocess
import sys
from collections.abc import Iterator

import cv2
import numpy as np
import onnx
import pytest

from preprocessing.faces.detectors import load_detector
from preprocessing.faces.model_files import YUNET_ANY_SIZE_FILE, YUNET_FILE
from preprocessing.faces.types import DetectorKind
from preprocessing.faces.yunet import YuNet
from preprocessing.images.decode import decode_image, to_grey
from preprocessing.images.sample import sample_photo_path
from preprocessing.images.types import RgbImage
from tests.tools.detector_of_any_size import make_any_size

LEAST_SCORE = 0.3
# Two runtimes add up in another order.
ROUNDING_PX = 0.01
# As gunicorn does: import, fork, load. The alarm ends a child that hangs.
FORK = """
import os, signal, sys
from preprocessing.faces.yunet import YuNet
child = os.fork()
if child == 0:
    signal.alarm(60)
    YuNet()
    sys.exit(0)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0)
"""


@pytest.fixture(scope="module")
def yunet() -> YuNet:
    return YuNet()


@pytest.fixture(scope="module")
def opencv() -> Iterator[cv2.FaceDetectorYN]:
    level = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
    yield cv2.FaceDetectorYN.create(str(YUNET_FILE.path()), "", (1, 1), LEAST_SCORE)
    cv2.utils.logging.setLogLevel(level)


@pytest.fixture(scope="module")
def photo() -> RgbImage:
    return decode_image(sample_photo_path().read_bytes())


@pytest.fixture(scope="module")
def three(photo: RgbImage) -> RgbImage:
    """The photo, and below it twice half as large."""
    half = cv2.resize(photo, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return np.concatenate([photo, np.concatenate([half, half[:, ::-1]], axis=1)])


@pytest.mark.parametrize("scale", [0.45, 0.61, 1.0])
@pytest.mark.parametrize("is_grey", [False, True])
def test_faces_are_those_of_opencv_s_class(
    scale: float,
    *,
    is_grey: bool,
    three: RgbImage,
    yunet: YuNet,
    opencv: cv2.FaceDetectorYN,
) -> None:
    image = cv2.resize(three, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    if is_grey:
        image = to_grey(np.asarray(image, np.uint8))
    opencv.setInputSize(image.shape[1::-1])
    to_bgr = cv2.COLOR_GRAY2BGR if is_grey else cv2.COLOR_RGB2BGR
    theirs = opencv.detect(cv2.cvtColor(image, to_bgr))[1]
    ours = yunet.detect(np.asarray(image, np.uint8), LEAST_SCORE)
    assert len(ours) >= 2
    np.testing.assert_allclose(ours, theirs, atol=ROUNDING_PX)


@pytest.mark.parametrize("shape", [(1, 1), (1, 700), (33, 31, 3), (64, 2, 3)])
def test_a_picture_of_any_size_without_a_face_has_none(
    shape: tuple[int, ...], yunet: YuNet
) -> None:
    assert yunet.detect(np.full(shape, 90, np.uint8), LEAST_SCORE).shape == (0, 15)


def test_a_crop_is_seen_by_opencv_as_a_photo_is_here(photo: RgbImage) -> None:
    detector = load_detector(DetectorKind.YUNET)
    (here,) = detector.detect(photo, LEAST_SCORE)
    (there,) = detector.detect_in_crop(photo, LEAST_SCORE)
    assert np.allclose([*here.centre, here.side], [*there.centre, there.side], atol=ROUNDING_PX)


def test_the_file_is_what_make_detector_makes_of_opencv_s() -> None:
    made = make_any_size(onnx.load(YUNET_FILE.path()))
    assert made.SerializeToString() == YUNET_ANY_SIZE_FILE.path().read_bytes()


@pytest.mark.skipif(sys.platform != "linux", reason="servers fork on Linux")
def test_a_process_that_was_forked_before_it_loads_the_network_ends_well() -> None:
    subprocess.run([sys.executable, "-c", FORK], check=True)

"""What pixels lie in belongs to one picture at a time, and is used again."""

import gc
import os

import numpy as np

from preprocessing.images.box.client import shared_box
from preprocessing.images.sample import sample_photo_path
from preprocessing.images.types import MAX_PIXELS


def test_pictures_do_not_change_when_others_are_decoded() -> None:
    data = sample_photo_path().read_bytes()
    box = shared_box()
    kept = [box.decode(data, max_pixels=MAX_PIXELS).pixels for _ in range(3)]
    copies = [picture.copy() for picture in kept]
    part = kept[0][10:20, 10:20]
    kept[1][:] = 1
    del kept[0]
    gc.collect()
    for _ in range(3):
        box.decode(data, max_pixels=MAX_PIXELS).pixels[:] = 2
    np.testing.assert_array_equal(part, copies[0][10:20, 10:20])
    assert (kept[0] == 1).all()
    np.testing.assert_array_equal(kept[1], copies[2])


def test_memory_is_used_again_once_a_picture_is_gone() -> None:
    data = sample_photo_path().read_bytes()
    box = shared_box()
    addresses = set()
    for _ in range(5):
        addresses.add(box.decode(data, max_pixels=MAX_PIXELS).pixels.ctypes.data)
    assert len(addresses) == 1


def test_a_forked_process_frees_no_picture_of_its_parent() -> None:
    picture = shared_box().decode(sample_photo_path().read_bytes(), max_pixels=MAX_PIXELS).pixels
    before = picture.copy()
    pid = os.fork()
    if pid == 0:
        del picture
        gc.collect()
        os._exit(0)
    os.waitpid(pid, 0)
    np.testing.assert_array_equal(picture, before)

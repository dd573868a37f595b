"""The face detector of the `fer` package, MTCNN, as a program; it needs only what `fer` is made of.

Reads the path of a picture from each line of stdin, an RGB array as NumPy saves it, and writes a
line of JSON to stdout: the boxes found, as left, top, width and height, and the seconds it took.
"""

import json
import os
import sys
import time

import numpy as np


def main() -> None:
    """Look at one picture after the other."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    # Libraries write to stdout too.
    with os.fdopen(os.dup(1), "w") as answers:
        os.dup2(2, 1)
        from fer.fer import FER

        detector = FER(mtcnn=True)
        for line in sys.stdin:
            bgr = np.ascontiguousarray(np.load(line.strip())[..., ::-1])
            started = time.perf_counter()
            boxes = detector.find_faces(bgr)
            seconds = time.perf_counter() - started
            found = [[float(each) for each in box] for box in boxes]
            print(json.dumps({"boxes": found, "seconds": seconds}), file=answers, flush=True)


if __name__ == "__main__":
    main()

"""The contenders of `tests.bench.serve`; each needs only what it is made of.

Prints one line of JSON: seconds until ready, memory, milliseconds by picture, faces found.
"""

import argparse
import json
import os
import resource
import time
from collections.abc import Callable
from pathlib import Path


def main() -> None:
    """Time one contender on the pictures: the first has one face, the others have several."""
    contenders = {"mien": _mien, "plain": _plain, "fer": _fer}
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=list(contenders))
    parser.add_argument("argument", help="network.keras for plain, haar or mtcnn for fer")
    parser.add_argument("rounds", type=int)
    parser.add_argument("pictures", type=Path, nargs="+")
    options = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    pictures = [path.read_bytes() for path in options.pictures]
    started = time.perf_counter()
    predict = contenders[options.kind](options.argument)
    predict(pictures[0])
    ready_s = time.perf_counter() - started
    single_ms, photos_ms, faces = [], [], 0
    for _ in range(options.rounds):
        single_ms += [_timed(predict, pictures[0])[0] for _ in range(4)]
        timed = [_timed(predict, picture) for picture in pictures[1:]]
        photos_ms += [milliseconds for milliseconds, _ in timed]
        faces = sum(found for _, found in timed)
    print(
        json.dumps(
            {
                "ready_s": ready_s,
                "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000,
                "single_ms": single_ms,
                "photos_ms": photos_ms,
                "faces": faces,
            }
        )
    )


def _timed(predict: Callable[[bytes], int], picture: bytes) -> tuple[float, int]:
    started = time.perf_counter()
    faces = predict(picture)
    return 1000 * (time.perf_counter() - started), faces


def _mien(_: str) -> Callable[[bytes], int]:
    from serving.inference.predictor import Predictor

    predictor = Predictor()
    return lambda data: len(predictor.predict(data)[1].predictions)


def _plain(network: str) -> Callable[[bytes], int]:
    """Put dlib and Keras together the obvious way: dlib's own chips, one `predict` a face."""
    import cv2
    import dlib
    import keras
    import numpy as np

    from preprocessing.faces.model_files import LANDMARKS_68_FILE
    from training.networks.normalization import FusedBatchNormalization

    detect = dlib.get_frontal_face_detector()
    landmark = dlib.shape_predictor(str(LANDMARKS_68_FILE.path()))
    # One layer is ours, not Keras's.
    layers = {"mien>FusedBatchNormalization": FusedBatchNormalization}
    model = keras.saving.load_model(network, custom_objects=layers)

    def predict(data: bytes) -> int:
        bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        rgb = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
        boxes = detect(rgb, 1)
        for box in boxes:
            chip = dlib.get_face_chip(rgb, landmark(rgb, box), size=48)
            grey = cv2.cvtColor(chip, cv2.COLOR_RGB2GRAY)
            model.predict(grey[None, :, :, None].astype("float32"), verbose=0)
        return len(boxes)

    return predict


def _fer(detector: str) -> Callable[[bytes], int]:
    import cv2
    import numpy as np
    from fer.fer import FER

    model = FER(mtcnn=detector == "mtcnn")

    def predict(data: bytes) -> int:
        bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        return len(model.detect_emotions(bgr))

    return predict


if __name__ == "__main__":
    main()

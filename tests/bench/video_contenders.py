"""The contenders of `tests.bench.video`; each needs only what it is made of.

Prints one line of JSON: seconds until ready, seconds by the clock and of the processor, memory,
frames looked at, faces found.
"""

import argparse
import json
import os
import resource
import time
from collections.abc import Callable
from pathlib import Path


def main() -> None:
    """Time one contender on a clip."""
    contenders = {"mien": _mien, "fer": _fer}
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=list(contenders))
    parser.add_argument("per_second", type=float, help="frames to look at a second; fer: all")
    parser.add_argument("clip", type=Path)
    options = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    started = time.perf_counter()
    analyse = contenders[options.kind](options.per_second)
    ready_s = time.perf_counter() - started
    started, cpu_started = time.perf_counter(), time.process_time()
    frames, faces = analyse(options.clip)
    print()
    print(
        json.dumps(
            {
                "ready_s": ready_s,
                "seconds": time.perf_counter() - started,
                "cpu_s": time.process_time() - cpu_started,
                "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000,
                "frames": frames,
                "faces": faces,
            }
        )
    )


def _mien(per_second: float) -> Callable[[Path], tuple[int, int]]:
    from preprocessing.images.sample import sample_photo_path
    from serving.inference.library import predict
    from serving.inference.video.stream import video

    predict(sample_photo_path())  # loads the models

    def analyse(clip: Path) -> tuple[int, int]:
        frames = faces = 0
        for frame in video(clip, per_second=per_second):
            frames += 1
            faces += len(frame.faces)
        return frames, faces

    return analyse


def _fer(_: float) -> Callable[[Path], tuple[int, int]]:
    import cv2
    from fer.classes import Video
    from fer.fer import FER

    detector = FER(mtcnn=True)

    def analyse(clip: Path) -> tuple[int, int]:
        found = Video(str(clip)).analyze(
            detector,
            display=False,
            save_frames=False,
            save_video=False,
            annotate_frames=False,
            zip_images=False,
        )
        # It returns the frames with faces only, and has looked at all.
        frames = round(cv2.VideoCapture(str(clip)).get(cv2.CAP_PROP_FRAME_COUNT))
        return frames, sum(1 for each in found for key in each if key.startswith("box"))

    return analyse


if __name__ == "__main__":
    main()

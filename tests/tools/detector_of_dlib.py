"""Save the face detector within dlib as a file, which loads much faster: `make detector`."""

from pathlib import Path

import dlib

from preprocessing.faces import model_files


def main() -> None:
    """Write it where Mien looks for it."""
    folder = Path(model_files.__file__).parent
    dlib.get_frontal_face_detector().save(str(folder / model_files.HOG_DETECTOR_FILE.name))


if __name__ == "__main__":
    main()

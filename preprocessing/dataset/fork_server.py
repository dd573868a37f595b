"""What the process loads from which workers are forked, once for them all; not for other imports.

The landmark model is 100 MB. Workers that share it need no time and memory for their own, and find
more of it in the processor's cache: a row of FER2013 takes a tenth less time.
"""

from contextlib import suppress

from preprocessing.errors import ModelFileError
from preprocessing.faces.landmarker import load_landmark_model
from preprocessing.faces.landmarks import LANDMARK_SCHEMES

# Code that needs a missing model raises its own error.
with suppress(ModelFileError):
    load_landmark_model(LANDMARK_SCHEMES["68"].file)

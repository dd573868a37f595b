"""Find the faces in a picture and predict which expression each shows.

>>> import mien
>>> faces = mien.predict("photo.jpg")
>>> faces[0].label, faces[0].confidence
>>> faces.to_dict()
>>> chips = [face.chip for face in mien.align("photo.jpg")]

An expression is not an emotion: a smile does not say that someone is happy.
"""

from importlib import metadata

from preprocessing.errors import (
    BundleError,
    ImageDecodeError,
    ImageTooLargeError,
    MienError,
    ModelFileError,
)
from preprocessing.faces.types import AlignedFace, BoundingBox
from serving.inference.library import Face, Faces, align, predict

__version__ = metadata.version("mien")
__all__ = [
    "AlignedFace",
    "BoundingBox",
    "BundleError",
    "Face",
    "Faces",
    "ImageDecodeError",
    "ImageTooLargeError",
    "MienError",
    "ModelFileError",
    "align",
    "predict",
]

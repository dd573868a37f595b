"""Find the faces in a picture or video and predict which expression each shows.

>>> import mien
>>> faces = mien.predict("photo.jpg")
>>> faces[0].label, faces[0].confidence
>>> faces.to_dict()
>>> for frame in mien.video("clip.mp4"):
...     print(frame.seconds, [(face.number, face.label) for face in frame.faces])
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
    VideoDecodeError,
)
from preprocessing.faces.types import AlignedFace, BoundingBox
from serving.inference.library import Face, Faces, align, predict
from serving.inference.video.stream import VideoFrame, video
from serving.inference.video.types import TrackedFace

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
    "TrackedFace",
    "VideoDecodeError",
    "VideoFrame",
    "align",
    "predict",
    "video",
]

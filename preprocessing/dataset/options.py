"""What can be chosen for an alignment."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from preprocessing.dataset.labels import FERPLUS_LABELS, DisgustPolicy, labels_for
from preprocessing.dataset.manifest import Recipe
from preprocessing.dataset.sources.reading import Reading
from preprocessing.dataset.sources.types import SourceKind
from preprocessing.dataset.split_off import SplitOff
from preprocessing.errors import DatasetError, MienError
from preprocessing.faces.align import Frame
from preprocessing.faces.detectors import load_detector
from preprocessing.faces.landmarks import LANDMARK_SCHEMES, LandmarkScheme
from preprocessing.faces.types import DetectorKind
from preprocessing.runtime.processes import usable_cores
from preprocessing.runtime.terminal import readable

NO_CHOICES = Reading()
# Each takes some 100 MB, and more than there are cores bring nothing.
MOST_WORKERS = 1024


@dataclass(frozen=True)
class AlignOptions:
    """What can be chosen for an alignment.

    Attributes:
        scheme: The landmark model, and the geometry of the chips.
        detector: The face detector.
        disgust: What becomes of the class "disgust".
        reading: How names of splits and classes are to be read.
        split_off: Parts of the training pictures to make val or test of, or None.
        ferplus: FER+ votes to join to FER2013's rows.
        ferplus_labels: Whether the majority of these votes is the label, and pictures without one
            are left out, instead of FER2013's labels.
        frame: What the pictures show around their faces. With `Frame.AUTO` it is decided for each
            picture that has a label; rows of a table are crops and unlabelled pictures photos.
        workers: Processes.
    """

    scheme: LandmarkScheme = LANDMARK_SCHEMES["68"]
    detector: DetectorKind = DetectorKind.YUNET
    disgust: DisgustPolicy = DisgustPolicy.DROP
    reading: Reading = NO_CHOICES
    split_off: SplitOff | None = None
    ferplus: Path | None = None
    ferplus_labels: bool = False
    frame: Frame = Frame.AUTO
    workers: int = usable_cores()

    def __post_init__(self) -> None:
        if not 1 <= self.workers <= MOST_WORKERS:
            raise MienError(f"workers must be 1 to {MOST_WORKERS}. Received: {self.workers}")
        if self.ferplus_labels and self.ferplus is None:
            raise MienError("Labels by FER+ need its votes: --ferplus fer2013new.csv.")
        if self.ferplus is not None and self.reading.record():
            raise MienError(
                "FER+ votes are joined row by row, to all rows of FER2013. Leave out --map, "
                "--only, --ignore and --list."
            )
        if self.keeps_all_labels and self.disgust is not DisgustPolicy.KEEP:
            raise MienError(
                "With labels of one's own or of FER+ every class is kept: pass DisgustPolicy.KEEP."
            )
        if self.reading.own_labels and self.ferplus_labels:
            raise MienError("Labels are either one's own or those of FER+.")

    @property
    def keeps_all_labels(self) -> bool:
        """Whether the labels are not FER2013's, so that none of them is dropped or merged."""
        return bool(self.reading.own_labels or self.reading.only or self.ferplus_labels)

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of the dataset, in the order of their class indices."""
        if self.ferplus_labels:
            return FERPLUS_LABELS
        return self.reading.own_labels or self.reading.only or labels_for(self.disgust)

    def frame_for(self, kind: SourceKind) -> Frame:
        """Return what the pictures of a kind of source show around their faces."""
        if self.frame is not Frame.AUTO:
            return self.frame
        return {SourceKind.FER2013: Frame.CROP, SourceKind.PHOTOS: Frame.PHOTO}.get(
            kind, Frame.AUTO
        )

    def check_models(self) -> None:
        """Make sure that the models are there, before any worker needs them.

        Raises:
            ModelFileError: One is missing or is not the expected one.
        """
        self.scheme.file.path()
        load_detector(self.detector)

    def recipe(self, *, source: str, kind: SourceKind, source_sha256: str) -> Recipe:
        """Return all that will decide the content of the dataset.

        Raises:
            DatasetError: There are FER+ votes, and the source is not FER2013.
        """
        ferplus_sha256 = None
        if self.ferplus is not None:
            if kind is not SourceKind.FER2013:
                raise DatasetError(f"FER+ votes belong to FER2013's CSV. Received: {kind.value}")
            ferplus_sha256 = hashlib.sha256(self.ferplus.read_bytes()).hexdigest()
        if self.split_off is not None:
            record = json.dumps([source_sha256, self.split_off.record()])
            source_sha256 = hashlib.sha256(record.encode()).hexdigest()
        geometry = self.scheme.geometry
        return Recipe(
            source=readable(source),
            source_kind=kind.value,
            source_sha256=source_sha256,
            crops={Frame.CROP: True, Frame.PHOTO: False}.get(self.frame_for(kind)),
            disgust=self.disgust,
            labels=self.labels,
            geometry=geometry,
            geometry_digest=geometry.digest(),
            detector=self.detector,
            landmark_model_sha256=self.scheme.file.sha256,
            ferplus_sha256=ferplus_sha256,
        )

    def record(self) -> dict[str, Any]:
        """Return what was chosen about the source's reading and splits, for the manifest."""
        splits = {} if self.split_off is None else {"split_off": self.split_off.record()}
        return self.reading.record() | splits

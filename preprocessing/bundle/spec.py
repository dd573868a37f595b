"""A bundle's `spec.json`: everything beside the weights that serving must know."""

import hashlib
import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from preprocessing.dataset.labels import DisgustPolicy
from preprocessing.errors import BundleError
from preprocessing.faces.detectors import DetectorKind
from preprocessing.faces.geometry import ChipGeometry

FORMAT_VERSION = 3
SPEC_NAME = "spec.json"
MODEL_NAME = "model.tflite"
CARD_NAME = "model_card.md"


@dataclass(frozen=True)
class KnownAnswer:
    """What must come out for the one face of the sample photo (`preprocessing.images.sample`).

    Attributes:
        transform: Source to chip, shape (2, 3).
        transform_tolerance_px: Largest distance accepted between where this transform and the one
            found now bring a landmark, in chip pixels.
        logits: The exported model's logits.
        logits_tolerance: Largest difference of a logit accepted (kernels differ by processor).
    """

    transform: tuple[tuple[float, float, float], tuple[float, float, float]]
    transform_tolerance_px: float
    logits: tuple[float, ...]
    logits_tolerance: float


@dataclass(frozen=True)
class ModelSpec:
    """What a trained model needs to be used, and what is known of it.

    Attributes:
        name: A short name with a version, shown to users.
        labels: In the order of the logits.
        disgust: What was done with the class "disgust".
        geometry: How chips are cut.
        temperature: The logits are divided by it before the softmax; above 0.
        sure_confidence: From this confidence on nine of ten answers on val were right; below it
            the product says that it is not sure.
        detector: The face detector that faces are to be found with, as the training set's were.
        landmark_model_sha256: Of the landmark model that aligned the training set.
        network_sha256: Of the exported network's file.
        provenance: Free fields: settings, versions, dataset hash, training time.
        metrics: By split, then by name; shares from 0 to 1 unless the name says otherwise.
        known_answer: Checked whenever the model is loaded.
        format_version: Of this file.
    """

    name: str
    labels: tuple[str, ...]
    disgust: DisgustPolicy
    geometry: ChipGeometry
    temperature: float
    sure_confidence: float
    detector: DetectorKind
    landmark_model_sha256: str
    network_sha256: str
    provenance: dict[str, Any]
    metrics: dict[str, dict[str, Any]]
    known_answer: KnownAnswer
    format_version: int = FORMAT_VERSION

    def __post_init__(self) -> None:
        if len(set(self.labels)) < max(2, len(self.labels)):
            raise BundleError(
                "The labels must be two or more different words. "
                f"Received: labels={list(self.labels)}. Export the bundle again."
            )
        if not (math.isfinite(self.temperature) and self.temperature > 0):
            raise BundleError(f"temperature must be above 0. Received: {self.temperature}")
        if not 0 < self.sure_confidence <= 1:
            raise BundleError(
                f"sure_confidence must be in (0, 1]. Received: {self.sure_confidence}"
            )
        if len(self.known_answer.logits) != len(self.labels):
            raise BundleError(
                f"The known answer has {len(self.known_answer.logits)} logits for "
                f"{len(self.labels)} labels. Export the bundle again."
            )


def write_spec(spec: ModelSpec, bundle: Path) -> None:
    """Write `spec.json` into a bundle's folder."""
    text = json.dumps(asdict(spec), indent=2) + "\n"
    (bundle / SPEC_NAME).write_text(text, encoding="utf-8")


def read_spec(bundle: Path) -> ModelSpec:
    """Read a bundle's `spec.json`.

    Raises:
        BundleError: It is missing, is no JSON, or lacks or has fields it should not.
    """
    path = bundle / SPEC_NAME
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BundleError(
            f"{path} is missing: this is no bundle of Mien's. Name the folder of one; a "
            "server takes it from MIEN_BUNDLE."
        ) from None
    except ValueError as error:
        raise BundleError(f"{path} is no valid JSON: {error}. Export the bundle again.") from error
    try:
        return _parse(fields)
    except (KeyError, TypeError, ValueError) as error:
        raise BundleError(
            f"{path} does not describe a bundle: {error!r}. Export the bundle again."
        ) from error


def network_sha256(bundle: Path) -> str:
    """Hash a bundle's exported network.

    Raises:
        BundleError: It is missing.
    """
    path = bundle / MODEL_NAME
    if not path.is_file():
        raise BundleError(f"{path} is missing. Export the bundle again.")
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_network(bundle: Path, spec: ModelSpec) -> None:
    """Make sure that a bundle's exported network is the one that its spec describes.

    Raises:
        BundleError: It is missing, damaged, or another one.
    """
    found = network_sha256(bundle)
    if found != spec.network_sha256:
        raise BundleError(
            f"{bundle / MODEL_NAME} is damaged or not the network that spec.json describes. "
            f"Expected sha256 {spec.network_sha256}. Received: {found}. Export the bundle again."
        )


def _parse(fields: dict[str, Any]) -> ModelSpec:
    if fields["format_version"] != FORMAT_VERSION:
        raise BundleError(
            f"spec.json has format version {fields['format_version']}, this program reads "
            f"{FORMAT_VERSION}. Export the bundle again with this version of Mien."
        )
    answer = fields["known_answer"]
    first, second = answer["transform"]
    parsed = {
        "labels": tuple(fields["labels"]),
        "disgust": DisgustPolicy(fields["disgust"]),
        "detector": DetectorKind(fields["detector"]),
        "geometry": ChipGeometry.from_json(fields["geometry"]),
        "known_answer": KnownAnswer(
            **{
                **answer,
                "transform": (tuple(first), tuple(second)),
                "logits": tuple(answer["logits"]),
            }
        ),
    }
    return ModelSpec(**{**fields, **parsed})

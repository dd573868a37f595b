"""A bundle's `spec.json`: everything beside the weights that serving must know."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from preprocessing.bundle.outputs import OUTPUTS, OutputSpec
from preprocessing.dataset.labels import LONGEST_WORD, DisgustPolicy, can_be_shown
from preprocessing.errors import BundleError
from preprocessing.faces.geometry import ChipGeometry
from preprocessing.faces.landmarks import LANDMARK_SCHEMES, LandmarkScheme, scheme_of
from preprocessing.faces.types import DetectorKind
from preprocessing.runtime.files import write_whole
from preprocessing.runtime.terminal import quoted
from preprocessing.runtime.typed_json import (
    AS_TOLD,
    check_version,
    parse_as,
    parse_json,
    what_is_wrong,
)

FORMAT_VERSION = 4
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
        logits: The exported model's logits, a row for each output.
        logits_tolerance: Largest difference of a logit accepted (kernels differ by processor).
    """

    transform: tuple[tuple[float, float, float], tuple[float, float, float]]
    transform_tolerance_px: float
    logits: tuple[tuple[float, ...], ...]
    logits_tolerance: float


@dataclass(frozen=True)
class ModelSpec:
    """What a trained model needs to be used, and what is known of it.

    Attributes:
        name: A short name with a version, shown to users.
        labels: In the order of the logits.
        disgust: What was done with the class "disgust".
        geometry: How chips are cut.
        outputs: By name, some of `OUTPUTS`, in the order in which the network gives them.
        answers_with: The output that the product answers with.
        detector: The face detector that faces are to be found with, as the training set's were.
        landmark_model_sha256: Of the landmark model that aligned the training set.
        network_sha256: Of the exported network's file.
        provenance: Free fields: settings, versions, dataset hash, training time.
        metrics: By split, then by name, of the output that answers at its default balance, against
            what it learnt; shares from 0 to 1 unless the name says otherwise. Under `truths` and
            `votes` each output is held to each truth.
        elsewhere: By the name of another set, the same of that: one that the network did not learn
            from, or its own aligned by other landmarks.
        known_answer: Checked whenever the model is loaded.
        format_version: Of this file.
    """

    name: str
    labels: tuple[str, ...]
    disgust: DisgustPolicy
    geometry: ChipGeometry
    outputs: dict[str, OutputSpec]
    answers_with: str
    detector: DetectorKind
    landmark_model_sha256: str
    network_sha256: str
    provenance: dict[str, Any]
    metrics: dict[str, dict[str, Any]]
    known_answer: KnownAnswer
    elsewhere: dict[str, dict[str, Any]]
    format_version: int = FORMAT_VERSION

    __pydantic_config__ = AS_TOLD

    def __post_init__(self) -> None:
        for word in (self.name, *self.labels):
            if not can_be_shown(word):
                raise BundleError(
                    "The name and the labels must be words that can be shown, of at most "
                    f"{LONGEST_WORD} letters. Received: {word[:LONGEST_WORD]!r}. Export the bundle "
                    "again."
                )
        if len(set(self.labels)) < max(2, len(self.labels)):
            raise BundleError(
                "The labels must be two or more different words. "
                f"Received: labels={list(self.labels)}. Export the bundle again."
            )
        if self.answers_with not in self.outputs or not set(self.outputs) <= set(OUTPUTS):
            raise BundleError(
                f"The outputs must be some of {', '.join(OUTPUTS)}, and answers_with one of them. "
                f"Received: {', '.join(self.outputs)}; {self.answers_with}. Export it again."
            )
        sizes = {len(each.class_shares) for each in self.outputs.values()}
        sizes |= {len(row) for row in self.known_answer.logits}
        if sizes != {len(self.labels)} or len(self.known_answer.logits) != len(self.outputs):
            raise BundleError(
                f"Class shares and the known answer must have {len(self.labels)} numbers for each "
                f"of {len(self.outputs)} outputs. Export the bundle again."
            )

    @property
    def answer(self) -> OutputSpec:
        """Return the output that the product answers with."""
        return self.outputs[self.answers_with]

    def scheme(self, name: str | None = None) -> LandmarkScheme:
        """Return the landmarks by which faces are to be aligned.

        Args:
            name: Of a scheme in `LANDMARK_SCHEMES`; by default that of the training set.

        Raises:
            BundleError: There is no such scheme, or the training set's model is not known.
        """
        if name is not None:
            if name not in LANDMARK_SCHEMES:
                raise BundleError(
                    f"The landmarks must be one of {', '.join(LANDMARK_SCHEMES)}. "
                    f"Received: {name!r}"
                )
            return LANDMARK_SCHEMES[name]
        scheme = scheme_of(self.landmark_model_sha256)
        if scheme is None:
            raise BundleError(
                f"The bundle {self.name} was trained with a landmark model that this version of "
                f"Mien does not know. Received: sha256 {self.landmark_model_sha256}. Export a "
                "bundle with this version."
            )
        return scheme

    def answer_logits(self, logits: NDArray[np.floating]) -> NDArray[np.floating]:
        """Take the logits of the output that answers, (n, labels), from those of all."""
        return logits[:, list(self.outputs).index(self.answers_with)]


def write_spec(spec: ModelSpec, bundle: Path) -> None:
    """Write `spec.json` into a bundle's folder."""
    write_whole(bundle / SPEC_NAME, json.dumps(asdict(spec), indent=2) + "\n")


def read_spec(bundle: Path) -> ModelSpec:
    """Read a bundle's `spec.json`.

    Raises:
        BundleError: It is missing, is no JSON, is of another format version, or lacks or has fields
            it should not.
    """
    path = bundle / SPEC_NAME
    try:
        fields = parse_json(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise BundleError(f"{path} is missing: {bundle} is no bundle. {_advice(bundle)}") from None
    except ValueError as error:
        raise BundleError(f"{path} is no valid JSON: {error}. Export the bundle again.") from error
    try:
        check_version(fields, FORMAT_VERSION)
        return parse_as(ModelSpec, fields)
    except (KeyError, TypeError, ValueError) as error:
        raise BundleError(
            f"{path} does not describe a bundle: {what_is_wrong(error)}. Export the bundle again."
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


def spec_sha256(bundle: Path) -> str:
    """Hash a bundle's `spec.json`, which names its network by hash: the digest of the whole bundle.

    Raises:
        FileNotFoundError: It is missing.
    """
    return hashlib.sha256((bundle / SPEC_NAME).read_bytes()).hexdigest()


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


def _advice(path: Path) -> str:
    """Say which folder to name instead of one that is not a bundle."""
    if path.is_file() and (path.parent / SPEC_NAME).is_file():
        return f"Name the folder in which it lies, {path.parent}."
    if (path / "network.keras").is_file():
        return (
            f"It is a run: make a bundle of it with mien export {quoted(str(path))} BUNDLE DATASET."
        )
    if (path / "manifest.json").is_file():
        return "It is an aligned dataset. Name the folder of a trained model."
    inside = [each.parent for each in path.glob(f"*/{SPEC_NAME}")]
    if len(inside) == 1:
        return f"Name the folder in it, {inside[0]}."
    return "Name the folder of a trained model, with --bundle or in MIEN_BUNDLE."

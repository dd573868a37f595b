"""Evaluate other people's networks on the same pictures, for the same table.

A JSON file beside the model's file describes its input and output:

    {"name": "fer", "model": "emotion_model.hdf5", "input_px": 64, "black": -1, "white": 1,
     "labels": ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"],
     "pictures": "raw", "outputs": "probabilities"}
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import keras
import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray
from tqdm import tqdm

from preprocessing.bundle.outputs import to_probabilities
from preprocessing.dataset.read import Dataset
from preprocessing.errors import BundleError, DatasetError
from preprocessing.runtime.typed_json import parse_json, what_is_wrong
from training.data import rows_of
from training.evaluation.predict import Predictions

BATCH = 64
# What keeps the logarithm of a probability that a baseline rounds to 0 finite.
LEAST_PROBABILITY = 1e-7
_CHOICES = {"pictures": ("raw", "aligned"), "outputs": ("probabilities", "logits")}


@dataclass(frozen=True)
class Baseline:
    """Another network, with its input and output.

    Attributes:
        name: Shown in the table.
        model: Its file: `.hdf5`, `.h5` or `.keras` for Keras, `.tflite` for LiteRT.
        input_px: Side of its input.
        black: What it takes for black.
        white: Likewise; greys lie evenly between.
        labels: In the order of its outputs; those that the dataset lacks are left out, and what is
            left is brought to a sum of 1.
        pictures: `raw` as the source frames them, or `aligned` chips.
        outputs: `probabilities` or `logits`.
    """

    name: str
    model: Path
    input_px: int
    black: float
    white: float
    labels: tuple[str, ...]
    pictures: str
    outputs: str

    def __post_init__(self) -> None:
        # It comes from a file that someone wrote by hand.
        input_px: object = self.input_px
        if not (isinstance(input_px, int) and input_px > 0):
            raise BundleError(f"input_px must be a number above 0. Received: {self.input_px!r}")
        for field, choices in _CHOICES.items():
            if getattr(self, field) not in choices:
                raise BundleError(
                    f"{field} must be one of {', '.join(choices)}. "
                    f"Received: {getattr(self, field)!r}"
                )


def read_baseline(path: Path) -> Baseline:
    """Read the JSON file that describes a baseline; its model's path is relative to that file.

    Raises:
        BundleError: It is missing, is no JSON, or lacks or has fields it should not.
    """
    try:
        fields = parse_json(path.read_text(encoding="utf-8"))
        parsed = {"model": path.parent / fields["model"], "labels": tuple(fields["labels"])}
        return Baseline(**{**fields, **parsed})
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise BundleError(f"{path} does not describe a baseline: {what_is_wrong(error)}") from error


def baseline_predictions(baseline: Baseline, dataset: Dataset, *, split: str) -> Predictions:
    """Predict every labelled row of a split with a baseline, without test-time augmentation.

    Raises:
        DatasetError: The baseline lacks a label of the dataset, or wants unaligned pictures where
            the dataset has none.
        BundleError: Its model cannot be run.
    """
    labels, rows = dataset.manifest.recipe.labels, rows_of(dataset, split)
    if missing := set(labels) - set(baseline.labels):
        raise DatasetError(f"{baseline.name} does not know {', '.join(sorted(missing))}.")
    if baseline.pictures == "raw" and not dataset.has_raw[rows].all():
        raise DatasetError(f"{baseline.name} wants face crops of the chip's size: use FER2013.")
    pictures = (dataset.raw if baseline.pictures == "raw" else dataset.chips)[rows]
    outputs = _outputs(baseline, pictures)
    if outputs.shape != (len(rows), len(baseline.labels)):
        raise BundleError(
            f"{baseline.model} gives outputs of shape {outputs.shape[1:]} for "
            f"{len(baseline.labels)} labels. Correct the list of labels."
        )
    probabilities = to_probabilities(outputs, 1.0) if baseline.outputs == "logits" else outputs
    ours = probabilities[:, [baseline.labels.index(label) for label in labels]]
    ours = np.maximum(ours, LEAST_PROBABILITY)
    logits = np.log(ours / ours.sum(axis=1, keepdims=True)).astype(np.float32)
    return Predictions(split=split, logits=logits, one_view_logits=logits)


def _outputs(baseline: Baseline, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    try:
        run, channels = (
            _load_tflite(baseline) if baseline.model.suffix == ".tflite" else _load_keras(baseline)
        )
        return np.concatenate([run(batch) for batch in _batches(baseline, pictures, channels)])
    except (OSError, RuntimeError, TypeError, ValueError) as error:
        raise BundleError(
            f"{baseline.model} cannot be run as {baseline.name}'s JSON file says: {error}"
        ) from error


def _batches(
    baseline: Baseline, pictures: NDArray[np.uint8], channels: int
) -> Iterator[NDArray[np.float32]]:
    """Bring pictures to its size and scale, float32 (n, input_px, input_px, channels)."""
    side = (baseline.input_px, baseline.input_px)
    for start in tqdm(
        range(0, len(pictures), BATCH), desc=baseline.name, unit="batch", disable=None
    ):
        resized = [cv2.resize(each, side) for each in pictures[start : start + BATCH]]
        scaled = (
            baseline.black
            + np.stack(resized, dtype=np.float32) * (baseline.white - baseline.black) / 255
        )
        yield np.repeat(scaled[..., None], channels, axis=-1).astype(np.float32)


def _load_keras(
    baseline: Baseline,
) -> tuple[Callable[[NDArray[np.float32]], NDArray[np.float32]], int]:
    # How it was trained does not matter, and may need what this Keras has no more.
    model = keras.saving.load_model(baseline.model, compile=False)
    return model.predict_on_batch, model.input_shape[-1]


def _load_tflite(
    baseline: Baseline,
) -> tuple[Callable[[NDArray[np.float32]], NDArray[np.float32]], int]:
    interpreter = Interpreter(model_path=str(baseline.model), num_threads=1)
    interpreter.allocate_tensors()
    (source,), (target,) = interpreter.get_input_details(), interpreter.get_output_details()

    def run(batch: NDArray[np.float32]) -> NDArray[np.float32]:
        outputs = []
        for picture in batch:
            interpreter.set_tensor(source["index"], picture[None])
            interpreter.invoke()
            outputs.append(interpreter.get_tensor(target["index"])[0])
        return np.stack(outputs)

    return run, int(source["shape"][-1])

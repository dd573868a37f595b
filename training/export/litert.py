"""Convert a network for LiteRT in each precision of its weights, and compare them."""

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from preprocessing.bundle.classifier import ONE_VIEW_SIGNATURE, VIEWS_SIGNATURE
from preprocessing.bundle.spec import MODEL_NAME
from preprocessing.errors import MienError
from training.config import PRECISIONS
from training.data import Examples, truth_for
from training.evaluation.predict import classify
from training.export.tta import Views, with_views
from training.metrics import accuracy
from training.networks.outputs import outputs_of

# What storing the weights in fewer bits may cost, as a share of the val rows.
MOST_LOST = 0.002
# With its spec and card a bundle stays under 25 MB.
LARGEST_MODEL_BYTES = 24_000_000


@dataclass(frozen=True)
class Precision:
    """What storing the weights in one way makes of a network.

    Attributes:
        name: One of `PRECISIONS`.
        size_bytes: Of the converted network.
        chip_ms: Processor time for a chip with all views, on one core.
        accuracy: On val with views, by output, 0 to 1.
        lost: Accuracy of the Keras network less this one, by output.
        agreement: Fraction of val rows with the same likeliest labels as from the Keras network.
    """

    name: str
    size_bytes: int
    chip_ms: float
    accuracy: dict[str, float]
    lost: dict[str, float]
    agreement: float


@dataclass(frozen=True, eq=False)
class Converted:
    """A network for LiteRT.

    Attributes:
        model: The file's content, with a signature for views and one for one view.
        logits: float32 (n, outputs, labels), of the val rows with views.
        precision: How the weights are stored, and what that costs.
    """

    model: bytes
    logits: NDArray[np.float32]
    precision: Precision


def convert_all(
    network: keras.Model, views: Views, *, val: Examples, keras_logits: NDArray[np.float32]
) -> dict[str, Converted]:
    """Convert a network in each precision, and run each on the val rows.

    Args:
        network: From chips (n, height, width, 1) to logits, computing in float32.
        views: Those that were chosen.
        val: The val rows.
        keras_logits: What the network itself gives for them with these views.
    """
    return {name: _convert_and_run(network, views, val, keras_logits, name) for name in PRECISIONS}


def output_accuracies(
    network: keras.Model, logits: NDArray[np.float32], val: Examples
) -> dict[str, float]:
    """Return the accuracy of each output of a network against what it learnt, 0 to 1.

    Args:
        network: It names the outputs.
        logits: (n, outputs, labels).
        val: n rows.
    """
    accuracies = {}
    for place, output in enumerate(outputs_of(network)):
        truth = truth_for(output, val)
        known = truth >= 0
        accuracies[output] = accuracy(logits[known, place], truth[known])
    return accuracies


def choose_precision(precisions: Sequence[Precision]) -> str:
    """Choose the smallest, which is also the fastest, among those that cost next to nothing.

    Raises:
        MienError: All are too large or lose too much.
    """
    fit = [
        each
        for each in precisions
        if max(each.lost.values()) <= MOST_LOST and each.size_bytes <= LARGEST_MODEL_BYTES
    ]
    if not fit:
        raise MienError(
            f"No precision keeps the network under {LARGEST_MODEL_BYTES / 1e6:.0f} MB and loses "
            f"at most {MOST_LOST:.1%} on val with any output. "
            "Choose one all the same with --precision.\n" + precisions_text(precisions)
        )
    return min(fit, key=lambda each: each.size_bytes).name


def precisions_text(precisions: Sequence[Precision]) -> str:
    """Write the comparison as a table."""
    outputs = list(precisions[0].accuracy)
    heads = "".join(f"{output:>9}{'lost':>9}" for output in outputs)
    lines = [f"{'weights':<10}{'MB':>8}{'ms a chip':>12}{heads}{'like Keras':>12}"]
    for each in precisions:
        figures = "".join(f"{each.accuracy[name]:>9.2%}{each.lost[name]:>9.2%}" for name in outputs)
        lines.append(
            f"{each.name:<10}{each.size_bytes / 1e6:>8.1f}{each.chip_ms:>12.1f}{figures}"
            f"{each.agreement:>12.1%}"
        )
    return "\n".join(lines)


def _convert_and_run(
    network: keras.Model,
    views: Views,
    val: Examples,
    keras_logits: NDArray[np.float32],
    name: str,
) -> Converted:
    model = _convert(network, views, size_px=val.chips.shape[1], precision=name)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / MODEL_NAME).write_bytes(model)
        # LiteRT runs in this thread alone; what other processes do is not counted.
        started = time.process_time()
        logits = classify(Path(folder), val.chips, signature=VIEWS_SIGNATURE)
        chip_ms = 1000 * (time.process_time() - started) / len(val.chips)
    reached = output_accuracies(network, logits, val)
    before = output_accuracies(network, keras_logits, val)
    precision = Precision(
        name=name,
        size_bytes=len(model),
        chip_ms=chip_ms,
        accuracy=reached,
        lost={output: before[output] - reached[output] for output in reached},
        agreement=float((logits.argmax(axis=2) == keras_logits.argmax(axis=2)).mean()),
    )
    return Converted(model, logits, precision)


def _convert(network: keras.Model, views: Views, *, size_px: int, precision: str) -> bytes:
    """Convert to LiteRT with two signatures that share the weights and take any number of chips."""
    one_view = replace(views, crop_px=size_px, corners=False, mirrored=False)
    signatures = {VIEWS_SIGNATURE: views, ONE_VIEW_SIGNATURE: one_view}
    archive = keras.export.ExportArchive()
    archive.track(network)
    for name, chosen in signatures.items():
        serve = _endpoint(with_views(network, chosen, size_px=size_px))
        chips = tf.TensorSpec((None, size_px, size_px), tf.uint8, name="chips")
        archive.add_endpoint(name, serve, input_signature=[chips])
    with tempfile.TemporaryDirectory() as folder:
        archive.write_out(folder, verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(
            folder, signature_keys=list(signatures)
        )
        if precision != "float32":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if precision == "float16":
            converter.target_spec.supported_types = [tf.float16]
        converted: bytes = converter.convert()
    return converted


def _endpoint(model: keras.Model) -> Callable[[Any], dict[str, Any]]:
    def serve(chips: Any) -> dict[str, Any]:
        return {"logits": model(chips, training=False)}

    return serve

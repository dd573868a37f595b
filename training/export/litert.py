"""Convert a network for LiteRT in each precision of its weights, and compare them."""

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from preprocessing.bundle.classifier import ONE_VIEW_SIGNATURE, VIEWS_SIGNATURE
from preprocessing.bundle.spec import MODEL_NAME
from training.config import PRECISIONS
from training.data import Examples, truth_for
from training.evaluation.predict import classify
from training.export.precision import Precision
from training.export.tta import Views, with_views
from training.metrics import accuracy
from training.networks.outputs import outputs_of


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
    with tempfile.TemporaryDirectory() as saved:
        _save(network, views, size_px=val.chips.shape[1], folder=saved)
        return {
            name: _run(_convert(saved, name), name, network, val, keras_logits)
            for name in PRECISIONS
        }


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


def _run(
    model: bytes,
    name: str,
    network: keras.Model,
    val: Examples,
    keras_logits: NDArray[np.float32],
) -> Converted:
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


def _save(network: keras.Model, views: Views, *, size_px: int, folder: str) -> None:
    """Save for conversion, with two signatures that share the weights and take any chips."""
    one_view = replace(views, crop_px=size_px, corners=False, mirrored=False)
    archive = keras.export.ExportArchive()
    archive.track(network)
    for name, chosen in ((VIEWS_SIGNATURE, views), (ONE_VIEW_SIGNATURE, one_view)):
        serve = _endpoint(with_views(network, chosen, size_px=size_px))
        chips = tf.TensorSpec((None, size_px, size_px), tf.uint8, name="chips")
        archive.add_endpoint(name, serve, input_signature=[chips])
    archive.write_out(folder, verbose=False)


def _convert(saved: str, precision: str) -> bytes:
    """Convert what `_save` wrote to LiteRT."""
    converter = tf.lite.TFLiteConverter.from_saved_model(
        saved, signature_keys=[VIEWS_SIGNATURE, ONE_VIEW_SIGNATURE]
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

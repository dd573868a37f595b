"""What a browser needs to read faces itself: the networks, and parts of the spec."""

import functools
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from preprocessing.bundle.spec import MODEL_NAME, ModelSpec
from preprocessing.faces.landmarks import LANDMARK_SCHEMES, geometry_by
from serving.inference.certainty import read_record
from serving.inference.charts import probability_figure
from serving.inference.predictor import Predictor

# A browser whose numbers differ by more computes them wrongly; kernels differ by a tenth of it.
KNOWN_ANSWER_TOLERANCE = 0.01
_STATIC = Path(__file__).parents[1] / "static"
DETECTOR_FILE = _STATIC / "device" / "yunet.tflite"
"""YuNet for LiteRT; `tests/tools/detector_for_browsers.py` writes it."""
RUNTIME_FILE = _STATIC / "vendor" / "litert-wasm-2.5.3.wasm.gz"
"""LiteRT's WebAssembly; the wheel leaves it out."""


def is_available() -> bool:
    """Say whether this installation has all files that reading on the device takes."""
    return DETECTOR_FILE.is_file() and RUNTIME_FILE.is_file()


def device_spec(spec: ModelSpec, *, network_url: str) -> dict[str, Any]:
    """Return what the page's scripts must know of a bundle, as JSON.

    Args:
        spec: The bundle's.
        network_url: Address at which the browser gets what `static_network` returns.
    """
    record = read_record(spec)
    five = geometry_by(LANDMARK_SCHEMES["yunet"], spec.geometry)
    return {
        "model": spec.name,
        "labels": spec.labels,
        "geometry": {
            "size_px": five.size_px,
            "margin": five.margin,
            "interpolation": five.interpolation,
            "template_px": five.template_px().tolist(),
        },
        "answers_with": list(spec.outputs).index(spec.answers_with),
        "output": asdict(spec.answer),
        "probable_from": record.probable_from,
        "figure": probability_figure([0.0] * len(spec.labels), spec.labels),
        "network_url": network_url,
    }


@functools.lru_cache(maxsize=1)
def known_answer(predictor: Predictor) -> dict[str, Any]:
    """Return a chip and what the server predicts for it, as JSON, for browsers to compare with."""
    size_px = predictor.spec.geometry.size_px
    chip = np.linspace(0, 255, size_px**2).astype(np.uint8).reshape(size_px, size_px)
    (probabilities,) = predictor.probabilities(chip[None])
    return {
        "chip": chip.ravel().tolist(),
        "probabilities": probabilities.round(6).tolist(),
        "tolerance": KNOWN_ANSWER_TOLERANCE,
    }


def unpacked_bytes(bundle: Path) -> int:
    """Return how many bytes runtime, detector and network have that a browser loads."""
    # Gzip's last four bytes say how long its content is (RFC 1952, 2.3.1).
    runtime_bytes = int.from_bytes(RUNTIME_FILE.read_bytes()[-4:], "little")
    return runtime_bytes + DETECTOR_FILE.stat().st_size + len(static_network(bundle))


@functools.lru_cache(maxsize=1)
def static_network(bundle: Path) -> bytes:
    """Return a bundle's network for one chip at a time.

    LiteRT in a browser takes no network whose batch may have any size. So each size that is left
    open (-1) is set to 1; all else stays as it is.

    Args:
        bundle: The bundle's folder.
    """
    network = bytearray((bundle / MODEL_NAME).read_bytes())
    model = schema.Model.GetRootAs(network, 0)
    for graph in (model.Subgraphs(index) for index in range(model.SubgraphsLength())):
        for tensor in (graph.Tensors(index) for index in range(graph.TensorsLength())):
            if not tensor.ShapeSignatureIsNone():
                sizes = tensor.ShapeSignatureAsNumpy()  # a view of the bytes themselves
                sizes[sizes == -1] = 1
    return bytes(network)

"""Rebuild YuNet as a LiteRT model for browsers: `make detector`.

The page runs one runtime, LiteRT, so the detector's ONNX file is walked node by node into the same
network of TensorFlow's, with the same weights. It takes one square of a fixed size in colour, red
first, where the ONNX file takes blue first; LiteRT in a browser takes no other sizes.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import tensorflow as tf
from onnx import numpy_helper

from preprocessing.faces.model_files import YUNET_FILE
from serving.web.device import DETECTOR_FILE

SIDE_PX = 320
STRIDES = (8, 16, 32)
# In this order `decode` in `serving/static/device/detector.js` reads the columns of the output.
PARTS = ("cls", "obj", "bbox", "kps")


class YuNet(tf.Module):
    """The network of an ONNX file, on pictures (1, side, side, 3), RGB, 0 to 255."""

    def __init__(self, path: Path) -> None:
        graph = onnx.load(path).graph
        self._nodes = list(graph.node)
        self._weights = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
        self._input = graph.input[0].name

    @tf.function(
        input_signature=[tf.TensorSpec((1, SIDE_PX, SIDE_PX, 3), tf.float32)], autograph=False
    )
    def detect(self, rgb: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return for each anchor class, objectness, box and points, (1, anchors, 16)."""
        values = {self._input: tf.reverse(rgb, [3])}
        for node in self._nodes:
            values[node.output[0]] = self._run(node, values)
        of_strides = [
            tf.concat([values[f"{part}_{stride}"] for part in PARTS], axis=2) for stride in STRIDES
        ]
        return {"anchors": tf.concat(of_strides, axis=1)}

    def _run(self, node: onnx.NodeProto, values: dict[str, tf.Tensor]) -> tf.Tensor:
        """Run one node; channels come last here, so that to transpose there is nothing."""
        given = [values[name] for name in node.input if name in values]
        options = {each.name: onnx.helper.get_attribute_value(each) for each in node.attribute}
        if node.op_type == "Conv":
            return _convolve(given[0], *(self._weights[name] for name in node.input[1:]), options)
        if node.op_type == "Add":
            return given[0] + given[1]
        return _LAYERS[node.op_type](given[0])


def _enlarge(picture: tf.Tensor) -> tf.Tensor:
    height, width = picture.shape[1:3]
    return tf.raw_ops.ResizeNearestNeighbor(images=picture, size=(2 * height, 2 * width))


_LAYERS: dict[str, Callable[[tf.Tensor], tf.Tensor]] = {
    "Relu": tf.nn.relu,
    "MaxPool": lambda picture: tf.nn.max_pool2d(picture, 2, 2, "VALID"),
    "Resize": _enlarge,
    "Transpose": tf.identity,
    "Reshape": lambda picture: tf.reshape(picture, (1, -1, picture.shape[3])),
    "Sigmoid": tf.sigmoid,
}


def _convolve(picture: tf.Tensor, weights: Any, bias: Any, options: dict[str, Any]) -> tf.Tensor:
    border = options["pads"][0]
    padded = tf.pad(picture, ((0, 0), (border, border), (border, border), (0, 0)))
    stride = options["strides"][0]
    if options["group"] > 1:
        kernel = weights.transpose(2, 3, 0, 1)
        convolved = tf.nn.depthwise_conv2d(padded, kernel, (1, stride, stride, 1), "VALID")
    else:
        convolved = tf.nn.conv2d(padded, weights.transpose(2, 3, 1, 0), stride, "VALID")
    return convolved + np.asarray(bias)


def main() -> None:
    """Write the detector's file."""
    network = YuNet(YUNET_FILE.path())
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [network.detect.get_concrete_function()], network
    )
    DETECTOR_FILE.write_bytes(converter.convert())
    print(f"{DETECTOR_FILE}: {DETECTOR_FILE.stat().st_size:,} bytes", file=sys.stderr)


if __name__ == "__main__":
    main()

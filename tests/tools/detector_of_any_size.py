"""Make YuNet's ONNX file take RGB pictures of any size: `make detector`.

The file of opencv_zoo takes floats, by channels, blue first, and says 640 x 640, which only OpenCV
overlooks.
"""

import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from preprocessing.faces.model_files import YUNET_ANY_SIZE_FILE, YUNET_FILE

PICTURE = "picture"


def make_any_size(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return the model with an input `picture`, uint8 (height, width, 3) in RGB."""
    free = onnx.ModelProto()
    free.CopyFrom(model)
    graph = free.graph
    (before,) = graph.input
    channels_last = (
        helper.make_node("Cast", [PICTURE], ["levels"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["levels"], ["channels"], perm=[2, 0, 1]),
        helper.make_node("Unsqueeze", ["channels"], [before.name], axes=[0]),
    )
    nodes = [*channels_last, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    _read_rgb(graph, before.name)
    before.CopyFrom(
        helper.make_tensor_value_info(PICTURE, TensorProto.UINT8, ("height", "width", 3))
    )
    for output in graph.output:
        _, anchors, _ = output.type.tensor_type.shape.dim
        anchors.Clear()
        anchors.dim_param = f"anchors of {output.name}"
    # What lies between has sizes too.
    del graph.value_info[:]
    onnx.checker.check_model(free, full_check=True)
    return free


def _read_rgb(graph: onnx.GraphProto, name: str) -> None:
    """Swap the channels that the first convolution expects, of the input of that name."""
    (first,) = (node for node in graph.node if node.op_type == "Conv" and node.input[0] == name)
    (weights,) = (each for each in graph.initializer if each.name == first.input[1])
    swapped = np.ascontiguousarray(numpy_helper.to_array(weights)[:, ::-1])
    weights.CopyFrom(numpy_helper.from_array(swapped, weights.name))


def main() -> None:
    """Write the detector's file."""
    target = YUNET_FILE.path().with_name(YUNET_ANY_SIZE_FILE.name)
    onnx.save(make_any_size(onnx.load(YUNET_FILE.path())), target)
    print(f"{target}: {target.stat().st_size:,} bytes", file=sys.stderr)


if __name__ == "__main__":
    main()

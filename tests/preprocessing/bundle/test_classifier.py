"""A network that says what no program should have written is refused by name."""

import shutil
from pathlib import Path

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from preprocessing.bundle.classifier import VIEWS_SIGNATURE, ChipClassifier
from preprocessing.bundle.spec import MODEL_NAME
from preprocessing.errors import BundleError
from serving.inference.shipped_bundle import SHIPPED_BUNDLE

# Beyond the numbers that LiteRT itself has for tensors.
NO_TENSOR = 2**32 - 1
CHIPS = np.zeros((1, 48, 48), np.uint8)


def with_signature(folder: Path, *, side: str) -> Path:
    """Write a bundle whose network takes or gives what it does not have."""
    data = (SHIPPED_BUNDLE / MODEL_NAME).read_bytes()
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(data, 0))
    for signature in model.signatureDefs:
        getattr(signature, side)[0].tensorIndex = NO_TENSOR
    builder = flatbuffers.Builder(len(data))
    builder.Finish(model.Pack(builder), b"TFL3")
    (folder / MODEL_NAME).write_bytes(builder.Output())
    return folder


@pytest.mark.parametrize("side", ["inputs", "outputs"])
def test_a_signature_that_names_what_is_not_there_is_refused(side: str, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="gives no logits"):
        ChipClassifier(with_signature(tmp_path, side=side)).logits(CHIPS)


@pytest.mark.parametrize("kept_bytes", [0, 4, 10_000])
def test_a_network_that_is_cut_short_is_refused(kept_bytes: int, tmp_path: Path) -> None:
    path = tmp_path / MODEL_NAME
    shutil.copy(SHIPPED_BUNDLE / MODEL_NAME, path)
    path.write_bytes(path.read_bytes()[:kept_bytes])
    with pytest.raises(BundleError, match="cannot be run"):
        ChipClassifier(tmp_path, signature=VIEWS_SIGNATURE)

"""An exported run with what became of it in each precision, in a folder that processes share."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import training.export.bundle
from preprocessing.dataset.read import Dataset
from training.config import PRECISIONS
from training.export.bundle import ExportOptions, export
from training.export.litert import Converted, convert_all
from training.export.precision import Precision

KERAS_NAME = "keras.npy"


@dataclass(frozen=True, eq=False)
class Exported:
    """A bundle, its network in each precision, and what Keras made of val.

    Attributes:
        bundle: Its folder; the weights are int8.
        converted: By the name of the precision.
        keras_logits: float32 (n, outputs, labels).
    """

    bundle: Path
    converted: dict[str, Converted]
    keras_logits: NDArray[np.float32]


def export_into(folder: Path, run: Path, dataset: Dataset) -> None:
    """Export a run, and keep beside the bundle what `read_exported` returns."""

    def convert(*arguments: Any, **options: Any) -> dict[str, Converted]:
        converted = convert_all(*arguments, **options)
        for name, each in converted.items():
            (folder / f"{name}.tflite").write_bytes(each.model)
            (folder / f"{name}.json").write_text(json.dumps(asdict(each.precision)), "utf-8")
            np.save(folder / f"{name}.npy", each.logits)
        np.save(folder / KERAS_NAME, options["keras_logits"])
        return converted

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training.export.bundle, "convert_all", convert)
        options = ExportOptions("test", precision="int8")
        export(run, folder / "bundle", dataset=dataset, options=options)


def read_exported(folder: Path) -> Exported:
    """Read what `export_into` wrote."""
    converted = {
        name: Converted(
            (folder / f"{name}.tflite").read_bytes(),
            np.load(folder / f"{name}.npy"),
            Precision(**json.loads((folder / f"{name}.json").read_text("utf-8"))),
        )
        for name in PRECISIONS
    }
    return Exported(folder / "bundle", converted, np.load(folder / KERAS_NAME))

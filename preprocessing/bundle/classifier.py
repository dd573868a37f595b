"""Run a bundle's network on chips, through LiteRT."""

import threading
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from preprocessing.bundle.spec import MODEL_NAME
from preprocessing.errors import BundleError

VIEWS_SIGNATURE = "views"
ONE_VIEW_SIGNATURE = "one_view"


class ChipClassifier:
    """The network of a bundle. Threads may share it: it sees the chips of one after the other."""

    def __init__(self, bundle: Path, *, signature: str = VIEWS_SIGNATURE) -> None:
        """Load the network.

        Args:
            bundle: The bundle's folder.
            signature: `views` averages the logits of several views of a chip, `one_view` sees it
                once.

        Raises:
            BundleError: The network is missing, cannot be read, or lacks the signature.
        """
        path = bundle / MODEL_NAME
        if not path.is_file():
            raise BundleError(f"{path} is missing. Export the bundle again.")
        try:
            # Kept beside the runner, which holds no reference to it.
            self._interpreter = Interpreter(model_path=str(path), num_threads=1)
            self._runner = self._interpreter.get_signature_runner(signature)
        except (ValueError, RuntimeError, TypeError) as error:
            raise BundleError(
                f"{path} cannot be run: {error}. It is damaged; export the bundle again."
            ) from error
        self._lock = threading.Lock()

    def logits(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the logits of chips, shape (chips, outputs, labels).

        Args:
            chips: uint8 (chips, size_px, size_px), of the geometry in the spec; at least one.

        Raises:
            BundleError: The network takes or gives something else.
        """
        try:
            with self._lock:
                logits: NDArray[np.float32] = self._runner(chips=chips)["logits"]
        except (KeyError, RuntimeError, TypeError, ValueError) as error:
            raise BundleError(
                f"The network does not take chips of {chips.shape[1:]} pixels, or gives no logits: "
                f"{error}. Export the bundle again."
            ) from error
        return logits

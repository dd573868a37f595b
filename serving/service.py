"""The loaded models of one process, as requests reach them."""

import logging
from dataclasses import dataclass
from pathlib import Path

from flask import current_app

from preprocessing.errors import MienError
from serving.predictor import SHIPPED_BUNDLE, Predictor
from serving.problems import NotReadyError

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Settings:
    """What can be set for a server.

    Attributes:
        bundle: Folder of the trained model; by default the one that ships.
    """

    bundle: Path = SHIPPED_BUNDLE


@dataclass
class Service:
    """The loaded models of one process, or the reason why there are none."""

    settings: Settings
    predictor: Predictor | None = None
    reason: str = ""

    def load(self) -> None:
        """Load the models; a failure is kept as the reason."""
        try:
            self.predictor = Predictor(self.settings.bundle)
        except MienError as error:
            self.reason = str(error)
            _log.error("not ready: %s", error)

    def require(self) -> Predictor:
        """Return the predictor.

        Raises:
            NotReadyError: The models could not be loaded.
        """
        if self.predictor is None:
            raise NotReadyError(self.reason)
        return self.predictor


def current_service() -> Service:
    """Return the service of the application that answers the current request."""
    service: Service = current_app.extensions["mien"]
    return service

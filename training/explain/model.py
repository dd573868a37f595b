"""Load what is to be explained: the network of a run, or a bundle."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from keras import Model
from numpy.typing import NDArray

from preprocessing.bundle.classifier import ChipClassifier
from preprocessing.bundle.outputs import to_probabilities
from preprocessing.bundle.spec import SPEC_NAME, read_spec
from preprocessing.faces.align import align_crops, align_photo
from preprocessing.faces.finder import FaceFinder
from preprocessing.faces.geometry import ChipGeometry
from preprocessing.faces.types import AlignedFace
from preprocessing.images.decode import decode_image, to_grey
from training.export.provenance import read_provenance
from training.export.tta import CutViews, Views, with_views
from training.networks.build import NETWORK_NAME, load_network, read_settings


@dataclass(frozen=True, eq=False)
class ExplainedModel:
    """The network that is explained.

    Attributes:
        labels: In the order of the logits.
        answers_with: Place of the output that is explained among those of the network.
        geometry: How chips are cut.
        finder: Finds the faces.
        classify: From chips (n, side, side) to probabilities (n, labels).
        network: To be looked into; None for a bundle that was too large to keep it.
        cut: Brings chips (n, side, side) to what the network sees.
    """

    labels: tuple[str, ...]
    geometry: ChipGeometry
    finder: FaceFinder
    classify: Callable[[NDArray[np.uint8]], NDArray[np.floating]]
    answers_with: int = 0
    network: Model | None = None
    cut: CutViews | None = None

    def align(self, picture: bytes, *, is_crop: bool) -> list[AlignedFace]:
        """Cut the chips of all faces of a picture, or of the one that a crop shows."""
        rgb = decode_image(picture)
        if is_crop:
            return align_crops([to_grey(rgb)], self.finder, geometry=self.geometry)
        return align_photo(rgb, self.finder, geometry=self.geometry)


def open_explained_model(source: Path) -> ExplainedModel:
    """Load a run, or a bundle.

    Raises:
        MienError: It is neither.
    """
    return _open_bundle(source) if (source / SPEC_NAME).is_file() else _open_run(source)


def _open_run(run: Path) -> ExplainedModel:
    settings = read_settings(run)
    recipe = settings.dataset
    network = load_network(run)
    size_px, trained_px = recipe.geometry.size_px, settings.fit.sizes[-1][1]
    seeing = with_views(network, Views(size_px, trained_px, mirrored=True), size_px=size_px)
    return ExplainedModel(
        labels=recipe.labels,
        geometry=recipe.geometry,
        finder=FaceFinder(recipe.scheme(), detector=recipe.detector),
        classify=lambda chips: to_probabilities(seeing.predict(chips, verbose=0)[:, 0], 1.0),
        network=network,
        cut=CutViews(Views(size_px, trained_px)),
    )


def _open_bundle(bundle: Path) -> ExplainedModel:
    spec = read_spec(bundle)
    classifier = ChipClassifier(bundle)
    has_network = (bundle / NETWORK_NAME).is_file()
    input_px = read_provenance(spec).views.input_px
    return ExplainedModel(
        labels=spec.labels,
        geometry=spec.geometry,
        finder=FaceFinder(spec.scheme(), detector=spec.detector),
        classify=lambda chips: spec.answer.probabilities(
            spec.answer_logits(classifier.logits(chips))
        ),
        answers_with=list(spec.outputs).index(spec.answers_with),
        network=load_network(bundle) if has_network else None,
        cut=CutViews(Views(spec.geometry.size_px, input_px)) if has_network else None,
    )

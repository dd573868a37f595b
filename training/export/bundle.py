"""Export a trained run as a bundle: the network for LiteRT, its spec, its model card."""

import platform
import shutil
import sys
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from preprocessing.bundle.classifier import (
    ONE_VIEW_SIGNATURE,
    ChipClassifier,
)
from preprocessing.bundle.spec import (
    MODEL_NAME,
    SPEC_NAME,
    KnownAnswer,
    ModelSpec,
    network_sha256,
)
from preprocessing.dataset.manifest import Recipe
from preprocessing.dataset.read import Dataset
from preprocessing.errors import MienError
from preprocessing.faces.align import align_photo
from preprocessing.faces.finder import FaceFinder
from preprocessing.faces.geometry import ChipGeometry
from preprocessing.images.decode import decode_image
from preprocessing.images.sample import sample_photo_path
from training.config import MOST_VIEWS, PRECISIONS, FitConfig
from training.data import Examples, split_examples, training_examples
from training.evaluation.evaluate import Evaluation, evaluate_bundle
from training.evaluation.predict import Answers, classify
from training.export.calibrate import calibrate
from training.export.litert import Precision, choose_precision, convert_all, output_accuracies
from training.export.model_card import record_metrics
from training.export.tta import Views, candidate_views, with_views
from training.fitting.epoch import PREDICT_BATCH
from training.networks.build import (
    NETWORK_NAME,
    SAME_ANSWERS,
    check_same_recipe,
    load_network,
    read_settings,
    save_half,
)
from training.networks.outputs import outputs_of

# LiteRT's kernels add up in another order on another processor, and OpenCV may round a grey level
# differently; both move a logit in the second decimal at most.
LOGITS_TOLERANCE = 0.1
TRANSFORM_TOLERANCE_PX = 0.25
# Of a bundle, which goes into Git and over networks.
LARGEST_BYTES = 25_000_000
# A bundle aligns as its network was taught. Only the detector may be another than in training: all
# that is chosen and measured here is so on faces that it found.
SAME_SPEC = (*SAME_ANSWERS, "landmark_model_sha256")


@dataclass(frozen=True)
class ExportOptions:
    """What can be chosen for a bundle.

    Attributes:
        name: Shown to users; None for one that says which network it is.
        precision: Of the stored weights, whatever it costs; None for `choose_precision`.
        most_views: Views of a chip that are averaged at most, one of `MOST_VIEWS`.
    """

    name: str | None = None
    precision: str | None = None
    most_views: int = 1

    def __post_init__(self) -> None:
        if self.precision not in (None, *PRECISIONS):
            raise MienError(
                f"precision must be one of {', '.join(PRECISIONS)}. Received: {self.precision}"
            )
        if self.most_views not in MOST_VIEWS:
            raise MienError(
                f"most_views must be one of {', '.join(map(str, MOST_VIEWS))}. "
                f"Received: {self.most_views}"
            )


@dataclass(frozen=True)
class Exported:
    """What came of an export.

    Attributes:
        evaluation: Of the bundle on val.
        precisions: How each way to store the weights fared.
    """

    evaluation: Evaluation
    precisions: tuple[Precision, ...]


def export(
    run: Path,
    bundle: Path,
    *,
    dataset: Dataset,
    options: ExportOptions,
    overwrite: bool = False,
) -> Exported:
    """Turn a finished run into a bundle.

    Views, class balance, temperatures and the confidences at which it is sure are chosen on the val
    split, all but the views with the exported network.

    Args:
        run: A folder in which `fit` finished.
        bundle: The folder to write; it appears when all is done.
        dataset: The dataset that the run was trained on, or the same found by another detector.
        options: See `ExportOptions`.
        overwrite: Replace a bundle that is there.

    Raises:
        MienError: The run is not finished, or is of other chips or labels than the dataset's, or
            `bundle` holds something that is not to be replaced, or no precision will do.
    """
    if (run / SPEC_NAME).is_file():
        raise MienError(f"{run} is a bundle already. Name the folder of a run.")
    settings = read_settings(run)
    if bundle.exists() and any(bundle.iterdir()):
        if not overwrite:
            raise MienError(f"{bundle} is not empty. Choose another folder, or use --overwrite.")
        if not (bundle / SPEC_NAME).is_file():
            raise MienError(f"{bundle} is no bundle and is left alone. Choose another folder.")
    check_same_recipe(settings["dataset"], dataset.manifest.recipe, fields=SAME_SPEC)
    partial = bundle.with_name(bundle.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    exported = _export_into(partial, run, settings, dataset, options)
    shutil.rmtree(bundle, ignore_errors=True)
    partial.rename(bundle)
    return exported


def _export_into(
    bundle: Path, run: Path, settings: dict[str, Any], dataset: Dataset, options: ExportOptions
) -> Exported:
    recipe, config = dataset.manifest.recipe, FitConfig(**settings["fit"])
    network = load_network(run)
    val = split_examples(dataset, "val")
    views, keras_logits = _choose_views(
        network, val, trained_px=config.sizes[-1][1], most=options.most_views
    )
    converted = convert_all(network, views, val=val, keras_logits=keras_logits)
    precisions = tuple(each.precision for each in converted.values())
    chosen = converted[options.precision or choose_precision(precisions)]
    (bundle / MODEL_NAME).write_bytes(chosen.model)
    _keep_network(network, bundle, config)
    one_view_logits = classify(bundle, val.chips, signature=ONE_VIEW_SIGNATURE)
    names = outputs_of(network)
    outputs = {
        name: calibrate(
            name,
            chosen.logits[:, place],
            val=val,
            train=training_examples(dataset),
            class_weight=config.class_weight,
        )
        for place, name in enumerate(names)
    }
    spec = ModelSpec(
        name=options.name or f"mien-{config.model}",
        labels=recipe.labels,
        disgust=recipe.disgust,
        geometry=ChipGeometry.from_json(recipe.geometry),
        outputs=outputs,
        answers_with=names[0],
        detector=recipe.detector,
        landmark_model_sha256=recipe.landmark_model_sha256,
        network_sha256=network_sha256(bundle),
        provenance=_provenance(settings, views)
        | {"precision": chosen.precision.name, "precisions": list(map(asdict, precisions))},
        metrics={},
        known_answer=_known_answer(bundle, recipe),
        elsewhere={},
    )
    evaluation = evaluate_bundle(
        {
            name: Answers("val", chosen.logits[:, place], one_view_logits[:, place])
            for place, name in enumerate(names)
        },
        outputs,
        dataset,
        answers_with=spec.answers_with,
    )
    record_metrics(bundle, spec, evaluation=evaluation)
    return Exported(evaluation, precisions)


def _keep_network(network: keras.Model, bundle: Path, config: FitConfig) -> None:
    """Keep the Keras network, to be trained on and looked into, where the bundle stays small."""
    kept = bundle / NETWORK_NAME
    save_half(network, kept, config=config)
    if sum(path.stat().st_size for path in bundle.iterdir()) > LARGEST_BYTES:
        kept.unlink()


def _choose_views(
    network: keras.Model, val: Examples, *, trained_px: int, most: int
) -> tuple[Views, NDArray[np.float32]]:
    """Choose the views with the best val accuracy of the output that answers; return their logits.

    Of equals it takes the cheapest.
    """
    size_px = val.chips.shape[1]
    answers_with = outputs_of(network)[0]
    tried: dict[Views, tuple[float, NDArray[np.float32]]] = {}
    for views in candidate_views(size_px, trained_px=trained_px, most=most):
        if network.input_shape[1] not in (None, views.input_px):
            continue
        model = with_views(network, views, size_px=size_px)
        logits = model.predict(val.chips, batch_size=PREDICT_BATCH, verbose=0)
        reached = output_accuracies(network, logits, val)
        print(f"val {reached} with {views}", file=sys.stderr)
        tried[views] = (reached[answers_with], logits)
    best = max(tried, key=lambda views: tried[views][0])
    return best, tried[best][1]


def _known_answer(bundle: Path, recipe: Recipe) -> KnownAnswer:
    photo = decode_image(sample_photo_path().read_bytes())
    finder = FaceFinder(recipe.scheme(), detector=recipe.detector)
    (aligned,) = align_photo(photo, finder, geometry=ChipGeometry.from_json(recipe.geometry))
    first, second = aligned.transform.tolist()
    return KnownAnswer(
        transform=(tuple(first), tuple(second)),
        transform_tolerance_px=TRANSFORM_TOLERANCE_PX,
        logits=tuple(map(tuple, ChipClassifier(bundle).logits(aligned.chip[None])[0].tolist())),
        logits_tolerance=LOGITS_TOLERANCE,
    )


def _provenance(settings: dict[str, Any], views: Views) -> dict[str, Any]:
    return {
        "exported": datetime.now(UTC).date().isoformat(),
        "views": asdict(views),
        "fit": settings["fit"],
        "dataset": settings["dataset"],
        "epochs": settings["epochs"],
        "average": settings.get("average"),
        "start_from": settings.get("start_from"),
        "teacher": settings.get("teacher"),
        "ferplus": settings.get("ferplus", False),
        "training_minutes": round(settings["training_minutes"], 1),
        "versions": {name: metadata.version(name) for name in ("keras", "numpy")},
        "processor": platform.machine(),
    }

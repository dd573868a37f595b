"""Export a trained run as a bundle: the network for LiteRT, its spec, its model card."""

import platform
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import keras

from preprocessing.bundle.classifier import ONE_VIEW_SIGNATURE
from preprocessing.bundle.outputs import OutputSpec
from preprocessing.bundle.spec import MODEL_NAME, SPEC_NAME, ModelSpec, network_sha256
from preprocessing.dataset.manifest import Recipe
from preprocessing.dataset.read import Dataset
from preprocessing.errors import MienError
from preprocessing.runtime.files import naming
from training.config import MOST_VIEWS, PRECISIONS, FitConfig
from training.data import split_examples, training_examples
from training.evaluation.evaluate import Evaluation, evaluate_bundle
from training.evaluation.predict import Predictions, classify
from training.export.calibrate import calibrate
from training.export.choose_views import choose_views
from training.export.known_answer import known_answer
from training.export.litert import convert_all
from training.export.place import make_place
from training.export.precision import Precision, choose_precision
from training.export.provenance import Provenance
from training.export.record_evaluation import record_metrics
from training.export.tta import Views
from training.networks.build import (
    NETWORK_NAME,
    SAME_ANSWERS,
    check_same_recipe,
    load_network,
    read_settings,
    save_half,
)
from training.networks.outputs import outputs_of
from training.records import TrainedNetwork

# A bundle goes into Git and over networks.
LARGEST_BYTES = 25_000_000
# A bundle aligns as in training. Only the detector may be another one: everything is chosen and
# measured here on the faces that it found.
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
    check_same_recipe(settings.dataset, dataset.manifest.recipe, fields=SAME_SPEC)
    place = make_place(bundle, overwrite=overwrite)
    try:
        with naming(bundle, place):
            exported = _export_into(place, run, settings, dataset, options)
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise
    # What was there is gone from here on: the new one stays, wherever it is.
    shutil.rmtree(bundle, ignore_errors=True)
    place.rename(bundle)
    return exported


def _export_into(
    bundle: Path, run: Path, settings: TrainedNetwork, dataset: Dataset, options: ExportOptions
) -> Exported:
    config = settings.fit
    network = load_network(run)
    val, train = split_examples(dataset, "val"), training_examples(dataset)
    views, keras_logits = choose_views(
        network, val, trained_px=config.sizes[-1][1], most=options.most_views
    )
    converted = convert_all(network, views, val=val, keras_logits=keras_logits)
    precisions = tuple(each.precision for each in converted.values())
    chosen = converted[options.precision or choose_precision(precisions)]
    (bundle / MODEL_NAME).write_bytes(chosen.model)
    _keep_network(network, bundle, config)
    one_view_logits = classify(bundle, val.chips, signature=ONE_VIEW_SIGNATURE)
    predictions = {
        name: Predictions("val", chosen.logits[:, place], one_view_logits[:, place])
        for place, name in enumerate(outputs_of(network))
    }
    outputs = {
        name: calibrate(name, said.logits, val=val, train=train, class_weight=config.class_weight)
        for name, said in predictions.items()
    }
    spec = _spec(
        bundle,
        dataset.manifest.recipe,
        outputs,
        name=options.name or f"mien-{config.model}",
        provenance=_provenance(settings, views, chosen.precision, precisions),
    )
    evaluation = evaluate_bundle(predictions, outputs, dataset, answers_with=spec.answers_with)
    record_metrics(bundle, spec, evaluation=evaluation)
    return Exported(evaluation, precisions)


def _spec(
    bundle: Path,
    recipe: Recipe,
    outputs: dict[str, OutputSpec],
    *,
    name: str,
    provenance: Provenance,
) -> ModelSpec:
    """Describe a bundle whose network is written; its metrics are still to be measured."""
    return ModelSpec(
        name=name,
        labels=recipe.labels,
        disgust=recipe.disgust,
        geometry=recipe.geometry,
        outputs=outputs,
        answers_with=next(iter(outputs)),
        detector=recipe.detector,
        landmark_model_sha256=recipe.landmark_model_sha256,
        network_sha256=network_sha256(bundle),
        provenance=provenance.to_json(),
        metrics={},
        known_answer=known_answer(bundle, recipe),
        elsewhere={},
    )


def _keep_network(network: keras.Model, bundle: Path, config: FitConfig) -> None:
    """Keep the Keras network, to be trained on and looked into, where the bundle stays small."""
    kept = bundle / NETWORK_NAME
    save_half(network, kept, config=config)
    if sum(path.stat().st_size for path in bundle.iterdir()) > LARGEST_BYTES:
        kept.unlink()


def _provenance(
    settings: TrainedNetwork, views: Views, chosen: Precision, precisions: tuple[Precision, ...]
) -> Provenance:
    return Provenance(
        fit=settings.fit,
        start_from=settings.start_from,
        teacher=settings.teacher,
        dataset=settings.dataset,
        ferplus=settings.ferplus,
        average=settings.average,
        other_landmarks=settings.other_landmarks,
        epochs=settings.epochs,
        training_minutes=round(settings.training_minutes, 1),
        exported=datetime.now(UTC).date().isoformat(),
        views=views,
        precision=chosen.name,
        precisions=precisions,
        versions={name: metadata.version(name) for name in ("keras", "numpy")},
        processor=platform.machine(),
    )

"""Export a trained run as a bundle: the network for LiteRT, its spec, its model card."""

import json
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from preprocessing.align import align_photo
from preprocessing.classifier import (
    ONE_VIEW_SIGNATURE,
    VIEWS_SIGNATURE,
    ChipClassifier,
    to_probabilities,
)
from preprocessing.dataset import Dataset
from preprocessing.decode import decode_image, to_grey
from preprocessing.detect import FaceFinder
from preprocessing.errors import MienError
from preprocessing.geometry import ChipGeometry
from preprocessing.manifest import Recipe
from preprocessing.sample import sample_photo_path
from preprocessing.spec import (
    CARD_NAME,
    MODEL_NAME,
    SPEC_NAME,
    KnownAnswer,
    ModelSpec,
    write_spec,
)
from training.config import PRECISIONS
from training.data import Examples, split_examples
from training.evaluate import Evaluation, classify, evaluate
from training.fit import PREDICT_BATCH, STATE_NAME, training_minutes
from training.metrics import accuracy, fit_temperature, sure_confidence
from training.model_card import model_card
from training.networks import load_network, read_settings
from training.views import Views, corner_views, whole_views, with_views

# LiteRT's kernels add up in another order on another processor, and OpenCV may round a grey level
# differently; both move a logit in the second decimal at most.
LOGITS_TOLERANCE = 0.1
TRANSFORM_TOLERANCE_PX = 0.25
# Where the product says that it is sure, so many of its answers shall be right.
SURE_ACCURACY = 0.9


@dataclass(frozen=True)
class ExportOptions:
    """What can be chosen for a bundle.

    Attributes:
        name: Shown to users.
        precision: Of the stored weights; `int8` means dynamic-range quantisation.
    """

    name: str
    precision: str = "int8"


def export(
    run: Path,
    bundle: Path,
    *,
    dataset: Dataset,
    options: ExportOptions,
    overwrite: bool = False,
) -> Evaluation:
    """Turn a finished run into a bundle.

    Views, temperature and the confidence from which on it is sure are chosen on the val split, the
    latter two with the exported network.

    Args:
        run: A folder in which `fit` finished.
        bundle: The folder to write; it appears when all is done.
        dataset: The dataset that the run was trained on.
        options: See `ExportOptions`.
        overwrite: Replace a bundle that is there.

    Returns:
        The evaluation on val.

    Raises:
        MienError: The run is not finished, or is of another dataset, or `bundle` holds something
            that is not to be replaced.
    """
    settings = read_settings(run)
    if bundle.exists() and any(bundle.iterdir()):
        if not overwrite:
            raise MienError(f"{bundle} is not empty. Choose another folder, or use --overwrite.")
        if not (bundle / SPEC_NAME).is_file():
            raise MienError(f"{bundle} is no bundle and is left alone. Choose another folder.")
    _check_same_chips(settings["dataset"], dataset.manifest.recipe)
    partial = bundle.with_name(bundle.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    evaluation = _export_into(partial, run, settings, dataset, options)
    shutil.rmtree(bundle, ignore_errors=True)
    partial.rename(bundle)
    return evaluation


def _export_into(
    bundle: Path, run: Path, settings: dict[str, Any], dataset: Dataset, options: ExportOptions
) -> Evaluation:
    recipe = dataset.manifest.recipe
    network = load_network(run)
    val = split_examples(dataset, "val")
    views = _choose_views(network, val, trained_px=settings["fit"]["sizes"][-1][1])
    converted = _convert(network, views, size_px=val.chips.shape[1], precision=options.precision)
    (bundle / MODEL_NAME).write_bytes(converted)
    logits = classify(bundle, val.chips, signature=VIEWS_SIGNATURE)
    temperature = fit_temperature(logits, val.class_indices)
    spec = ModelSpec(
        name=options.name,
        labels=recipe.labels,
        disgust=recipe.disgust,
        geometry=ChipGeometry.from_json(recipe.geometry),
        temperature=temperature,
        sure_confidence=sure_confidence(
            to_probabilities(logits, temperature), val.class_indices, wanted=SURE_ACCURACY
        ),
        detector=recipe.detector,
        landmark_model_sha256=recipe.landmark_model_sha256,
        provenance=_provenance(run, settings, options, views),
        metrics={},
        known_answer=_known_answer(bundle, recipe),
    )
    evaluation = evaluate(bundle, spec, dataset, split="val")
    record_metrics(bundle, spec, evaluation)
    return evaluation


def record_metrics(bundle: Path, spec: ModelSpec, evaluation: Evaluation) -> None:
    """Write an evaluation into a bundle's spec and model card."""
    spec = replace(spec, metrics={**spec.metrics, evaluation.split: evaluation.summary()})
    card = model_card(spec)
    write_spec(spec, bundle)
    (bundle / CARD_NAME).write_text(card, encoding="utf-8")


def _check_same_chips(trained_on: dict[str, Any], recipe: Recipe) -> None:
    """Refuse a dataset whose chips or labels are not those that the run was trained on."""
    for name in ("labels", "geometry_digest", "landmark_model_sha256", "detector"):
        here = asdict(recipe)[name]
        if json.dumps(trained_on.get(name)) != json.dumps(here):
            raise MienError(
                f"The run was trained on a dataset with another {name}: {trained_on.get(name)}. "
                f"Received: {here}"
            )


def _choose_views(network: keras.Model, val: Examples, *, trained_px: int) -> Views:
    """Choose the views with the best val accuracy; of equals the cheapest."""
    size_px = val.chips.shape[1]

    def reached(views: Views) -> float:
        model = with_views(network, views, size_px=size_px)
        logits = model.predict(val.chips, batch_size=PREDICT_BATCH, verbose=0)
        share = accuracy(logits, val.class_indices)
        print(f"val {share:.2%} with {views}", file=sys.stderr)
        return share

    by_side = {
        views: reached(views)
        for views in whole_views(size_px, trained_px=trained_px)
        if network.input_shape[1] in (None, views.input_px)
    }
    best = max(by_side, key=by_side.__getitem__)
    with_corners = corner_views(best)
    return with_corners if reached(with_corners) > by_side[best] else best


def _convert(network: keras.Model, views: Views, *, size_px: int, precision: str) -> bytes:
    """Convert to LiteRT with two signatures that share the weights; input is one chip."""
    if precision not in PRECISIONS:
        raise MienError(f"precision must be one of {', '.join(PRECISIONS)}. Received: {precision}")
    one_view = replace(views, crop_px=size_px, corners=False, mirrored=False)
    signatures = {VIEWS_SIGNATURE: views, ONE_VIEW_SIGNATURE: one_view}
    archive = keras.export.ExportArchive()
    archive.track(network)
    for name, chosen in signatures.items():
        serve = _endpoint(with_views(network, chosen, size_px=size_px, batch_size=1))
        chips = tf.TensorSpec((1, size_px, size_px), tf.uint8, name="chips")
        archive.add_endpoint(name, serve, input_signature=[chips])
    with tempfile.TemporaryDirectory() as folder:
        archive.write_out(folder, verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(
            folder, signature_keys=list(signatures)
        )
        if precision != "float32":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if precision == "float16":
            converter.target_spec.supported_types = [tf.float16]
        converted: bytes = converter.convert()
    return converted


def _endpoint(model: keras.Model) -> Callable[[Any], dict[str, Any]]:
    def serve(chips: Any) -> dict[str, Any]:
        return {"logits": model(chips, training=False)}

    return serve


def _known_answer(bundle: Path, recipe: Recipe) -> KnownAnswer:
    grey = to_grey(decode_image(sample_photo_path().read_bytes()))
    finder = FaceFinder(recipe.scheme(), detector=recipe.detector)
    (aligned,) = align_photo(grey, finder, ChipGeometry.from_json(recipe.geometry))
    first, second = aligned.transform.tolist()
    return KnownAnswer(
        transform=(tuple(first), tuple(second)),
        transform_tolerance_px=TRANSFORM_TOLERANCE_PX,
        logits=tuple(ChipClassifier(bundle).logits(aligned.chip).tolist()),
        logits_tolerance=LOGITS_TOLERANCE,
    )


def _provenance(
    run: Path, settings: dict[str, Any], options: ExportOptions, views: Views
) -> dict[str, Any]:
    state = json.loads((run / STATE_NAME).read_text(encoding="utf-8"))
    return {
        "exported": datetime.now(UTC).date().isoformat(),
        "precision": options.precision,
        "views": asdict(views),
        "fit": settings["fit"],
        "dataset": settings["dataset"],
        "epochs": state["epoch"],
        "start_from": settings.get("start_from"),
        "training_minutes": round(training_minutes(run), 1),
        "versions": {name: metadata.version(name) for name in ("keras", "numpy")},
        "processor": platform.machine(),
    }

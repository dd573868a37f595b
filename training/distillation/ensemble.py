"""Several networks as one: the mean of the probabilities of runs, of their snapshots, of bundles.

A member is named by its path: the folder of a run or of a bundle, or a snapshot in a run
(Huang et al. 2017, arXiv:1704.00109).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from preprocessing.bundle.classifier import ONE_VIEW_SIGNATURE, VIEWS_SIGNATURE
from preprocessing.bundle.outputs import LABEL, to_probabilities
from preprocessing.bundle.spec import SPEC_NAME, read_spec
from preprocessing.dataset.manifest import Recipe
from preprocessing.dataset.read import Dataset
from preprocessing.errors import MienError
from training.data import rows_of
from training.evaluation.predict import Predictions, check_bundle, classify
from training.export.tta import Views, with_views
from training.fitting.epoch import PREDICT_BATCH
from training.networks.build import NETWORK_NAME, check_same_recipe, load_network, read_settings
from training.networks.outputs import outputs_of


def ensemble_predictions(
    members: Sequence[Path], dataset: Dataset, *, split: str, output: str = LABEL
) -> dict[str, Predictions]:
    """Predict every labelled row of a split with each member, and with all together.

    Returns:
        Predictions by the path of the member; the last are the mean of all.

    Raises:
        MienError: A member is named twice, is neither run nor bundle, or of other chips or labels
            than the dataset's, or the split has no labelled rows.
    """
    if len(set(members)) < len(members):
        raise MienError("A member is named twice. Name each once; all count alike.")
    predictions = {
        str(member): member_predictions(member, dataset, split=split, output=output)
        for member in members
    }
    logits = np.stack([each.logits for each in predictions.values()])
    one_view_logits = np.stack([each.one_view_logits for each in predictions.values()])
    predictions[f"mean of {len(members)}"] = Predictions(
        split=split,
        logits=ensemble_logits(logits).astype(np.float32),
        one_view_logits=ensemble_logits(one_view_logits).astype(np.float32),
    )
    return predictions


def member_predictions(
    member: Path, dataset: Dataset, *, split: str, output: str = LABEL
) -> Predictions:
    """Predict every labelled row of a split with one output of a member, by `open_member`.

    Raises:
        MienError: It is neither run nor bundle, or of other chips or labels than the dataset's, or
            it has no such output, or the split has no labelled rows.
    """
    chips = dataset.chips[rows_of(dataset, split)]
    answer = open_member(member, dataset.manifest.recipe)
    logits = answer(chips)
    if output not in logits:
        raise MienError(f"{member} has no output {output!r}, only {', '.join(logits)}.")
    return Predictions(split, logits[output], answer(chips, one_view=True)[output])


class Member(Protocol):
    """What classifies chips."""

    def __call__(
        self, chips: NDArray[np.uint8], *, one_view: bool = False
    ) -> dict[str, NDArray[np.float32]]:
        """Return by output the logits (n, labels) of chips (n, size_px, size_px).

        With `one_view` each chip is shown once: no mirror image, and no other views.
        """


def open_member(member: Path, recipe: Recipe) -> Member:
    """Load a member; a bundle's temperatures are applied to its logits, a run has none.

    Args:
        member: A run, a snapshot in a run, or a bundle.
        recipe: Of the dataset that the chips are from.

    Raises:
        MienError: It is none of these, or of other chips or labels than the recipe's.
    """
    if not (member / SPEC_NAME).is_file():
        network = _network_file(member)
        check_same_recipe(read_settings(network.parent).dataset, recipe)
        return open_network(network)
    spec = read_spec(member)
    check_bundle(member, spec, recipe=recipe)

    def answer(
        chips: NDArray[np.uint8], *, one_view: bool = False
    ) -> dict[str, NDArray[np.float32]]:
        signature = ONE_VIEW_SIGNATURE if one_view else VIEWS_SIGNATURE
        logits = classify(member, chips, signature=signature)
        return {
            name: logits[:, place] / np.float32(output.calibration(0.0).temperature)
            for place, (name, output) in enumerate(spec.outputs.items())
        }

    return answer


def open_network(network: Path) -> Member:
    """Load a network of a finished run, to see the whole chip and its mirror image.

    Args:
        network: A `.keras` file in the run's folder.

    Raises:
        MienError: The run is not finished, or has no such network.
    """
    run = network.parent
    input_px = read_settings(run).fit.sizes[-1][1]
    model = load_network(run, network.name)

    def answer(
        chips: NDArray[np.uint8], *, one_view: bool = False
    ) -> dict[str, NDArray[np.float32]]:
        size_px = chips.shape[1]
        views = Views(size_px, input_px, mirrored=not one_view)
        shown = with_views(model, views, size_px=size_px)
        logits = shown.predict(chips, batch_size=PREDICT_BATCH, verbose=0)
        return {name: logits[:, place] for place, name in enumerate(outputs_of(model))}

    return answer


def learnt_from_ferplus(member: Path) -> bool:
    """Say whether votes of FER+ went into a member, as its run or its bundle declares.

    Raises:
        MienError: It is neither run nor bundle.
    """
    return read_settings(_network_file(member).parent).ferplus


def _network_file(member: Path) -> Path:
    return member if member.suffix == ".keras" else member / NETWORK_NAME


def snapshot_logits(run: Path, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Classify chips by the output `label` of each snapshot, from the chip and its mirror image.

    Args:
        run: A finished run of several cycles.
        chips: uint8 (n, size_px, size_px).

    Returns:
        Logits of shape (snapshots, n, labels), the earliest snapshot first.

    Raises:
        MienError: The run is not finished or has no snapshots.
    """
    snapshots = sorted(run.glob("snapshot-*.keras"))
    if not snapshots:
        raise MienError(f"{run} has no snapshots: it was not trained in several cycles.")
    return np.stack([open_network(snapshot)(chips)[LABEL] for snapshot in snapshots])


def ensemble_logits(member_logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """Average the probabilities of members, (members, n, labels), and return their logarithm."""
    mean: NDArray[np.float64] = to_probabilities(member_logits, 1.0).mean(axis=0)
    return np.log(mean)

"""Several networks as one: the mean of the probabilities of runs, of their snapshots, of bundles.

A member is named by its path: the folder of a run or of a bundle, or a snapshot in a run
(Huang et al. 2017, arXiv:1704.00109).
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from preprocessing.classifier import ONE_VIEW_SIGNATURE, VIEWS_SIGNATURE, to_probabilities
from preprocessing.dataset import Dataset
from preprocessing.errors import MienError
from preprocessing.manifest import Recipe
from preprocessing.spec import SPEC_NAME, read_spec
from training.answers import Answers, check_same_chips, classify, rows_of
from training.fit import PREDICT_BATCH
from training.networks import NETWORK_NAME, check_trained_on, load_network, read_settings
from training.views import Views, with_views


def ensemble_answers(
    members: Sequence[Path], dataset: Dataset, *, split: str
) -> dict[str, Answers]:
    """Let each member, and then all together, answer for every labelled row of a split.

    Returns:
        Answers by the path of the member; the last are those of all.

    Raises:
        MienError: A member is neither run nor bundle, or of other chips or labels than the
            dataset's, or the split has no labelled rows.
    """
    answers = {str(member): member_answers(member, dataset, split=split) for member in members}
    logits = np.stack([each.logits for each in answers.values()])
    one_view_logits = np.stack([each.one_view_logits for each in answers.values()])
    answers[f"mean of {len(answers)}"] = Answers(
        split=split,
        logits=ensemble_logits(logits).astype(np.float32),
        one_view_logits=ensemble_logits(one_view_logits).astype(np.float32),
    )
    return answers


def member_answers(member: Path, dataset: Dataset, *, split: str) -> Answers:
    """Let a member answer for every labelled row of a split, by `member_logits`.

    Raises:
        MienError: It is neither run nor bundle, or of other chips or labels than the dataset's, or
            the split has no labelled rows.
    """
    chips, recipe = dataset.chips[rows_of(dataset, split)], dataset.manifest.recipe
    return Answers(
        split=split,
        logits=member_logits(member, chips, recipe),
        one_view_logits=member_logits(member, chips, recipe, one_view=True),
    )


def member_logits(
    member: Path, chips: NDArray[np.uint8], recipe: Recipe, *, one_view: bool = False
) -> NDArray[np.float32]:
    """Classify chips by a member; a bundle's temperature is applied, a run has none.

    Args:
        member: A run, a snapshot in a run, or a bundle.
        chips: uint8 (n, size_px, size_px).
        recipe: Of the dataset that they are from.
        one_view: Show each chip once: no mirror image, and no other views that a bundle has.

    Returns:
        Logits of shape (n, labels).

    Raises:
        MienError: It is none of these, or of other chips or labels than the recipe's.
    """
    if (member / SPEC_NAME).is_file():
        spec = read_spec(member)
        check_same_chips(spec, recipe)
        signature = ONE_VIEW_SIGNATURE if one_view else VIEWS_SIGNATURE
        return classify(member, chips, signature=signature) / np.float32(spec.temperature)
    network = _network_file(member)
    check_trained_on(read_settings(network.parent)["dataset"], recipe)
    return network_logits(network, chips, one_view=one_view)


def learnt_from_ferplus(member: Path) -> bool:
    """Say whether votes of FER+ went into a member, as its run or its bundle declares.

    Raises:
        MienError: It is neither run nor bundle.
    """
    if (member / SPEC_NAME).is_file():
        declared = read_spec(member).provenance
    else:
        declared = read_settings(_network_file(member).parent)
    return bool(declared.get("ferplus"))


def _network_file(member: Path) -> Path:
    return member if member.suffix == ".keras" else member / NETWORK_NAME


def network_logits(
    network: Path, chips: NDArray[np.uint8], *, one_view: bool = False
) -> NDArray[np.float32]:
    """Classify chips by a network of a finished run, from the whole chip and its mirror image.

    Args:
        network: A `.keras` file in the run's folder.
        chips: uint8 (n, size_px, size_px).
        one_view: Leave the mirror image out.

    Returns:
        Logits of shape (n, labels).

    Raises:
        MienError: The run is not finished, or has no such network.
    """
    run, size_px = network.parent, chips.shape[1]
    views = Views(size_px, read_settings(run)["fit"]["sizes"][-1][1], mirrored=not one_view)
    model = with_views(load_network(run, network.name), views, size_px=size_px)
    return model.predict(chips, batch_size=PREDICT_BATCH, verbose=0)


def snapshot_logits(run: Path, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Classify chips by each snapshot of a run, from the whole chip and its mirror image.

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
    return np.stack([network_logits(snapshot, chips) for snapshot in snapshots])


def ensemble_logits(member_logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """Average the probabilities of members, (members, n, labels), and return their logarithm."""
    return np.log(to_probabilities(member_logits, 1.0).mean(axis=0))

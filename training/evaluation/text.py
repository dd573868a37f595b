"""Write evaluations as texts for the terminal."""

from collections.abc import Iterable, Mapping, Sequence

from training.data import ALL_SPLITS
from training.evaluation.evaluate import Evaluation
from training.evaluation.slices import Slice
from training.evaluation.truths import TruthRow, VoteRow

LEAST_FACES_TO_JUDGE = 30
"""An interval of fewer faces says little: that of one face is a point."""

_INTERVAL = "accuracy (95 % interval)"
TRUTH_HEAD = ("output", "class balance", "held to", "pictures", _INTERVAL, "mean recall")
VOTE_HEAD = ("who", "class balance", "pictures", "mean share of votes", "NLL of the votes", "ECE")
_COMPARISON_HEAD = (
    *("network", "pictures", _INTERVAL, "one view", "not in training", "two guesses", "macro F1"),
    *("ECE", "NLL", "Brier"),
)


def evaluation_text(evaluation: Evaluation) -> str:
    """Describe an evaluation in a few lines, a table by class, and where it is worst."""
    low, high = evaluation.accuracy_interval_95
    sure = when_sure(evaluation.accuracy_when_sure, evaluation.share_sure, form=".2%")
    lines = [
        (
            f"split {evaluation.split}, {evaluation.images:,} images, "
            f"held to the {evaluation.truth}, found by: {evaluation.found_by}"
        ),
        f"accuracy            {evaluation.accuracy:.2%}  (95 % interval {low:.2%} to {high:.2%})",
        f"  from one view     {evaluation.accuracy_one_view:.2%}",
        (
            f"  without leaked    {evaluation.accuracy_without_leaked:.2%}  "
            f"({evaluation.images_without_leaked:,} images)"
        ),
        f"  in two guesses    {evaluation.accuracy_two_guesses:.2%}",
        f"  where it is sure  {sure}  ({evaluation.share_sure:.1%} of the images)",
        f"macro F1            {evaluation.macro_f1:.2%}",
        f"mean recall         {evaluation.balanced_accuracy:.2%}",
        "",
        f"{'':<20}{'calibrated':>12}{'before':>12}",
        *(
            f"{name:<20}{after:>12.4f}{before:>12.4f}"
            for name, after, before in calibration_rows(evaluation)
        ),
        "",
        f"{'label':<12}{'images':>8}{'precision':>11}{'recall':>9}{'F1':>9}",
        *(
            f"{label:<12}{count:>8,}{evaluation.precision[label]:>11.1%}"
            f"{evaluation.recall[label]:>9.1%}{evaluation.f1[label]:>9.1%}"
            for label, count in evaluation.images_by_label.items()
        ),
    ]
    if evaluation.truths:
        lines += ["", truths_text(evaluation.truths)]
    if evaluation.votes:
        lines += ["", votes_text(evaluation.votes)]
    if weak := _weak_slices(evaluation):
        title = f"Clearly below the accuracy of {evaluation.accuracy:.2%}:"
        lines += ["", title, slices_text(weak)]
    return "\n".join(lines)


def _weak_slices(evaluation: Evaluation) -> list[Slice]:
    """Return the slices whose accuracy is clearly lower than that of all, the lowest first."""
    weak = (
        each
        for each in evaluation.slices
        if each.count >= LEAST_FACES_TO_JUDGE and each.interval_95[1] < evaluation.accuracy
    )
    return sorted(weak, key=lambda each: each.accuracy)


def truths_text(rows: Iterable[TruthRow]) -> str:
    """Write how often each output is right by each truth, as a Markdown table."""
    return _markdown(TRUTH_HEAD, map(truth_cells, rows))


def truth_cells(row: TruthRow) -> tuple[str, ...]:
    """Write how often an output is right by a truth, as the cells below `TRUTH_HEAD`."""
    return (
        row.output,
        f"{row.balance:g}",
        row.truth,
        f"{row.images:,}",
        _with_interval(row.accuracy, row.accuracy_interval_95),
        f"{row.balanced_accuracy:.1%}",
    )


def votes_text(rows: Iterable[VoteRow]) -> str:
    """Write how well outputs and people predict the votes, as a Markdown table."""
    return _markdown(VOTE_HEAD, map(vote_cells, rows))


def vote_cells(row: VoteRow) -> tuple[str, ...]:
    """Write how well an output, or people, predict the votes, as the cells below `VOTE_HEAD`."""
    return (
        row.who,
        "" if row.balance is None else f"{row.balance:g}",
        f"{row.images:,}",
        f"{row.vote_share:.3f}",
        f"{row.nll:.3f}",
        "" if row.calibration_error is None else f"{row.calibration_error:.3f}",
    )


def not_recorded_text(evaluation: Evaluation, *, is_own: bool) -> str:
    """Say why figures are not recorded in a bundle, and what flatters them.

    Args:
        evaluation: The figures.
        is_own: Whether the bundle was trained on the source of the dataset.
    """
    if not is_own:
        return (
            "Not recorded in the bundle, which was trained on another source. With --record NAME "
            "the figures are recorded as those of another set."
        )
    reason = "Not recorded in the bundle: only val and test, with its own labels, are."
    if evaluation.split != ALL_SPLITS:
        return reason
    learnt = evaluation.images - evaluation.images_without_leaked
    return (
        f"{reason} It has learnt from {learnt:,} of these pictures and reads them better than "
        "others, which 'without leaked' counts alone."
    )


def when_sure(accuracy: float, share_sure: float, *, form: str = ".1%") -> str:
    """Write the accuracy of the predictions it is sure of, in a form of `format`; "-" of none."""
    return f"{accuracy:{form}}" if share_sure else "-"


def calibration_rows(evaluation: Evaluation) -> list[tuple[str, float, float]]:
    """List the measures of calibration: name, after scaling by the temperature, before."""
    return [
        ("ECE (15 bins)", evaluation.ece_15_bins, evaluation.ece_15_bins_uncalibrated),
        ("NLL", evaluation.nll, evaluation.nll_uncalibrated),
        ("Brier", evaluation.brier, evaluation.brier_uncalibrated),
    ]


def slices_text(slices: Iterable[Slice]) -> str:
    """Write slices as a table."""
    lines = [f"{'measure':<28}{'part':<18}{'faces':>8}{'accuracy':>10}   95 % interval"]
    for each in slices:
        low, high = each.interval_95
        lines.append(
            f"{each.measure:<28}{each.part:<18}{each.count:>8,}{each.accuracy:>10.1%}"
            f"   {low:.1%} to {high:.1%}"
        )
    return "\n".join(lines)


def comparison_text(evaluations: Mapping[str, Evaluation]) -> str:
    """Write evaluations of one split, by the network's name, as a Markdown table."""
    return _markdown(
        _COMPARISON_HEAD,
        (
            (
                name,
                f"{each.images:,}",
                _with_interval(each.accuracy, each.accuracy_interval_95),
                f"{each.accuracy_one_view:.1%}",
                f"{each.accuracy_without_leaked:.1%}",
                f"{each.accuracy_two_guesses:.1%}",
                f"{each.macro_f1:.1%}",
                f"{each.ece_15_bins:.3f}",
                f"{each.nll:.3f}",
                f"{each.brier:.3f}",
            )
            for name, each in evaluations.items()
        ),
    )


def _with_interval(accuracy: float, interval: tuple[float, float]) -> str:
    low, high = interval
    return f"{accuracy:.1%} ({low:.1%} to {high:.1%})"


def _markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(cells)} |" for cells in (head, *rows)]
    return "\n".join([lines[0], "|---" * len(head) + "|", *lines[1:]])

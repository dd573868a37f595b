"""Show an evaluation: a text for the terminal, a confusion matrix as HTML."""

from training.evaluate import Evaluation
from training.figures import confusion
from training.metrics import class_rows


def evaluation_text(evaluation: Evaluation) -> str:
    """Describe an evaluation in a few lines and a table by class."""
    summary = evaluation.summary()
    low, high = summary["accuracy_interval_95"]
    lines = [
        f"split {evaluation.split}, {summary['images']:,} images, found by: {summary['found_by']}",
        f"accuracy            {summary['accuracy']:.2%}  (95 % interval {low:.2%} to {high:.2%})",
        f"  from one view     {summary['accuracy_one_view']:.2%}",
        (
            f"  without leaked    {summary['accuracy_without_leaked']:.2%}  "
            f"({summary['images_without_leaked']:,} images)"
        ),
        f"  in two guesses    {summary['accuracy_two_guesses']:.2%}",
        (
            f"  where it is sure  {summary['accuracy_when_sure']:.2%}  "
            f"({summary['share_sure']:.1%} of the images)"
        ),
        f"macro F1            {summary['macro_f1']:.2%}",
        "",
        f"{'':<20}{'calibrated':>12}{'before':>12}",
        *(
            f"{name:<20}{summary[key]:>12.4f}{summary[key + '_uncalibrated']:>12.4f}"
            for name, key in (("ECE (15 bins)", "ece_15_bins"), ("NLL", "nll"), ("Brier", "brier"))
        ),
        "",
        f"{'label':<12}{'images':>8}{'precision':>11}{'recall':>9}{'F1':>9}",
        *(
            f"{row.label:<12}{row.count:>8,}{row.precision:>11.1%}{row.recall:>9.1%}{row.f1:>9.1%}"
            for row in class_rows(evaluation.confusion(), evaluation.labels)
        ),
    ]
    return "\n".join(lines)


def confusion_html(evaluation: Evaluation, *, title: str) -> str:
    """Draw the confusion matrix, normalised by true class, counts on hover, as one HTML page."""
    figure = confusion(evaluation.confusion(), evaluation.labels, title=title)
    return str(figure.to_html(include_plotlyjs=True))

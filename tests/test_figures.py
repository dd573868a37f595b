"""The figures in the texts are those that were measured: by the evaluation, in the notebooks."""

import json
import re
from pathlib import Path

import pytest

from preprocessing.bundle.spec import CARD_NAME, read_spec

ROOT = Path(__file__).parents[1]
BUNDLE = ROOT / "serving" / "bundle"
METRICS = read_spec(BUNDLE).metrics
NOTEBOOKS = ROOT / "notebooks"
PLOTLY = "application/vnd.plotly.v1+json"


def row_of(text: str, start: str) -> str:
    (row,) = (line for line in text.splitlines() if line.startswith(start))
    return row


def numbers(row: str) -> list[str]:
    return re.findall(r"\d+\.\d+", row)


@pytest.mark.parametrize("split", ["val", "test"])
def test_the_readme_tells_the_evaluation(split: str) -> None:
    told = METRICS[split]
    shares = (
        told["accuracy"],
        *told["accuracy_interval_95"],
        told["accuracy_one_view"],
        told["accuracy_without_leaked"],
        told["accuracy_two_guesses"],
        told["accuracy_when_sure"],
    )
    row = row_of((ROOT / "README.md").read_text("utf-8"), f"| {split} |")
    assert numbers(row) == [
        *(f"{100 * share:.1f}" for share in shares),
        f"{told['ece_15_bins']:.3f}",
    ]
    assert f"| {told['images']:,} |" in row
    assert f"({told['share_sure']:.0%})" in row


def test_the_text_on_training_tells_it_too() -> None:
    told = METRICS["val"]
    text = (ROOT / "training" / "README.md").read_text("utf-8")
    assert numbers(row_of(text, "| Mien, shipped |")) == [
        f"{100 * told['accuracy']:.1f}",
        *(f"{100 * share:.1f}" for share in told["accuracy_interval_95"]),
        *(
            f"{100 * told[name]:.1f}"
            for name in ("accuracy_without_leaked", "accuracy_two_guesses", "macro_f1")
        ),
        f"{told['ece_15_bins']:.3f}",
        f"{told['nll']:.3f}",
    ]
    shipped = numbers(row_of(text, "| `cpu-again` (ships) |"))[-3:]
    of_test = METRICS["test"]["accuracy"]
    assert shipped == [
        f"{100 * share:.1f}" for share in (told["accuracy_one_view"], told["accuracy"], of_test)
    ]
    assert f"{of_test:.2%}".replace("%", " %") in text


def test_the_card_tells_it_too() -> None:
    card = (BUNDLE / CARD_NAME).read_text("utf-8")
    for told in METRICS.values():
        low, high = told["accuracy_interval_95"]
        assert (
            f"| accuracy | {told['accuracy']:.1%} (95 % interval {low:.1%} to {high:.1%}) |" in card
        )


def shown_in(notebook: str) -> str:
    """Return all that a notebook printed, and the data of its charts."""
    cells = json.loads((NOTEBOOKS / f"{notebook}.ipynb").read_text("utf-8"))["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    printed = ["".join(output.get("text", "")) for output in outputs]
    charts = [output.get("data", {}).get(PLOTLY) for output in outputs]
    return "\n".join([*printed, *(json.dumps(chart) for chart in charts if chart)])


@pytest.mark.parametrize(
    ("notebook", "told", "row", "place"),
    [
        ("03-shallow", "The shallow net:", "| `shallow` |", 0),
        ("04-snapshots", "the mean of all nine:", "| mean of its nine snapshots |", 0),
        ("05-wide", "The wider net:", "| `wide` |", 0),
        ("05-wide", "the mean of all nine:", "| mean of its nine snapshots |", 1),
    ],
)
def test_the_readme_tells_what_the_notebooks_of_earlier_networks_show(
    notebook: str, told: str, row: str, place: int
) -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    rows = [line for line in readme.splitlines() if line.startswith(row)]
    (on_val, *_) = re.findall(r"([\d.]+) %", rows[place])
    (shown,) = re.findall(rf"{told} ([\d.]+)% of val", shown_in(notebook))
    assert shown == on_val


def test_the_notebooks_of_the_shipped_network_show_it_too() -> None:
    told = METRICS["val"]
    assert f"ResNet-34: {told['accuracy']:.1%} of val" in shown_in("06-resnet")
    calibration = shown_in("08-calibration")
    assert f"right in all: {told['accuracy']:.1%}" in calibration
    assert f"right there: {told['accuracy_when_sure']:.1%}" in calibration
    assert f"calibrated {told['ece_15_bins']:.3f}" in calibration

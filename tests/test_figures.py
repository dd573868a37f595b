"""The figures in the texts are those that the shipped bundle's evaluation wrote down."""

import re
from pathlib import Path

import pytest

from preprocessing.spec import CARD_NAME, read_spec

ROOT = Path(__file__).parents[1]
BUNDLE = ROOT / "serving" / "bundle"
METRICS = read_spec(BUNDLE).metrics


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
    shipped = numbers(row_of(text, "| `cpu-longest` (ships) |"))
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

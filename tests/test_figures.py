"""The figures in the texts are those that were measured: by the evaluation, in the notebooks.

Where a text says something else, the test prints the row that belongs there.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from preprocessing.bundle.outputs import CROWD, LABEL
from preprocessing.bundle.spec import CARD_NAME, ModelSpec, read_spec
from training.evaluation.text import truths_text, votes_text
from training.evaluation.truths import (
    FIRST_CHOICE,
    LABEL_TRUTH,
    MAJORITY,
    ONE_PERSON,
    TruthRow,
    VoteRow,
)

ROOT = Path(__file__).parents[1]
BUNDLE = ROOT / "serving" / "bundle"
NOTEBOOKS = ROOT / "notebooks"
TRAINING = ROOT / "training" / "README.md"
PLOTLY = "application/vnd.plotly.v1+json"
README_LINES = 150

Figures = Mapping[str, Any]


@pytest.fixture(scope="module")
def spec() -> ModelSpec:
    return read_spec(BUNDLE)


def row_of(text: str, start: str) -> str:
    (row,) = (line for line in text.splitlines() if line.startswith(start))
    return row


def percent(fraction: float) -> str:
    return f"{100 * fraction:.1f} %"


def interval(row: TruthRow) -> str:
    low, high = (f"{100 * end:.1f}" for end in row.accuracy_interval_95)
    return f"({low} to {high})"


def truth_row(figures: Figures, *, output: str, balance: float, truth: str) -> TruthRow:
    rows = [TruthRow(**row) for row in figures["truths"]]
    (found,) = (
        row for row in rows if (row.output, row.balance, row.truth) == (output, balance, truth)
    )
    return found


def vote_row(figures: Figures, *, who: str, balance: float | None = None) -> VoteRow:
    rows = [VoteRow(**row) for row in figures["votes"]]
    (found,) = (row for row in rows if (row.who, row.balance) == (who, balance))
    return found


def result_row(split: str, figures: Figures, *, balance: float) -> str:
    """Write the row of a split in the README's table of results.

    Args:
        split: Its name.
        figures: What the spec keeps of it.
        balance: The default of `crowd`.
    """
    learnt = truth_row(figures, output=CROWD, balance=0, truth=MAJORITY)
    shown = truth_row(figures, output=CROWD, balance=balance, truth=MAJORITY)
    said = [vote_row(figures, who=CROWD, balance=each) for each in (0, balance)]
    people = [vote_row(figures, who=who) for who in (ONE_PERSON, FIRST_CHOICE)]
    label = truth_row(figures, output=LABEL, balance=0, truth=LABEL_TRUTH)
    cells = (
        split,
        f"{learnt.images:,}",
        f"**{percent(learnt.accuracy)}** {interval(learnt)}",
        percent(shown.accuracy),
        percent(shown.balanced_accuracy),
        ", ".join(f"{row.vote_share:.3f}" for row in (*said, *people)),
        f"{said[1].calibration_error:.3f}",
        f"{100 * figures['share_sure']:.0f} % ({percent(figures['accuracy_when_sure'])})",
        f"{percent(label.accuracy)} {interval(label)}",
    )
    return f"| {' | '.join(cells)} |"


@pytest.mark.parametrize("split", ["val", "test"])
def test_the_readme_tells_the_evaluation(split: str, spec: ModelSpec) -> None:
    expected = result_row(split, spec.metrics[split], balance=spec.outputs[CROWD].balance)
    assert row_of((ROOT / "README.md").read_text("utf-8"), f"| {split} |") == expected


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= README_LINES


def test_the_figures_above_the_table_of_splits_are_those_of_the_output_that_answers(
    spec: ModelSpec,
) -> None:
    assert spec.answers_with == CROWD
    for figures in spec.metrics.values():
        shown = truth_row(figures, output=CROWD, balance=spec.answer.balance, truth=MAJORITY)
        assert (figures["truth"], figures["images"]) == (MAJORITY, shown.images)
        assert figures["accuracy"] == pytest.approx(shown.accuracy)
        assert figures["balanced_accuracy"] == pytest.approx(shown.balanced_accuracy)


def test_the_text_on_training_tells_it_too(spec: ModelSpec) -> None:
    told = TRAINING.read_text("utf-8")
    labels, majorities = (
        [
            truth_row(spec.metrics[split], output=output, balance=0, truth=truth)
            for split in ("val", "test")
        ]
        for output, truth in ((LABEL, LABEL_TRUTH), (CROWD, MAJORITY))
    )
    pairs = zip(majorities, labels, strict=True)
    expected = [percent(row.accuracy) for pair in pairs for row in pair]
    assert [
        cell.strip(" *") for cell in row_of(told, "| `blur-mean` (ships) |").split("|")[-5:-1]
    ] == (expected)
    shipped = row_of(told, "| Mien, shipped |").split("|")[2].strip()
    assert shipped.replace("*", "") == f"{percent(labels[0].accuracy)} {interval(labels[0])}"
    votes = vote_row(spec.metrics["val"], who=CROWD, balance=0)
    outputs = row_of(told, "| `crowd` and `label` (ships) |").split("|")[2:-1]
    assert [cell.strip(" *") for cell in outputs] == [
        percent(majorities[0].accuracy),
        f"{votes.vote_share:.3f}",
        percent(labels[0].accuracy),
    ]
    balanced = row_of(told, f"| {spec.answer.balance:g} (default), the network that ships |")
    assert balanced.split("|")[2].strip() == percent(spec.metrics["val"]["accuracy"])
    of_test = f"{labels[1].accuracy:.2%}".replace("%", " %")
    assert of_test in told.partition("Each use of the test split")[2].partition("\n\n")[0]


def test_the_card_tells_it_too(spec: ModelSpec) -> None:
    card = (BUNDLE / CARD_NAME).read_text("utf-8")
    for told in spec.metrics.values():
        low, high = told["accuracy_interval_95"]
        assert (
            f"| accuracy | {told['accuracy']:.1%} (95 % interval {low:.1%} to {high:.1%}) |" in card
        )
        assert truths_text(TruthRow(**row) for row in told["truths"]) in card
        assert votes_text(VoteRow(**row) for row in told["votes"]) in card


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
        ("03-shallow", "The shallow net:", "| `shallow` |", (0, 0)),
        ("04-snapshots", "the mean of all nine:", "| its nine snapshots,", (0, 1)),
        ("05-wide", "The wider net:", "| `wide` |", (0, 0)),
        ("05-wide", "the mean of all nine:", "| its nine snapshots,", (1, 1)),
    ],
)
def test_the_text_on_training_tells_what_the_notebooks_of_earlier_networks_show(
    notebook: str, told: str, row: str, place: tuple[int, int]
) -> None:
    rows = [line for line in TRAINING.read_text("utf-8").splitlines() if line.startswith(row)]
    which, column = place
    on_val = re.findall(r"([\d.]+) %", rows[which])[column]
    (shown,) = re.findall(rf"{told} ([\d.]+)% of val", shown_in(notebook))
    assert shown == on_val


def test_the_notebook_on_the_data_shows_what_people_reach(spec: ModelSpec) -> None:
    shown = shown_in("01-data")
    for who in (ONE_PERSON, FIRST_CHOICE):
        row = vote_row(spec.metrics["val"], who=who)
        assert votes_text([row]).splitlines()[-1] in shown


def test_the_notebook_on_the_network_shows_it_by_every_truth(spec: ModelSpec) -> None:
    told, shown = spec.metrics["val"], shown_in("06-resnet")
    assert f"ResNet-34: {told['accuracy']:.1%} of val" in shown
    assert truths_text(TruthRow(**row) for row in told["truths"]) in shown
    assert votes_text(VoteRow(**row) for row in told["votes"]) in shown


def test_the_notebook_on_calibration_shows_it_too(spec: ModelSpec) -> None:
    told, shown = spec.metrics["val"], shown_in("08-calibration")
    calibration = spec.answer.calibration()
    assert f"output {spec.answers_with}, class balance {calibration.balance:g}: " in shown
    assert f"temperature {calibration.temperature:.2f}, " in shown
    assert f"the page answers at {spec.answer.balance:g}" in shown
    assert f"right in all: {told['accuracy']:.1%}" in shown
    assert f"sure of {told['share_sure']:.0%}; " in shown
    assert f"right there: {told['accuracy_when_sure']:.1%}" in shown
    measured = [row for row in told["votes"] if row["calibration_error"] is not None]
    assert measured
    for row in measured:
        error = f"ECE {row['calibration_error']:.3f} by votes"
        assert f"{row['who']} at balance {row['balance']:g}: {error}" in shown

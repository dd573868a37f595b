"""An evaluation is of the output that answers, at its balance, by the truth that counts."""

import numpy as np
import pytest

from preprocessing.bundle.outputs import CROWD, LABEL, OUTPUTS, OutputSpec
from preprocessing.dataset.read import Dataset
from tests.training.evaluation.drawn_predictions import predictions_for
from training.confidence import ECE_BINS
from training.data import rows_of, split_examples
from training.evaluation.evaluate import evaluate, evaluate_bundle
from training.evaluation.text import evaluation_text, truths_text, votes_text
from training.evaluation.truths import (
    LABEL_TRUTH,
    MAJORITY,
    ONE_PERSON,
    TruthRow,
    VoteRow,
    truth_of,
)


@pytest.mark.parametrize("answers_with", OUTPUTS)
def test_the_evaluation_is_of_the_answer_at_its_balance(
    voted: Dataset, outputs: dict[str, OutputSpec], answers_with: str
) -> None:
    predictions = predictions_for(voted, *OUTPUTS)
    evaluation = evaluate_bundle(predictions, outputs, voted, answers_with=answers_with)
    truth = truth_of(answers_with, voted, split="val")
    val = split_examples(voted, "val")
    right = val.majority if truth == MAJORITY else val.class_indices
    known = right >= 0
    output = outputs[answers_with]
    probabilities = output.probabilities(predictions[answers_with].logits)[known]
    hits = probabilities.argmax(axis=1) == right[known]
    assert evaluation.truth == truth
    assert evaluation.images == known.sum() == sum(evaluation.images_by_label.values())
    assert evaluation.accuracy == pytest.approx(hits.mean())
    (row,) = (
        row
        for row in evaluation.truths
        if (row.output, row.truth, row.balance) == (answers_with, truth, output.balance)
    )
    assert row.accuracy == evaluation.accuracy
    assert row.balanced_accuracy == evaluation.balanced_accuracy
    one_view = output.probabilities(predictions[answers_with].one_view_logits)[known].argmax(axis=1)
    assert evaluation.accuracy_one_view == pytest.approx((one_view == right[known]).mean())
    confidence = probabilities.max(axis=1)
    is_sure = confidence >= output.calibration().sure_confidence
    assert 0 < is_sure.sum() < len(is_sure)
    assert evaluation.share_sure == pytest.approx(is_sure.mean())
    assert evaluation.accuracy_when_sure == pytest.approx(hits[is_sure].mean())
    nll = -np.log(probabilities[np.arange(len(hits)), right[known]]).mean()
    assert evaluation.nll == pytest.approx(nll, rel=1e-5)
    places = np.minimum((confidence * ECE_BINS).astype(int), ECE_BINS - 1)
    gaps = [abs((confidence - hits)[places == each].sum()) for each in np.unique(places)]
    assert evaluation.ece_15_bins == pytest.approx(sum(gaps) / len(hits), abs=1e-6)


def test_slices_and_mistakes_go_by_the_truth_that_counts(
    voted: Dataset,
) -> None:
    predictions = predictions_for(voted, CROWD)
    evaluation = evaluate(
        predictions[CROWD], voted, temperature=1.0, sure_confidence=0.5, truth=MAJORITY
    )
    by_label = {
        each.part: (each.count, each.accuracy)
        for each in evaluation.slices
        if each.measure == "true expression"
    }
    assert by_label == {
        label: (count, pytest.approx(evaluation.recall[label]))
        for label, count in evaluation.images_by_label.items()
        if count
    }
    majority = np.full(len(voted.chips), -1)
    majority[rows_of(voted, "val")] = split_examples(voted, "val").majority
    for mistake in evaluation.mistakes:
        assert evaluation.labels.index(mistake.label) == majority[mistake.row]


def test_the_tables_hold_every_row_and_fit_their_heads(
    voted: Dataset, dataset: Dataset, outputs: dict[str, OutputSpec]
) -> None:
    predictions = predictions_for(voted, *OUTPUTS)
    evaluation = evaluate_bundle(predictions, outputs, voted, answers_with=CROWD)
    for text, rows in (
        (truths_text(evaluation.truths), evaluation.truths),
        (votes_text(evaluation.votes), evaluation.votes),
    ):
        lines = text.splitlines()
        assert len(lines) == 2 + len(rows)
        assert len({line.count("|") for line in lines}) == 1
        assert text in evaluation_text(evaluation)
    without = evaluate_bundle(predictions_for(dataset, LABEL), outputs, dataset, answers_with=LABEL)
    assert "share of votes" not in evaluation_text(without)
    first: TruthRow = without.truths[0]
    assert f"| {LABEL} | 0 | {LABEL_TRUTH} | {first.images} |" in evaluation_text(without)
    person: VoteRow = evaluation.votes[-2]
    assert f"| {ONE_PERSON} |  | {person.images} | {person.vote_share:.3f} |" in votes_text(
        evaluation.votes
    )

"""A bundle's model card: what the model is for, how good it is, what it must not be used for."""

from dataclasses import asdict

from preprocessing.bundle.disclaimers import ABOUT_FER2013, ABOUT_FERPLUS, NOT_MEASURED
from preprocessing.bundle.spec import ModelSpec
from preprocessing.dataset.labels import labelled_by_ferplus, labels_for
from preprocessing.faces.landmarks import scheme_of
from training.config import DLIB
from training.evaluation.text import truths_text, votes_text, when_sure
from training.evaluation.truths import TruthRow, VoteRow
from training.export.precision import Precision
from training.export.provenance import read_provenance
from training.records import Stage, TrainedNetwork

_CARD = """\
# {name}

A network (`{model}`) that tells which of {count} expressions an aligned face shows:
{labels}. Trained on {source} with `python -m training fit`{disgust}.

## Use

For showing and studying what a face expresses in a picture. An expression is not an emotion: a
smile does not say that someone is happy. Not for decisions about people, and not at work or in
schools.

## How good it is

The product answers with the output `{answers_with}`, at a class balance of {balance:g}.

{splits}
{elsewhere}{about_data}{not_measured}

## How it was made

- Chips: {size_px} px, grey, geometry `{digest}`.
- Training: {training}.
{teachers}- Views averaged, chosen on val: {views}.
- Weights stored as {precision}. What each way to store them costs on val, against the network
  before conversion; the time is that of one core for one face with all views:

| weights | size | time | accuracy | lost | agreement |
|---|---|---|---|---|---|
{precisions}

- Fitted on val, by output and class balance, the exponent of the training's class shares by which
  probabilities are divided (Menon et al. 2021, arXiv:2007.07314). Nine of ten predictions with at
  least the sure confidence were right:

| output | class balance | temperature | sure confidence |
|---|---|---|---|
{calibrations}

## Licence

The network's weights are under Apache-2.0. The landmark model that aligns the faces is not part of
the bundle. {licence}
"""

_SPLIT = """\
### {split}: {images:,} pictures, held to the {truth}

| measure | value |
|---|---|
| accuracy | {accuracy:.1%} (95 % interval {low:.1%} to {high:.1%}) |
| accuracy from one view | {accuracy_one_view:.1%} |
| accuracy without pictures also in the training split | {accuracy_without_leaked:.1%} |
| accuracy where it is sure ({share_sure:.0%} of the pictures) | {when_sure} |
| right within two guesses | {accuracy_two_guesses:.1%} |
| macro F1 | {macro_f1:.1%} |
| mean recall | {balanced_accuracy:.1%} |
| calibration error (ECE, 15 bins) | {ece_15_bins:.3f} ({ece_15_bins_uncalibrated:.3f} before) |
| negative log-likelihood | {nll:.3f} ({nll_uncalibrated:.3f} before) |
| Brier score, 0 to 2 | {brier:.3f} ({brier_uncalibrated:.3f} before) |

| expression | recall | precision |
|---|---|---|
{classes}

{truths}
"""

_ELSEWHERE = """\
### Other pictures

Sets that the network has not learnt from, or its own aligned by other landmarks.

| set | pictures | accuracy (95 % interval) | mean recall | recall by expression |
|---|---|---|---|---|
{rows}

"""


def model_card(spec: ModelSpec) -> str:
    """Write the model card of a bundle in Markdown."""
    scheme = scheme_of(spec.landmark_model_sha256)
    provenance = read_provenance(spec)
    dataset = provenance.dataset
    is_fer2013 = dataset.source_kind == "fer2013"
    notes = [ABOUT_FER2013] if is_fer2013 else []
    if labelled_by_ferplus(dataset.source_kind, spec.labels):
        notes.append(ABOUT_FERPLUS)
    return _CARD.format(
        name=spec.name,
        model=provenance.fit.model,
        source="FER2013" if is_fer2013 else dataset.source,
        about_data="".join(f"{note}\n\n" for note in notes),
        not_measured=NOT_MEASURED,
        count=len(spec.labels),
        labels=", ".join(spec.labels),
        disgust=f'; what became of the class "disgust":\n`{spec.disgust}`'
        if spec.labels == labels_for(spec.disgust)
        else "",
        splits="\n".join(_split_section(spec, split) for split in spec.metrics),
        size_px=spec.geometry.size_px,
        digest=spec.geometry.digest(),
        training=_training_line(provenance),
        teachers="".join(f"- {line}\n" for line in _teacher_lines(provenance)),
        views=", ".join(f"{name} {value}" for name, value in asdict(provenance.views).items()),
        precision=provenance.precision,
        precisions="\n".join(map(_precision_row, provenance.precisions)),
        answers_with=spec.answers_with,
        balance=spec.answer.balance,
        elsewhere=_elsewhere_section(spec),
        calibrations="\n".join(
            f"| {name} | {each.balance:g} | {each.temperature:.3f} | {each.sure_confidence:.1%} |"
            for name, output in spec.outputs.items()
            for each in output.calibrations
        ),
        licence=scheme.licence if scheme else "",
    )


def _training_line(network: TrainedNetwork) -> str:
    """Say how long it was trained, and how long what it started from."""
    earlier, minutes = network.start_from, network.training_minutes
    if earlier is None:
        return f"{network.epochs} epochs in {minutes:.0f} minutes"
    return (
        f"{network.epochs} epochs in {minutes - earlier.minutes:.0f} minutes, from a network that "
        f"had been trained for {earlier.minutes:.0f} minutes"
        + (f" on {earlier.source}" if earlier.source else "")
    )


def _teacher_lines(network: TrainedNetwork) -> list[str]:
    """Declare whose weights are averaged, which teachers there were, and FER+ if it was used."""
    lines = []
    if network.average:
        each = ", ".join(f"{run.weight:.0%} after {run.minutes:.0f}" for run in network.average)
        lines.append(
            f"Its weights are the mean of those of {len(network.average)} networks, by the minutes "
            f"that each had been trained in all: {each} (Wortsman et al. 2022, arXiv:2203.05482). "
            "The length above and the teachers below are those of the last."
        )
    if network.other_landmarks is not None:
        lines.append(
            f"{network.fit.other_share:.0%} of the training chips were aligned by other landmarks "
            f"(`--landmarks {network.other_landmarks.scheme().name}`)."
        )
    where = "training"
    stage: Stage | None = network
    while stage is not None:
        if teacher := stage.teacher:
            lines.append(
                f"In {where}, a teacher gave {stage.fit.teacher_weight:.0%} of the target of each "
                f"row that it knows: {teacher.origin} (`{teacher.name}`, sha256 "
                f"`{teacher.sha256}`)."
            )
        if stage.fit.initial_weights == DLIB:
            lines.append(
                f"In {where}, it began with the weights of dlib's face recognition network (public "
                "domain), trained on VGG-Face, FaceScrub and pictures from the web."
            )
        where, stage = "a run before", stage.start_from
    if network.ferplus:
        lines.append("FER+ votes (Barsoum et al. 2016, arXiv:1608.01041) went into it.")
    return lines


def _precision_row(precision: Precision) -> str:
    return (
        f"| {precision.name} | {precision.size_bytes / 1e6:.1f} MB | {precision.chip_ms:.1f} ms | "
        f"{_by_output(precision.accuracy)} | {_by_output(precision.lost)} | "
        f"{precision.agreement:.1%} |"
    )


def _by_output(shares: dict[str, float]) -> str:
    return ", ".join(f"{output} {share:.2%}" for output, share in shares.items())


def _elsewhere_section(spec: ModelSpec) -> str:
    rows = []
    for name, figures in spec.elsewhere.items():
        low, high = figures["accuracy_interval_95"]
        recall = ", ".join(
            f"{label} {figures['recall'][label]:.0%}"
            for label, count in figures["images_by_label"].items()
            if count
        )
        rows.append(
            f"| {name} | {figures['images']:,} | {figures['accuracy']:.1%} ({low:.1%} to "
            f"{high:.1%}) | {figures['balanced_accuracy']:.1%} | {recall} |"
        )
    return _ELSEWHERE.format(rows="\n".join(rows)) if rows else ""


def _split_section(spec: ModelSpec, split: str) -> str:
    figures = spec.metrics[split]
    low, high = figures["accuracy_interval_95"]
    classes = "\n".join(
        f"| {label} | {figures['recall'][label]:.1%} | {figures['precision'][label]:.1%} |"
        for label in spec.labels
    )
    tables = [
        truths_text(TruthRow(**row) for row in figures["truths"]),
        votes_text(VoteRow(**row) for row in figures["votes"]) if figures["votes"] else "",
    ]
    return _SPLIT.format(
        **figures
        | {
            "split": split,
            "when_sure": when_sure(figures["accuracy_when_sure"], figures["share_sure"]),
            "low": low,
            "high": high,
            "classes": classes,
            "truths": "\n\n".join(filter(None, tables)),
        }
    )

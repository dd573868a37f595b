"""The commands that judge networks: `evaluate`, `peers`, `ensemble` and `degrade`."""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from preprocessing.bundle.outputs import LABEL, OUTPUTS
from preprocessing.bundle.spec import ModelSpec, read_spec
from preprocessing.dataset.read import Dataset, read_dataset
from preprocessing.errors import MienError
from preprocessing.runtime.cli import check_outputs
from preprocessing.runtime.files import write_whole

if TYPE_CHECKING:
    from training.evaluation.evaluate import Evaluation
    from training.evaluation.predict import Answers


def add_judging_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add them to a parser's commands."""
    evaluate = commands.add_parser(
        "evaluate",
        help="judge a bundle on a split; where it learnt from that source, record the figures",
        epilog="example: %(prog)s serving/bundle data/fer2013 --split val",
    )
    evaluate.add_argument("bundle", type=Path)
    evaluate.add_argument("dataset", type=Path)
    _add_split_arguments(evaluate, splits=("val", "test", "all"))
    evaluate.add_argument(
        "--map",
        metavar="OTHER=LABEL,...",
        help="what labels of other names mean, such as anger=angry,sadness=sad",
    )
    evaluate.add_argument(
        "--record",
        metavar="NAME",
        help="record the figures in the bundle as those of another set, by this name",
    )
    evaluate.add_argument("--html", type=Path, help="write the report as a page with charts")
    evaluate.add_argument("--json", type=Path, help="write the report for programs")
    evaluate.add_argument("--overwrite", action="store_true", help="replace reports that are there")
    evaluate.set_defaults(run_command=_evaluate)

    peers = commands.add_parser(
        "peers",
        help="judge other networks on the same pictures, in one table",
        epilog="example: %(prog)s data/fer2013 serving/bundle fer/peer.json",
    )
    peers.add_argument("dataset", type=Path)
    peers.add_argument(
        "models",
        type=Path,
        nargs="+",
        help="bundles, and JSON files as in training/evaluation/baselines.py",
    )
    _add_split_arguments(peers)
    _add_output_argument(peers)
    peers.set_defaults(run_command=_peers)

    ensemble = commands.add_parser(
        "ensemble",
        help="judge networks and the mean of their probabilities, in one table",
        epilog="example: %(prog)s data/fer2013 runs/wide serving/bundle",
    )
    ensemble.add_argument("dataset", type=Path)
    add_members_argument(ensemble)
    _add_split_arguments(ensemble)
    _add_output_argument(ensemble)
    ensemble.set_defaults(run_command=_ensemble)

    degrade = commands.add_parser(
        "degrade",
        help="say how accuracy on val falls as chips are shrunk or blurred",
        epilog="example: %(prog)s serving/bundle data/fer2013",
    )
    degrade.add_argument("bundle", type=Path)
    degrade.add_argument("dataset", type=Path)
    degrade.set_defaults(run_command=_degrade)


def _add_split_arguments(
    command: argparse.ArgumentParser, *, splits: Sequence[str] = ("val", "test")
) -> None:
    command.add_argument("--split", choices=splits, default="val")
    command.add_argument(
        "--final", action="store_true", help="allow the test split; nothing is chosen by it"
    )


def _add_output_argument(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--output",
        choices=OUTPUTS,
        default=LABEL,
        help="which output of the networks; crowd is held to what most people chose",
    )


def add_members_argument(command: argparse.ArgumentParser) -> None:
    """Add the networks that make an ensemble."""
    command.add_argument(
        "members",
        type=Path,
        nargs="+",
        help="runs, bundles, and snapshots such as runs/snapshots/snapshot-01.keras",
    )


def _evaluate(options: argparse.Namespace) -> None:
    from training.evaluation.evaluate import evaluate_bundle
    from training.evaluation.page import evaluation_html
    from training.evaluation.predict import answers_of, log_test_use
    from training.evaluation.relabel import parse_map, with_labels_of
    from training.evaluation.text import evaluation_text

    _guard_test_split(options)
    check_outputs([options.html, options.json], overwrite=options.overwrite)
    spec, as_aligned = read_spec(options.bundle), read_dataset(options.dataset)
    is_own = _is_own(spec, as_aligned)
    if is_own:
        _check_own(options)
    dataset = with_labels_of(spec, as_aligned, mapping=parse_map(options.map))
    evaluation = evaluate_bundle(
        answers_of(options.bundle, spec, dataset=dataset, split=options.split),
        spec.outputs,
        dataset,
        answers_with=spec.answers_with,
    )
    if options.split in ("test", "all") and dataset.labelled_in("test").any():
        exported = spec.provenance["exported"]
        uses = log_test_use(
            options.dataset, name=spec.name, exported=exported, accuracy=evaluation.accuracy
        )
        print(f"The test split of this dataset was used {uses} times by now.\n")
    print(evaluation_text(evaluation))
    _record(options, evaluation, is_own=is_own, is_relabelled=dataset is not as_aligned)
    if options.json is not None:
        write_whole(options.json, json.dumps(asdict(evaluation), indent=2) + "\n")
    if options.html is not None:
        title = f"{spec.name} on the {options.split} split of {dataset.manifest.recipe.source}"
        write_whole(options.html, evaluation_html(evaluation, dataset, title=title))


def _is_own(spec: ModelSpec, dataset: Dataset) -> bool:
    """Say whether a bundle learnt from the source of a dataset."""
    learnt_from: str = spec.provenance["dataset"]["source_sha256"]
    return dataset.manifest.recipe.source_sha256 == learnt_from


def _check_own(options: argparse.Namespace) -> None:
    """Refuse what must not be done with the source that a bundle learnt from."""
    _guard_test_split(options, splits=("test", "all"))
    if options.record:
        raise MienError(
            "--record is for sets that the network has not learnt from, and the bundle was trained "
            "on this source. Leave it out: the figures of val and test are recorded without it."
        )


def _record(
    options: argparse.Namespace, evaluation: "Evaluation", *, is_own: bool, is_relabelled: bool
) -> None:
    """Record the figures in the bundle, or say why that is not done."""
    from training.export.model_card import record_elsewhere, record_metrics

    spec = read_spec(options.bundle)
    if options.record:
        record_elsewhere(options.bundle, spec, name=options.record, evaluation=evaluation)
    elif not is_own:
        print("\nNot recorded in the bundle, which learnt from another source; --record NAME does.")
    elif is_relabelled or options.split == "all":
        print("\nNot recorded in the bundle: only val and test, with its own labels, are.")
    else:
        record_metrics(options.bundle, spec, evaluation=evaluation)


def _peers(options: argparse.Namespace) -> None:
    from training.distillation.ensemble import member_answers
    from training.evaluation.baselines import peer_answers, read_peer

    _guard_test_split(options)
    dataset = read_dataset(options.dataset)
    answers = {}
    for path in options.models:
        if path.is_dir():
            answers[str(path)] = member_answers(
                path, dataset, split=options.split, output=options.output
            )
        else:
            peer = read_peer(path)
            answers[peer.name] = peer_answers(peer, dataset, split=options.split)
    _print_comparison(answers, dataset, options)


def _ensemble(options: argparse.Namespace) -> None:
    from training.distillation.ensemble import ensemble_answers

    _guard_test_split(options)
    dataset = read_dataset(options.dataset)
    answers = ensemble_answers(options.members, dataset, split=options.split, output=options.output)
    _print_comparison(answers, dataset, options)


def _print_comparison(
    answers: Mapping[str, "Answers"], dataset: Dataset, options: argparse.Namespace
) -> None:
    from training.evaluation.evaluate import compare
    from training.evaluation.text import comparison_text

    evaluations = compare(answers, dataset, dataset_folder=options.dataset, output=options.output)
    print(comparison_text(evaluations))


def _guard_test_split(options: argparse.Namespace, *, splits: Sequence[str] = ("test",)) -> None:
    if options.split in splits and not options.final:
        raise MienError(
            "The test split is for the last word only: everything is chosen on val. "
            "Say --final if nothing will be chosen by the answer; the use is recorded."
        )


def _degrade(options: argparse.Namespace) -> None:
    from training.evaluation.robustness import degraded_slices
    from training.evaluation.text import slices_text

    dataset = read_dataset(options.dataset)
    print(slices_text(degraded_slices(options.bundle, dataset, split="val")))

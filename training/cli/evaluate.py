"""The commands that judge networks: `evaluate`, `peers`, `ensemble` and `degrade`."""

import argparse
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from preprocessing.bundle.spec import read_spec
from preprocessing.dataset.manifest import write_whole
from preprocessing.dataset.read import Dataset, read_dataset
from preprocessing.errors import MienError
from preprocessing.runtime.cli import check_outputs

if TYPE_CHECKING:
    from training.evaluation.predict import Answers


def add_judging_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add them to a parser's commands."""
    evaluate = commands.add_parser(
        "evaluate",
        help="judge a bundle on a split; where it learnt from that source, record the figures",
        epilog="example: python -m training evaluate serving/bundle data/fer2013 --split val",
    )
    evaluate.add_argument("bundle", type=Path)
    evaluate.add_argument("dataset", type=Path)
    _add_split_arguments(evaluate)
    evaluate.add_argument("--html", type=Path, help="write the report as a page with charts")
    evaluate.add_argument("--json", type=Path, help="write the report for programs")
    evaluate.add_argument("--overwrite", action="store_true", help="replace reports that are there")
    evaluate.set_defaults(run_command=_evaluate)

    peers = commands.add_parser(
        "peers",
        help="judge other networks on the same pictures, in one table",
        epilog="example: python -m training peers data/fer2013 serving/bundle fer/peer.json",
    )
    peers.add_argument("dataset", type=Path)
    peers.add_argument(
        "models",
        type=Path,
        nargs="+",
        help="bundles, and JSON files as in training/evaluation/baselines.py",
    )
    _add_split_arguments(peers)
    peers.set_defaults(run_command=_peers)

    ensemble = commands.add_parser(
        "ensemble",
        help="judge networks and the mean of their probabilities, in one table",
        epilog="example: python -m training ensemble data/fer2013 runs/wide serving/bundle",
    )
    ensemble.add_argument("dataset", type=Path)
    add_members_argument(ensemble)
    _add_split_arguments(ensemble)
    ensemble.set_defaults(run_command=_ensemble)

    degrade = commands.add_parser(
        "degrade",
        help="say how accuracy on val falls as chips are shrunk or blurred",
        epilog="example: python -m training degrade serving/bundle data/fer2013",
    )
    degrade.add_argument("bundle", type=Path)
    degrade.add_argument("dataset", type=Path)
    degrade.set_defaults(run_command=_degrade)


def _add_split_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("--split", choices=("val", "test"), default="val")
    command.add_argument(
        "--final", action="store_true", help="allow the test split; nothing is chosen by it"
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
    from training.evaluation.evaluate import evaluate
    from training.evaluation.page import evaluation_html
    from training.evaluation.predict import answers_of, log_test_use
    from training.evaluation.text import evaluation_text
    from training.export.model_card import record_metrics

    _guard_test_split(options)
    check_outputs([options.html, options.json], overwrite=options.overwrite)
    spec, dataset = read_spec(options.bundle), read_dataset(options.dataset)
    evaluation = evaluate(
        answers_of(options.bundle, spec, dataset=dataset, split=options.split),
        dataset,
        temperature=spec.temperature,
        sure_confidence=spec.sure_confidence,
    )
    if options.split == "test":
        exported = spec.provenance["exported"]
        uses = log_test_use(
            options.dataset, name=spec.name, exported=exported, accuracy=evaluation.accuracy
        )
        print(f"The test split of this dataset was used {uses} times by now.\n")
    print(evaluation_text(evaluation))
    if dataset.manifest.recipe.source_sha256 == spec.provenance["dataset"]["source_sha256"]:
        record_metrics(options.bundle, spec, evaluation=evaluation)
    else:
        print("\nNot recorded in the bundle: it was trained on another source.")
    if options.json is not None:
        write_whole(options.json, json.dumps(asdict(evaluation), indent=2) + "\n")
    if options.html is not None:
        title = f"{spec.name} on the {options.split} split of {dataset.manifest.recipe.source}"
        write_whole(options.html, evaluation_html(evaluation, dataset, title=title))


def _peers(options: argparse.Namespace) -> None:
    from training.distillation.ensemble import member_answers
    from training.evaluation.baselines import peer_answers, read_peer

    _guard_test_split(options)
    dataset = read_dataset(options.dataset)
    answers = {}
    for path in options.models:
        if path.is_dir():
            answers[str(path)] = member_answers(path, dataset, split=options.split)
        else:
            peer = read_peer(path)
            answers[peer.name] = peer_answers(peer, dataset, split=options.split)
    _print_comparison(answers, dataset, folder=options.dataset)


def _ensemble(options: argparse.Namespace) -> None:
    from training.distillation.ensemble import ensemble_answers

    _guard_test_split(options)
    dataset = read_dataset(options.dataset)
    answers = ensemble_answers(options.members, dataset, split=options.split)
    _print_comparison(answers, dataset, folder=options.dataset)


def _print_comparison(answers: Mapping[str, "Answers"], dataset: Dataset, *, folder: Path) -> None:
    from training.evaluation.evaluate import compare
    from training.evaluation.text import comparison_text

    print(comparison_text(compare(answers, dataset, dataset_folder=folder)))


def _guard_test_split(options: argparse.Namespace) -> None:
    if options.split == "test" and not options.final:
        raise MienError(
            "The test split is for the last word only: everything is chosen on val. "
            "Say --final if nothing will be chosen by the answer; the use is recorded."
        )


def _degrade(options: argparse.Namespace) -> None:
    from training.evaluation.robustness import degraded_slices
    from training.evaluation.text import slices_text

    dataset = read_dataset(options.dataset)
    print(slices_text(degraded_slices(options.bundle, dataset, split="val")))

"""Train, evaluate and export the network: `python -m training --help`."""

import argparse
import json
import sys
from dataclasses import asdict, replace
from pathlib import Path

from preprocessing.command_line import refuse_overwriting, run_command
from preprocessing.dataset import read_dataset
from preprocessing.errors import MienError
from preprocessing.manifest import write_whole
from preprocessing.spec import read_spec
from training.config import MODELS, PRECISIONS, PRESETS, FitConfig


def main(arguments: list[str] | None = None) -> int:
    """Run a command and return the exit status: 0, 1 it failed, 2 wrong usage."""
    return run_command(_parser(), arguments)


def _fit(options: argparse.Namespace) -> None:
    from training.devices import open_devices
    from training.fit import fit

    with open_devices(options.devices) as devices:
        fit(
            read_dataset(options.dataset),
            options.run,
            config=replace(_recipe(options), teacher_weight=options.teacher_weight),
            start_from=options.start_from,
            teacher=options.teacher,
            resume=options.resume,
            devices=devices,
        )
    print(f"The trained network is in {options.run}.")


def _recipe(options: argparse.Namespace) -> FitConfig:
    config = PRESETS[options.preset or MODELS[options.model]]
    if options.minutes is not None:
        config = replace(config, minutes=options.minutes, epochs=None)
    if options.epochs is not None:
        config = replace(config, minutes=None, epochs=options.epochs)
    return replace(config, seed=options.seed)


def _folds(options: argparse.Namespace) -> None:
    from training.teachers import teach_by_folds

    refuse_overwriting([options.file], overwrite=options.overwrite)
    rows = teach_by_folds(
        read_dataset(options.dataset),
        options.file,
        runs=options.runs,
        config=_recipe(options),
        folds=options.folds,
    )
    _print_taught(options.file, rows)


def _distil(options: argparse.Namespace) -> None:
    from training.teachers import teach_by_members

    refuse_overwriting([options.file], overwrite=options.overwrite)
    dataset = read_dataset(options.dataset)
    rows = teach_by_members(dataset, options.file, members=options.members)
    _print_taught(options.file, rows)


def _ferplus(options: argparse.Namespace) -> None:
    from training.teachers import teach_by_votes

    refuse_overwriting([options.file], overwrite=options.overwrite)
    _print_taught(options.file, teach_by_votes(read_dataset(options.dataset), options.file))


def _print_taught(file: Path, rows: int) -> None:
    print(f"{file} holds targets for {rows:,} training rows; give it to fit as --teacher.")


def _evaluate(options: argparse.Namespace) -> None:
    from training.answers import answers_of, log_test_use
    from training.evaluate import evaluate
    from training.export import record_metrics
    from training.report import evaluation_text
    from training.report_html import evaluation_html

    _guard_test_split(options)
    refuse_overwriting([options.html, options.json], overwrite=options.overwrite)
    spec, dataset = read_spec(options.bundle), read_dataset(options.dataset)
    evaluation = evaluate(
        answers_of(options.bundle, spec, dataset, split=options.split),
        dataset,
        temperature=spec.temperature,
        sure_confidence=spec.sure_confidence,
    )
    print(evaluation_text(evaluation))
    record_metrics(options.bundle, spec, evaluation)
    if options.split == "test":
        exported = spec.provenance["exported"]
        uses = log_test_use(
            options.dataset, name=spec.name, exported=exported, accuracy=evaluation.accuracy
        )
        print(f"\nThe test split of this dataset was used {uses} times by now.")
    if options.json is not None:
        write_whole(options.json, json.dumps(asdict(evaluation), indent=2) + "\n")
    if options.html is not None:
        title = f"{spec.name} on the {options.split} split of {dataset.manifest.recipe.source}"
        write_whole(options.html, evaluation_html(evaluation, dataset, title=title))


def _peers(options: argparse.Namespace) -> None:
    from training.ensemble import member_answers
    from training.evaluate import compare
    from training.peers import peer_answers, read_peer
    from training.report import comparison_text

    _guard_test_split(options)
    dataset = read_dataset(options.dataset)
    answers = {}
    for path in options.models:
        if path.is_dir():
            name = read_spec(path).name
            answers[name] = member_answers(path, dataset, split=options.split)
        else:
            peer = read_peer(path)
            answers[peer.name] = peer_answers(peer, dataset, split=options.split)
    print(comparison_text(compare(answers, dataset, options.dataset)))


def _ensemble(options: argparse.Namespace) -> None:
    from training.ensemble import ensemble_answers
    from training.evaluate import compare
    from training.report import comparison_text

    _guard_test_split(options)
    dataset = read_dataset(options.dataset)
    answers = ensemble_answers(options.members, dataset, split=options.split)
    print(comparison_text(compare(answers, dataset, options.dataset)))


def _guard_test_split(options: argparse.Namespace) -> None:
    if options.split == "test" and not options.final:
        raise MienError(
            "The test split is for the last word only: everything is chosen on val. "
            "Say --final if nothing will be chosen by the answer; the use is recorded."
        )


def _degrade(options: argparse.Namespace) -> None:
    from training.degrade import degraded_slices
    from training.report import slices_text

    dataset = read_dataset(options.dataset)
    print(slices_text(degraded_slices(options.bundle, dataset, split="val")))


def _geometries(options: argparse.Namespace) -> None:
    from training.geometries import compare_geometries, geometries_text

    dataset = read_dataset(options.dataset)
    rows = compare_geometries(dataset, options.runs, seeds=range(options.seeds))
    print(geometries_text(rows))


def _export(options: argparse.Namespace) -> None:
    from training.convert import precisions_text
    from training.export import ExportOptions, export
    from training.report import evaluation_text

    exported = export(
        options.run,
        options.bundle,
        dataset=read_dataset(options.dataset),
        options=ExportOptions(name=options.name, precision=options.precision),
        overwrite=options.overwrite,
    )
    print(precisions_text(exported.precisions))
    print(f"\n{evaluation_text(exported.evaluation)}")


def _explain(options: argparse.Namespace) -> None:
    from training.explain_page import explain

    written = explain(
        options.source,
        options.picture,
        options.out,
        is_crop=options.crop,
        overwrite=options.overwrite,
    )
    print(f"{len(written)} files written; open {written[-1]}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)

    fit = commands.add_parser(
        "fit",
        help="train a network on an aligned dataset",
        epilog="example: python -m training fit data/fer2013 runs/cpu --preset cpu",
    )
    fit.add_argument("dataset", type=Path)
    fit.add_argument("run", type=Path, help="the folder for checkpoints, curves and the network")
    _add_recipe_arguments(fit)
    fit.add_argument(
        "--start-from",
        type=Path,
        metavar="RUN",
        help="start with the network of a finished run, or of a bundle such as serving/bundle",
    )
    fit.add_argument(
        "--teacher", type=Path, metavar="FILE", help="learn from soft targets beside the labels"
    )
    fit.add_argument(
        "--teacher-weight", type=float, metavar="W", help="their share, above 0 and up to 1"
    )
    fit.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    fit.add_argument(
        "--devices",
        type=int,
        default=1,
        metavar="N",
        help="train on N GPUs (CPUs where there is none); each takes an equal part of every batch",
    )
    fit.set_defaults(run_command=_fit)

    _add_teachers(commands)
    _add_judging(commands)

    geometries = commands.add_parser(
        "geometries",
        help="compare ways to align, by spread, open mouths and short training runs",
        epilog="example: python -m training geometries data/fer2013 --runs runs/geometries",
    )
    geometries.add_argument("dataset", type=Path)
    geometries.add_argument(
        "--runs", type=Path, help="train each of them; go on with what is there"
    )
    geometries.add_argument("--seeds", type=int, default=3)
    geometries.set_defaults(run_command=_geometries)

    export = commands.add_parser(
        "export",
        help="turn a finished run into a bundle",
        epilog="example: python -m training export runs/cpu serving/bundle data/fer2013",
    )
    export.add_argument("run", type=Path)
    export.add_argument("bundle", type=Path)
    export.add_argument("dataset", type=Path, help="the dataset that the run was trained on")
    export.add_argument("--name", default="mien-resnet34", help="shown to users")
    export.add_argument(
        "--precision",
        choices=PRECISIONS,
        help="of the weights, whatever it costs (default: the smallest that costs next to nothing)",
    )
    export.add_argument("--overwrite", action="store_true", help="replace a bundle that is there")
    export.set_defaults(run_command=_export)

    explain = commands.add_parser(
        "explain",
        help="show what a network sees in a picture and what its answer rests on",
        epilog="example: python -m training explain runs/cpu photo.jpg why",
    )
    explain.add_argument("source", type=Path, help="a run or a bundle")
    explain.add_argument("picture", type=Path)
    explain.add_argument("out", type=Path, help="the folder for the pictures and the page")
    explain.add_argument("--crop", action="store_true", help="the picture is the crop of one face")
    explain.add_argument("--overwrite", action="store_true", help="replace what is there")
    explain.set_defaults(run_command=_explain)
    return parser


def _add_recipe_arguments(command: argparse.ArgumentParser) -> None:
    recipe = command.add_mutually_exclusive_group()
    recipe.add_argument("--preset", choices=list(PRESETS))
    recipe.add_argument(
        "--model", choices=list(MODELS), default="resnet34", help="by the preset made for it"
    )
    length = command.add_mutually_exclusive_group()
    length.add_argument("--minutes", type=float, help="length of a run in time")
    length.add_argument("--epochs", type=float, help="length of a run in passes over the data")
    command.add_argument("--seed", type=int, default=0)


def _add_teachers(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    folds = commands.add_parser(
        "folds",
        help="write soft targets: each fold of the training rows, answered by a network trained "
        "on the others",
        epilog="example: python -m training folds data/fer2013 folds.npz --runs runs/folds "
        "--preset shallow",
    )
    _add_target_arguments(folds)
    folds.add_argument("--folds", type=int, default=5)
    folds.add_argument(
        "--runs", type=Path, required=True, help="the folder for a run a fold; go on with them"
    )
    _add_recipe_arguments(folds)
    folds.set_defaults(run_command=_folds)

    distil = commands.add_parser(
        "distil",
        help="write soft targets: what an ensemble says of the training rows",
        epilog="example: python -m training distil data/fer2013 both.npz runs/wide serving/bundle",
    )
    _add_target_arguments(distil)
    _add_members_argument(distil)
    distil.set_defaults(run_command=_distil)

    ferplus = commands.add_parser(
        "ferplus",
        help="write soft targets: how the crowd of FER+ voted on the training rows",
        epilog="example: python -m training ferplus data/fer2013 votes.npz",
    )
    _add_target_arguments(ferplus)
    ferplus.set_defaults(run_command=_ferplus)


def _add_target_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("dataset", type=Path)
    command.add_argument("file", type=Path, help="the soft targets to write, for fit --teacher")
    command.add_argument("--overwrite", action="store_true", help="replace a file that is there")


def _add_members_argument(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "members",
        type=Path,
        nargs="+",
        help="runs, bundles, and snapshots such as runs/snapshots/snapshot-01.keras",
    )


def _add_judging(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    evaluate = commands.add_parser(
        "evaluate",
        help="judge a bundle on a split, and record the figures in it",
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
        "models", type=Path, nargs="+", help="bundles, and JSON files as in training/peers.py"
    )
    _add_split_arguments(peers)
    peers.set_defaults(run_command=_peers)

    ensemble = commands.add_parser(
        "ensemble",
        help="judge networks and the mean of their probabilities, in one table",
        epilog="example: python -m training ensemble data/fer2013 runs/wide serving/bundle",
    )
    ensemble.add_argument("dataset", type=Path)
    _add_members_argument(ensemble)
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


if __name__ == "__main__":
    sys.exit(main())

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
from training.config import MODELS, PRECISIONS, PRESETS


def main(arguments: list[str] | None = None) -> int:
    """Run a command and return the exit status: 0, 1 it failed, 2 wrong usage."""
    return run_command(_parser(), arguments)


def _fit(options: argparse.Namespace) -> None:
    from training.devices import open_devices
    from training.fit import fit

    config = PRESETS[options.preset or MODELS[options.model]]
    if options.minutes is not None:
        config = replace(config, minutes=options.minutes, epochs=None)
    if options.epochs is not None:
        config = replace(config, minutes=None, epochs=options.epochs)
    config = replace(config, seed=options.seed)
    with open_devices(options.devices) as devices:
        fit(
            read_dataset(options.dataset),
            options.run,
            config=config,
            start_from=options.start_from,
            resume=options.resume,
            devices=devices,
        )
    print(f"The trained network is in {options.run}.")


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
    from training.answers import answers_of, log_test_use
    from training.evaluate import evaluate
    from training.peers import peer_answers, read_peer
    from training.report import comparison_text

    _guard_test_split(options)
    dataset = read_dataset(options.dataset)
    evaluations = {}
    for path in options.models:
        if path.is_dir():
            spec = read_spec(path)
            name, temperature = spec.name, spec.temperature
            answers = answers_of(path, spec, dataset, split=options.split)
        else:
            peer = read_peer(path)
            name, temperature = peer.name, 1.0
            answers = peer_answers(peer, dataset, split=options.split)
        # Peers have no confidence from which on they are sure, so the table leaves that out.
        evaluations[name] = evaluate(answers, dataset, temperature=temperature, sure_confidence=1.0)
        if options.split == "test":
            reached = evaluations[name].accuracy
            log_test_use(options.dataset, name=name, exported=None, accuracy=reached)
    print(comparison_text(evaluations))


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
    recipe = fit.add_mutually_exclusive_group()
    recipe.add_argument("--preset", choices=list(PRESETS))
    recipe.add_argument(
        "--model", choices=list(MODELS), default="resnet34", help="by the preset made for it"
    )
    length = fit.add_mutually_exclusive_group()
    length.add_argument("--minutes", type=float, help="length of the run in time")
    length.add_argument("--epochs", type=float, help="length of the run in passes over the data")
    fit.add_argument("--seed", type=int, default=0)
    fit.add_argument(
        "--start-from", type=Path, metavar="RUN", help="start with the network of a finished run"
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
    explain.add_argument("source", type=Path, help="a run; of a bundle occlusion only is shown")
    explain.add_argument("picture", type=Path)
    explain.add_argument("out", type=Path, help="the folder for the pictures and the page")
    explain.add_argument("--crop", action="store_true", help="the picture is the crop of one face")
    explain.add_argument("--overwrite", action="store_true", help="replace what is there")
    explain.set_defaults(run_command=_explain)
    return parser


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

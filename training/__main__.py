"""Train, evaluate and export the network: `python -m training --help`."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from preprocessing.command_line import refuse_overwriting, run_command
from preprocessing.dataset import read_dataset
from preprocessing.errors import MienError
from preprocessing.spec import read_spec
from training.config import MODELS, PRECISIONS, PRESETS


def main(arguments: list[str] | None = None) -> int:
    """Run a command and return the exit status: 0, 1 it failed, 2 wrong usage."""
    return run_command(_parser(), arguments)


def _fit(options: argparse.Namespace) -> None:
    from training.fit import fit

    config = PRESETS[options.preset or MODELS[options.model]]
    if options.minutes is not None:
        config = replace(config, minutes=options.minutes, epochs=None)
    if options.epochs is not None:
        config = replace(config, minutes=None, epochs=options.epochs)
    config = replace(config, seed=options.seed)
    fit(
        read_dataset(options.dataset),
        options.run,
        config=config,
        start_from=options.start_from,
        resume=options.resume,
    )
    print(f"The trained network is in {options.run}.")


def _evaluate(options: argparse.Namespace) -> None:
    from training.evaluate import evaluate, log_test_use
    from training.export import record_metrics
    from training.report import confusion_html, evaluation_text

    if options.split == "test" and not options.final:
        raise MienError(
            "The test split is for the last word only: everything is chosen on val. "
            "Say --final if nothing will be chosen by the answer; the use is recorded."
        )
    refuse_overwriting([options.html], overwrite=options.overwrite)
    spec = read_spec(options.bundle)
    evaluation = evaluate(options.bundle, spec, read_dataset(options.dataset), split=options.split)
    uses = 0
    if options.split == "test":
        uses = log_test_use(options.dataset, spec, evaluation)
    record_metrics(options.bundle, spec, evaluation)
    print(evaluation_text(evaluation))
    if uses:
        print(f"\nThe test split of this dataset was used {uses} times by now.")
    if options.html is not None:
        title = f"{spec.name}: {options.split}"
        options.html.write_text(confusion_html(evaluation, title=title), encoding="utf-8")


def _slices(options: argparse.Namespace) -> None:
    from training.slices import degraded_slices, natural_slices, slices_text

    dataset = read_dataset(options.dataset)
    natural = natural_slices(options.bundle, dataset, split="val")
    degraded = degraded_slices(options.bundle, dataset, split="val")
    print(slices_text([*natural, *degraded]))


def _geometries(options: argparse.Namespace) -> None:
    from training.geometries import compare_geometries, geometries_text

    dataset = read_dataset(options.dataset)
    rows = compare_geometries(dataset, options.runs, seeds=range(options.seeds))
    print(geometries_text(rows))


def _export(options: argparse.Namespace) -> None:
    from training.export import ExportOptions, export
    from training.report import evaluation_text

    evaluation = export(
        options.run,
        options.bundle,
        dataset=read_dataset(options.dataset),
        options=ExportOptions(name=options.name, precision=options.precision),
        overwrite=options.overwrite,
    )
    print(evaluation_text(evaluation))


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
    fit.set_defaults(run_command=_fit)

    evaluate = commands.add_parser(
        "evaluate",
        help="judge a bundle on a split, and record the figures in it",
        epilog="example: python -m training evaluate serving/bundle data/fer2013 --split val",
    )
    evaluate.add_argument("bundle", type=Path)
    evaluate.add_argument("dataset", type=Path)
    evaluate.add_argument("--split", choices=("val", "test"), default="val")
    evaluate.add_argument(
        "--final", action="store_true", help="allow the test split; nothing is chosen by it"
    )
    evaluate.add_argument("--html", type=Path, help="write the confusion matrix as a page")
    evaluate.add_argument("--overwrite", action="store_true", help="replace a page that is there")
    evaluate.set_defaults(run_command=_evaluate)

    slices = commands.add_parser(
        "slices",
        help="say where accuracy falls on val: by blur, size, turn of the head",
        epilog="example: python -m training slices serving/bundle data/fer2013",
    )
    slices.add_argument("bundle", type=Path)
    slices.add_argument("dataset", type=Path)
    slices.set_defaults(run_command=_slices)

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
    export.add_argument("--precision", choices=PRECISIONS, default="int8")
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


if __name__ == "__main__":
    sys.exit(main())

"""The command `fit`, and the arguments that decide a run's settings."""

import argparse
from dataclasses import replace
from pathlib import Path

from preprocessing.dataset.read import read_dataset
from preprocessing.errors import MienError
from training.config import LOSSES, MODELS, FitConfig
from training.presets import PRESETS

SHIPPED_BUNDLE = Path(__file__).parents[2] / "serving" / "bundle"
"""What ships with the repository; a wheel leaves out its Keras network, which is large."""


def add_fit_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `fit` to a parser's commands."""
    fit = commands.add_parser(
        "fit",
        help="train a network on an aligned dataset",
        epilog="example: %(prog)s data/fer2013 runs/cpu --preset cpu",
    )
    fit.add_argument("dataset", type=Path)
    fit.add_argument("run", type=Path, help="the folder for checkpoints, curves and the network")
    add_config_arguments(fit)
    fit.add_argument(
        "--start-from",
        type=Path,
        metavar="RUN",
        help="start with the network of a finished run, or of a bundle (with --preset tune by "
        "default of the one that ships)",
    )
    fit.add_argument(
        "--export",
        type=Path,
        metavar="BUNDLE",
        help="then export the network as a bundle, as the command export does",
    )
    fit.add_argument(
        "--teacher", type=Path, metavar="FILE", help="learn from soft labels beside the labels"
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


def add_config_arguments(command: argparse.ArgumentParser) -> None:
    """Add what `config_of` reads."""
    preset = command.add_mutually_exclusive_group()
    preset.add_argument("--preset", choices=list(PRESETS))
    preset.add_argument(
        "--model", choices=list(MODELS), default="resnet34", help="by the preset made for it"
    )
    length = command.add_mutually_exclusive_group()
    length.add_argument("--minutes", type=float, help="length of a run in time")
    length.add_argument("--epochs", type=float, help="length of a run in passes over the data")
    command.add_argument("--learning-rate", type=float, metavar="RATE", help="at its peak")
    command.add_argument("--loss", choices=LOSSES)
    command.add_argument("--seed", type=int)


def config_of(options: argparse.Namespace) -> FitConfig:
    """Return the preset that was chosen, with what else was given."""
    config = PRESETS[options.preset or MODELS[options.model]]
    if options.minutes is not None:
        config = replace(config, minutes=options.minutes, epochs=None)
    if options.epochs is not None:
        config = replace(config, minutes=None, epochs=options.epochs)
    others = {name: getattr(options, name) for name in ("learning_rate", "loss", "seed")}
    return replace(config, **{name: value for name, value in others.items() if value is not None})


def _fit(options: argparse.Namespace) -> None:
    from training.fitting.fit import fit
    from training.fitting.open_devices import open_devices

    dataset, start_from = read_dataset(options.dataset), options.start_from
    if options.preset == "tune" and start_from is None:
        start_from = SHIPPED_BUNDLE
    bundle = options.export
    if bundle is not None and not options.resume and bundle.exists() and any(bundle.iterdir()):
        raise MienError(f"{bundle} is not empty. Choose another folder for the bundle.")
    with open_devices(options.devices) as devices:
        fit(
            dataset,
            options.run,
            config=replace(config_of(options), teacher_weight=options.teacher_weight),
            start_from=start_from,
            teacher=options.teacher,
            resume=options.resume,
            devices=devices,
        )
    print(f"The trained network is in {options.run}.")
    if bundle is not None:
        from training.evaluation.text import evaluation_text
        from training.export.bundle import ExportOptions, export

        exported = export(
            options.run, bundle, dataset=dataset, options=ExportOptions(), overwrite=options.resume
        )
        print(f"\n{evaluation_text(exported.evaluation)}")
        print(f"\nThe bundle is in {bundle}. See it at work: mien serve --bundle {bundle}")

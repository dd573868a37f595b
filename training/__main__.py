"""Train, evaluate and export the network: `python -m training --help`."""

import sys
from pathlib import Path

import click

from preprocessing.runtime.cli import overwrite_option, path_argument, path_option
from training.cli.compare import baselines, ensemble
from training.cli.distil import average, distil, folds
from training.cli.evaluate import evaluate, robustness
from training.cli.fit import fit
from training.cli.quiet import QuietProgram
from training.config import MOST_VIEWS, PRECISIONS

main = QuietProgram("python -m training", help="Train, evaluate and export the network.")
for _command in (fit, folds, distil, average, evaluate, baselines, ensemble, robustness):
    main.add_command(_command)


@main.command(epilog="{} data/fer2013 --runs runs/geometries")
@path_argument("dataset", help="A folder that align wrote.")
@path_option("--runs", help="Also train with each way, in this folder; runs there are continued.")
@click.option("--seeds", type=click.IntRange(1), default=3, help="Training runs with each way.")
def geometries(dataset: Path, *, runs: Path | None, seeds: int) -> None:
    """Compare ways to align.

    They are compared by spread, open mouths and short training runs.
    """
    from preprocessing.dataset.read import read_dataset
    from training.studies.alignment import compare_geometries, geometries_text

    print(geometries_text(compare_geometries(read_dataset(dataset), runs, seeds=seeds)))


@main.command(epilog="{} runs/cpu serving/bundle data/fer2013")
@path_argument("run", help="The folder that fit wrote.")
@path_argument("bundle", help="The folder to write, for mien serve --bundle.")
@path_argument("dataset", help="The dataset that the run was trained on.")
@click.option("--name", help="Name of the bundle; by default mien- and the network's name.")
@click.option(
    "--precision",
    type=click.Choice(PRECISIONS),
    help="Precision of the weights; by default the smallest that loses next to no accuracy.",
)
@click.option(
    "--most-views",
    type=click.Choice(MOST_VIEWS),
    default=1,
    help="Average the predictions for up to this many versions of a face (test-time augmentation): "
    "1 as it is, 2 mirrored too, 10 its corners too.",
)
@overwrite_option
def export(
    run: Path,
    bundle: Path,
    dataset: Path,
    *,
    name: str | None,
    precision: str | None,
    most_views: int,
    overwrite: bool,
) -> None:
    """Turn a finished run into a bundle."""
    from preprocessing.dataset.read import read_dataset
    from training.evaluation.text import evaluation_text
    from training.export import bundle as bundles
    from training.export.precision import precisions_text

    exported = bundles.export(
        run,
        bundle,
        dataset=read_dataset(dataset),
        options=bundles.ExportOptions(name=name, precision=precision, most_views=most_views),
        overwrite=overwrite,
    )
    print(precisions_text(exported.precisions))
    print(f"\n{evaluation_text(exported.evaluation)}")


@main.command(epilog="{} runs/cpu photo.jpg why")
@path_argument("source", help="A run or a bundle.")
@path_argument("picture", help="A picture file.")
@path_argument("out", help="The folder for the pictures and the page.")
@click.option("--crop", "is_crop", is_flag=True, help="The picture is the crop of one face.")
@overwrite_option
def explain(source: Path, picture: Path, out: Path, *, is_crop: bool, overwrite: bool) -> None:
    """Show what a prediction rests on."""
    from training.explain.page import explain as write_page

    written = write_page(source, picture, out=out, is_crop=is_crop, overwrite=overwrite)
    print(f"{len(written)} files written; open {written[-1]}")


if __name__ == "__main__":
    sys.exit(main())

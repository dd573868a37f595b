"""Serve the page, read pictures and videos, check the installation: `python -m serving --help`."""

import sys
from pathlib import Path

import click

from preprocessing.runtime.cli import (
    EXIT_FAILED,
    OutputFile,
    Program,
    overwrite_option,
    path_argument,
    path_option,
)
from serving.cli.arguments import answer_options, bundle_option
from serving.cli.feedback import feedback
from serving.cli.video_arguments import video

main = Program(
    "python -m serving", help="Serve the page, read pictures and videos, check the installation."
)
main.add_command(video)
main.add_command(feedback)


@main.command(epilog="{} --port 9000")
@click.option("--host", default="127.0.0.1", help="Address to listen on; 0.0.0.0 for all.")
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    help="Port to listen on; by default that in the environment variable PORT, or 8080.",
)
@bundle_option
def serve(*, host: str, port: int | None, bundle: Path | None) -> None:
    """Start the server: page and API."""
    if sys.platform == "win32":
        from serving.web.windows import open_server
    else:
        from serving.web.development import open_server
    from serving.web.local_server import run_locally

    run_locally(host, port=port, bundle=bundle, open_server=open_server)


main.add_command(serve, "run")


@main.command(epilog="{} photos --csv faces.csv --annotate drawn")
@path_argument(
    "paths",
    metavar="PICTURES...",
    nargs=-1,
    required=True,
    help="Picture files, and folders, zip and tar files of them.",
)
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print a line of JSON for each picture; `problem` says why one could not be read.",
)
@path_option(
    "--csv",
    type=OutputFile(".csv"),
    metavar="OUT",
    help="Write a table with a row for each face, and for each picture without one.",
)
@path_option(
    "--annotate", metavar="DIR", help="Write copies of the pictures with the faces marked."
)
@path_option(
    "--contact-sheet",
    type=OutputFile(".png"),
    metavar="OUT",
    help="Write one PNG with all faces, aligned.",
)
@click.option("--crop", is_flag=True, help="Each picture is already a cropped face.")
@answer_options
@overwrite_option
def predict(
    paths: tuple[Path, ...],
    *,
    as_json: bool,
    csv: Path | None,
    annotate: Path | None,
    contact_sheet: Path | None,
    crop: bool,
    max_faces: int,
    min_confidence: float | None,
    balance: float | None,
    bundle: Path | None,
    overwrite: bool,
) -> int:
    """Predict which expressions the faces in pictures show."""
    from serving.cli.given import list_given
    from serving.cli.predict import Outputs, predict_files
    from serving.inference.options import Options
    from serving.web.environment import read_settings

    pictures, passed_over = list_given(paths)
    outputs = Outputs(
        as_json=as_json,
        csv_path=csv,
        annotate_folder=annotate,
        sheet_path=contact_sheet,
        overwrite=overwrite,
    )
    settings = read_settings(bundle=bundle)
    options = Options(
        crop=crop,
        max_faces=min(max_faces, settings.max_faces),
        min_confidence=min_confidence,
        balance=balance,
    )
    failed = predict_files(
        settings, pictures, outputs=outputs, options=options, passed_over=passed_over
    )
    return EXIT_FAILED if failed == len(pictures) else 0


@main.command(epilog="MIEN_PICTURES_PER_MINUTE=60 {}")
def config() -> None:
    """List the settings: environment variables, their values and meanings."""
    from serving.web.environment import list_settings, read_settings

    for line in list_settings(read_settings()):
        print(f"{line.variable}={line.value}")
        print(f"    {line.meaning} (default: {line.default})")


@main.command(epilog="{}")
@bundle_option
def doctor(*, bundle: Path | None) -> int:
    """Check the installation."""
    from serving.cli.doctor import diagnose

    status = 0
    for is_well, found in diagnose(bundle):
        print(f"{'ok' if is_well else 'FAILED':<8}{found}")
        status = status if is_well else EXIT_FAILED
    return status


if __name__ == "__main__":
    sys.exit(main())

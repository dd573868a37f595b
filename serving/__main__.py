"""Serve the page, read pictures and videos, check the installation: `python -m serving --help`."""

import argparse
import os
import sys
from pathlib import Path

from preprocessing.runtime.cli import EXIT_FAILED, run_command
from serving.cli.arguments import add_answer_options, number
from serving.cli.feedback import add_feedback
from serving.cli.video_arguments import add_video_command

PROGRAM = "python -m serving"


def main(arguments: list[str] | None = None, *, program: str = PROGRAM) -> int:
    """Run a command and return the exit status: 0, 1 it failed, 2 wrong usage."""
    return run_command(_parser(program), arguments)


def _run(options: argparse.Namespace) -> None:
    if sys.platform == "win32":
        from serving.web.windows import run_server
    else:
        from serving.web.development import run_server

    run_server(options.host, port=options.port, bundle=options.bundle)


def _predict(options: argparse.Namespace) -> int:
    from serving.cli.predict import Outputs, list_pictures, predict_files
    from serving.inference.options import Options
    from serving.web.environment import read_settings

    pictures, passed_over = list_pictures(options.pictures)
    outputs = Outputs(
        as_json=options.json,
        csv_path=options.csv,
        annotate_folder=options.annotate,
        sheet_path=options.contact_sheet,
        overwrite=options.overwrite,
    )
    settings = read_settings(bundle=options.bundle)
    asked = Options(
        crop=options.crop,
        max_faces=min(options.max_faces, settings.max_faces),
        min_confidence=options.min_confidence,
        balance=options.balance,
    )
    try:
        failed = predict_files(
            settings, pictures, outputs=outputs, options=asked, passed_over=passed_over
        )
        sys.stdout.flush()
    except BrokenPipeError:  # whoever reads has enough, as `head`; Python would tell at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED
    return EXIT_FAILED if failed == len(pictures) else 0


def _config(_: argparse.Namespace) -> None:
    from serving.web.environment import list_settings, read_settings

    for line in list_settings(read_settings()):
        print(f"{line.variable}={line.value}")
        print(f"    {line.meaning} (default: {line.default})")


def _doctor(options: argparse.Namespace) -> int:
    from serving.cli.doctor import diagnose

    status = 0
    for is_well, found in diagnose(options.bundle):
        print(f"{'ok' if is_well else 'FAILED':<8}{found}")
        status = status if is_well else EXIT_FAILED
    return status


def _parser(program: str = PROGRAM) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=program, description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)

    run = commands.add_parser(
        "run",
        aliases=["serve"],
        prog=f"{program} serve",
        help="start the server: page and API",
        epilog="example: %(prog)s --port 9000",
    )
    run.add_argument(
        "--host",
        default="127.0.0.1",
        help="address to listen on; 0.0.0.0 for all; default: 127.0.0.1",
    )
    run.add_argument("--port", type=number(int, 1, 65535), help="by default that of the settings")
    run.set_defaults(run_command=_run)

    predict = commands.add_parser(
        "predict",
        help="predict the expressions of the faces in pictures",
        epilog="example: %(prog)s photos --csv faces.csv --annotate drawn",
    )
    predict.add_argument("pictures", type=Path, nargs="+", help="files and folders")
    predict.add_argument("--json", action="store_true", help="one line of JSON a picture")
    predict.add_argument(
        "--csv",
        type=Path,
        metavar="OUT",
        help="write a table, one row a face; a picture without a face has a row too",
    )
    predict.add_argument(
        "--annotate", type=Path, metavar="DIR", help="write pictures with the faces marked"
    )
    predict.add_argument(
        "--contact-sheet", type=Path, metavar="OUT", help="write one PNG with all faces, aligned"
    )
    predict.add_argument(
        "--crop", action="store_true", help="each picture is already a cropped face"
    )
    add_answer_options(predict)
    predict.add_argument("--overwrite", action="store_true", help="replace files that are there")
    predict.set_defaults(run_command=_predict)

    video = add_video_command(commands)

    config = commands.add_parser(
        "config",
        help="list the settings: environment variables, their values and meanings",
        epilog="example: MIEN_PICTURES_PER_MINUTE=60 %(prog)s",
    )
    config.set_defaults(run_command=_config)

    doctor = commands.add_parser(
        "doctor",
        help="check the installation",
        epilog="example: %(prog)s",
    )
    doctor.set_defaults(run_command=_doctor)

    feedback = commands.add_parser(
        "feedback",
        help="keep and export what people say of predictions",
        epilog="example: %(prog)s upgrade",
    )
    add_feedback(feedback)

    for command in (run, predict, video, doctor):
        command.add_argument("--bundle", type=Path, help="another trained model")
    return parser


if __name__ == "__main__":
    sys.exit(main())

"""The command `video`: its arguments, and what they mean."""

import argparse
import math
from collections.abc import Callable
from pathlib import Path

from preprocessing.runtime.cli import EXIT_FAILED
from serving.cli.arguments import add_answer_options, number


def add_video_command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
) -> argparse.ArgumentParser:
    """Add the command to a program."""
    parser = commands.add_parser(
        "video",
        help="follow the faces of videos, and say what each shows over time",
        epilog="example: %(prog)s clip.mp4 --csv clip.csv --html clip.html",
    )
    _add_video_options(parser)
    add_answer_options(parser)
    parser.set_defaults(run_command=_video)
    return parser


def _video(options: argparse.Namespace) -> int:
    from serving.cli.video import VideoOptions, analyse_videos
    from serving.cli.video_outputs import VideoOutputs
    from serving.inference.video.observe import ObservingOptions
    from serving.inference.video.smoothing import SmoothingOptions
    from serving.inference.video.tracking import TrackingOptions
    from serving.web.environment import read_settings

    settings = read_settings(bundle=options.bundle)
    outputs = VideoOutputs(
        csv_path=options.csv,
        parquet_path=options.parquet,
        html_path=options.html,
        annotate_folder=options.annotate,
        overwrite=options.overwrite,
    )
    asked = VideoOptions(
        observing=ObservingOptions(
            per_second=options.per_second,
            search_px=options.search_px,
            max_faces=min(options.max_faces, settings.max_faces),
            balance=options.balance,
        ),
        tracking=TrackingOptions(most_gone_s=options.keep_number),
        smoothing=SmoothingOptions(
            smoothing_s=options.smoothing, change_margin=options.change_margin
        ),
        min_confidence=options.min_confidence,
        stop_after_s=options.stop_after,
    )
    missing = analyse_videos(settings, options.videos, outputs=outputs, options=asked)
    is_incomplete = missing.unread == len(options.videos) or missing.undrawn > 0
    return EXIT_FAILED if is_incomplete else 0


def _video_source(text: str) -> Path | int:
    """Return the index of a camera where a word is a number and no file's name."""
    path = Path(text)
    return int(text) if text.isdecimal() and not path.exists() else path


def _add_video_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "videos",
        type=_video_source,
        nargs="+",
        metavar="FILE",
        help="MP4, MOV, WebM, MKV, AVI or GIF, or the number of a camera (Linux), 0 the first",
    )
    parser.add_argument(
        "--csv", type=Path, metavar="OUT", help="write a table, one row a face and moment"
    )
    parser.add_argument("--parquet", type=Path, metavar="OUT", help="write the table as Parquet")
    parser.add_argument(
        "--html", type=Path, metavar="OUT", help="write a page with a time chart of each face"
    )
    parser.add_argument(
        "--annotate", type=Path, metavar="DIR", help="write videos with the faces marked"
    )
    numbers: list[tuple[str, Callable[[str], float], float | None, str]] = [
        ("--per-second", number(float, 0.01, 120), 5.0, "frames to look at in a second of video"),
        (
            "--search-px",
            number(int, 160, 20_000),
            960,
            "longer side to which larger frames are shrunk before faces are searched",
        ),
        (
            "--keep-number",
            number(float, 0, 3600),
            3.0,
            "seconds for which a face may be away and still keep its number",
        ),
        (
            "--smoothing",
            number(float, 0, 60),
            0.5,
            "time constant in seconds over which probabilities are averaged; 0: not at all",
        ),
        (
            "--change-margin",
            number(float, 0, 1),
            0.1,
            "the word changes when another one is likelier by this probability",
        ),
        (
            "--stop-after",
            number(float, 0, math.inf),
            None,
            "read only this many seconds of each video, or of the camera",
        ),
    ]
    for name, kind, default, meaning in numbers:
        shown = "" if default is None else f"; default: {default:g}"
        parser.add_argument(name, type=kind, default=default, metavar="N", help=meaning + shown)
    parser.add_argument("--overwrite", action="store_true", help="replace files that are there")

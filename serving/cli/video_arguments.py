"""The command `video`: its arguments, and what they mean."""

from functools import partial
from pathlib import Path
from typing import Any

import click

from preprocessing.runtime.cli import (
    EXIT_FAILED,
    Command,
    FloatRange,
    OutputFile,
    overwrite_option,
    path_option,
)
from serving.cli.arguments import answer_options


def _video_source(text: str) -> Path | int:
    """Return the index of a camera where a word is a number and no file's name."""
    path = Path(text)
    return int(text) if text.isdecimal() and not path.exists() else path


_number = partial(click.option, metavar="N")


@click.command(cls=Command, epilog="{} clip.mp4 --csv clip.csv --html clip.html")
@click.argument(
    "videos",
    type=_video_source,
    nargs=-1,
    required=True,
    metavar="FILE...",
    help="MP4, MOV, WebM, MKV, AVI or GIF, or the number of a camera (Linux), 0 the first.",
)
@path_option(
    "--csv",
    type=OutputFile(".csv"),
    metavar="OUT",
    help="Write a table with a row for each face in each frame.",
)
@path_option(
    "--parquet",
    type=OutputFile(".parquet"),
    metavar="OUT",
    help="Write the same table as Parquet.",
)
@path_option(
    "--html",
    type=OutputFile(".html", ".htm"),
    metavar="OUT",
    help="Write a page with a time chart of each face.",
)
@path_option("--annotate", metavar="DIR", help="Write copies of the videos with the faces marked.")
@_number(
    "--per-second",
    type=FloatRange(0.01, 120),
    default=5.0,
    help="How many frames to look at for each second of video.",
)
@_number(
    "--search-px",
    type=click.IntRange(160, 20_000),
    default=960,
    help="Shrink frames whose longer side has more pixels to this before searching for faces.",
)
@_number(
    "--keep-number",
    type=FloatRange(0, 3600),
    default=3.0,
    help="A face that comes back within this many seconds keeps its number.",
)
@_number(
    "--smoothing",
    type=FloatRange(0, 60),
    default=0.5,
    help="Average probabilities over time with this time constant, in seconds; 0: not at all.",
)
@_number(
    "--change-margin",
    type=FloatRange(0, 1),
    default=0.1,
    help="Change a face's expression only when another is likelier by this probability.",
)
@_number(
    "--stop-after",
    type=FloatRange(0),
    help="Read only this many seconds of each video, or of the camera.",
)
@answer_options
@overwrite_option
def video(videos: tuple[Path | int, ...], *, bundle: Path | None, **chosen: Any) -> int:
    """Follow the faces of videos and what they show."""
    from serving.cli.video import VideoOptions, analyse_videos
    from serving.cli.video_outputs import VideoOutputs
    from serving.inference.video.observe import ObservingOptions
    from serving.inference.video.smoothing import SmoothingOptions
    from serving.web.environment import read_settings

    settings = read_settings(bundle=bundle)
    outputs = VideoOutputs(
        csv_path=chosen["csv"],
        parquet_path=chosen["parquet"],
        html_path=chosen["html"],
        annotate_folder=chosen["annotate"],
        overwrite=chosen["overwrite"],
    )
    asked = VideoOptions(
        observing=ObservingOptions(
            per_second=chosen["per_second"],
            search_px=chosen["search_px"],
            max_faces=min(chosen["max_faces"], settings.max_faces),
            balance=chosen["balance"],
        ),
        keep_number_s=chosen["keep_number"],
        smoothing=SmoothingOptions(
            smoothing_s=chosen["smoothing"], change_margin=chosen["change_margin"]
        ),
        min_confidence=chosen["min_confidence"],
        stop_after_s=chosen["stop_after"],
    )
    missing = analyse_videos(settings, videos, outputs=outputs, options=asked)
    is_incomplete = missing.unread == len(videos) or missing.undrawn > 0
    return EXIT_FAILED if is_incomplete else 0

"""Predict on files, folders and archives, for the command line."""

import functools
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from preprocessing.bundle.spec import read_spec
from preprocessing.errors import MienError
from preprocessing.images.encode import encode_png
from preprocessing.runtime.cli import check_outputs
from preprocessing.runtime.files import replacing, write_whole
from preprocessing.runtime.processes import end_if_stopped, usable_cores, worker_pool
from preprocessing.runtime.terminal import for_terminal
from serving.cli.given import GivenPicture
from serving.cli.marked_copies import MarkedCopies, prepare_copies
from serving.cli.tally import Tally
from serving.cli.wording import as_json, in_words, why_not
from serving.inference.annotate import annotate
from serving.inference.contact_sheet import contact_sheet
from serving.inference.csv_table import write_csv
from serving.inference.options import Options
from serving.inference.predictor import Predictor
from serving.inference.schema import Answer
from serving.inference.serialize import to_answer
from serving.web.settings import Settings

# Starting another process takes a second, which pays from this many pictures on.
PICTURES_A_WORKER = 20


@dataclass(frozen=True)
class Outputs:
    """Where results go.

    Attributes:
        as_json: One line of JSON a picture on stdout, also one that could not be read, instead of
            a line of words a face.
        csv_path: A table with one row a face, and one for each picture without one.
        annotate_folder: Copies of the pictures with boxes, landmarks and labels.
        sheet_path: One picture with all faces, aligned and labelled.
        overwrite: Replace files that are there.
    """

    as_json: bool
    csv_path: Path | None
    annotate_folder: Path | None
    sheet_path: Path | None
    overwrite: bool

    @property
    def keeps_answers(self) -> bool:
        """Whether answers are needed at the end: those of a large folder take much memory."""
        return self.csv_path is not None or self.sheet_path is not None


class _FilePredictor:
    """Predicts on one picture file after the other."""

    def __init__(self, settings: Settings, options: Options, copies: MarkedCopies | None) -> None:
        self._predictor = Predictor(
            settings.bundle, landmarks=settings.landmarks, max_pixels=settings.max_pixels
        )
        self._options = options
        self._copies = copies

    def __call__(self, given: GivenPicture) -> Answer | str:
        """Return the answer, or why there is none."""
        data = b""
        try:
            data = given.read()
            rgb, result = self._predictor.predict(
                data,
                self._options.for_prediction(),
                # What is drawn on shall be as large as the picture is.
                may_reduce=self._copies is None,
            )
            if self._copies is not None:
                self._copies.write(given, annotate(rgb, result))
        except (MienError, OSError) as error:
            return why_not(data, error)
        return to_answer(rgb, result, options=self._options)


def predict_files(
    settings: Settings,
    pictures: list[GivenPicture],
    *,
    outputs: Outputs,
    options: Options,
    passed_over: Counter[str] | None = None,
) -> int:
    """Predict on each picture, on all cores where there are many, and write the results as asked.

    Which pictures failed, and why, is said on stderr, and of more than one file what became of all.

    Args:
        settings: Of the server: bundle and limits.
        pictures: What to predict on.
        outputs: Where results go.
        options: As of the API.
        passed_over: Number of files beside them by the end of their name, to be told too.

    Returns:
        How many failed.

    Raises:
        MienError: An output is there already and may not be replaced.
    """
    copies = _prepare_outputs(pictures, outputs)
    shown_too = {"landmarks": outputs.as_json, "chips": outputs.sheet_path is not None}
    options = options.model_copy(update=shown_too)
    tally = Tally(passed_over or Counter())
    failed: list[tuple[Path, str]] = []
    answers: list[tuple[Path, Answer | str]] = []
    predicted = _predict_all(pictures, (settings, options, copies))
    shown = tqdm(predicted, total=len(pictures), unit="picture", disable=None)
    for given, answer in zip(pictures, shown, strict=True):
        tally.add(answer)
        if outputs.keeps_answers:
            answers.append((given.path, answer))
        if isinstance(answer, str):
            failed.append((given.path, answer))
        if outputs.as_json:
            tqdm.write(as_json(given.path, answer))
        elif not isinstance(answer, str):
            tqdm.write(in_words(given.path, answer))
    for path, reason in failed:
        print(for_terminal(f"failed: {path}: {reason}"), file=sys.stderr)
    _write_outputs(outputs, answers, settings)
    if len(pictures) > 1 or tally.passed_over:
        print(*map(for_terminal, tally.lines()), sep="\n", file=sys.stderr)
    return len(failed)


def _write_outputs(
    outputs: Outputs, answers: list[tuple[Path, Answer | str]], settings: Settings
) -> None:
    """Write the table and the contact sheet, where they are wanted."""
    if outputs.csv_path is not None:
        labels = read_spec(settings.bundle).labels
        _write_table(outputs.csv_path, answers, labels)
    if outputs.sheet_path is not None:
        shown_answers = [answer for _, answer in answers if not isinstance(answer, str)]
        if faces := [face for answer in shown_answers for face in answer.faces]:
            write_whole(outputs.sheet_path, encode_png(contact_sheet(faces)))
        else:
            print("no contact sheet was written: no face was found", file=sys.stderr)


def _write_table(
    path: Path, answers: list[tuple[Path, Answer | str]], labels: tuple[str, ...]
) -> None:
    """Write the table; where it cannot be written to `path`, among the system's temporary files.

    The disk may be full by then, or Excel have the file open, after hours of reading.
    """

    def write(target: Path) -> None:
        with (
            replacing(target) as unfinished,
            unfinished.open("w", newline="", encoding="utf-8") as file,
        ):
            write_csv(file, answers, labels=labels)

    try:
        write(path)
    except BrokenPipeError:  # whoever reads it has enough
        raise
    except OSError as error:
        spare = Path(tempfile.mkdtemp(prefix="mien-")) / path.name
        try:
            write(spare)
        except OSError:
            spare.parent.rmdir()
            raise error from None
        raise MienError(
            f"{path} cannot be written: {error.strerror}. The table was written to {spare}."
        ) from error


def _predict_all(
    pictures: list[GivenPicture], arguments: tuple[Settings, Options, MarkedCopies | None]
) -> Iterator[Answer | str]:
    """Predict in this process, or where there are many pictures in one for each core it may use."""
    workers = min(usable_cores(), len(pictures) // PICTURES_A_WORKER)
    if workers < 2:
        yield from map(_FilePredictor(*arguments), pictures)
        return
    with worker_pool(workers, _set_up, arguments=arguments) as executor:
        yield from executor.map(_predict_here, pictures, chunksize=PICTURES_A_WORKER // 4)


_arguments: tuple[Settings, Options, MarkedCopies | None]


def _set_up(*arguments: Any) -> None:
    global _arguments  # noqa: PLW0603 - a pool gives its processes no other place
    _arguments = arguments


@functools.cache
def _predictor_here() -> _FilePredictor:
    """Load the models at the first picture: an error then reaches the user as such."""
    return _FilePredictor(*_arguments)


def _predict_here(given: GivenPicture) -> Answer | str:
    end_if_stopped()
    return _predictor_here()(given)


def _prepare_outputs(pictures: list[GivenPicture], outputs: Outputs) -> MarkedCopies | None:
    check_outputs([outputs.csv_path, outputs.sheet_path], overwrite=outputs.overwrite)
    if outputs.annotate_folder is None:
        return None
    return prepare_copies(outputs.annotate_folder, pictures, overwrite=outputs.overwrite)

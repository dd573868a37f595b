"""Predict on files and folders, for the command line."""

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
from tqdm import tqdm

from preprocessing.command_line import refuse_overwriting
from preprocessing.decode import RgbImage
from preprocessing.errors import MienError
from preprocessing.sources import pictures_below
from serving.annotate import annotate
from serving.prediction import PhotoResult
from serving.predictor import Predictor
from serving.result_csv import write_csv
from serving.result_json import to_json


@dataclass(frozen=True)
class Outputs:
    """Where results go.

    Attributes:
        as_json: One line of JSON a picture on stdout, instead of a line of words a face.
        csv_path: A table with one row a face.
        annotate_folder: Copies of the pictures with boxes, landmarks and labels.
        overwrite: Replace files that are there.
    """

    as_json: bool
    csv_path: Path | None
    annotate_folder: Path | None
    overwrite: bool


def list_pictures(paths: Iterable[Path]) -> list[Path]:
    """List the files among the paths, and the pictures within the folders among them.

    Raises:
        MienError: A path does not exist, or there is no picture at all.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += [path / name for name in pictures_below(path)]
        elif path.exists():
            found.append(path)
        else:
            raise MienError(f"{path} does not exist.")
    if not found:
        raise MienError("No pictures were found in the folders given.")
    return found


def predict_files(
    predictor: Predictor, pictures: list[Path], *, outputs: Outputs, is_crop: bool
) -> list[tuple[Path, str]]:
    """Predict on each picture and write the results as asked.

    Returns:
        The pictures that failed, each with the reason.

    Raises:
        MienError: An output is there already and may not be replaced.
    """
    _check_outputs(pictures, outputs)
    failed: list[tuple[Path, str]] = []
    table: list[tuple[str, dict[str, Any]]] = []
    for path, rgb, result in _predictions(predictor, pictures, failed, is_crop=is_crop):
        shown = {"file": str(path), **to_json(result)}
        tqdm.write(json.dumps(shown) if outputs.as_json else _in_words(shown), file=sys.stdout)
        table.append((str(path), shown))
        if outputs.annotate_folder is not None:
            _write_annotated(rgb, result, _annotated_path(path, outputs.annotate_folder))
    if outputs.csv_path is not None:
        with outputs.csv_path.open("w", newline="", encoding="utf-8") as file:
            write_csv(file, table, labels=predictor.spec.labels)
    return failed


def _predictions(
    predictor: Predictor, pictures: list[Path], failed: list[tuple[Path, str]], *, is_crop: bool
) -> Iterator[tuple[Path, RgbImage, PhotoResult]]:
    for path in tqdm(pictures, unit="picture", disable=None):
        try:
            rgb, result = predictor.predict(path.read_bytes(), is_crop=is_crop)
        except (MienError, OSError) as error:
            failed.append((path, str(error)))
        else:
            yield path, rgb, result


def _in_words(shown: dict[str, Any]) -> str:
    faces = [
        f"  {face['index']}  {face['label']:<9}{face['confidence']:>5.0%}"
        f"{'' if face['is_sure'] else '  not sure, perhaps ' + face['second_label']}"
        f"{'  (' + ', '.join(face['hints']) + ')' if face['hints'] else ''}"
        for face in shown["faces"]
    ]
    return "\n".join([shown["file"], *(faces or ["  no face found"])])


def _annotated_path(picture: Path, folder: Path) -> Path:
    return folder / f"{picture.name}.png"


def _write_annotated(rgb: RgbImage, result: PhotoResult, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    drawn = cv2.cvtColor(annotate(rgb, result), cv2.COLOR_RGB2BGR)
    path.write_bytes(cv2.imencode(".png", drawn)[1].tobytes())


def _check_outputs(pictures: list[Path], outputs: Outputs) -> None:
    planned = [] if outputs.csv_path is None else [outputs.csv_path]
    if outputs.csv_path is not None and not outputs.csv_path.parent.is_dir():
        raise MienError(f"The folder {outputs.csv_path.parent} does not exist.")
    if outputs.annotate_folder is not None:
        drawn = [_annotated_path(picture, outputs.annotate_folder) for picture in pictures]
        if len(set(drawn)) < len(drawn):
            raise MienError("Two pictures have the same name; annotate them into two folders.")
        planned += drawn
    refuse_overwriting(planned, overwrite=outputs.overwrite)

"""Explain what a run or a bundle makes of a picture, as PNG files and one HTML page."""

from pathlib import Path

import numpy as np
from keras import Model
from numpy.typing import NDArray

from preprocessing.bundle.occlusion import occlusion_maps
from preprocessing.errors import MienError
from preprocessing.images.encode import encode_png
from preprocessing.images.montage import NEUTRAL, RIGHT, WRONG, Tile, draw_sheet, map_tiles, overlay
from preprocessing.images.picture_file import read_picture_file
from preprocessing.images.types import GreyImage, RgbImage
from preprocessing.report.html import render
from preprocessing.runtime.cli import refuse_overwriting
from preprocessing.runtime.files import write_whole
from training.explain.maps import feature_maps, first_filters, grad_cam
from training.explain.model import ExplainedModel, open_explained_model

PAGE_NAME = "index.html"
# Maps shown of each stage: those that vary most.
SHOWN_MAPS = 16
_ABOUT = {
    "filters": "The filters of the first convolution",
    "grad-cam": "Grad-CAM: where the last stage speaks for each expression",
    "occlusion": "Occlusion: what makes each expression likelier (blurred, and shown sharp alone)",
}


def explain(
    source: Path, picture: Path, *, out: Path, is_crop: bool = False, overwrite: bool = False
) -> list[Path]:
    """Write the explanation of every face of a picture.

    Args:
        source: A run, or a bundle; of one without its Keras network occlusion is all that is shown.
        picture: The picture's file.
        out: The folder to write.
        is_crop: The picture is the crop of one face.
        overwrite: Replace an explanation that is there.

    Returns:
        The files written, the page last.

    Raises:
        MienError: The source or the picture cannot be read, shows no face, or `out` holds an
            explanation already.
        OSError: The picture's file cannot be opened.
    """
    refuse_overwriting([out / PAGE_NAME], overwrite=overwrite)
    model = open_explained_model(source)
    faces = model.align(read_picture_file(picture), is_crop=is_crop)
    if not faces:
        raise MienError(
            f"No face was found in {picture.name}. If it is the crop of one face, say --crop."
        )
    sheets = {}
    if model.network is not None:
        sheets["filters"] = filter_sheet(model.network)
    for number, face in enumerate(faces, start=1):
        for name, sheet in face_sheets(model, face.chip).items():
            sheets[f"face{number}-{name}"] = sheet
    out.mkdir(parents=True, exist_ok=True)
    for name, sheet in sheets.items():
        write_whole(out / f"{name}.png", encode_png(sheet))
    page = render(
        "explanation.html",
        package="training.explain",
        title="What the network sees",
        sheets={name: _about(name) for name in sheets},
        has_network=model.network is not None,
    )
    write_whole(out / PAGE_NAME, page)
    return [*(out / f"{name}.png" for name in sheets), out / PAGE_NAME]


def filter_sheet(network: Model) -> RgbImage:
    """Draw the filters of the first convolution: grey is 0, black and white are far from it."""
    return draw_sheet(map_tiles(first_filters(network), is_zero_grey=True))


def face_sheets(
    model: ExplainedModel, chip: GreyImage, *, true_index: int | None = None
) -> dict[str, RgbImage]:
    """Draw all that can be shown of one chip, by name.

    Args:
        model: What is explained.
        chip: uint8 (side, side).
        true_index: Of the chip's label, to be marked beside that of the answer; None where it is
            not known.
    """
    sheets = {}
    if model.network is not None and model.cut is not None:
        seen = np.asarray(model.cut(chip[None]))
        heats = grad_cam(model.network, seen, output=model.answers_with)
        sheets["grad-cam"] = _heat_sheet(model, chip, heats, true_index=true_index)
        for stage, maps in feature_maps(model.network, seen).items():
            liveliest = np.argsort(-maps.std(axis=(1, 2)), kind="stable")[:SHOWN_MAPS]
            sheets[stage] = draw_sheet(map_tiles(maps[liveliest]))
    heats = occlusion_maps(chip, model.classify)
    # These are in one unit for all labels, so they can share a scale.
    sheets["occlusion"] = _heat_sheet(
        model, chip, heats, true_index=true_index, largest=max(float(heats.max()), 0.0)
    )
    return sheets


def _heat_sheet(
    model: ExplainedModel,
    chip: GreyImage,
    heats: NDArray[np.floating],
    *,
    true_index: int | None,
    largest: float | None = None,
) -> RgbImage:
    probabilities = model.classify(chip[None])[0]
    marks = dict.fromkeys(model.labels, "")
    colours = dict.fromkeys(model.labels, NEUTRAL)
    if true_index is not None:
        said, true = model.labels[probabilities.argmax()], model.labels[true_index]
        marks[said], colours[said] = "said", WRONG
        marks[true], colours[true] = "true" if true != said else "true, said", RIGHT
    tiles = [
        Tile(
            overlay(chip, heat, largest=largest),
            f"{label} {probability:.0%}\n{marks[label]}",
            probability,
            colours[label],
        )
        for heat, label, probability in zip(
            heats, model.labels, probabilities.tolist(), strict=True
        )
    ]
    return draw_sheet([Tile(chip, "the chip"), *tiles])


def _about(name: str) -> str:
    face, dash, what = name.partition("-")
    about = _ABOUT.get(what or face, f"Feature maps after {what}, the {SHOWN_MAPS} that vary most")
    return f"{about} ({face})" if dash else about

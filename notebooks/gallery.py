"""Make the README's small pictures: `python -m notebooks.gallery --help`."""

import io
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import cv2
import numpy as np
from PIL import Image

from notebooks.browser import served_page
from preprocessing.bundle.occlusion import occlusion_maps
from preprocessing.dataset.read import Dataset, read_dataset
from preprocessing.images.decode import decode_image
from preprocessing.images.encode import encode_png
from preprocessing.images.montage import TILE_PX, Tile, draw_sheet
from preprocessing.images.sample import sample_photo_path
from preprocessing.images.types import GreyImage, RgbImage
from preprocessing.report.drawings import draw_mean_faces
from preprocessing.report.statistics import mean_faces
from preprocessing.runtime.cli import path_option
from serving.inference.annotate import annotate
from serving.inference.predictor import Predictor
from serving.inference.saliency import draw_saliency
from serving.inference.shipped_bundle import SHIPPED_BUNDLE
from tests.tools.camera_clip import write_film
from training.explain.model import open_explained_model
from training.explain.page import face_sheets

FOLDER = Path(__file__).with_name("gallery")
QUALITY = 85
PAGE_PX = (1280, 840)
CAMERA_PX, CAMERA_FRAMES, CAMERA_FRAME_MS, CAMERA_QUALITY = (960, 560), 12, 600, 40
# In the sample photo, in pixels: the middle of the face (x, y), and a side that holds the head.
FACE_MIDDLE = (224, 130)
HEAD_PX = 240
TILTS_DEG = (-60, -30, 0, 30, 60)


def photo_pictures() -> Iterator[tuple[str, RgbImage]]:
    """Show what the shipped bundle makes of the sample photo, and what it sees in it."""
    predictor = Predictor()
    photo = decode_image(sample_photo_path().read_bytes())
    picture, result = predictor.predict(encode_png(_head(photo, scale=2)))
    yield "marked", annotate(picture, result, landmarks=True)
    yield "aligned", _before_and_after(align_tilted(photo, predictor))
    (prediction,) = result.predictions
    index = result.labels.index(prediction.label)
    saliency = occlusion_maps(prediction.face.chip, predictor.probabilities)[index]
    yield "what-mattered", draw_saliency(prediction.face.chip, saliency)
    (face,) = predictor.align(photo)
    sheets = face_sheets(open_explained_model(SHIPPED_BUNDLE), face.chip)
    yield "grad-cam", sheets["grad-cam"]
    yield "feature-maps", sheets["stage2"]


def align_tilted(photo: RgbImage, predictor: Predictor) -> list[tuple[RgbImage, GreyImage]]:
    """Tilt the head of the sample photo by each of `TILTS_DEG`, and cut its chip each time."""
    pairs = []
    for tilt_deg in TILTS_DEG:
        head = _head(photo, tilt_deg=tilt_deg)
        (aligned,) = predictor.align(head)
        pairs.append((head, aligned.chip))
    return pairs


def dataset_pictures(dataset: Dataset) -> Iterator[tuple[str, RgbImage]]:
    """Show mean faces of a dataset before and after alignment, but no single face."""
    yield "mean-faces", draw_mean_faces(mean_faces(dataset))


def page_picture() -> RgbImage:
    """Show the page with its answer on a sample of three portraits, as Chromium draws it."""
    width, height = PAGE_PX
    with served_page() as (chromium, address):
        page = chromium.new_page(viewport={"width": width, "height": height})
        page.goto(address)
        page.locator(".home").get_by_role("button", name="Group").click()
        page.locator(".row .bars").first.wait_for()
        page.evaluate("scrollTo(0, 0)")
        return decode_image(page.screenshot())


def camera_film() -> list[Image.Image]:
    """Show the live camera at work on a drawn film, as Chromium draws it."""
    width, height = CAMERA_PX
    with TemporaryDirectory() as folder:
        clip = Path(folder) / "clip.y4m"
        write_film(clip)
        camera = ["--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={clip}"]
        with served_page(*camera) as (chromium, address):
            page = chromium.new_page(viewport={"width": width, "height": height})
            page.context.grant_permissions(["camera"])
            page.goto(f"{address}/live")
            page.locator("[data-part=start]").click()
            page.locator(".people li").wait_for()
            shots = []
            for _ in range(CAMERA_FRAMES):
                page.wait_for_timeout(CAMERA_FRAME_MS)
                shots.append(Image.open(io.BytesIO(page.screenshot())).convert("RGB"))
            return shots


@click.command()
@path_option("--dataset", help="For the mean faces: an aligned dataset.")
@click.option("--page", is_flag=True, help="The page too, drawn by Chromium.")
@click.option("--camera", is_flag=True, help="The live camera too, likewise.")
def main(*, dataset: Path | None, page: bool, camera: bool) -> None:
    """Write the pictures that can be made from what is given."""
    pictures = dict(photo_pictures())
    if page:
        pictures["page"] = page_picture()
    if dataset is not None:
        pictures |= dataset_pictures(read_dataset(dataset))
    FOLDER.mkdir(exist_ok=True)
    if camera:
        first, *rest = camera_film()
        first.save(
            FOLDER / "camera.webp",
            save_all=True,
            append_images=rest,
            duration=CAMERA_FRAME_MS,
            loop=0,
            quality=CAMERA_QUALITY,
        )
    for name, picture in pictures.items():
        Image.fromarray(picture).save(FOLDER / f"{name}.jpg", quality=QUALITY, optimize=True)


def _before_and_after(pairs: list[tuple[RgbImage, GreyImage]]) -> RgbImage:
    tilted, chips = [], []
    for tilt_deg, (head, chip) in zip(TILTS_DEG, pairs, strict=True):
        small = cv2.resize(head, (TILE_PX, TILE_PX), interpolation=cv2.INTER_AREA)
        tilted.append(Tile(small, f"turned by {tilt_deg}°"))
        chips.append(Tile(chip, "its chip"))
    return draw_sheet(tilted + chips, columns=len(TILTS_DEG))


def _head(photo: RgbImage, *, tilt_deg: float = 0.0, scale: float = 1.0) -> RgbImage:
    """Cut the sample photo's head, tilted about the face's middle."""
    side_px = round(HEAD_PX * scale)
    turn = cv2.getRotationMatrix2D(FACE_MIDDLE, tilt_deg, scale)
    turn[:, 2] += side_px / 2 - np.array(FACE_MIDDLE)
    size = (side_px, side_px)
    return cv2.warpAffine(photo, turn, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


if __name__ == "__main__":
    main()

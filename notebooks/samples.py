"""Make the sample pictures of the first screen: `python -m notebooks.samples --help`.

All are in the public domain: NASA's portrait of Eileen Collins (S99-03196), which is the sample
photo of `preprocessing`; the US Navy's portrait of Grace Hopper, as shipped with Matplotlib
(`mpl-data/sample_data/grace_hopper.jpg`); and Lav Varshney's photographer (CC0), as shipped with
scikit-image (`skimage/data/camera.png`).
"""

from pathlib import Path

import click
import cv2
import numpy as np
from PIL import Image, ImageOps

from preprocessing.images.sample import sample_photo_path
from preprocessing.runtime.cli import path_argument

FOLDER = Path(__file__).parents[1] / "serving" / "static" / "samples"
QUALITY, THUMBNAIL_QUALITY = 62, 50
THUMBNAIL_PX = 128
GROUP_HEIGHT_PX, GAP_PX = 300, 6
TILT_DEG = 35
# Boxes that are cut out: left, top, right, bottom in pixels of the originals.
COLLINS, HOPPER, PHOTOGRAPHER = (130, 10, 320, 260), (110, 20, 414, 420), (140, 66, 300, 276)
FACE = (90, 10, 290, 210)  # in the portrait


def samples(hopper: Image.Image, photographer: Image.Image) -> dict[str, Image.Image]:
    """Make the four pictures: a portrait, a group, a tilted head, and one that is hard to tell."""
    portrait = Image.open(sample_photo_path()).convert("RGB")
    crops = [
        portrait.crop(COLLINS),
        hopper.convert("RGB").crop(HOPPER),
        photographer.convert("RGB").crop(PHOTOGRAPHER),
    ]
    return {
        "portrait": portrait.crop((40, 0, 440, 400)),
        "group": _side_by_side(crops),
        "tilted": _tilted(portrait),
        "hard": photographer.convert("RGB").crop((90, 40, 410, 360)),
    }


def thumbnail(name: str, picture: Image.Image) -> Image.Image:
    """Cut out what tells a sample apart, in a square."""
    if name == "portrait":
        picture = picture.crop(FACE)
    width = round(THUMBNAIL_PX * (1.5 if name == "group" else 1))
    return ImageOps.fit(picture, (width, THUMBNAIL_PX), centering=(0.45, 0.42))


@click.command()
@path_argument("hopper", help="Matplotlib's grace_hopper.jpg.")
@path_argument("photographer", help="scikit-image's camera.png.")
def main(hopper: Path, photographer: Path) -> None:
    """Write the pictures and their thumbnails into the page's static files."""
    FOLDER.mkdir(exist_ok=True)
    made = samples(Image.open(hopper), Image.open(photographer))
    for name, picture in made.items():
        picture.save(FOLDER / f"{name}.webp", quality=QUALITY, method=6)
        small = FOLDER / f"{name}-small.webp"
        thumbnail(name, picture).save(small, quality=THUMBNAIL_QUALITY, method=6)


def _side_by_side(pictures: list[Image.Image]) -> Image.Image:
    scaled = [
        picture.resize((round(picture.width * GROUP_HEIGHT_PX / picture.height), GROUP_HEIGHT_PX))
        for picture in pictures
    ]
    width = sum(picture.width for picture in scaled) + GAP_PX * (len(scaled) - 1)
    group = Image.new("RGB", (width, GROUP_HEIGHT_PX), "white")
    left = 0
    for picture in scaled:
        group.paste(picture, (left, 0))
        left += picture.width + GAP_PX
    return group


def _tilted(portrait: Image.Image) -> Image.Image:
    """Turn the head about its middle, with what the picture shows around it."""
    pixels = np.asarray(portrait)
    turn = cv2.getRotationMatrix2D((224, 150), TILT_DEG, 1.0)
    turn[:, 2] += np.array((160, 160)) - np.array((224, 150))
    turned = cv2.warpAffine(pixels, turn, (320, 320), borderMode=cv2.BORDER_REFLECT)
    return Image.fromarray(turned)


if __name__ == "__main__":
    main()

"""Pictures such as people send, good and bad, made from the sample photo."""

import io

from PIL import Image

from preprocessing.images.sample import sample_photo_path


def good_pictures() -> list[bytes]:
    """Return pictures of no face, one face and two faces, in several sizes and formats."""
    with Image.open(sample_photo_path()) as opened:
        photo = opened.convert("RGB")
    pair = Image.new("RGB", (800, 400))
    pair.paste(photo.resize((400, 400), Image.Resampling.LANCZOS), (0, 0))
    pair.paste(photo.resize((400, 400), Image.Resampling.LANCZOS), (400, 0))
    return [
        sample_photo_path().read_bytes(),
        photo_640x480(),
        _encode(pair, "WEBP"),
        _encode(photo.resize((300, 300)).convert("L"), "PNG"),
        _encode(Image.new("RGB", (200, 150), "grey"), "PNG"),
    ]


def photo_640x480() -> bytes:
    """Return a JPEG of the sample photo, centred on grey."""
    on_grey = Image.new("RGB", (640, 480), "grey")
    with Image.open(sample_photo_path()) as photo:
        on_grey.paste(photo.resize((480, 480), Image.Resampling.LANCZOS), (80, 0))
    return _encode(on_grey, "JPEG", quality=90)


def bad_pictures() -> list[bytes]:
    """Return what is no picture, is cut short, or is too large."""
    photo = sample_photo_path().read_bytes()
    return [
        photo[: len(photo) // 20],
        b"%PDF-1.7 no picture",
        _encode(Image.new("1", (8000, 8000)), "PNG"),
    ]


def _encode(image: Image.Image, kind: str, **options: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()

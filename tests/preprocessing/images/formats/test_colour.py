import io
import struct

import numpy as np
import pytest
from PIL import Image, ImageCms

from preprocessing.images.decode import decode_here, decode_image
from preprocessing.images.formats.code_points import code_point_colours
from preprocessing.images.formats.icc import icc_colours
from tests.tools.picture_files import encode, smooth_picture
from tests.tools.profiles import (
    DISPLAY_P3,
    SRGB,
    SRGB_CURVE,
    adobe_rgb_profile,
    gamma_curve,
    grey_profile,
    ink_profile,
    parametric_curve,
    rgb_profile,
    table_curve,
)

# LittleCMS rounds otherwise in dark colours.
ROUNDING_LEVELS = 2
PROFILES = {
    "Display P3": rgb_profile(DISPLAY_P3, parametric_curve(3, *SRGB_CURVE)),
    "Adobe RGB": adobe_rgb_profile(),
    "a table": rgb_profile(DISPLAY_P3, table_curve(1.8)),
    "an exponent": rgb_profile(SRGB, parametric_curve(0, 1.6)),
    "three numbers": rgb_profile(DISPLAY_P3, parametric_curve(1, 2.0, 1.0, 0.0)),
    "four numbers": rgb_profile(DISPLAY_P3, parametric_curve(2, 2.0, 1.0, 0.0, 0.0)),
    "seven numbers": rgb_profile(DISPLAY_P3, parametric_curve(4, *SRGB_CURVE, 0.0, 0.0)),
    "linear": rgb_profile(SRGB, b"curv" + bytes(8)),
}


def with_tag(profile: bytes, name: bytes, start: int, size: int) -> bytes:
    """Say of a tag that it lies elsewhere."""
    at = profile.index(name) + len(name)
    return profile[:at] + struct.pack(">LL", start, size) + profile[at + 8 :]


def by_littlecms(picture: Image.Image, profile: bytes) -> np.ndarray:
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    target = ImageCms.createProfile("sRGB")
    return np.asarray(ImageCms.profileToProfile(picture, source, target, outputMode="RGB"))


@pytest.mark.parametrize("name", PROFILES)
def test_colours_are_converted_to_srgb_as_littlecms_does(name: str) -> None:
    picture = smooth_picture()
    decoded = decode_image(encode(picture, "PNG", icc_profile=PROFILES[name])).astype(int)
    expected = by_littlecms(picture, PROFILES[name])
    assert np.abs(decoded - expected).max() <= ROUNDING_LEVELS
    assert np.abs(decoded - np.asarray(picture)).mean() > 1


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "HEIF", "AVIF"])
def test_every_format_s_profile_is_heeded(kind: str) -> None:
    picture = smooth_picture()
    options = {"quality": 95} if kind in ("JPEG", "WEBP", "HEIF", "AVIF") else {}
    plain = encode(picture, kind, **options)
    tagged = encode(picture, kind, icc_profile=PROFILES["Adobe RGB"], **options)
    converted = by_littlecms(Image.fromarray(decode_image(plain)), PROFILES["Adobe RGB"])
    assert np.abs(decode_image(tagged).astype(int) - converted).max() <= 2 * ROUNDING_LEVELS


def test_a_profile_of_srgb_changes_nothing() -> None:
    profile = rgb_profile(SRGB, parametric_curve(3, *SRGB_CURVE))
    assert icc_colours(profile, channels=3) is None
    own = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert icc_colours(own, channels=3) is None


def test_grey_is_converted_by_the_curve_of_its_profile() -> None:
    grey = smooth_picture().convert("L")
    for profile in (grey_profile(gamma_curve(1.0)), rgb_profile(SRGB, gamma_curve(1.0))):
        decoded = decode_image(encode(grey, "PNG", icc_profile=profile))
        light = np.asarray(grey) / 255
        curved = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
        assert np.abs(decoded[..., 0] - 255 * curved).max() <= 1


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_inks_are_converted_by_their_profile(kind: str) -> None:
    inks = smooth_picture().convert("CMYK")
    decoded = decode_image(encode(inks, kind, icc_profile=ink_profile())).astype(int)
    expected = by_littlecms(inks, ink_profile())
    assert np.abs(decoded - expected).mean() < 2 * ROUNDING_LEVELS
    assert np.ptp(decoded, axis=-1).max() <= ROUNDING_LEVELS  # it prints grey


@pytest.mark.parametrize(
    "profile",
    [
        b"no profile",
        b"\0" * 500,
        PROFILES["Adobe RGB"][:200],
        PROFILES["Adobe RGB"].replace(b"curv", b"kurv"),
        PROFILES["Adobe RGB"].replace(b"acsp", b"junk"),
        PROFILES["Adobe RGB"][:8] + b"\5" + PROFILES["Adobe RGB"][9:],
        b"\1" + PROFILES["Adobe RGB"][1:],  # of 16 MB, it says
        bytes(4) + PROFILES["Adobe RGB"][4:],
        PROFILES["Adobe RGB"][:68] + bytes(12) + PROFILES["Adobe RGB"][80:],  # of no light
        with_tag(PROFILES["Adobe RGB"], b"cprt", 0, 2),
        with_tag(PROFILES["Adobe RGB"], b"cprt", len(PROFILES["Adobe RGB"]) - 4, 8),
        with_tag(PROFILES["Adobe RGB"], b"cprt", 2**32 - 4, 2**32 - 4),
        *(
            rgb_profile(DISPLAY_P3, parametric_curve(*curve))
            for curve in ((0, -1.0), (1, 2.2, 0.9, 0.1), (1, 2.2, 0.0, 0.1), (2, 2.2, 0.9, 0.1, 0))
        ),
        grey_profile(gamma_curve(2.0)),
        ink_profile(),
    ],
)
def test_a_profile_that_cannot_be_used_is_passed_over(profile: bytes) -> None:
    picture = smooth_picture()
    decoded = decode_image(encode(picture, "PNG", icc_profile=profile))
    np.testing.assert_array_equal(decoded, np.asarray(picture))


def test_a_profile_whose_tables_cannot_be_opened_is_passed_over() -> None:
    profile = PROFILES["Adobe RGB"].replace(b"cprt", b"A2B0")
    assert icc_colours(profile, channels=3) is None


def test_code_points_of_srgb_change_nothing_and_others_keep_white() -> None:
    assert code_point_colours(1, 13) is None
    assert code_point_colours(2, 2) is None  # not told
    for primaries, transfer in ((12, 13), (9, 8), (1, 4)):
        colours = code_point_colours(primaries, transfer)
        assert colours is not None
        pixels = np.array([[[255, 255, 255], [0, 0, 0], [200, 30, 30]]], np.uint8)
        colours.convert(pixels)
        assert pixels[0, 0].min() >= 254
        assert pixels[0, 1].max() == 0


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
@pytest.mark.parametrize(
    ("kind", "options"), [("PNG", {}), ("WEBP", {"lossless": True}), ("TIFF", {})]
)
def test_colours_are_converted_before_they_are_laid_on_white(
    kind: str, options: dict[str, bool], mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = smooth_picture().convert(mode)
    profile = PROFILES["Adobe RGB"]
    opaque = decode_image(encode(picture, kind, icc_profile=profile, **options)).astype(int)
    ramp = Image.linear_gradient("L").resize(picture.size)
    picture.putalpha(ramp)
    opacity = np.asarray(ramp)[..., None] / 255
    expected = opaque * opacity + 255 * (1 - opacity)
    data = encode(picture, kind, icc_profile=profile, **options)
    assert np.abs(decode_here(data).pixels - expected).max() <= 1
    monkeypatch.setattr("preprocessing.images.formats.png_small.MOST_PIXELS", 0)
    assert np.abs(decode_here(data).pixels - expected).max() <= 1

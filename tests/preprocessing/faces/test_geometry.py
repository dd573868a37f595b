from dataclasses import fields, replace

import numpy as np
import pytest

from preprocessing.faces.geometry import (
    EYES,
    MOUTH_CORNERS,
    NOSE,
    ChipGeometry,
    apply_transform,
    extract_chip,
    fit_landmarks,
    fit_similarity,
    sample_square,
)
from preprocessing.faces.procrustes import MIRRORED, mean_landmarks
from preprocessing.faces.template import MEAN_FACE

LOWER_LIP_AND_JAW = (*range(17), *range(55, 60), *range(64, 68))
GEOMETRY = ChipGeometry()
# The same face sampled through another grid: grey levels of 255, on average over a chip.
RESAMPLED_LEVELS = 2.5


def similarity(angle_deg: float, scale: float, shift: tuple[float, float]) -> np.ndarray:
    angle = np.radians(angle_deg)
    cosine, sine = scale * np.cos(angle), scale * np.sin(angle)
    return np.array([[cosine, -sine, shift[0]], [sine, cosine, shift[1]]])


@pytest.mark.parametrize("angle_deg", [-170, -45, 0, 15, 90])
@pytest.mark.parametrize("scale", [0.1, 1.0, 7.0])
def test_fit_finds_a_known_transform(angle_deg: float, scale: float) -> None:
    points = np.random.default_rng(0).normal(50, 20, (23, 2))
    known = similarity(angle_deg, scale, (12.5, -7.25))
    np.testing.assert_allclose(
        fit_similarity(points, apply_transform(known, points)), known, atol=1e-9
    )


def test_fit_is_the_best_there_is() -> None:
    generator = np.random.default_rng(1)
    source, target = generator.normal(size=(10, 2)), generator.normal(size=(10, 2))
    best = fit_similarity(source, target)

    def miss(transform: np.ndarray) -> float:
        return float(((apply_transform(transform, source) - target) ** 2).sum())

    for _ in range(100):
        nudge = generator.normal(0, 0.01, 4)
        a, b = best[0, 0] + nudge[0], best[1, 0] + nudge[1]
        other = np.array([[a, -b, best[0, 2] + nudge[2]], [b, a, best[1, 2] + nudge[3]]])
        assert miss(other) >= miss(best)


def test_points_in_one_place_cannot_be_fitted() -> None:
    with pytest.raises(ValueError, match="coincide"):
        fit_similarity(np.ones((5, 2)), np.zeros((5, 2)))


def test_opening_the_mouth_does_not_move_the_fit() -> None:
    face = np.array(MEAN_FACE, np.float32) * 200
    opened = face.copy()
    opened[list(LOWER_LIP_AND_JAW), 1] += 40
    np.testing.assert_array_equal(
        fit_landmarks(opened, GEOMETRY)[0], fit_landmarks(face, GEOMETRY)[0]
    )


def test_the_mean_face_fits_its_own_template() -> None:
    face = np.array(MEAN_FACE, np.float32) * GEOMETRY.size_px - 0.5
    transform, residual_px = fit_landmarks(face, GEOMETRY)
    assert residual_px < 1e-3
    np.testing.assert_allclose(transform, similarity(0, 1, (0, 0)), atol=1e-3)


def test_the_template_is_mirror_symmetric() -> None:
    mirrored = np.array(MEAN_FACE)[list(MIRRORED)]
    mirrored[:, 0] = 1 - mirrored[:, 0]
    np.testing.assert_allclose(mirrored, MEAN_FACE, atol=1e-3)


def test_mirroring_twice_is_nothing() -> None:
    assert [MIRRORED[index] for index in MIRRORED] == list(range(68))


def test_the_mean_face_is_found_in_scattered_faces() -> None:
    generator = np.random.default_rng(2)
    true_mean = np.array(MEAN_FACE)
    faces = []
    for _ in range(200):
        transform = similarity(
            generator.normal(0, 10),
            np.exp(generator.normal(0, 0.1)),
            tuple(generator.normal(0, 0.05, 2)),
        )
        noisy = true_mean + generator.normal(0, 0.01, true_mean.shape)
        faces.append(apply_transform(transform, noisy - 0.5) + 0.5)
    found = mean_landmarks(np.stack(faces))
    fitted = apply_transform(fit_similarity(found, true_mean), found)
    assert np.abs(fitted - true_mean).max() < 0.005
    assert np.abs(np.stack(faces).mean(axis=0) - true_mean).max() > 0.005


@pytest.fixture(scope="module")
def scene() -> np.ndarray:
    """A smooth random picture: nothing in it is finer than 8 pixels."""
    generator = np.random.default_rng(3)
    y, x = np.mgrid[:400, :400]
    waves = sum(
        np.cos(2 * np.pi * (x * fx + y * fy) + phase)
        for fx, fy, phase in zip(
            generator.uniform(-0.03, 0.03, 12),
            generator.uniform(-0.03, 0.03, 12),
            generator.uniform(0, 6.3, 12),
            strict=True,
        )
    )
    return (128 + 10 * np.asarray(waves)).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("margin", [-0.1, 0.0, 0.3])
def test_chips_do_not_care_how_the_picture_is_turned(scene: np.ndarray, margin: float) -> None:
    geometry = replace(GEOMETRY, margin=margin)
    straight = similarity(0, 0.3, (-36, -36))
    turned_scene = np.rot90(scene).copy()
    # A quarter turn counter-clockwise takes (x, y) to (y, 399 - x).
    back = np.array([[0.0, -1, 399], [1, 0, 0], [0, 0, 1]])
    turned = straight @ back
    chips = [
        extract_chip(scene, straight, geometry=geometry).astype(float),
        extract_chip(turned_scene, turned, geometry=geometry).astype(float),
    ]
    assert np.abs(chips[0] - chips[1]).mean() < RESAMPLED_LEVELS


@pytest.mark.parametrize("factor", [2, 3, 5])
def test_chips_do_not_care_how_large_the_picture_is(scene: np.ndarray, factor: int) -> None:
    straight = similarity(10, 0.3, (-36, -36))
    enlarged = np.kron(scene, np.ones((factor, factor), np.uint8))
    shrink = np.array(
        [[1 / factor, 0, 0.5 / factor - 0.5], [0, 1 / factor, 0.5 / factor - 0.5], [0, 0, 1]]
    )
    small = extract_chip(scene, straight, geometry=GEOMETRY).astype(float)
    large = extract_chip(enlarged, straight @ shrink, geometry=GEOMETRY).astype(float)
    assert np.abs(small - large).mean() < RESAMPLED_LEVELS


@pytest.mark.parametrize("scale", [1 / 2, 1 / 3.3, 1 / 8, 1 / 20])
def test_shrinking_does_not_alias(scale: float) -> None:
    y, x = np.mgrid[:1000, :1000]
    board = ((x + y) % 2 * 255).astype(np.uint8)
    chip = sample_square(board, similarity(0, scale, (0, 0)), size_px=GEOMETRY.size_px)
    assert chip.std() < 20
    assert abs(chip.mean() - 127.5) < 10


def test_an_untouched_crop_stays_as_it_is(scene: np.ndarray) -> None:
    crop = np.ascontiguousarray(scene[::4, ::4][:48, :48])
    chip = extract_chip(crop, similarity(0, 1, (0, 0)), geometry=GEOMETRY)
    np.testing.assert_array_equal(chip, crop)


def test_outside_the_picture_the_edge_is_repeated() -> None:
    grey = np.full((20, 20), 77, np.uint8)
    assert (extract_chip(grey, similarity(30, 1, (100, 100)), geometry=GEOMETRY) == 77).all()


def test_very_wide_pictures_can_be_cut(scene: np.ndarray) -> None:
    wide = np.tile(scene[:60], (1, 100))
    assert wide.shape[1] > 32_767
    chip = extract_chip(wide, similarity(0, 1, (-35_000, 0)), geometry=GEOMETRY)
    np.testing.assert_array_equal(chip, wide[:48, 35_000:35_048])


@pytest.mark.parametrize(
    "change",
    [
        {"size_px": 64},
        {"margin": 0.1},
        {"anchors": (*EYES, *NOSE, 49, 53)},
        {"template": tuple((x, y + 0.01) for x, y in GEOMETRY.template)},
        {"interpolation": "linear"},
    ],
)
def test_every_field_changes_the_digest(change: dict[str, object]) -> None:
    assert replace(GEOMETRY, **change).digest() != GEOMETRY.digest()  # type: ignore[arg-type]
    assert len(fields(ChipGeometry)) == 5


@pytest.mark.parametrize(
    "change",
    [
        {"size_px": 0},
        {"margin": -0.5},
        {"margin": -0.4999999},
        {"anchors": EYES},
        {"template": ((0.5, 0.5),) * len(GEOMETRY.anchors)},
        {"interpolation": "magic"},
    ],
)
def test_senseless_geometry_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="Received"):
        replace(GEOMETRY, **change)  # type: ignore[arg-type]


def test_anchors_leave_out_what_moves_when_a_mouth_opens() -> None:
    assert set(GEOMETRY.anchors) == {*EYES, *NOSE, *MOUTH_CORNERS}
    assert not set(GEOMETRY.anchors) & set(LOWER_LIP_AND_JAW)

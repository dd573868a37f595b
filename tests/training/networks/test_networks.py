from collections.abc import Callable

import keras
import numpy as np
import pytest

from preprocessing.bundle.outputs import OUTPUTS
from tests.training.depth import WHOLE_DEPTH, depth
from training.config import MOST_VIEWS
from training.export.tta import Views, candidate_views, with_views
from training.fitting.augment import Augment
from training.networks.resnet import resnet34

SIDE_PX = 48
# Float32 sums in another order.
ROUNDING = 1e-4
STILL = {
    "rotation_deg": 0.0,
    "scale": (1.0, 1.0),
    "shift": 0.0,
    "contrast": 0.0,
    "brightness": 0.0,
    "blur": 0.0,
    "noise": 0.0,
    "erase": 0.0,
    "seed": 0,
}


@pytest.fixture(scope="module")
def chips() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (16, SIDE_PX, SIDE_PX)).astype(np.uint8)


@pytest.fixture(scope="module")
def network() -> keras.Model:
    keras.utils.set_random_seed(0)
    with depth(WHOLE_DEPTH):
        return resnet34(6, outputs=OUTPUTS, width=4)


def test_resnet34_has_34_weighted_layers_on_its_main_path(network: keras.Model) -> None:
    weighted = [
        layer
        for layer in network.layers
        if isinstance(layer, keras.layers.Conv2D | keras.layers.Dense)
        and "shortcut" not in layer.name
    ]
    # The last of them once for each output.
    assert len(weighted) == 33 + len(OUTPUTS)
    assert tuple(layer.name for layer in weighted[-len(OUTPUTS) :]) == OUTPUTS


def test_width_multiplies_channels_and_parameters() -> None:
    with depth(WHOLE_DEPTH):
        narrow, wide = (resnet34(6, outputs=OUTPUTS, width=width) for width in (4, 8))
    assert narrow.get_layer("stem_conv").filters * 2 == wide.get_layer("stem_conv").filters
    assert wide.count_params() / narrow.count_params() == pytest.approx(4, rel=0.1)


@pytest.mark.parametrize("side_px", [24, 40, 48])
def test_network_takes_chips_of_any_size(network: keras.Model, side_px: int) -> None:
    assert network(np.zeros((2, side_px, side_px, 1), np.float32)).shape == (2, 2, 6)


def test_augment_only_brings_to_size_outside_training(chips: np.ndarray) -> None:
    layer = Augment(**{**STILL, "rotation_deg": 30.0, "erase": 0.9}, size_px=SIDE_PX)
    np.testing.assert_array_equal(np.asarray(layer(chips, training=False))[..., 0], chips)


def test_augment_without_changes_only_mirrors(chips: np.ndarray) -> None:
    augmented = np.asarray(Augment(**STILL, size_px=SIDE_PX)(chips, training=True))[..., 0]
    kept = [np.abs(new - old).max() < 0.01 for new, old in zip(augmented, chips, strict=True)]
    mirrored = [
        np.abs(new - old[:, ::-1]).max() < 0.01 for new, old in zip(augmented, chips, strict=True)
    ]
    assert all(a != b for a, b in zip(kept, mirrored, strict=True))
    assert any(kept)
    assert any(mirrored)


def test_rotation_turns_about_the_centre() -> None:
    ring = np.zeros((32, SIDE_PX, SIDE_PX), np.uint8)
    y, x = np.mgrid[:SIDE_PX, :SIDE_PX] - (SIDE_PX - 1) / 2
    ring[:, np.hypot(x, y) < 12] = 200
    turned = np.asarray(
        Augment(**{**STILL, "rotation_deg": 90.0}, size_px=SIDE_PX)(ring, training=True)
    )
    # A disc stays where it is; only its jagged rim is blurred.
    inside = np.hypot(x, y) < 10
    assert np.abs(turned[..., 0][:, inside] - 200).max() < 1
    assert np.abs(turned[..., 0][:, np.hypot(x, y) > 14]).max() < 1


@pytest.mark.parametrize(
    ("changes", "is_spread"),
    [
        ({"scale": (0.5, 2.0)}, lambda x: np.std(x.mean(axis=(1, 2)))),
        ({"brightness": 0.2}, lambda x: np.std(x.mean(axis=(1, 2)))),
        ({"contrast": 0.5}, lambda x: np.std(x.std(axis=(1, 2)))),
        ({"erase": 0.9}, lambda x: np.std(x.mean(axis=(1, 2)))),
        ({"shift": 0.3}, lambda x: np.std(x.mean(axis=(1, 2)))),
    ],
)
def test_each_change_changes_chips_differently(
    changes: dict[str, object], is_spread: Callable[[np.ndarray], float]
) -> None:
    y, x = np.mgrid[:SIDE_PX, :SIDE_PX] - (SIDE_PX - 1) / 2
    disc = np.where(np.hypot(x, y) < 16, 220, 30).astype(np.uint8)
    layer = Augment(**{**STILL, **changes}, size_px=SIDE_PX)
    augmented = np.asarray(layer(np.stack([disc] * 32), training=True))[..., 0]
    assert is_spread(augmented) > 0.5


def test_half_of_the_chips_have_noise_of_up_to_the_largest_strength() -> None:
    grey = np.full((64, SIDE_PX, SIDE_PX), 128, np.uint8)
    layer = Augment(**{**STILL, "noise": 20.0}, size_px=SIDE_PX)
    strength = np.asarray(layer(grey, training=True)).std(axis=(1, 2, 3))
    assert 16 < (strength == 0).sum() < 48
    assert 14 < strength.max() < 21


def test_half_of_the_chips_are_blurred_by_a_gaussian_of_up_to_the_largest_width() -> None:
    dot = np.zeros((64, SIDE_PX, SIDE_PX), np.uint8)
    dot[:, 20, 23:25] = 128  # The same in the mirror.
    layer = Augment(**{**STILL, "blur": 2.0}, size_px=SIDE_PX)
    blurred = np.asarray(layer(dot, training=True))[..., 0]
    np.testing.assert_allclose(blurred.sum(axis=(1, 2)), 256, rtol=1e-3)
    y, x = np.mgrid[:SIDE_PX, :SIDE_PX]
    for distance, least in ((y - 20, 0.0), (x - 23.5, 0.5)):
        width = np.sqrt((blurred * distance**2).sum(axis=(1, 2)) / 256 - least**2)
        assert 16 < (width < 0.02).sum() < 48
        assert 1.5 < width.max() < 2.0


def test_one_whole_view_is_the_network_itself(network: keras.Model, chips: np.ndarray) -> None:
    seen = with_views(network, Views(SIDE_PX, SIDE_PX), size_px=SIDE_PX)
    expected = network(chips[..., None].astype(np.float32), training=False)
    np.testing.assert_allclose(seen(chips), expected, atol=ROUNDING)


@pytest.mark.parametrize("most", MOST_VIEWS)
def test_no_more_views_are_tried_than_are_allowed_and_the_cheapest_first(most: int) -> None:
    counts = [views.count() for views in candidate_views(SIDE_PX, trained_px=40, most=most)]
    assert counts == sorted(counts)
    assert set(counts) == {count for count in MOST_VIEWS if count <= most}


MIRRORED = [views for views in candidate_views(SIDE_PX, trained_px=40, most=10) if views.mirrored]


@pytest.mark.parametrize("views", MIRRORED, ids=str)
def test_mirrored_views_do_not_care_for_mirroring(
    network: keras.Model, chips: np.ndarray, views: Views
) -> None:
    model = with_views(network, views, size_px=SIDE_PX)
    np.testing.assert_allclose(model(chips), model(chips[:, :, ::-1]), atol=ROUNDING)

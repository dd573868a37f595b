"""Runs that start from the network of another."""

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from preprocessing.bundle.outputs import CROWD, LABEL
from preprocessing.dataset.read import Dataset
from preprocessing.errors import MienError
from training.config import FitConfig
from training.fitting.fit import fit
from training.networks.build import load_network, read_settings
from training.networks.outputs import outputs_of


def test_a_run_starts_only_from_chips_aligned_alike(
    dataset: Dataset, run: Path, config: FitConfig, tmp_path: Path
) -> None:
    recipe = replace(dataset.manifest.recipe, geometry_digest="0" * 16)
    moved = replace(dataset, manifest=replace(dataset.manifest, recipe=recipe))
    with pytest.raises(MienError, match="differs in geometry_digest"):
        fit(moved, tmp_path / "next", config=config, start_from=run)


def test_a_run_can_start_from_a_bundle(
    dataset: Dataset, bundle: Path, config: FitConfig, tmp_path: Path
) -> None:
    still = replace(config, epochs=1, learning_rate=1e-9)
    network = fit(dataset, tmp_path / "next", config=still, start_from=bundle)
    exported = load_network(bundle)
    for layer in ("stem_conv", LABEL):
        np.testing.assert_allclose(
            network.get_layer(layer).get_weights()[0],
            exported.get_layer(layer).get_weights()[0],
            atol=1e-4,
        )
    started = read_settings(tmp_path / "next").start_from
    assert started is not None
    assert started.minutes == read_settings(bundle).training_minutes
    assert started.source == dataset.manifest.recipe.source


def test_a_run_can_start_from_another(
    dataset: Dataset, run: Path, config: FitConfig, tmp_path: Path
) -> None:
    still = replace(config, epochs=1, learning_rate=1e-9)
    network = fit(dataset, tmp_path / "next", config=still, start_from=run)
    earlier = keras.saving.load_model(run / "network.keras")
    np.testing.assert_allclose(
        network.get_layer(LABEL).get_weights()[0],
        earlier.get_layer(LABEL).get_weights()[0],
        atol=1e-4,
    )
    minutes = [read_settings(folder).training_minutes for folder in (run, tmp_path / "next")]
    assert minutes[1] > minutes[0]
    with pytest.raises(MienError, match="no finished run"):
        fit(dataset, tmp_path / "other", config=still, start_from=tmp_path)
    with pytest.raises(MienError, match="another width"):
        fit(dataset, tmp_path / "wider", config=replace(still, width=8), start_from=run)
    assert not (tmp_path / "wider").exists()


@pytest.mark.parametrize("kept", [np.s_[::-1], np.s_[:3]], ids=["as many", "fewer"])
def test_other_labels_get_a_new_last_layer(
    dataset: Dataset, run: Path, config: FitConfig, tmp_path: Path, kept: slice
) -> None:
    recipe = replace(dataset.manifest.recipe, labels=dataset.manifest.recipe.labels[kept])
    other = replace(
        dataset,
        manifest=replace(dataset.manifest, recipe=recipe),
        class_indices=dataset.class_indices % len(recipe.labels),
    )
    still = replace(config, epochs=1, learning_rate=1e-9, seed=1)
    network = fit(other, tmp_path / "next", config=still, start_from=run)
    assert network.output_shape == (None, 1, len(recipe.labels))
    earlier = keras.saving.load_model(run / "network.keras")
    ours, theirs = (
        {name: each.get_layer(name).get_weights()[0] for name in ("stem_conv", LABEL)}
        for each in (network, earlier)
    )
    np.testing.assert_allclose(ours["stem_conv"], theirs["stem_conv"], atol=1e-4)
    assert np.abs(ours[LABEL][:, :3] - theirs[LABEL][:, :3]).max() > 0.1


@pytest.mark.slow
@pytest.mark.parametrize(("others", "earlier"), [("voted", "run"), ("dataset", "voted_run")])
def test_a_run_of_one_output_starts_one_of_two_and_the_other_way_round(
    others: str,
    earlier: str,
    config: FitConfig,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    outputs = (CROWD, LABEL) if others == "voted" else (LABEL,)
    source: Path = request.getfixturevalue(earlier)
    still = replace(config, epochs=1, learning_rate=1e-9, seed=1)
    network = fit(
        request.getfixturevalue(others), tmp_path / "next", config=still, start_from=source
    )
    assert outputs_of(network) == outputs
    before = load_network(source)
    for layer in ("stem_conv", LABEL):
        np.testing.assert_allclose(
            network.get_layer(layer).get_weights()[0],
            before.get_layer(layer).get_weights()[0],
            atol=1e-4,
        )
    if CROWD in outputs:
        # A layer that starts from random weights is no copy of the label's layer.
        crowd, label = (network.get_layer(name).get_weights()[0] for name in outputs)
        assert np.abs(crowd).max() > 0.01
        assert np.abs(crowd - label).max() > 0.1
    # Votes went into the network, now or before.
    assert read_settings(tmp_path / "next").ferplus

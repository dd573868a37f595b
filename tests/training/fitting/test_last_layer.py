"""A last layer is fitted by regression: least loss, near its start, rows by their weights."""

import numpy as np
import pytest

from preprocessing.bundle.outputs import LABEL
from training.config import FitConfig
from training.fitting.last_layer import regress, take_known_labels
from training.metrics import cross_entropy
from training.networks.build import build_network

CLASSES = 4


@pytest.fixture
def clusters() -> tuple[np.ndarray, np.ndarray]:
    """Features of four classes, some of which overlap, and the class of each."""
    generator = np.random.default_rng(0)
    truth = generator.integers(0, CLASSES, 400)
    features = generator.normal(0, 1, (400, 8))
    features[np.arange(400), truth] += 1.5
    return (features - features.mean(axis=0)) / features.std(axis=0), truth


def test_regression_finds_the_least_loss(clusters: tuple[np.ndarray, np.ndarray]) -> None:
    features, truth = clusters
    start = (np.zeros((8, CLASSES)), np.zeros(CLASSES))
    kernel, bias = regress(features, np.eye(CLASSES)[truth], start=start, penalty=1e-3)
    least = cross_entropy(features @ kernel + bias, truth) + 0.5e-3 * (kernel**2).sum()
    assert least < cross_entropy(np.zeros((400, CLASSES)), truth) - 0.4
    generator = np.random.default_rng(1)
    for _ in range(20):
        other = kernel + generator.normal(0, 0.05, kernel.shape)
        around = bias + generator.normal(0, 0.05, bias.shape)
        loss = cross_entropy(features @ other + around, truth) + 0.5e-3 * (other**2).sum()
        assert loss > least


def test_a_penalty_keeps_the_weights_near_their_start(
    clusters: tuple[np.ndarray, np.ndarray],
) -> None:
    features, truth = clusters
    start = (np.random.default_rng(2).normal(0, 1, (8, CLASSES)), np.zeros(CLASSES))
    moved = [
        float(
            np.abs(
                regress(features, np.eye(CLASSES)[truth], start=start, penalty=p)[0] - start[0]
            ).max()
        )
        for p in (1e-4, 1.0, 1e4)
    ]
    assert moved[0] > moved[1] > moved[2]
    assert moved[2] < 1e-2


def test_rows_that_weigh_more_count_for_more(clusters: tuple[np.ndarray, np.ndarray]) -> None:
    features, truth = clusters
    start = (np.zeros((8, CLASSES)), np.zeros(CLASSES))
    twice = np.concatenate([features, features[truth == 0]])
    targets = np.eye(CLASSES)[truth]
    weighted = targets * np.where(truth == 0, 2.0, 1.0)[:, None]
    repeated = np.concatenate([targets, targets[truth == 0]])
    one, _ = regress(features, weighted / weighted.sum() * 400, start=start, penalty=1e-3)
    two, _ = regress(twice, repeated, start=start, penalty=1e-3)
    np.testing.assert_allclose(one, two, atol=1e-2)


def test_known_labels_start_with_what_is_known(config: FitConfig) -> None:
    known = build_network(config, classes=3, outputs=(LABEL,))
    kernel, bias = known.get_layer(LABEL).get_weights()
    known.get_layer(LABEL).set_weights([kernel, bias + np.arange(3)])
    network = build_network(config, classes=3, outputs=(LABEL,))
    take_known_labels(
        network, known, labels=("sad", "bored", "happy"), known_labels=("happy", "angry", "sad")
    )
    taken, biases = network.get_layer(LABEL).get_weights()
    np.testing.assert_array_equal(taken[:, 0], kernel[:, 2])
    np.testing.assert_array_equal(taken[:, 1], 0)
    np.testing.assert_array_equal(taken[:, 2], kernel[:, 0])
    assert biases.tolist() == [2, 0, 0]

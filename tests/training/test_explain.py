import shutil
from pathlib import Path

import cv2
import keras
import numpy as np
import pytest

from preprocessing.errors import MienError
from preprocessing.occlusion import occlusion_map
from preprocessing.sample import sample_photo_path
from training.__main__ import main
from training.explain import feature_maps, first_filters, grad_cam
from training.explain_page import explain
from training.resnet import resnet34
from training.subject import open_subject

# Float32 sums in another order.
ROUNDING = 1e-4
# One shuffle leaves chance likenesses of up to 0.5 between maps of so few places; their mean over
# some shuffles does not.
SHUFFLES, ALIKE = 3, 0.4
# Of the sample's chip: rows and columns.
MOUTH, FOREHEAD = np.s_[31:43, 14:34], np.s_[4:16, 14:34]


@pytest.fixture(scope="module")
def network() -> keras.Model:
    keras.utils.set_random_seed(0)
    return resnet34(6, width=4)


@pytest.fixture(scope="module")
def seen() -> np.ndarray:
    return np.random.default_rng(0).uniform(0, 255, (1, 48, 48, 1)).astype(np.float32)


def test_stages_halve_the_maps_and_double_their_number(
    network: keras.Model, seen: np.ndarray
) -> None:
    shapes = {stage: maps.shape for stage, maps in feature_maps(network, seen).items()}
    assert shapes == {
        "stem": (4, 48, 48),
        "stage1": (4, 48, 48),
        "stage2": (8, 24, 24),
        "stage3": (16, 12, 12),
        "stage4": (32, 6, 6),
    }
    assert first_filters(network).shape == (4, 3, 3)


def test_grad_cam_is_the_class_activation_map_of_a_network_that_pools(
    network: keras.Model, seen: np.ndarray
) -> None:
    """Selvaraju et al. 2017, section 3.1: both are equal but for the number of places."""
    maps = feature_maps(network, seen)["stage4"]
    weights = np.asarray(network.get_layer("logits").kernel)[:, 2]
    expected = np.maximum(np.tensordot(weights, maps, axes=1), 0) / maps[0].size
    np.testing.assert_allclose(grad_cam(network, seen, class_index=2), expected, atol=ROUNDING)


def test_other_weights_give_another_map(repository_root: Path) -> None:
    """The sanity check of Adebayo et al. 2018, arXiv:1810.03292: shuffle what was learnt.

    From the last layer down, stage by stage, until nothing is left of it.
    """
    subject = open_subject(repository_root / "serving" / "bundle")
    network = subject.network
    (face,) = subject.align(sample_photo_path().read_bytes(), is_crop=False)
    chip = face.chip[None, ..., None].astype(np.float32)

    def maps() -> np.ndarray:
        classes = range(len(subject.labels))
        return np.stack([grad_cam(network, chip, class_index=index) for index in classes])

    learnt, weights = maps(), network.get_weights()
    alike = {part: [] for part in ("logits", "stage4", "stage3", "stage2", "stage1", "stem")}
    for seed in range(SHUFFLES):
        generator = np.random.default_rng(seed)
        network.set_weights(weights)
        for part, correlations in alike.items():
            for layer in network.layers:
                if layer.name.startswith(part) and hasattr(layer, "kernel"):
                    shuffled = generator.permuted(np.asarray(layer.kernel).ravel())
                    layer.kernel.assign(shuffled.reshape(layer.kernel.shape))
            correlations.append(np.corrcoef(learnt.ravel(), maps().ravel())[0, 1])
    for part, correlations in alike.items():
        assert abs(np.mean(correlations)) < ALIKE, part


def test_a_smile_is_read_from_the_mouth(repository_root: Path) -> None:
    subject = open_subject(repository_root / "serving" / "bundle")
    (face,) = subject.align(sample_photo_path().read_bytes(), is_crop=False)
    chip = face.chip[None, ..., None].astype(np.float32)
    coarse = grad_cam(subject.network, chip, class_index=subject.labels.index("happy"))
    heat = cv2.resize(coarse, face.chip.shape)
    elsewhere = np.ones(heat.shape, np.bool_)
    elsewhere[MOUTH] = False
    assert heat[MOUTH].mean() > 2 * heat[elsewhere].mean()


def test_a_cover_over_the_mouth_of_a_smile_lowers_happy(repository_root: Path) -> None:
    subject = open_subject(repository_root / "serving" / "bundle")
    photo = sample_photo_path().read_bytes()
    (face,) = subject.align(photo, is_crop=False)
    happy = subject.labels.index("happy")
    lost = occlusion_map(face.chip, subject.classify, label_index=happy)
    elsewhere = np.ones(lost.shape, np.bool_)
    elsewhere[MOUTH] = False
    assert lost[MOUTH].mean() > max(0.0, lost[elsewhere].mean())

    def with_covered(place: tuple[slice, slice]) -> float:
        covered = face.chip.copy()
        covered[place] = round(face.chip.mean())
        return float(subject.classify(covered[None])[0, happy])

    # The cheeks smile too, so the mouth takes only a part of it: from 0.92 to 0.88.
    before = float(subject.classify(face.chip[None])[0, happy])
    assert with_covered(MOUTH) < before - 0.03
    assert with_covered(MOUTH) < with_covered(FOREHEAD) - 0.03


def test_a_photo_is_explained_by_pictures_and_a_page(run: Path, tmp_path: Path) -> None:
    command = ["explain", str(run), str(sample_photo_path()), str(tmp_path)]
    assert main(command) == 0
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    pictures = {path.name for path in tmp_path.glob("*.png")}
    assert {"filters.png", "face1-stage4.png", "face1-grad-cam.png", "face1-occlusion.png"} <= (
        pictures
    )
    assert all(f'src="{name}"' in page for name in pictures)
    assert "<script" not in page
    assert main(command) == 1


def test_a_bundle_is_explained_like_a_run(bundle: Path, run: Path, tmp_path: Path) -> None:
    for source in (bundle, run):
        explain(source, sample_photo_path(), out=tmp_path / source.name)
    ours, theirs = (
        {path.name for path in (tmp_path / source.name).glob("*.png")} for source in (bundle, run)
    )
    assert ours == theirs


def test_a_bundle_without_its_network_shows_occlusion_and_says_why_no_more(
    bundle: Path, tmp_path: Path
) -> None:
    small = shutil.copytree(bundle, tmp_path / "small")
    (small / "network.keras").unlink()
    explain(small, sample_photo_path(), out=tmp_path / "why")
    assert [path.name for path in (tmp_path / "why").glob("*.png")] == ["face1-occlusion.png"]
    assert "too large" in (tmp_path / "why" / "index.html").read_text(encoding="utf-8")


def test_what_is_neither_run_nor_bundle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MienError, match="no finished run"):
        explain(tmp_path, sample_photo_path(), out=tmp_path / "out")

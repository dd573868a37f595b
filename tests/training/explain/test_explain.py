import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import keras
import numpy as np
import pytest

from preprocessing.bundle.classifier import ChipClassifier
from preprocessing.bundle.occlusion import occlusion_maps
from preprocessing.bundle.outputs import CROWD, LABEL, OUTPUTS, to_probabilities
from preprocessing.bundle.spec import read_spec, write_spec
from preprocessing.dataset.read import Dataset
from preprocessing.errors import MienError
from preprocessing.images.sample import sample_photo_path
from preprocessing.images.types import GreyImage
from tests.training.depth import WHOLE_DEPTH, depth
from training.__main__ import main
from training.distillation.ensemble import open_network
from training.explain.maps import feature_maps, first_filters, grad_cam
from training.explain.model import ExplainedModel, open_explained_model
from training.explain.page import explain, face_sheets
from training.networks.outputs import outputs_of
from training.networks.resnet import resnet34

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
    with depth(WHOLE_DEPTH):
        return resnet34(6, outputs=OUTPUTS, width=4)


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
    for place, output in enumerate(OUTPUTS):
        weights = np.asarray(network.get_layer(output).kernel)[:, 2]
        expected = np.maximum(np.tensordot(weights, maps, axes=1), 0) / maps[0].size
        found = grad_cam(network, seen, output=place)[2]
        np.testing.assert_allclose(found, expected, atol=ROUNDING)


@pytest.fixture(scope="module")
def shipped(repository_root: Path) -> ExplainedModel:
    with depth(WHOLE_DEPTH):
        return open_explained_model(repository_root / "serving" / "bundle")


@pytest.fixture(scope="module")
def smile(shipped: ExplainedModel) -> GreyImage:
    """The chip of the sample."""
    (face,) = shipped.align(sample_photo_path().read_bytes(), is_crop=False)
    return face.chip


@pytest.mark.slow
def test_other_weights_give_another_map(shipped: ExplainedModel, smile: GreyImage) -> None:
    """The sanity check of Adebayo et al. 2018, arXiv:1810.03292: shuffle what was learnt.

    From the last layer down, stage by stage, until nothing is left of it.
    """
    network, seen = shipped.network, np.asarray(shipped.cut(smile[None]))
    output = shipped.answers_with
    learnt, weights = grad_cam(network, seen, output=output), network.get_weights()
    last = outputs_of(network)[output]
    alike = {part: [] for part in (last, "stage4", "stage3", "stage2", "stage1", "stem")}
    for seed in range(SHUFFLES):
        generator = np.random.default_rng(seed)
        network.set_weights(weights)
        for part, correlations in alike.items():
            for layer in network.layers:
                if layer.name.startswith(part) and hasattr(layer, "kernel"):
                    shuffled = generator.permuted(np.asarray(layer.kernel).ravel())
                    layer.kernel.assign(shuffled.reshape(layer.kernel.shape))
            shown = grad_cam(network, seen, output=output)
            # Nothing may speak for any label any more: that is another map too.
            alike_now = np.corrcoef(learnt.ravel(), shown.ravel())[0, 1] if shown.any() else 0.0
            correlations.append(alike_now)
    network.set_weights(weights)
    for part, correlations in alike.items():
        assert abs(np.mean(correlations)) < ALIKE, part


def test_a_smile_is_read_from_the_mouth(shipped: ExplainedModel, smile: GreyImage) -> None:
    seen = np.asarray(shipped.cut(smile[None]))
    coarse = grad_cam(shipped.network, seen, output=shipped.answers_with)
    heat = cv2.resize(coarse[shipped.labels.index("happy")], smile.shape)
    elsewhere = np.ones(heat.shape, np.bool_)
    elsewhere[MOUTH] = False
    assert heat[MOUTH].mean() > 2 * heat[elsewhere].mean()


def test_a_cover_over_the_mouth_of_a_smile_lowers_happy(
    shipped: ExplainedModel, smile: GreyImage
) -> None:
    happy = shipped.labels.index("happy")
    lost = occlusion_maps(smile, shipped.classify)[happy]
    elsewhere = np.ones(lost.shape, np.bool_)
    elsewhere[MOUTH] = False
    assert lost[MOUTH].mean() > max(0.0, lost[elsewhere].mean())

    def odds(chip: GreyImage) -> float:
        share = float(shipped.classify(chip[None])[0, happy])
        return share / (1 - share)

    def with_covered(place: tuple[slice, slice]) -> float:
        covered = smile.copy()
        covered[place] = round(smile.mean())
        return odds(covered)

    # The cheeks smile too, so the mouth takes only a part of it: from 0.94 to 0.91.
    assert with_covered(MOUTH) < odds(smile) / 1.4
    assert with_covered(MOUTH) < with_covered(FOREHEAD) / 1.4


@pytest.fixture(scope="module")
def explained(voted_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the command writes of a run, here one of two outputs."""
    out = tmp_path_factory.mktemp("explained")
    assert main(["explain", str(voted_run), str(sample_photo_path()), str(out)]) == 0
    return out


def test_a_photo_is_explained_by_pictures_and_a_page(voted_run: Path, explained: Path) -> None:
    page = (explained / "index.html").read_text(encoding="utf-8")
    pictures = {path.name for path in explained.glob("*.png")}
    assert {"filters.png", "face1-stage2.png", "face1-grad-cam.png", "face1-occlusion.png"} <= (
        pictures
    )
    assert all(f'src="{name}"' in page for name in pictures)
    assert "<script" not in page
    assert main(["explain", str(voted_run), str(sample_photo_path()), str(explained)]) == 1


def test_a_bundle_of_one_output_is_explained_like_a_run_of_two(
    bundle: Path, explained: Path, tmp_path: Path
) -> None:
    explain(bundle, sample_photo_path(), out=tmp_path)
    ours, theirs = ({path.name for path in out.glob("*.png")} for out in (tmp_path, explained))
    assert ours == theirs


def test_of_two_outputs_the_one_that_answers_is_explained(
    voted_run: Path, voted_bundle: Path, voted: Dataset, tmp_path: Path
) -> None:
    chips = voted.chips[:3]
    # A run has no temperature yet.
    run = open_explained_model(voted_run)
    said = open_network(voted_run / "network.keras")(chips)
    np.testing.assert_allclose(
        run.classify(chips), to_probabilities(said[CROWD], 1.0), atol=ROUNDING
    )
    assert run.answers_with == 0
    spec = read_spec(voted_bundle)
    logits = ChipClassifier(voted_bundle).logits(chips)
    other = shutil.copytree(voted_bundle, tmp_path / "other")
    write_spec(replace(spec, answers_with=LABEL), other)
    for bundle, place, output in ((voted_bundle, 0, CROWD), (other, 1, LABEL)):
        model = open_explained_model(bundle)
        assert model.answers_with == place
        expected = spec.outputs[output].probabilities(logits[:, place])
        np.testing.assert_allclose(model.classify(chips), expected, atol=ROUNDING)
    sheets = [
        face_sheets(open_explained_model(bundle), chips[0])["grad-cam"]
        for bundle in (voted_bundle, other)
    ]
    assert (sheets[0] != sheets[1]).any()


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

"""Small aligned datasets, with and without votes, and short runs, made the way a user does.

What takes long to make is made once, also where pytest-xdist has several processes.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

import training.fitting.recalibrate
from preprocessing.bundle.outputs import to_probabilities
from preprocessing.dataset.build import align_source
from preprocessing.dataset.options import AlignOptions
from preprocessing.dataset.read import Dataset, read_dataset
from tests.training.depth import SMALL_DEPTH, depth
from tests.training.distilled import WEIGHT, finish, first_steps, write_teacher
from tests.training.eager import ALWAYS, AS_THE_MODEL_SAYS, run_eagerly
from tests.training.exported import Exported, export_into, read_exported
from tests.training.small_sources import write_fer2013, write_ferplus
from training.config import FitConfig
from training.data import training_rows
from training.evaluation.predict import TEST_USES_NAME
from training.export import litert
from training.fitting.fit import fit
from training.presets import PRESETS

TRAINED = {"run", "voted_run"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as slow what needs a network to be trained first."""
    for item in items:
        needed = set(getattr(item, "fixturenames", ()))
        if item.path.is_relative_to(Path(__file__).parent) and needed & TRAINED:
            item.add_marker(pytest.mark.slow)


@contextmanager
def quick_runs(eagerly: property) -> Iterator[None]:
    """Leave out what most of a short run's time goes into: no test asks how good a network is."""
    with pytest.MonkeyPatch.context() as patch, depth(SMALL_DEPTH), run_eagerly(eagerly):
        patch.setattr(training.fitting.recalibrate, "BATCHES", 10)
        yield


@pytest.fixture(scope="module", autouse=True)
def _quick_runs() -> Iterator[None]:
    """Train quickly in a module of this folder; modules of others may follow in the same process.

    Fixtures of a session are made before, so that each of them asks for quick runs itself.
    """
    with quick_runs(ALWAYS):
        yield


@pytest.fixture
def compiled() -> Iterator[None]:
    """Compile steps as users' runs do, for tests of runs of so many steps that it pays."""
    with run_eagerly(AS_THE_MODEL_SAYS):
        yield


@pytest.fixture
def one_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    """Convert a network in no other precision than float32, for tests that compare none."""
    monkeypatch.setattr(litert, "PRECISIONS", ("float32",))


MakeOnce = Callable[[str, Callable[[Path], object]], Path]
"""Takes a name, and what fills an empty folder; returns the folder of that name."""


@pytest.fixture(scope="session")
def make_once(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> MakeOnce:
    """Make a folder in the first of xdist's processes that needs it; the others wait for it.

    Tests may read such a folder and not change it.
    """
    root = tmp_path_factory.getbasetemp()
    if worker_id != "master":
        root = root.parent

    def make(name: str, fill: Callable[[Path], object]) -> Path:
        folder = root / "made-once" / name
        with FileLock(root / f"{name}.lock"):
            if not folder.exists():
                partial = tmp_path_factory.mktemp(name)
                fill(partial)
                folder.parent.mkdir(exist_ok=True)
                partial.rename(folder)
        return folder

    return make


@pytest.fixture(scope="session")
def fer2013_csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_fer2013(tmp_path_factory.mktemp("source") / "fer2013.csv")


@pytest.fixture(scope="session")
def dataset_folder(fer2013_csv: Path, make_once: MakeOnce) -> Path:
    options = AlignOptions(workers=1)
    return make_once("dataset", lambda folder: align_source(fer2013_csv, folder, options=options))


@pytest.fixture(scope="session")
def ferplus_csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_ferplus(tmp_path_factory.mktemp("ferplus") / "fer2013new.csv")


@pytest.fixture(scope="session")
def voted_folder(fer2013_csv: Path, ferplus_csv: Path, make_once: MakeOnce) -> Path:
    """The same dataset with votes."""
    options = AlignOptions(workers=1, ferplus=ferplus_csv)
    return make_once("voted", lambda folder: align_source(fer2013_csv, folder, options=options))


@pytest.fixture(scope="session")
def voted(voted_folder: Path) -> Dataset:
    return read_dataset(voted_folder)


@pytest.fixture
def unused_dataset(dataset_folder: Path, tmp_path: Path) -> Path:
    """A copy of the dataset whose test split nobody has asked for yet."""
    return shutil.copytree(
        dataset_folder, tmp_path / "dataset", ignore=shutil.ignore_patterns(TEST_USES_NAME)
    )


@pytest.fixture(scope="session")
def dataset(dataset_folder: Path) -> Dataset:
    return read_dataset(dataset_folder)


@pytest.fixture(scope="session")
def config() -> FitConfig:
    return replace(PRESETS["smoke"], epochs=2)


@pytest.fixture(scope="session")
def shallow_config() -> FitConfig:
    """For what holds whatever the network: one that takes little time to build."""
    return replace(PRESETS["shallow"], epochs=2, batch_size=16)


@pytest.fixture(scope="session")
def run(dataset: Dataset, config: FitConfig, make_once: MakeOnce) -> Path:
    """A finished run, in compiled steps as users train; tests that change it take a copy."""
    with quick_runs(AS_THE_MODEL_SAYS):
        return make_once("run", lambda folder: fit(dataset, folder, config=config))


@pytest.fixture(scope="session")
def voted_run(voted: Dataset, config: FitConfig, make_once: MakeOnce) -> Path:
    """A finished run of a network with two outputs, likewise; tests that change it take a copy."""
    with quick_runs(AS_THE_MODEL_SAYS):
        return make_once("voted-run", lambda folder: fit(voted, folder, config=config))


@pytest.fixture(scope="session")
def exported(run: Path, dataset: Dataset, make_once: MakeOnce) -> Exported:
    with quick_runs(AS_THE_MODEL_SAYS):
        folder = make_once("exported", lambda folder: export_into(folder, run, dataset))
    return read_exported(folder)


@pytest.fixture(scope="session")
def bundle(exported: Exported) -> Path:
    """The run, exported; tests that change it take a copy."""
    return exported.bundle


@pytest.fixture(scope="session")
def voted_exported(voted_run: Path, voted: Dataset, make_once: MakeOnce) -> Exported:
    with quick_runs(ALWAYS):
        folder = make_once("voted-exported", lambda folder: export_into(folder, voted_run, voted))
    return read_exported(folder)


@pytest.fixture(scope="session")
def voted_bundle(voted_exported: Exported) -> Path:
    """A bundle with two outputs; tests that change it take a copy."""
    return voted_exported.bundle


@pytest.fixture(scope="session")
def honest() -> tuple[np.ndarray, np.ndarray]:
    """Logits whose softmax is the true distribution from which the classes are drawn."""
    generator = np.random.default_rng(0)
    logits = generator.normal(0, 2, (20_000, 3))
    probabilities = to_probabilities(logits, 1.0)
    truth = (generator.random(len(logits))[:, None] > probabilities.cumsum(axis=1)).sum(axis=1)
    return logits, np.minimum(truth, 2)


@pytest.fixture(scope="module")
def distilled_rows(dataset: Dataset) -> np.ndarray:
    """Every other training row."""
    return training_rows(dataset)[::2]


@pytest.fixture(scope="module")
def teacher(dataset: Dataset, distilled_rows: np.ndarray, tmp_path_factory: pytest.TempPathFactory):
    """A teacher that says anything, of every other row; as if FER+ had gone into it."""
    path = tmp_path_factory.mktemp("teacher") / "teacher.npz"
    write_teacher(path, dataset, distilled_rows)
    return path


@pytest.fixture(scope="module")
def distilled_config(config: FitConfig) -> FitConfig:
    return replace(config, teacher_weight=WEIGHT)


@pytest.fixture(scope="module")
def distilled_run(
    dataset: Dataset,
    teacher: Path,
    distilled_config: FitConfig,
    run: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    folder = tmp_path_factory.mktemp("distilled") / "run"
    first_steps(dataset, folder, steps=1, config=distilled_config, teacher=teacher)
    finish(folder, like=run)
    return folder

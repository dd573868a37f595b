"""Files of soft labels: what is written is read; what does not belong to a dataset is refused."""

import hashlib
import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from preprocessing.bundle.outputs import CROWD, LABEL, OUTPUTS
from preprocessing.dataset.read import Dataset
from preprocessing.errors import DatasetError
from tests.training.distilled import CLASSES, ROUNDING, WEIGHT, random_probabilities
from training.data import training_rows
from training.soft_labels import mix_targets, read_soft_labels, write_soft_labels


def test_what_is_written_is_read(
    dataset: Dataset, teacher: Path, distilled_rows: np.ndarray
) -> None:
    read = read_soft_labels(teacher, dataset)
    assert list(read.probabilities) == [LABEL]
    probabilities = read.probabilities[LABEL]
    np.testing.assert_array_equal(
        probabilities[distilled_rows], random_probabilities(len(distilled_rows))
    )
    assert np.isnan(np.delete(probabilities, distilled_rows, axis=0)).all()
    assert read.record().to_json() == {
        "name": "teacher.npz",
        "sha256": hashlib.sha256(teacher.read_bytes()).hexdigest(),
        "origin": "dice",
        "ferplus": True,
    }


@pytest.mark.parametrize(
    "changes", [{"source_sha256": "0" * 64}, {"disgust": "keep"}, {"labels": ("happy", "sad")}]
)
def test_a_file_for_another_dataset_is_refused(
    dataset: Dataset, teacher: Path, changes: dict[str, object]
) -> None:
    recipe = replace(dataset.manifest.recipe, **changes)
    other = replace(dataset, manifest=replace(dataset.manifest, recipe=recipe))
    with pytest.raises(DatasetError, match=f"another dataset: {next(iter(changes))} differ"):
        read_soft_labels(teacher, other)


def test_what_is_no_file_of_soft_labels_is_named(dataset: Dataset, tmp_path: Path) -> None:
    path = tmp_path / "targets.npz"
    with pytest.raises(DatasetError, match="No such file"):
        read_soft_labels(path, dataset)
    path.write_bytes(b"")
    with pytest.raises(DatasetError, match="cannot be read"):
        read_soft_labels(path, dataset)
    path.write_text("probabilities", encoding="utf-8")
    with pytest.raises(DatasetError, match="cannot be read"):
        read_soft_labels(path, dataset)
    with path.open("wb") as file:
        np.save(file, np.ones(3))
    with pytest.raises(DatasetError, match="cannot be read"):
        read_soft_labels(path, dataset)
    with path.open("wb") as file:
        np.savez(file, about=np.array({"recipe": {}}, dtype=object))
    with pytest.raises(DatasetError, match="allow_pickle"):
        read_soft_labels(path, dataset)
    # As an earlier version wrote them, for a network of one output without a name.
    with path.open("wb") as file:
        np.savez(file, about=np.array("{}"), probabilities=np.ones((1, CLASSES)))
    with pytest.raises(DatasetError, match="none of crowd, label"):
        read_soft_labels(path, dataset)


def write_again(teacher: Path, path: Path, **changes: np.ndarray | bytes) -> Path:
    """Copy a file of soft labels, with other arrays in it, or bytes in their place."""
    with np.load(teacher) as arrays, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, array in {**arrays, **changes}.items():
            if isinstance(array, bytes):
                packed.writestr(f"{name}.npy", array)
                continue
            with packed.open(f"{name}.npy", "w") as file:
                np.lib.format.write_array(file, array)
    return path


def test_a_small_file_takes_no_memory_for_what_it_claims_or_unpacks_to(
    dataset: Dataset, teacher: Path, tmp_path: Path
) -> None:
    header = io.BytesIO()
    claimed = {"descr": "<f4", "fortran_order": False, "shape": (10**13, CLASSES)}
    np.lib.format.write_array_header_1_0(header, claimed)
    path = write_again(teacher, tmp_path / "claims.npz", crowd=header.getvalue())
    with pytest.raises(DatasetError, match="cannot be read as soft labels"):
        read_soft_labels(path, dataset)
    zeros = np.zeros((2_000_000, CLASSES), np.float32)
    path = write_again(teacher, tmp_path / "zeros.npz", crowd=zeros)
    assert path.stat().st_size < 100_000
    with pytest.raises(DatasetError, match="unpacks to far more"):
        read_soft_labels(path, dataset)


@pytest.mark.parametrize("kind", ["U4", "M8[s]", "complex64", "int64"])
def test_what_is_no_number_with_a_fraction_is_no_probability(
    kind: str, dataset: Dataset, teacher: Path, tmp_path: Path
) -> None:
    soft = np.ones((len(dataset.chips), CLASSES), np.int64).astype(kind)
    with pytest.raises(DatasetError, match="should hold probabilities"):
        read_soft_labels(write_again(teacher, tmp_path / "a.npz", crowd=soft), dataset)


@pytest.mark.parametrize("changes", [{"origin": ["a"]}, {"ferplus": "no"}, {"recipe": "x"}])
def test_what_a_file_says_of_itself_has_its_kind(
    changes: dict[str, object], dataset: Dataset, teacher: Path, tmp_path: Path
) -> None:
    with np.load(teacher) as arrays:
        about = json.loads(str(arrays["about"]))
    path = write_again(teacher, tmp_path / "a.npz", about=np.array(json.dumps(about | changes)))
    with pytest.raises(DatasetError, match="cannot be read as soft labels"):
        read_soft_labels(path, dataset)


def test_json_in_json_without_end_is_named(dataset: Dataset, teacher: Path, tmp_path: Path) -> None:
    path = write_again(teacher, tmp_path / "a.npz", about=np.array("[" * 100_000))
    with pytest.raises(DatasetError, match="lists in it are too deep"):
        read_soft_labels(path, dataset)


def test_each_output_is_written_and_read_for_itself(dataset: Dataset, tmp_path: Path) -> None:
    path, rows = tmp_path / "targets.npz", training_rows(dataset)[:2]
    label, crowd = np.split(random_probabilities(4), 2)
    probabilities = {LABEL: label, CROWD: crowd}
    write_soft_labels(
        path, dataset, rows=rows, probabilities=probabilities, origin="", ferplus=False
    )
    read = read_soft_labels(path, dataset).probabilities
    assert list(read) == [CROWD, LABEL]
    for output, expected in probabilities.items():
        np.testing.assert_array_equal(read[output][rows], expected)


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize(
    "row",
    [
        [0.5, 0, 0, 0, 0, 0],
        [1.5, -0.5, 0, 0, 0, 0],
        [1, np.nan, 0, 0, 0, 0],
        [np.inf, 0, 0, 0, 0, 0],
    ],
)
def test_rows_that_are_no_probabilities_are_refused(
    dataset: Dataset, tmp_path: Path, row: list[float], output: str
) -> None:
    path = tmp_path / "targets.npz"
    rows = training_rows(dataset)[:1]
    write_soft_labels(
        path,
        dataset,
        rows=rows,
        probabilities={LABEL: random_probabilities(1), output: np.array([row])},
        origin="",
        ferplus=False,
    )
    with pytest.raises(DatasetError, match="no probabilities"):
        read_soft_labels(path, dataset)


def test_a_file_of_other_shape_is_refused(dataset: Dataset, tmp_path: Path) -> None:
    path = tmp_path / "targets.npz"
    rows = training_rows(dataset)[:1]
    write_soft_labels(
        path, dataset, rows=rows, probabilities={LABEL: np.ones((1, 1))}, origin="", ferplus=False
    )
    with pytest.raises(DatasetError, match="shape"):
        read_soft_labels(path, dataset)


def test_a_teacher_has_its_share_of_each_row_that_it_knows() -> None:
    targets = random_probabilities(5)
    # No votes: the teacher has all of such a row, and where it says nothing the row stays empty.
    targets[3:] = 0
    soft = np.roll(random_probabilities(5), 1, axis=1)
    soft[[1, 4]] = np.nan
    mixed = mix_targets(targets, soft, weight=WEIGHT)
    assert mixed.dtype == np.float32
    both = (1 - WEIGHT) * targets + WEIGHT * soft
    for row, expected in ((0, both[0]), (1, targets[1]), (2, both[2]), (3, soft[3]), (4, 0)):
        np.testing.assert_allclose(mixed[row], expected, atol=ROUNDING)

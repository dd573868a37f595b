"""A dataset is replaced only where that is asked for, and by nothing that is half."""

import json
import os
import shutil
from dataclasses import asdict, replace
from pathlib import Path
from unittest import mock

import pytest

from preprocessing.dataset import build as module
from preprocessing.dataset.build import align_source
from preprocessing.dataset.labels import DisgustPolicy
from preprocessing.dataset.manifest import parse_recipe, read_manifest
from preprocessing.dataset.options import AlignOptions
from preprocessing.dataset.sources.types import SourceKind
from preprocessing.errors import DatasetError

ONE_WORKER = AlignOptions(workers=1)


def test_nothing_is_overwritten_unasked(folder: Path, csv_path: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="--overwrite"):
        align_source(csv_path, folder, options=ONE_WORKER)
    (tmp_path / "precious.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(DatasetError, match="not empty"):
        align_source(csv_path, tmp_path, options=ONE_WORKER)
    assert [path.name for path in tmp_path.iterdir()] == ["precious.txt"]


def test_a_dataset_is_no_source(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="aligned already"):
        align_source(folder, tmp_path / "again", options=ONE_WORKER)


def test_overwriting_replaces_the_dataset_and_leaves_other_files(
    csv_path: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    align_source(csv_path, folder, options=ONE_WORKER)
    (folder / "test-uses.jsonl").write_text("{}\n", encoding="utf-8")
    keep = replace(ONE_WORKER, disgust=DisgustPolicy.KEEP)
    manifest = align_source(csv_path, folder, options=keep, overwrite=True)
    assert manifest.rows == 21
    assert (folder / "test-uses.jsonl").exists()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "precious.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(DatasetError, match="not empty"):
        align_source(csv_path, tmp_path / "mine", options=ONE_WORKER, overwrite=True)
    assert (tmp_path / "mine" / "precious.txt").exists()


@pytest.mark.parametrize("removed", range(4))
def test_an_overwriting_that_was_killed_can_be_run_again(
    removed: int, folder: Path, tmp_path: Path
) -> None:
    target = shutil.copytree(folder, tmp_path / "out")
    for number in (1, 2):
        shutil.copy(target / "shard-00000.parquet", target / f"shard-0000{number}.parquet")
    recipe, unlink = read_manifest(folder).recipe, Path.unlink
    left = removed

    def interrupt(path: Path, *, missing_ok: bool = False) -> None:
        nonlocal left
        if not left:
            raise KeyboardInterrupt
        left -= 1
        unlink(path, missing_ok=missing_ok)

    with mock.patch.object(Path, "unlink", interrupt), pytest.raises(KeyboardInterrupt):
        module._prepare(target, recipe, overwrite=True)
    module._prepare(target, recipe, overwrite=True)
    assert [path.name for path in target.iterdir()] == ["recipe.json"]


def test_a_recipe_is_read_as_it_was_written_whatever_its_source_is_named() -> None:
    name = os.fsdecode(b"caf\xe9")
    recipe = AlignOptions().recipe(source=name, kind=SourceKind.PHOTOS, source_sha256="0")
    written = json.dumps(asdict(recipe))
    assert json.dumps(asdict(parse_recipe(json.loads(written)))) == written

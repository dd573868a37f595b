"""A dataset's `manifest.json`: what went in, how it was aligned, what came out."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePath
from typing import Any

from preprocessing.dataset.labels import DisgustPolicy, can_be_shown
from preprocessing.errors import DatasetError
from preprocessing.faces.geometry import ChipGeometry
from preprocessing.faces.landmarks import LandmarkScheme, scheme_of
from preprocessing.faces.types import DetectorKind
from preprocessing.runtime.files import write_whole
from preprocessing.runtime.typed_json import (
    AS_TOLD,
    check_version,
    parse_as,
    parse_json,
    what_is_wrong,
)

FORMAT_VERSION = 2
MANIFEST_NAME = "manifest.json"


@dataclass(frozen=True)
class Recipe:
    """All that decides a dataset's content; two datasets of one recipe are equal.

    Attributes:
        source: Name of the file or folder.
        source_kind: `fer2013`, `class_folders`, `lists` or `photos`.
        source_sha256: Of the source's content, with what was chosen about its reading.
        crops: Whether each picture was taken as the crop of one face; None where that was decided
            for each by what the detector saw.
        disgust: What becomes of the class "disgust".
        labels: In the order of the class indices.
        geometry: How chips are cut.
        geometry_digest: Its digest.
        detector: The face detector.
        landmark_model_sha256: Of the landmark model's file.
        ferplus_sha256: Of the file with FER+ votes, where given.
        format_version: Of the dataset.
    """

    source: str
    source_kind: str
    source_sha256: str
    crops: bool | None
    disgust: DisgustPolicy
    labels: tuple[str, ...]
    geometry: ChipGeometry
    geometry_digest: str
    detector: DetectorKind
    landmark_model_sha256: str
    ferplus_sha256: str | None
    format_version: int = FORMAT_VERSION

    __pydantic_config__ = AS_TOLD

    def __post_init__(self) -> None:
        if not all(map(can_be_shown, self.labels)):
            raise ValueError(f"labels must be words that can be shown. Received: {self.labels}")

    def scheme(self) -> LandmarkScheme:
        """Return what the landmarks of the dataset mean.

        Raises:
            DatasetError: The landmark model is not known.
        """
        scheme = scheme_of(self.landmark_model_sha256)
        if scheme is None:
            raise DatasetError(
                "The dataset was aligned with a landmark model that is not known: sha256 "
                f"{self.landmark_model_sha256}. Align the source again."
            )
        return scheme


@dataclass(frozen=True)
class Manifest:
    """A dataset's recipe and its counts.

    Attributes:
        recipe: What decided the content.
        items: Pictures in the source.
        rows: Faces in the dataset.
        rejected: Pictures that could not be read.
        shards: Names of the shards, in order.
        choices: What was chosen about the reading of the source and its splits; not in the file
            where nothing was.
        passed_over: Number of what in the source was not taken, by the reason; not in the file
            where all was.
    """

    recipe: Recipe
    items: int
    rows: int
    rejected: int
    shards: tuple[str, ...]
    choices: dict[str, Any] = field(default_factory=dict)
    passed_over: dict[str, int] = field(default_factory=dict)

    __pydantic_config__ = AS_TOLD


def write_manifest(manifest: Manifest, dataset: Path) -> None:
    """Write the manifest; its presence says that the dataset is whole."""
    write_whole(dataset / MANIFEST_NAME, manifest_text(manifest))


def manifest_text(manifest: Manifest) -> str:
    """Return the content of `manifest.json`."""
    fields = asdict(manifest)
    for name in ("choices", "passed_over"):
        if not fields[name]:
            del fields[name]
    return json.dumps(fields, indent=2) + "\n"


def read_manifest(dataset: Path) -> Manifest:
    """Read a dataset's manifest.

    Raises:
        DatasetError: There is none, or it is not one that this version reads.
    """
    path = dataset / MANIFEST_NAME
    if not path.is_file():
        raise DatasetError(
            f"{path} is missing: no aligned dataset, or one that was not finished. "
            "Make it with: python -m preprocessing align SOURCE DATASET"
        )
    with _damage_named(path):
        fields = parse_json(path.read_text(encoding="utf-8"))
        check_version(fields["recipe"], FORMAT_VERSION)
        manifest = parse_as(Manifest, fields)
        _check(manifest)
        return manifest


def read_recipe(path: Path) -> Recipe:
    """Read the recipe that a dataset keeps until it is finished.

    Raises:
        DatasetError: It is none, or not one that this version reads.
    """
    with _damage_named(path):
        return parse_recipe(parse_json(path.read_text(encoding="utf-8")))


@contextmanager
def _damage_named(path: Path) -> Iterator[None]:
    try:
        yield
    except (KeyError, TypeError, ValueError) as error:
        raise DatasetError(
            f"{path} does not describe a dataset: {what_is_wrong(error)}. Align the source again."
        ) from error


def _check(manifest: Manifest) -> None:
    """Make sure that shards are files of the dataset, each once, and that its geometry is whole.

    Raises:
        ValueError: They are not, or it is not.
    """
    for shard in manifest.shards:
        if PurePath(shard).name != shard:
            raise ValueError(f"{shard!r} is not the name of a file in the dataset")
    if len(set(manifest.shards)) < len(manifest.shards):
        raise ValueError("it names a shard twice")
    if manifest.recipe.geometry.digest() != manifest.recipe.geometry_digest:
        raise ValueError("recipe.geometry_digest is that of another geometry")


def parse_recipe(fields: dict[str, Any]) -> Recipe:
    """Rebuild a recipe from its JSON.

    Raises:
        KeyError, TypeError, ValueError: It is of another format version, or fields are missing,
            unknown or of the wrong kind.
    """
    check_version(fields, FORMAT_VERSION)
    return parse_as(Recipe, fields)

"""What is recorded of a trained network and of those before it, in a run's folder and in a bundle.

A file that an earlier version wrote is read: a setting that is younger has its default there.
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from preprocessing.dataset.manifest import Recipe, parse_recipe
from preprocessing.runtime.typed_json import first_problem
from training.config import FitConfig


def _known_settings(given: Any) -> Any:
    """Refuse settings of a run that this version does not have."""
    if isinstance(given, Mapping):
        unknown = sorted(set(given) - {each.name for each in fields(FitConfig)})
        if unknown:
            raise ValueError(f"this version does not know {', '.join(unknown)}")
    return given


def _to_recipe(given: Any) -> Any:
    return parse_recipe(dict(given)) if isinstance(given, Mapping) else given


class Record(BaseModel):
    """A part of a JSON file; fields that this version does not know are kept as they are."""

    model_config = ConfigDict(extra="allow", frozen=True, revalidate_instances="always")

    def to_json(self) -> dict[str, Any]:
        """Return the record as JSON holds it: lists for tuples, words for enumerations."""
        return self.model_dump(mode="json")


class TeacherRecord(Record):
    """The file of soft labels that a network learnt from.

    Attributes:
        name: Of the file.
        sha256: Of its content.
        origin: Where its probabilities come from, in words.
        ferplus: Whether FER+ votes went into them.
    """

    name: str
    sha256: str
    origin: str
    ferplus: bool


class Stage(Record):
    """One training of a network that went through several, and what that began with.

    Attributes:
        fit: The settings.
        start_from: The network that it began with; None for a new one.
        teacher: What it learnt from beside the labels; None without one.
    """

    fit: Annotated[FitConfig, BeforeValidator(_known_settings)]
    start_from: "EarlierStage | None" = None
    teacher: TeacherRecord | None = None


class EarlierStage(Stage):
    """A training whose network another one began with.

    Attributes:
        minutes: Time spent on steps, with that of all trainings before it.
        source: Name of the file or folder that its dataset came from; None where it was not kept.
    """

    minutes: float
    source: str | None = None


class AveragedStage(Stage):
    """The last training of a network whose weights went into a mean.

    Attributes:
        weight: Of the network in the mean, 0 to 1.
        minutes: Time spent on steps, with that of all trainings before it.
        epochs: Epochs finished, without those before it.
    """

    weight: float
    minutes: float
    epochs: int


class RunSettings(Stage):
    """What decides a run; its `config.json`.

    Attributes:
        dataset: What decided the dataset.
        ferplus: Whether FER+ votes went into the network, or into one before it, or a teacher.
        other_landmarks: What decided the dataset of the same pictures by other landmarks, where a
            fraction of the chips was of that.
        average: The networks of whose weights this one has the mean; None for a network that was
            trained.
    """

    dataset: Annotated[Recipe, BeforeValidator(_to_recipe)]
    ferplus: bool = False
    other_landmarks: Annotated[Recipe | None, BeforeValidator(_to_recipe)] = None
    average: tuple[AveragedStage, ...] | None = None


class TrainedNetwork(RunSettings):
    """What decided the network of a finished run or of a bundle.

    Attributes:
        epochs: Epochs finished, without those of networks before it.
        training_minutes: Time spent on steps, with that of all networks before it.
    """

    epochs: int
    training_minutes: float

    def as_earlier(self) -> EarlierStage:
        """Return what the next run keeps of this one."""
        return EarlierStage(
            fit=self.fit,
            start_from=self.start_from,
            teacher=self.teacher,
            minutes=self.training_minutes,
            source=self.dataset.source,
        )


AnyRecord = TypeVar("AnyRecord", bound=Record)


def parse_record(kind: type[AnyRecord], given: Mapping[str, Any]) -> AnyRecord:
    """Read a record from its JSON.

    Raises:
        ValueError: A field is missing or of the wrong kind, a setting of a run is not known, or the
            dataset is of another format version.
        MienError: The settings of a run make no sense.
    """
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        raise ValueError(first_problem(error)) from error

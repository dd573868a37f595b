"""Where a bundle comes from: `provenance` in its `spec.json`."""

from pathlib import Path

from preprocessing.bundle.spec import SPEC_NAME, ModelSpec
from training.export.precision import Precision
from training.export.tta import Views
from training.networks.build import damage_named
from training.records import TrainedNetwork, parse_record


class Provenance(TrainedNetwork):
    """What decided the network of a bundle, and how it was exported.

    Attributes:
        exported: The day, as YYYY-MM-DD.
        views: Those that are averaged.
        precision: How the weights are stored.
        precisions: What each way to store them costs.
        versions: Of the libraries, by their names.
        processor: Kind of the machine's.
    """

    exported: str
    views: Views
    precision: str
    precisions: tuple[Precision, ...]
    versions: dict[str, str]
    processor: str


def read_provenance(spec: ModelSpec) -> Provenance:
    """Return where a bundle comes from.

    Raises:
        MienError: What its spec says of that is damaged or of another version.
    """
    with damage_named(Path(SPEC_NAME)):
        return parse_record(Provenance, spec.provenance)

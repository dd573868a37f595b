"""The one shape of a table with a row for each face, for the page and the command line."""

import csv
from collections.abc import Iterable
from typing import IO, Any


def write_csv(
    file: IO[str], results: Iterable[tuple[str, dict[str, Any]]], *, labels: tuple[str, ...]
) -> None:
    """Write one row a face.

    Args:
        file: Open for writing text, with `newline=""`.
        results: The name of each picture, and its result by `serving.result_json`.
        labels: In the order of the columns.
    """
    box = ("left", "top", "right", "bottom")
    guess = ("label", "confidence", "is_sure", "second_label")
    rows = csv.DictWriter(file, ["file", "face", *box, *guess, *labels, "hints"])
    rows.writeheader()
    for name, result in results:
        rows.writerows(_row(name, face) for face in result["faces"])


def _row(name: str, face: dict[str, Any]) -> dict[str, Any]:
    return {
        "file": name,
        "face": face["index"],
        **face["box"],
        "label": face["label"],
        "confidence": f"{face['confidence']:.4f}",
        "is_sure": str(face["is_sure"]).lower(),
        "second_label": face["second_label"],
        **{label: f"{share:.4f}" for label, share in face["probabilities"].items()},
        "hints": " ".join(face["hints"]),
    }

"""Sum up an alignment in a table: what was read, found, not aligned, and left out, and why."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from preprocessing.dataset.labels import SPLITS, labelled_by_ferplus
from preprocessing.dataset.manifest import Manifest
from preprocessing.dataset.rows import read_rows
from preprocessing.dataset.shards import read_faceless, read_rejected, read_several
from preprocessing.faces.types import FALL_BACKS

# In FER2013, where all pictures are crops of a face, six in a hundred fall back.
MANY_FALL_BACKS = 0.2
_COLUMNS = ["item", "name", "label", "split", "found_by", "source_digest"]
_MOST_NAMED = 3
# What it means that a split has no pictures of a label which others have.
_LACKING = {
    "train": "so no network trained on it will learn that label.",
    "val": "so nothing will tell how well a network reads that label. Move some from train to val.",
}


@dataclass(frozen=True)
class Summary:
    """What came of a source.

    Attributes:
        manifest: Of the dataset.
        fell_back: Names of the pictures without a face that could be aligned, by `found_by`.
        several: Names of the pictures with a label of whose faces the largest was taken.
        passed_over: Number of what was not taken, by the reason, with the first names.
        counts: Number of faces by label and split.
        contradictions: Pairs of pictures that are equal pixel for pixel and have two labels.
        shared: By two splits, the pairs of a picture of the first and one of the second that are
            equal pixel for pixel; each picture of the first is in one pair.
    """

    manifest: Manifest
    fell_back: dict[str, tuple[str, ...]]
    several: tuple[str, ...]
    passed_over: dict[str, tuple[int, tuple[str, ...]]]
    counts: Counter[tuple[str, str]]
    contradictions: tuple[tuple[str, str], ...]
    shared: dict[tuple[str, str], list[tuple[str, str]]]


def summarise(manifest: Manifest, dataset: Path) -> Summary:
    """Count what came of a source, from the dataset's shards."""
    rows = read_rows(dataset, manifest, _COLUMNS).to_pydict()
    rejected = [name for name, _ in read_rejected(manifest, dataset)]
    faceless = read_faceless(manifest, dataset)
    taken = len(set(rows["item"])) + len(rejected) + len(faceless)
    passed_over = {
        "could not be read": (len(rejected), tuple(rejected)),
        "show no face": (len(faceless), tuple(faceless)),
        _left_out(manifest): (manifest.items - taken, ()),
    } | {reason: (count, ()) for reason, count in sorted(manifest.passed_over.items())}
    labelled = [
        pair for pair in zip(rows["label"], rows["split"], strict=True) if pair[0] is not None
    ]
    return Summary(
        manifest,
        fell_back={
            kind: tuple(
                name
                for name, found_by in zip(rows["name"], rows["found_by"], strict=True)
                if found_by == kind
            )
            for kind in FALL_BACKS
        },
        several=tuple(name for name, _ in read_several(manifest, dataset)),
        passed_over={reason: each for reason, each in passed_over.items() if each[0]},
        counts=Counter(labelled),
        contradictions=tuple(_contradictions(rows["source_digest"], rows["label"], rows["name"])),
        shared=_shared(rows["source_digest"], rows["split"], rows["name"]),
    )


def summary_text(summary: Summary, dataset: Path) -> str:
    """Write the summary as a table."""
    manifest = summary.manifest
    fell_back = sum(map(len, summary.fell_back.values()))
    lines = [
        f"{manifest.rows:,} faces from {manifest.items:,} pictures in {dataset}",
        "",
        _line("pictures read", manifest.items - _count(summary, "could not be read")),
        _line("faces", manifest.rows),
        _line("  aligned to a detected face", manifest.rows - fell_back),
        _line("  fell back to the whole picture", fell_back, _fall_backs(summary)),
    ]
    if summary.several:
        lines.append(_line("  the largest of several", len(summary.several), *summary.several))
    passed_over = sum(count for count, _ in summary.passed_over.values())
    lines.append(_line("passed over", passed_over))
    lines += [
        _line(f"  {reason}", count, *names)
        for reason, (count, names) in summary.passed_over.items()
    ]
    if summary.counts:
        lines += ["", *_class_table(summary)]
    return "\n".join(lines)


def summary_warnings(summary: Summary) -> Iterator[str]:
    """Yield a warning for each problem that a summary shows."""
    fell_back, rows = sum(map(len, summary.fell_back.values())), summary.manifest.rows
    if rows and summary.counts and fell_back > MANY_FALL_BACKS * rows:
        yield (
            f"warning: {fell_back:,} of {rows:,} pictures fell back: no face that could be aligned "
            "was seen in them, and they were kept whole. Do they show faces from about the front? "
            "`report` names them, and `report --html` shows some."
        )
    if summary.contradictions:
        one, other = summary.contradictions[0]
        yield (
            f"warning: {len(summary.contradictions):,} pictures are in two classes: equal pixel "
            f"for pixel, with different labels, as {one} and {other}."
        )
    for split, meaning in _LACKING.items():
        there = {label for label, each in summary.counts if each == split}
        anywhere = {label for label, _ in summary.counts}
        lacking = [each for each in summary.manifest.recipe.labels if each in anywhere - there]
        if there and lacking:
            yield f"warning: {split} has no pictures of {', '.join(lacking)}, {meaning}"
    for (split, other_split), pairs in summary.shared.items():
        yield _shared_warning(summary, split, other_split, pairs)


def _shared_warning(
    summary: Summary, split: str, other_split: str, pairs: Sequence[tuple[str, str]]
) -> str:
    """Say that pictures are in two splits, and what becomes of that."""
    of_split = sum(count for (_, each), count in summary.counts.items() if each == split)
    one, other = pairs[0]
    is_part = len(pairs) < of_split
    if split != "train":
        meaning = (
            f"The network is chosen by {split}, so its accuracy on {other_split} is flattered."
        )
    elif is_part:
        meaning = "`fit` leaves them out of training."
    else:
        meaning = f"`fit` has nothing to train on. Give {other_split} pictures of its own."
    return (
        f"{'note' if is_part else 'warning'}: {len(pairs):,} of {of_split:,} pictures in {split} "
        f"are in {other_split} too, equal pixel for pixel, as {one} and {other}. {meaning}"
    )


def _left_out(manifest: Manifest) -> str:
    """Say why pictures of the source are left out by their label."""
    recipe = manifest.recipe
    if labelled_by_ferplus(recipe.source_kind, recipe.labels):
        return "without a majority of votes"
    return "class disgust (--disgust drop)"


def _contradictions(
    digests: Sequence[str], labels: Sequence[str | None], names: Sequence[str]
) -> Iterator[tuple[str, str]]:
    first: dict[str, tuple[str | None, str]] = {}
    for digest, label, name in zip(digests, labels, names, strict=True):
        earlier, earlier_name = first.setdefault(digest, (label, name))
        if earlier != label:
            yield earlier_name, name


def _shared(
    digests: Sequence[str], splits: Sequence[str | None], names: Sequence[str]
) -> dict[tuple[str, str], list[tuple[str, str]]]:
    """Find the pictures that are in two splits."""
    first: dict[str, dict[str, str]] = {split: {} for split in SPLITS}
    for digest, split, name in zip(digests, splits, names, strict=True):
        if split is not None:
            first[split].setdefault(digest, name)
    shared = {
        (one, other): [
            (name, first[other][digest])
            for digest, split, name in zip(digests, splits, names, strict=True)
            if split == one and digest in first[other]
        ]
        for one, other in combinations(SPLITS, 2)
    }
    return {both: pairs for both, pairs in shared.items() if pairs}


def _class_table(summary: Summary) -> Iterator[str]:
    yield f"{'label':<12}" + "".join(f"{split:>9}" for split in SPLITS)
    for label in summary.manifest.recipe.labels:
        counts = [summary.counts[label, split] for split in SPLITS]
        yield f"{label:<12}" + "".join(f"{count:>9,}" for count in counts)


def _count(summary: Summary, reason: str) -> int:
    return summary.passed_over.get(reason, (0, ()))[0]


def _fall_backs(summary: Summary) -> str:
    return ", ".join(
        f"{len(names):,} {kind} (as {names[0]})"
        for kind, names in summary.fell_back.items()
        if names
    )


def _line(what: str, count: int, *names: str) -> str:
    shown = ", ".join(filter(None, names[:_MOST_NAMED])) + (", ..." if len(names) > 3 else "")
    return f"{what:<34}{count:>9,}" + (f"  {shown}" if shown else "")

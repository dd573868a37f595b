"""Describe an aligned dataset as one self-contained HTML page."""

from collections import Counter

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from preprocessing.dataset.fer2013 import FERPLUS_WORDS, VOTE_COLUMNS
from preprocessing.dataset.labels import SPLITS, labelled_by_ferplus
from preprocessing.dataset.read import Dataset
from preprocessing.report.drawings import draw_mean_faces
from preprocessing.report.html import render
from preprocessing.report.statistics import (
    constant_rows,
    count_pairs,
    evenly_chosen,
    ferplus_confusion,
    landmark_spread,
    mean_faces,
    near_duplicates,
)

EXAMPLES = 16

Row = tuple[str, ...]
Pictures = tuple[str, list[NDArray[np.uint8]]]
"""A caption, and square grey pictures."""


def report_html(dataset: Dataset) -> str:
    """Draw class balance, mean faces, spread, fall-backs, duplicates, votes and samples."""
    recipe = dataset.manifest.recipe
    means, near = mean_faces(dataset), near_duplicates(dataset)
    has_votes = bool(dataset.votes.any())
    is_compared = has_votes and not labelled_by_ferplus(recipe.source_kind, recipe.labels)
    return render(
        "dataset.html",
        package="preprocessing.report",
        title=f"{recipe.source}: {dataset.manifest.rows:,} aligned faces",
        class_balance=class_balance(dataset),
        mean_faces=draw_mean_faces(means) if means else None,
        spread=[
            (spread.part, f"{spread.before:.2%}", f"{spread.after:.2%}")
            for spread in landmark_spread(dataset)
        ],
        found_by=_found_by(dataset),
        fallbacks=_fallbacks(dataset),
        duplicates=_duplicates(dataset),
        pairs=[
            (each.where, f"{each.identical:,}", f"{each.alike:,}")
            for each in count_pairs(dataset, near)
        ],
        alike=[picture for one, two, _ in near[:EXAMPLES] for picture in dataset.raw[[one, two]]],
        constant=dataset.names[constant_rows(dataset)].tolist(),
        examples=EXAMPLES,
        has_votes=has_votes,
        crowd_votes=crowd_votes(dataset) if is_compared else None,
        crowd_agrees=_crowd_agrees(dataset) if is_compared else None,
        samples=[
            (label, list(dataset.chips[rows]))
            for label, rows in evenly_chosen(dataset, each=EXAMPLES).items()
        ],
    )


def class_balance(dataset: Dataset) -> go.Figure:
    """Show the fraction of each label in each split; counts on hover."""
    labels = dataset.manifest.recipe.labels
    figure = go.Figure(layout={"title": "How many faces show what", "barmode": "group"})
    figure.update_layout(width=720, height=400)
    figure.update_yaxes(title="share of the split", tickformat=".0%")
    for split in SPLITS:
        chosen = dataset.class_indices[dataset.labelled_in(split)]
        counts = np.bincount(chosen, minlength=len(labels))
        fractions = counts / max(1, counts.sum())
        figure.add_bar(name=f"{split} ({counts.sum():,})", x=labels, y=fractions, customdata=counts)
    figure.update_traces(hovertemplate="%{x}: %{customdata:,} faces, %{y:.1%}")
    return figure


def crowd_votes(dataset: Dataset) -> go.Figure:
    """Show what the crowd of FER+ says first to the pictures of each label; counts on hover."""
    counts = ferplus_confusion(dataset)
    figure = go.Figure(
        go.Heatmap(
            z=counts / np.maximum(counts.sum(axis=1, keepdims=True), 1),
            x=[*VOTE_COLUMNS, "tie"],
            y=dataset.manifest.recipe.labels,
            customdata=counts,
            colorscale="Blues",
            showscale=False,
            texttemplate="%{z:.0%}",
            hovertemplate="%{y}, voted %{x}: %{customdata} pictures<extra></extra>",
        )
    )
    figure.update_layout(
        title="What the crowd of FER+ says first",
        width=720,
        height=420,
        yaxis={"autorange": "reversed", "title": "FER2013's label"},
    )
    return figure


def _found_by(dataset: Dataset) -> list[Row]:
    total = len(dataset.found_by)
    counts = Counter(dataset.found_by.tolist())
    return [(name, f"{count:,}", f"{count / total:.1%}") for name, count in counts.most_common()]


def _fallbacks(dataset: Dataset) -> list[Pictures]:
    """Choose examples of each way to find a face but the usual one."""
    shown: list[Pictures] = []
    for name in Counter(dataset.found_by.tolist()):
        if name != "detector":
            chosen = np.flatnonzero(dataset.found_by == name)[:EXAMPLES]
            if dataset.has_raw[chosen].all():
                shown.append((f"{name}: source", list(dataset.raw[chosen])))
            shown.append((f"{name}: chip", list(dataset.chips[chosen])))
    return shown


def _duplicates(dataset: Dataset) -> list[Row]:
    seen = dataset.in_training_too()
    return [
        ("groups of pixel-identical pictures", f"{dataset.duplicate_pictures():,}"),
        *(
            (
                f"pictures in {split} also in train",
                f"{int((dataset.in_split(split) & seen).sum()):,}",
            )
            for split in ("val", "test")
        ),
        ("training pictures left out for that", f"{int(dataset.leaks().sum()):,}"),
    ]


def _crowd_agrees(dataset: Dataset) -> float:
    """Return on what fraction of the pictures the crowd's first choice is the label."""
    counts = ferplus_confusion(dataset)
    agreed = sum(
        counts[index, VOTE_COLUMNS.index(FERPLUS_WORDS[label])]
        for index, label in enumerate(dataset.manifest.recipe.labels)
    )
    return float(agreed / max(1, int(counts.sum())))

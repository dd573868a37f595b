"""Show in one self-contained HTML page what an aligned dataset holds, and how good it is."""

import html
from collections import Counter

import numpy as np
import plotly.graph_objects as go

from preprocessing.dataset.fer2013 import FERPLUS_WORDS, VOTE_COLUMNS
from preprocessing.dataset.labels import SPLITS, labelled_by_ferplus
from preprocessing.dataset.read import Dataset
from preprocessing.report.drawings import draw_mean_faces
from preprocessing.report.html import chart, page, pictures, sheet, table
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
NOT_CROPS = "<p>Not for these pictures: they are no face crops of the chip's size.</p>"


def report_html(dataset: Dataset) -> str:
    """Draw class balance, mean faces, spread, fall-backs, duplicates, votes and samples."""
    recipe = dataset.manifest.recipe
    title = f"{recipe.source}: {dataset.manifest.rows:,} aligned faces"
    return page(
        title,
        {
            "Classes by split": chart(class_balance(dataset)),
            "Mean face before and after alignment": _mean_faces(dataset),
            "Spread of landmarks": _spread(dataset),
            "How faces were found": _found_by(dataset),
            "Duplicates": _duplicates(dataset),
            "Constant pictures": _constant(dataset),
            "FER+ votes": _ferplus(dataset),
            "Samples": _samples(dataset),
        },
    )


def class_balance(dataset: Dataset) -> go.Figure:
    """Show the share of each label in each split; counts on hover."""
    labels = dataset.manifest.recipe.labels
    figure = go.Figure(layout={"title": "How many faces show what", "barmode": "group"})
    figure.update_layout(width=720, height=400)
    figure.update_yaxes(title="share of the split", tickformat=".0%")
    for split in SPLITS:
        chosen = dataset.class_indices[dataset.labelled_in(split)]
        counts = np.bincount(chosen, minlength=len(labels))
        shares = counts / max(1, counts.sum())
        figure.add_bar(name=f"{split} ({counts.sum():,})", x=labels, y=shares, customdata=counts)
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


def _mean_faces(dataset: Dataset) -> str:
    means = mean_faces(dataset)
    return sheet(draw_mean_faces(means), "mean faces") if means else NOT_CROPS


def _spread(dataset: Dataset) -> str:
    rows = [
        (spread.part, f"{spread.before:.2%}", f"{spread.after:.2%}")
        for spread in landmark_spread(dataset)
    ]
    if not rows:
        return NOT_CROPS
    text = "Root mean square distance from the mean place, as a share of the picture's side."
    return f"<p>{text}</p>" + table(("part", "before", "after"), rows)


def _found_by(dataset: Dataset) -> str:
    parts = []
    total = len(dataset.found_by)
    counts = Counter(dataset.found_by.tolist())
    rows = [(name, f"{count:,}", f"{count / total:.1%}") for name, count in counts.most_common()]
    parts.append(table(("found by", "faces", "share"), rows))
    for name in counts:
        if name != "detector":
            chosen = np.flatnonzero(dataset.found_by == name)[:EXAMPLES]
            if dataset.has_raw[chosen].all():
                parts.append(pictures(list(dataset.raw[chosen]), f"{name}: source"))
            parts.append(pictures(list(dataset.chips[chosen]), f"{name}: chip"))
    return "".join(parts)


def _duplicates(dataset: Dataset) -> str:
    near = near_duplicates(dataset)
    seen = dataset.in_training_too()
    rows = [
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
    pairs = [
        (each.where, f"{each.identical:,}", f"{each.alike:,}")
        for each in count_pairs(dataset, near)
    ]
    examples = [picture for one, two, _ in near[:EXAMPLES] for picture in dataset.raw[[one, two]]]
    return (
        table(("what", "count"), rows)
        + table(("pairs of pictures", "identical", "alike without being identical"), pairs)
        + (pictures(examples, "pairs that look alike, side by side") if examples else "")
    )


def _constant(dataset: Dataset) -> str:
    rows = constant_rows(dataset)
    names = ", ".join(html.escape(name) for name in dataset.names[rows][:EXAMPLES].tolist())
    return f"<p>{len(rows):,} pictures have one grey level only. {names}</p>"


def _ferplus(dataset: Dataset) -> str:
    if not dataset.votes.any():
        return "<p>No FER+ votes were joined (--ferplus).</p>"
    recipe = dataset.manifest.recipe
    if labelled_by_ferplus(recipe.source_kind, recipe.labels):
        return "<p>The labels here are the majority of these votes.</p>"
    counts = ferplus_confusion(dataset)
    agreed = sum(
        counts[index, VOTE_COLUMNS.index(FERPLUS_WORDS[label])]
        for index, label in enumerate(recipe.labels)
    )
    share = agreed / max(1, int(counts.sum()))
    return (
        f"<p>The crowd's first choice is the FER2013 label on {share:.1%} of the pictures.</p>"
        + chart(crowd_votes(dataset))
    )


def _samples(dataset: Dataset) -> str:
    chosen = evenly_chosen(dataset, each=EXAMPLES)
    return "".join(pictures(list(dataset.chips[rows]), label) for label, rows in chosen.items())

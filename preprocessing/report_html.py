"""Show in one self-contained HTML page what an aligned dataset holds, and how good it is."""

import base64
import html
from collections import Counter
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from preprocessing.dataset import Dataset
from preprocessing.decode import RgbImage
from preprocessing.fer2013 import VOTE_COLUMNS
from preprocessing.labels import SPLITS
from preprocessing.quality import (
    FERPLUS_WORDS,
    constant_rows,
    ferplus_confusion,
    landmark_spread,
    near_duplicates,
)
from preprocessing.sheets import Tile, draw_sheet, encode_png

EXAMPLES = 16
NOT_CROPS = "<p>Not for these pictures: they are no face crops of the chip's size.</p>"
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem }
figure { display: inline-block; margin: 0 1rem 1rem 0 }
img { image-rendering: pixelated; max-width: 100% }
table { border-collapse: collapse; margin-bottom: 1rem }
td, th { padding: .2rem .8rem; text-align: right }
td:first-child, th:first-child { text-align: left } tr + tr { border-top: 1px solid #ccc }
"""


def report_html(dataset: Dataset) -> str:
    """Draw class balance, mean faces, spread, fall-backs, duplicates, votes and samples."""
    recipe = dataset.manifest.recipe
    title = f"{recipe.source}: {dataset.manifest.rows:,} aligned faces"
    sections = [
        _section("Classes by split", _class_balance(dataset)),
        _section("Mean face before and after alignment", _mean_faces(dataset)),
        _section("Spread of landmarks", _spread(dataset)),
        _section("How faces were found", _found_by(dataset)),
        _section("Duplicates", _duplicates(dataset)),
        _section("Constant pictures", _constant(dataset)),
        _section("FER+ votes", _ferplus(dataset)),
        _section("Samples", _samples(dataset)),
    ]
    return (
        "<!doctype html>\n"
        f'<html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f"<style>{_STYLE}</style></head>\n<body><h1>{html.escape(title)}</h1>\n"
        + "\n".join(sections)
        + "</body></html>\n"
    )


def _class_balance(dataset: Dataset) -> str:
    labels = dataset.manifest.recipe.labels
    figure = go.Figure(layout={"barmode": "group", "yaxis_title": "faces", "height": 400})
    for split in SPLITS:
        chosen = dataset.class_indices[dataset.in_split(split)]
        counts = np.bincount(chosen[chosen >= 0], minlength=len(labels))
        figure.add_bar(name=split, x=labels, y=counts)
    # The page's only figure that brings Plotly's script; the others share it.
    return str(figure.to_html(full_html=False, include_plotlyjs=True))


def _mean_faces(dataset: Dataset) -> str:
    labels = dataset.manifest.recipe.labels
    found = (dataset.found_by == "detector") & dataset.has_raw
    chosen = {"all": found} | {
        label: found & (dataset.class_indices == index) for index, label in enumerate(labels)
    }
    chosen = {name: rows for name, rows in chosen.items() if rows.any()}
    if not chosen:
        return NOT_CROPS
    sheets = []
    for pictures, name in ((dataset.raw, "before"), (dataset.chips, "after")):
        means = [np.asarray(pictures[rows].mean(axis=0), np.uint8) for rows in chosen.values()]
        sheets.append(_figure(_sheet(means), f"{name}: {', '.join(chosen)}"))
    return "".join(sheets)


def _spread(dataset: Dataset) -> str:
    rows = [
        (spread.part, f"{spread.before:.2%}", f"{spread.after:.2%}")
        for spread in landmark_spread(dataset)
    ]
    if not rows:
        return NOT_CROPS
    text = "Root mean square distance from the mean place, as a share of the picture's side."
    return f"<p>{text}</p>" + _table(("part", "before", "after"), rows)


def _found_by(dataset: Dataset) -> str:
    parts = []
    total = len(dataset.found_by)
    counts = Counter(dataset.found_by.tolist())
    rows = [(name, f"{count:,}", f"{count / total:.1%}") for name, count in counts.most_common()]
    parts.append(_table(("found by", "faces", "share"), rows))
    for name in counts:
        if name != "detector":
            chosen = np.flatnonzero(dataset.found_by == name)[:EXAMPLES]
            if dataset.has_raw[chosen].all():
                parts.append(_figure(_sheet(list(dataset.raw[chosen])), f"{name}: source"))
            parts.append(_figure(_sheet(list(dataset.chips[chosen])), f"{name}: chip"))
    return "".join(parts)


def _duplicates(dataset: Dataset) -> str:
    near = near_duplicates(dataset)
    across = sum(dataset.splits[one] != dataset.splits[two] for one, two, _ in near)
    seen = dataset.seen_in_training()
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
        ("pairs that look alike without being identical", f"{len(near):,}"),
        ("such pairs across splits", f"{across:,}"),
    ]
    examples = [picture for one, two, _ in near[:EXAMPLES] for picture in dataset.raw[[one, two]]]
    return _table(("what", "count"), rows) + (
        _figure(_sheet(examples), "pairs that look alike, side by side") if examples else ""
    )


def _constant(dataset: Dataset) -> str:
    rows = constant_rows(dataset)
    names = ", ".join(html.escape(name) for name in dataset.names[rows][:EXAMPLES].tolist())
    return f"<p>{len(rows):,} pictures have one grey level only. {names}</p>"


def _ferplus(dataset: Dataset) -> str:
    if not dataset.votes.any():
        return "<p>No FER+ votes were joined (--ferplus).</p>"
    labels = dataset.manifest.recipe.labels
    counts = ferplus_confusion(dataset)
    agreed = sum(
        counts[index, VOTE_COLUMNS.index(FERPLUS_WORDS[label])]
        for index, label in enumerate(labels)
    )
    figure = go.Figure(
        go.Heatmap(
            z=counts / np.maximum(counts.sum(axis=1, keepdims=True), 1),
            x=[*VOTE_COLUMNS, "tie"],
            y=labels,
            customdata=counts,
            colorscale="Blues",
            texttemplate="%{z:.0%}",
            hovertemplate="%{y}, voted %{x}: %{customdata} pictures<extra></extra>",
        ),
        layout={"height": 420, "yaxis": {"autorange": "reversed", "title": "FER2013 label"}},
    )
    share = agreed / max(1, int(counts.sum()))
    return (
        f"<p>The crowd's first choice is the FER2013 label on {share:.1%} of the pictures.</p>"
        + str(figure.to_html(full_html=False, include_plotlyjs=False))
    )


def _samples(dataset: Dataset) -> str:
    sheets = []
    for index, label in enumerate(dataset.manifest.recipe.labels):
        rows = np.flatnonzero(dataset.class_indices == index)
        # Evenly through the class, so that the sheet is the same each time.
        chosen = rows[np.linspace(0, len(rows) - 1, min(EXAMPLES, len(rows))).astype(int)]
        if len(chosen):
            sheets.append(_figure(_sheet(list(dataset.chips[chosen])), label))
    return "".join(sheets)


def _sheet(pictures: Sequence[NDArray[np.uint8]]) -> RgbImage:
    return draw_sheet([Tile(picture) for picture in pictures])


def _figure(picture: RgbImage, caption: str) -> str:
    data = base64.b64encode(encode_png(picture)).decode()
    escaped = html.escape(caption)
    return (
        f'<figure><img alt="{escaped}" src="data:image/png;base64,{data}">'
        f"<figcaption>{escaped}</figcaption></figure>"
    )


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{html.escape(word)}</th>" for word in header)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"


def _section(title: str, body: str) -> str:
    return f"<section><h2>{html.escape(title)}</h2>\n{body}</section>"

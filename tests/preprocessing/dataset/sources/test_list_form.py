"""Lists of labels are read in whatever form people have them."""

import json
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from preprocessing.dataset.sources import parquet_columns
from preprocessing.dataset.sources.types import SourceKind
from preprocessing.errors import DatasetError
from tests.preprocessing.dataset.sources.drawn import zipped
from tests.preprocessing.dataset.sources.label_lists import (
    LABELS,
    NAMES,
    PLAIN,
    SPLITS,
    parquet,
    read,
    table,
)

WINDOWS = PLAIN.replace("deep/", "deep\\").replace("\n", "\r\n")
VOTES = (
    PLAIN.replace("path,label", "path,fear,happy,sad,noise")
    .replace(",happy,t", ",1,8,1,9,t")
    .replace(",sad,v", ",0,0,1.0,9,v")
    .replace(",fear,t", ",0.5,,0.4,9,t")
)
RECORDS = [
    {"path": name, "box": [1, 2], "label": label, "split": split}
    for name, label, split in zip(NAMES, LABELS, SPLITS, strict=True)
]
IN_CELLS = [record | {"box": None} for record in RECORDS]
READ: dict[str, str | bytes] = {
    "json": json.dumps(RECORDS),
    "json, indented, mark": json.dumps(RECORDS, indent=2).encode("utf-8-sig"),
    "json, other order": json.dumps([dict(reversed(each.items())) for each in RECORDS]),
    "json lines": "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in RECORDS),
    "json lines, blank lines": "\n\n".join(map(json.dumps, IN_CELLS)),
    "json, of columns": json.dumps(
        {
            name: {str(row): record[name] for row, record in enumerate(RECORDS)}
            for name in RECORDS[0]
        }
    ),
    "json, of rows": json.dumps({str(row): record for row, record in enumerate(RECORDS)}),
    "json, by name": json.dumps(
        {str(each["path"]): {"label": each["label"], "split": each["split"]} for each in RECORDS}
    ),
    "json, by name, of people": json.dumps(
        {
            str(each["path"]): {"name": "Ann", "label": each["label"], "split": each["split"]}
            for each in RECORDS
        }
    ),
    "parquet": parquet(RECORDS),
    "index": table(",path,label,split", "7,{0},{1},{2}"),
    "unnamed index": table("Unnamed: 0,image,emotion,set", "7,{0},{1},{2}"),
    "decimal comma": table("path;valence;label;split", "{0};0,93;{1};{2}"),
    "of R": table('"path" "label" "split"', '"7" "{0}" "{1}" "{2}"'),
    "of R, tabs, without quotes": table("path\tlabel\tsplit", "7\t{0}\t{1}\t{2}"),
    "spaces after commas": table("filename, width, class, split", "{0}, 48, {1}, {2}"),
    "capitals, upper": PLAIN.upper().replace(".PNG", ".png"),
    "plain": PLAIN,
    "other order": table("split,label,path", "{2},{1},{0}"),
    "true label": table("path,label_2,true_label,split,happy", "{0},fear,{1},{2},0.9"),
    "other names": table("Image File,EMOTION,Usage", "{0},{1},{2}"),
    "more columns": table("id,filename,valence,expression,set", '"7",{0},0.5,{1},{2},x'),
    "semicolons": table("path;label;split", "{0};{1};{2}"),
    "byte order mark": PLAIN.encode("utf-8-sig"),
    "utf-16": PLAIN.encode("utf-16"),
    "blank lines": PLAIN.replace("\n", "\n\n"),
    "windows": WINDOWS,
    "absolute": table("path,label,split", "/home/me/set/{0},{1},{2}"),
    "absolute on windows": table("path,label,split", "C:\\me\\set\\{0},{1},{2}"),
    "from here": table("path,label,split", "./{0},{1},{2}"),
    "capitals": PLAIN.replace("a 1.png", "A 1.PNG").replace("deep/c", "DEEP/C"),
    "nfd": unicodedata.normalize("NFD", PLAIN),
    "no header": table("", "{0},{1},{2}"),
    "no header, other order": table("", "{2},{0},{1}"),
    "quoted, semicolons, mark": table('"path";"label";"split"', '"{0}";"{1}";"{2}"').encode(
        "utf-8-sig"
    ),
    "utf-16 big without a mark": PLAIN.encode("utf-16-be"),
    "windows-1252": PLAIN.encode("cp1252"),
    "remark first": "# by hand\n" + PLAIN,
    "word beside code": table("path,label,label_name,split", "{0},9,{1},{2}"),
    "of a program": table("img_path,dominant_emotion,subset", "{0},{1},{2}"),
    "of one's own": table("filenames,Ground truth,phase", "{0},{1},{2}"),
    "boxes": table("image,x1,y1,x2,y2,facial_expression,set", "{0},1,2,30,40,{1},{2}"),
    "of mechanical turk": table(
        "HITId,Input.image_url,Answer.category.label,split", "7,https://example.com/set/{0},{1},{2}"
    ),
    "of toloka": table("INPUT:image\tOUTPUT:result\tsplit", "/set/{0}\t{1}\t{2}"),
    "of sagemaker": "".join(
        json.dumps({"source-ref": f"s3://set/{name}", "emotion": label, "split": split}) + "\n"
        for name, label, split in zip(NAMES, LABELS, SPLITS, strict=True)
    ),
    "addresses": table("url,label,split", "https://example.com/set/{0}?size=48,{1},{2}"),
    "escaped": table("url,label,split", "file:///set/{0},{1},{2}").replace("a 1", "a%201"),
    "a column for each label": VOTES,
    "no header, number first": table("", "7,{0},{1},{2}").replace("val", "val,more"),
    "words": PLAIN.replace("happy", "Happiness").replace("fear", "afraid"),
}


@pytest.mark.parametrize("name", READ)
def test_a_list_as_people_have_it_is_read(name: str, pictures: Path) -> None:
    source = read(pictures, READ[name])
    items = list(source.items())
    assert source.kind is SourceKind.LISTS
    assert [item.name for item in items] == list(NAMES)
    assert [(item.label, item.split) for item in items] == list(zip(LABELS, SPLITS, strict=True))


def test_columns_that_are_not_read_are_noted(pictures: Path) -> None:
    source = read(pictures, table("path,label,remark", "{0},{1},clear"))
    assert source.notes == ("note: columns of list.csv that were not read: remark",)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "list.csv is empty"),
        ("a,b\n1,2\n", "list.csv lacks a column of paths"),
        ("path,mood\nb.png,3\n", "no picture .* has a label.*columns path, mood"),
        ("path,label1,label2\nb.png,sad,sad\n", "label1, label2 and so on .* label and rater"),
        ("path,Rater A,Rater B\nb.png,sad,sad\n", "Rater A, Rater B and so on"),
        ("path,label\niVBORw0KGgoAAAANSUhEUg,sad\n", "it is the picture itself; save it"),
        ("path,happy,sad\nb.png,yes,no\n", "list.csv:2: expected a number in the column happy"),
        ("path,happy,sad\nb.png,0,9,0,1\n", "list.csv:2: expected 3 cells.*: 5.*quotation marks"),
        ("path,happy,sad,,best\nb.png,9,1,,sad\n", "'sad' in the column best.*--ignore best"),
        ("path,label,part\nb.png,sad,Train\n", "'Train' in the column part may be the split"),
        ("b.png,sad,rest\nc.png,sad,train\n", "list.csv:2: 'train' names a split.*,label,split"),
        ("b.png 1 20 30 40 3\n", "5 columns of numbers.*Write a first line"),
        ('[{"path": "b.png", "label": "sad"}', "list.csv cannot be read as JSON.*as a CSV file"),
        ('{"path": "b.png"}\n{"path": 7', "list.csv cannot be read as JSON"),
        ("[" * 100_000, "list.csv cannot be read as JSON"),
        ('["b.png", "sad"]', "JSON without records.*Expected objects such as"),
        ('{"happy": ["b.png"]}', "JSON without records"),
        ('{"images": [], "annotations": [], "categories": []}', "COCO.*as a CSV file"),
        ('[{"id": 1, "data": {"image": "b.png"}, "annotations": []}]', "Export .* JSON-MIN"),
        ('[{"path": "b.png", "label": "hapy"}]', "list.csv, record 1: the label 'hapy'.*--map"),
        ('[{"x": "b", "label": "sad"}]', "lacks a column of paths"),
        (b"PAR1" + bytes(99), "list.csv cannot be read as Parquet"),
        (parquet([{"image": {"bytes": b"", "path": "b.png"}, "label": 1}]), "pictures themselves"),
        (zipped([("xl/sheet1.xml", "<x/>")]), "is no text.*spreadsheet.*as a CSV file"),
    ],
)
def test_what_is_no_list_is_refused(content: str | bytes, message: str, pictures: Path) -> None:
    with pytest.raises(DatasetError, match=message):
        read(pictures, content)


def of_columns(listed: list[dict[str, str]]) -> str:
    return json.dumps(
        {name: {row: each[name] for row, each in enumerate(listed)} for name in listed[0]}
    )


@pytest.mark.parametrize(
    "write", [parquet, json.dumps, of_columns], ids=["Parquet", "JSON", "JSON of columns"]
)
def test_a_small_file_may_not_claim_far_too_many_cells(
    write: Callable[[list[dict[str, str]]], str | bytes],
    pictures: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    listed = [{"path": name, "label": label} for name, label in zip(NAMES, LABELS, strict=True)]
    monkeypatch.setattr(parquet_columns, "MOST_CELLS", 2 * len(listed))
    assert read(pictures, write(listed)).count == len(listed)
    wider = [{**each, "mine": "", "theirs": ""} for each in listed]
    with pytest.raises(DatasetError, match="too large: 4 records with 4 names"):
        read(pictures, write(wider))


def test_an_object_of_names_and_labels_is_a_list(pictures: Path) -> None:
    source = read(pictures, json.dumps(dict(zip(NAMES, LABELS, strict=True))), name="l.json")
    assert [item.label for item in source.items()] == list(LABELS)
    single = read(pictures, '{"path": "b.png", "label": "sad"}', name="l.jsonl")
    assert [(item.name, item.label) for item in single.items()] == [("b.png", "sad")]


def test_lines_of_several_people_for_one_picture_are_votes(pictures: Path) -> None:
    lines = [
        f"a 1.png,{rater},{label},train" for rater, label in enumerate(("sad", "happy", "sad"))
    ]
    lines += ["b.png,0,fear,val", "deep/c.png,0,sad,val", "deep/c.png,1,fear,val"]
    header = "image,Worker ID,label,split"
    source = read(pictures, "\n".join([header, *lines]))
    said = [(item.label, item.split) for item in source.items()]
    assert said == [("sad", "train"), ("fear", "val")]
    assert source.passed_over == {
        "with as many votes for one label as for another": 1,
        "in no list": 1,
    }
    assert "votes of the people in its column Worker ID" in source.notes[0]
    with pytest.raises(DatasetError, match=r"list.csv:2: a 1.png: its lines say train and val"):
        read(pictures, "\n".join([header, *lines, "a 1.png,3,sad,val"]))


def test_of_what_people_were_shown_and_answered_the_answer_is_the_label(pictures: Path) -> None:
    header = "Answer.name,Input.image_url,Input.emotion,Answer.label"
    source = read(pictures, f"{header}\nAnn,b.png,happy,sad\n")
    assert [(item.name, item.label) for item in source.items()] == [("b.png", "sad")]


def test_each_person_has_one_vote(pictures: Path) -> None:
    votes = "path,happy,sad,rater\na 1.png,1,0,x\na 1.png,0,1,Y\na 1.png,0,1,z\na 1.png,0,1,y\n"
    source = read(pictures, votes)
    assert [item.label for item in source.items()] == ["sad"]
    assert source.passed_over["named twice in a list"] == 1
    abstained = "path,label,rater\nb.png,,x\nb.png,,y\nb.png,fear,z\na 1.png,,x\n"
    source = read(pictures, abstained)
    assert [(item.name, item.label) for item in source.items()] == [("b.png", "fear")]
    assert source.passed_over["without a label in the list"] == 1
    of_two_faces = "path,label,worker\nb.png,fear,x\nb.png,sad,x\n"
    with pytest.raises(
        DatasetError, match=r"list.csv:3: b.png .*list.csv:2, both from x.*cut out each"
    ):
        read(pictures, of_two_faces)


def test_a_column_of_people_who_share_no_picture_needs_no_note(pictures: Path) -> None:
    source = read(pictures, "path,label,worker\nb.png,fear,x\na 1.png,sad,y\n")
    assert (source.count, source.notes) == (2, ())


def test_of_many_columns_that_are_not_read_the_first_are_named(pictures: Path) -> None:
    measures = [f"AU{number}" for number in range(700)]
    rows = [["path", "label", *measures], ["b.png", "fear", *("0" for _ in measures)]]
    (note,) = read(pictures, "\n".join(map(",".join, rows))).notes
    assert note.endswith("not read: " + ", ".join(measures[:12]) + " and 688 more")

"""Lists of labels as people have them: each is read rightly, or refused with file and line."""

import io
import json
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from preprocessing.dataset.sources.open import open_source
from preprocessing.dataset.sources.reading import Reading, parse_mapping
from preprocessing.dataset.sources.types import Source, SourceKind
from preprocessing.errors import DatasetError
from tests.preprocessing.dataset.sources.drawn import png, write_folders, zipped

NAMES = ("a 1.png", "b.png", "deep/c.png", "deep/Ünal.PNG")
LABELS = ("happy", "sad", "fear", "happy")
SPLITS = ("train", "val", "train", "test")


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Four pictures, in no class folders."""
    folder = tmp_path / "set"
    for number, name in enumerate(NAMES):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(number))
    return folder


def table(header: str, form: str, *, end: str = "\n") -> str:
    lines = [
        form.format(name, label, split)
        for name, label, split in zip(NAMES, LABELS, SPLITS, strict=True)
    ]
    return "".join(line + end for line in ([header] if header else []) + lines)


def read(
    pictures: Path, content: str | bytes, *, name: str = "list.csv", words: str = ""
) -> Source:
    path = pictures.parent / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return open_source(pictures, Reading(lists=(path,), mapping=parse_mapping(words)))


PLAIN = table("path,label,split", "{0},{1},{2}")
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


def parquet(records: Sequence[Mapping[str, object]]) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(list(records)), file)
    return file.getvalue()


READ: dict[str, str | bytes] = {
    "json": json.dumps(RECORDS),
    "json, indented, mark": json.dumps(RECORDS, indent=2).encode("utf-8-sig"),
    "json, other order": json.dumps([dict(reversed(each.items())) for each in RECORDS]),
    "json lines": "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in RECORDS),
    "json lines, blank lines": "\n\n".join(map(json.dumps, IN_CELLS)),
    "parquet": parquet(RECORDS),
    "index": table(",path,label,split", "7,{0},{1},{2}"),
    "unnamed index": table("Unnamed: 0,image,emotion,set", "7,{0},{1},{2}"),
    "decimal comma": table("path;valence;label;split", "{0};0,93;{1};{2}"),
    "spaces after commas": table("filename, width, class, split", "{0}, 48, {1}, {2}"),
    "capitals, upper": PLAIN.upper().replace(".PNG", ".png"),
    "plain": PLAIN,
    "other order": table("split,label,path", "{2},{1},{0}"),
    "other names": table("Image File,EMOTION,Usage", "{0},{1},{2}"),
    "more columns": table("id,filename,valence,expression,set", "7,{0},0.5,{1},{2}"),
    "quoted": table('"path","label","split"', '"{0}","{1}","{2}"'),
    "semicolons": table("path;label;split", "{0};{1};{2}"),
    "tabs": table("path\tlabel\tsplit", "{0}\t{1}\t{2}"),
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
    "addresses": table("url,label,split", "https://example.com/set/{0}?size=48,{1},{2}"),
    "escaped": table("url,label,split", "file:///set/{0},{1},{2}").replace("a 1", "a%201"),
    "a column for each label": VOTES,
    "no header, number first": table("", "7,{0},{1},{2}"),
    "words": PLAIN.replace("happy", "Happiness").replace("fear", "afraid"),
}


@pytest.mark.parametrize("name", READ)
def test_a_list_as_people_have_it_is_read(name: str, pictures: Path) -> None:
    source = read(pictures, READ[name])
    items = list(source.items())
    assert source.kind is SourceKind.LISTS
    assert [item.name for item in items] == list(NAMES)
    assert [(item.label, item.split) for item in items] == list(zip(LABELS, SPLITS, strict=True))


def test_splits_may_be_in_the_names_of_files(tmp_path: Path) -> None:
    folder = tmp_path / "raf"
    folder.mkdir()
    for name in ("train_1.jpg", "train_2.jpg", "test_1.jpg"):
        (folder / name).write_bytes(png(1))
    listed = "train_1.jpg 5\ntest_1.jpg 4\ntrain_2.jpg 1\n"
    source = read(folder, listed, name="partition.txt", words="raf-db")
    assert source.counts == {("sad", "train"): 1, ("happy", "test"): 1, ("surprise", "train"): 1}
    assert "splits were read from the names of files" in source.notes[0]
    said = read(folder, "path,label,split\ntrain_1.jpg,sad,val\ntest_1.jpg,sad,val\n")
    assert said.counts == {("sad", "val"): 2}


def test_columns_that_are_not_read_are_noted(pictures: Path) -> None:
    source = read(pictures, table("path,label,is_train", "{0},{1},{2}"))
    assert source.notes == ("note: columns of list.csv that were not read: is_train",)


def test_of_several_labels_with_the_most_votes_none_is_taken(pictures: Path) -> None:
    source = read(pictures, "path,happy,sad\na 1.png,5,5\nb.png,0,0\nÜnal,2,1\n")
    assert [item.label for item in source.items()] == ["happy"]
    assert source.passed_over == {"without a label in the list": 2, "in no list": 1}


@pytest.mark.parametrize("cells", ["1,0", "True;False", "0,9;0,1", "90%;10 %", "7.5e-1;", " 2 ; "])
def test_votes_are_numbers_as_people_write_them(cells: str, pictures: Path) -> None:
    delimiter = ";" if ";" in cells else ","
    header = delimiter.join(("path", "happy", "sad"))
    source = read(pictures, f"{header}\nb.png{delimiter}{cells}\n")
    assert [item.label for item in source.items()] == ["happy"]


def test_a_list_may_have_names_without_folders_or_endings(pictures: Path) -> None:
    bare = "image,label\nc,fear\nb.png,sad\nÜnal,happy\na 1,happy\n"
    assert [item.label for item in read(pictures, bare).items()] == list(LABELS)


def test_numbers_in_a_list_need_a_meaning(pictures: Path) -> None:
    numbers = "path,label\na 1.png,4.0\nb.png,5\ndeep/c.png,2.000e+00\ndeep/Ünal.PNG,4\n"
    assert [item.label for item in read(pictures, numbers, words="raf-db").items()] == list(LABELS)
    with pytest.raises(DatasetError, match=r"list.csv:2: the label '4.0'.*--map 4=LABEL"):
        read(pictures, numbers)


def test_a_list_with_spaces_as_of_raf_db(tmp_path: Path) -> None:
    folder = tmp_path / "aligned"
    folder.mkdir()
    for number in range(1, 4):
        (folder / f"train_0000{number}_aligned.jpg").write_bytes(png(number))
    listed = "".join(f"train_0000{number}_aligned.jpg {number}\n" for number in range(1, 4))
    source = read(folder, listed, name="partition.txt", words="raf-db")
    assert [item.label for item in source.items()] == ["surprise", "fear", "disgust"]


def test_several_lists_whose_names_tell_the_split(pictures: Path) -> None:
    first, second = pictures.parent / "training.csv", pictures.parent / "validation.csv"
    first.write_text("path,label\na 1.png,happy\nb.png,sad\n", encoding="utf-8")
    second.write_text("path,label\nc.png,fear\nÜnal.PNG,happy\n", encoding="utf-8")
    source = open_source(pictures, Reading(lists=(first, second)))
    assert [item.split for item in source.items()] == ["train", "train", "val", "val"]


def test_what_a_list_does_not_say_the_folders_do(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    write_folders(folder, ("train",), ("happy", "sad"), each=1)
    source = read(folder, "path,split\nhappy/0_0.png,val\nsad/1_0.png,\n")
    assert [(item.label, item.split) for item in source.items()] == [
        ("happy", "val"),
        ("sad", "train"),
    ]


def test_what_is_passed_over_is_counted(pictures: Path) -> None:
    listed = "path,label,split\na 1.png,happy,train\na 1.png,happy,train\nb.png,,\n"
    source = read(pictures, listed)
    assert source.count == 1
    assert source.passed_over == {
        "named twice in a list": 1,
        "without a label in the list": 1,
        "in no list": 2,
    }


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("gone.png,happy,train", r"1 lines name no picture of set:\s+list.csv:2: 'gone.png'"),
        ("other/c.png,happy,train", "name no picture of set.*holds such as a 1.png"),
        ("a 1.png,hapy,train", "list.csv:2: the label 'hapy'.*--map hapy=happy"),
        ("a 1.png,happy,fold1", "list.csv:2: the split 'fold1'.*--map fold1=train"),
        ("a 1.png,happy", "list.csv:2: expected 3 cells"),
        ("a 1.png,happy,train\na 1.png,sad,train", "list.csv:3: .*another label.*list.csv:2"),
        ('"a 1.png,happy,train', "list.csv:2.*Write each row on one line"),
        ("a 1.png,happy,eval", "list.csv:2: the split 'eval'.*--map eval=val"),
        ("a 1.png,unhappy,train", "list.csv:2: the label 'unhappy'.*--map unhappy=LABEL"),
    ],
)
def test_a_line_that_is_not_understood_is_named(lines: str, message: str, pictures: Path) -> None:
    with pytest.raises(DatasetError, match=f"(?s){message}"):
        read(pictures, f"path,label,split\n{lines}\n")


def test_a_name_that_may_be_two_pictures_is_refused(pictures: Path) -> None:
    (pictures / "other").mkdir()
    (pictures / "other" / "c.png").write_bytes(png(7))
    with pytest.raises(DatasetError, match=r"it may be deep/c.png or other/c.png"):
        read(pictures, "path,label\nc.png,happy\n")
    source = read(pictures, "path,label\nother/c.png,happy\n")
    assert [item.name for item in source.items()] == ["other/c.png"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "list.csv is empty"),
        ("a,b\n1,2\n", "list.csv lacks a column of paths"),
        ("path,mood\nb.png,happy\n", "no picture .* has a label.*columns path, mood"),
        ("path,happy,sad\nb.png,yes,no\n", "list.csv:2: expected a number in the column happy"),
        ("b.png 1 20 30 40 3\n", "5 columns of numbers.*Write a first line"),
        ('[{"path": "b.png", "label": "sad"}', "list.csv cannot be read as JSON.*as a CSV file"),
        ('{"path": "b.png"}\n{"path": 7', "list.csv cannot be read as JSON"),
        ("[" * 100_000, "list.csv cannot be read as JSON"),
        ('["b.png", "sad"]', "JSON without records.*Expected objects such as"),
        ('{"happy": ["b.png"]}', "JSON without records"),
        ('{"images": [], "annotations": [], "categories": []}', "COCO.*as a CSV file"),
        ('[{"path": "b.png", "label": "hapy"}]', "list.csv, record 1: the label 'hapy'.*--map"),
        ('[{"x": "b.png", "label": "sad"}]', "lacks a column of paths"),
        (b"PAR1" + bytes(99), "list.csv cannot be read as Parquet"),
        (parquet([{"image": {"bytes": b"", "path": "b.png"}, "label": 1}]), "pictures themselves"),
        (zipped([("xl/sheet1.xml", "<x/>")]), "is no text.*spreadsheet.*as a CSV file"),
    ],
)
def test_what_is_no_list_is_refused(content: str | bytes, message: str, pictures: Path) -> None:
    with pytest.raises(DatasetError, match=message):
        read(pictures, content)


def test_lines_can_be_left_out_by_the_name_of_their_file(pictures: Path) -> None:
    path = pictures.parent / "list.csv"
    path.write_text("path,label\na 1.png,happy\ngone.png,sad\n", encoding="utf-8")
    source = open_source(pictures, Reading(lists=(path,), ignore=("gone.png",)))
    assert source.count == 1
    assert source.passed_over["gone.png (--ignore)"] == 1


def test_a_list_beside_photos_is_not_passed_over(pictures: Path) -> None:
    for name, content in {
        "legend.csv": "user.id,image,emotion\n7,b.png,sad\n",
        "votes.csv": "image,happy,sad\nb.png,2,8\n",
        "partition.txt": "b.png 5\n",
    }.items():
        (pictures / name).write_text(content, encoding="utf-8")
        with pytest.raises(DatasetError, match=rf"{name} names pictures and labels.*--list"):
            open_source(pictures)
        (pictures / name).rename(pictures.parent / name)
    (pictures / "notes.txt").write_text("See b.png for details.\n", encoding="utf-8")
    assert open_source(pictures, Reading(is_unlabelled=True)).kind is SourceKind.PHOTOS


def test_a_list_of_pictures_in_an_archive(pictures: Path) -> None:
    path, packed = pictures.parent / "list.csv", pictures.parent / "set.zip"
    path.write_text(PLAIN, encoding="utf-8")
    packed.write_bytes(zipped((f"set/{name}", (pictures / name).read_bytes()) for name in NAMES))
    source = open_source(packed, Reading(lists=(path,)))
    assert [item.label for item in source.items()] == list(LABELS)


def test_an_object_of_names_and_labels_is_a_list(pictures: Path) -> None:
    source = read(pictures, json.dumps(dict(zip(NAMES, LABELS, strict=True))), name="l.json")
    assert [item.label for item in source.items()] == list(LABELS)
    single = read(pictures, '{"path": "b.png", "label": "sad"}', name="l.jsonl")
    assert [(item.name, item.label) for item in single.items()] == [("b.png", "sad")]


def test_lines_without_a_path_are_counted(pictures: Path) -> None:
    votes = "Usage,Image name,neutral,happiness,NF\nTraining,b.png,1,9,0\nTraining,,0,0,10\n"
    source = read(pictures, votes)
    assert [(item.name, item.label) for item in source.items()] == [("b.png", "happy")]
    assert source.passed_over == {"without a path in the list": 1, "in no list": 3}


def test_a_list_in_the_folder_of_each_split_is_named_to_be_read(tmp_path: Path) -> None:
    lists = []
    for split in ("train", "valid"):
        folder = tmp_path / "my set" / split
        folder.mkdir(parents=True)
        (folder / f"{split}.jpg").write_bytes(png(0))
        lists.append(folder / "_annotations.csv")
        lists[-1].write_text(f"filename,width,class,xmin\n{split}.jpg,48,happy,1\n", "utf-8")
    with pytest.raises(DatasetError) as error_info:
        open_source(tmp_path / "my set")
    options = " ".join(f"--list '{each}'" for each in lists)
    assert options in str(error_info.value)
    source = open_source(tmp_path / "my set", Reading(lists=tuple(lists)))
    assert source.counts == {("happy", "train"): 1, ("happy", "val"): 1}
    assert len(source.notes) == 1


def test_a_list_that_is_not_there_is_named(pictures: Path) -> None:
    for path in (pictures / "gone.csv", pictures):
        with pytest.raises(DatasetError, match=f"{path.name} is no file.*--list"):
            open_source(pictures, Reading(lists=(path,)))


def test_a_list_is_part_of_the_source(pictures: Path) -> None:
    before = read(pictures, PLAIN).sha256
    assert read(pictures, PLAIN).sha256 == before
    assert read(pictures, PLAIN.replace("sad", "angry")).sha256 != before

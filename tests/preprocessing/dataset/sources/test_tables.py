"""Tables as people have them are read as they are meant."""

import bz2
import gzip
import lzma
from pathlib import Path

import numpy as np
import pytest

from preprocessing.dataset.sources.open import open_source
from preprocessing.dataset.sources.reading import Reading, parse_mapping
from preprocessing.dataset.sources.types import SourceKind
from preprocessing.errors import DatasetError
from tests.preprocessing.dataset.sources.drawn import (
    EXPECTED,
    HEADER,
    draw,
    rows,
    tarred,
    text,
    zipped,
)
from tests.preprocessing.dataset.sources.plain_table import PLAIN, ROWS, with_cells


def in_words(code: str) -> str:
    return ("Anger", "disgusted", "Fearful", "HAPPINESS", "sad", "Surprised", "neutral")[int(code)]


def as_floats(pixels: str) -> str:
    return " ".join(f"{value}.0" for value in pixels.split())


def as_parts(pixels: str) -> str:
    return " ".join(f"{int(value) / 255:.3f}" for value in pixels.split())


def in_rows(pixels: str) -> str:
    return f'"{np.array(pixels.split(), int).reshape(48, 48).tolist()}"'


MEANT = {"Training": "train", "PublicTest": "val", "PrivateTest": "test"}
READ: dict[str, str | bytes] = {
    "plain.csv": PLAIN,
    "UPPER.CSV": PLAIN,
    "fer2013.txt": PLAIN,
    "no suffix": PLAIN,
    "crlf.csv": text(ROWS, end="\r\n"),
    "cr_only.csv": text(ROWS, end="\r"),
    "byte order mark.csv": PLAIN.encode("utf-8-sig"),
    "utf-16.csv": PLAIN.encode("utf-16"),
    "utf-16 big.csv": b"\xfe\xff" + PLAIN.encode("utf-16-be"),
    "utf-16 without a mark.csv": PLAIN.encode("utf-16-le"),
    "utf-16 big without a mark.csv": PLAIN.encode("utf-16-be"),
    "remark first.csv": "# FER2013\n" + PLAIN,
    "blank_end.csv": PLAIN + "\n",
    "blank lines.csv": PLAIN.replace("\n", "\n\n"),
    "blank_end_crlf.csv": text(ROWS, end="\r\n") + "\r\n\r\n",
    "blank first.csv": "\n  \n" + PLAIN,
    "spaces_end.csv": PLAIN + "   \n",
    "no last line end.csv": PLAIN.rstrip("\n"),
    "nul_end.csv": PLAIN + "\0" * 16,
    "notes_after.csv": PLAIN + ",,,a,b,c\n",
    "trailing_commas.csv": text(ROWS, header=HEADER + ",,,", form="{0},{1},{2},,,"),
    "quoted.csv": text(ROWS, header='"emotion","pixels","Usage"', form='"{0}","{1}","{2}"'),
    "quoted header.csv": text(ROWS, header='"emotion","pixels","Usage"'),
    "single_quoted.csv": text(ROWS, form="{0},'{1}',{2}"),
    "semicolon.csv": text(ROWS, header="emotion;pixels;Usage", form="{0};{1};{2}"),
    "quoted, semicolon.csv": text(
        ROWS, header='"emotion";"pixels";"Usage"', form='"{0}";"{1}";"{2}"'
    ),
    "quoted, tab, utf-16.csv": text(
        ROWS, header='"emotion"\t"pixels"\t"Usage"', form='"{0}"\t"{1}"\t"{2}"'
    ).encode("utf-16"),
    "excel says how.csv": "sep=;\n" + text(ROWS, header="emotion;pixels;Usage", form="{0};{1};{2}"),
    "tab.tsv": text(ROWS, header="emotion\tpixels\tUsage", form="{0}\t{1}\t{2}"),
    "bars.csv": text(ROWS, header="emotion|pixels|Usage", form="{0}|{1}|{2}"),
    "kaggle.csv": text(ROWS, header="emotion, Usage, pixels", form="{0},{2},{1}"),
    "index_column.csv": text(ROWS, header="," + HEADER, form="7,{0},{1},{2}"),
    "of R.txt": text(ROWS, header='"emotion" "pixels" "Usage"', form='"7" {0} "{1}" "{2}"'),
    "of R, commas.csv": text(ROWS, header='"emotion","pixels","Usage"', form='"7",{0},"{1}","{2}"'),
    "a name missing.csv": text(ROWS, header="emotion,pixels"),
    "extra columns.csv": text(ROWS, header=f"id,{HEADER},note", form='1,{0},{1},{2},"a, b"'),
    "upper_names.csv": text(ROWS, header="EMOTION,Pixels,usage"),
    "in another language.csv": text(ROWS, header="Nr;Emotion;Pixel;Nutzung", form="7;{0};{1};{2}"),
    "names in other words.csv": text(ROWS, header="emotion_id,pixels,part"),
    "other names.csv": text(ROWS, header="label,pixels,split"),
    "more names.csv": text(ROWS, header="Emotion Label,pixels,phase"),
    "code and word.csv": text(
        with_cells(emotion=lambda code: f"9,{in_words(code)}"), header="label,label_name,pixels,set"
    ),
    "numpy.csv": text(with_cells(pixels=lambda cell: f"[[{cell.replace(' ', '. ')}.]]")),
    "lower_usage.csv": text(with_cells(usage=str.lower)),
    "train_val_test.csv": text(with_cells(usage=lambda word: MEANT[word])),
    "public_space.csv": text(with_cells(usage=lambda word: word.replace("Test", " Test"))),
    "float_emotion.csv": text(with_cells(emotion=lambda code: f"{code}.0")),
    "word_emotion.csv": text(with_cells(emotion=in_words)),
    "float_pixels.csv": text(with_cells(pixels=as_floats)),
    "unit_pixels.csv": text(with_cells(pixels=as_parts)),
    "rows of pixels.csv": text(with_cells(pixels=in_rows)),
    "list_pixels.csv": text(with_cells(pixels=lambda cell: '"[' + ", ".join(cell.split()) + ']"')),
    "double_spaces.csv": text(with_cells(pixels=lambda cell: cell.replace(" ", "  "))),
    "trailing_space_pixels.csv": text(with_cells(pixels=lambda cell: cell + " ")),
    "no_header.csv": text(ROWS, header=""),
    "no header, index.csv": text(ROWS, header="", form="3,{0},{1},{2}"),
    "a column for each pixel.csv": text(
        with_cells(pixels=lambda cell: ",".join(cell.split())),
        header="emotion," + ",".join(f"pixel_{place}" for place in range(2304)) + ",Usage",
    ),
    "a column for each pixel, last.csv": text(
        with_cells(pixels=lambda cell: ",".join(cell.split())),
        header="Usage,emotion," + ",".join(map(str, range(2304))),
        form="{2},{0},{1}",
    ),
    "names too.csv": text(ROWS, header="image,emotion,pixels,Usage", form="it's.png,{0},{1},{2}"),
    "fer2013.csv.gz": gzip.compress(PLAIN.encode()),
    "fer2013.csv.xz": lzma.compress(PLAIN.encode()),
    "fer2013.csv.bz2": bz2.compress(PLAIN.encode()),
    "really packed.csv": gzip.compress(PLAIN.encode()),
    "fer2013.tar.gz": tarred([("fer2013/fer2013.csv", PLAIN.encode()), ("fer2013/README", b"x")]),
    "fer2013.tgz": tarred([("fer2013/fer2013.csv", PLAIN.encode()), ("fer2013/fer.bib", b"x")]),
    "fer2013.tar": tarred([("fer2013.csv", PLAIN.encode())], ""),
    "fer2013.tar.xz": tarred([("fer2013.csv", PLAIN.encode())], "xz"),
    "fer2013.tar.bz2": tarred([("fer2013.csv", PLAIN.encode())], "bz2"),
    "mac.tar.gz": tarred([("._fer2013.csv", b"\0\5"), ("fer2013.csv", PLAIN.encode())]),
    "mac.zip": zipped([("fer2013.csv", PLAIN), ("__MACOSX/._fer2013.csv", b"\0\5\x16\7")]),
    "folder.zip": zipped([("archive/", b""), ("archive/FER2013.CSV", PLAIN)]),
    "competition.zip": zipped(
        [
            ("icml_face_data.csv", PLAIN),
            ("train.csv", "emotion,pixels\n"),
            ("test.csv", "pixels\n"),
            ("fer2013.tar.gz", tarred([("fer2013/fer2013.csv", PLAIN.encode())])),
        ]
    ),
    "packed twice.zip": zipped(
        [("fer2013.tar.gz", tarred([("fer2013/fer2013.csv", PLAIN.encode())]))]
    ),
    "packed in zip.zip": zipped([("fer2013.csv.gz", gzip.compress(PLAIN.encode()))]),
}


@pytest.mark.parametrize("name", READ)
def test_a_table_as_people_have_it_is_read(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    content = READ[name]
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    source = open_source(path)
    items = list(source.items())
    assert source.kind is SourceKind.FER2013
    assert [(item.label, item.split) for item in items] == EXPECTED
    for number, item in enumerate(items):
        np.testing.assert_array_equal(item.load(), draw(number))
    assert source.count == len(items)
    assert sum(source.counts.values()) == len(items)


@pytest.mark.parametrize("name", ["extra columns.csv", "in another language.csv", "plain.csv"])
def test_columns_of_a_table_that_are_not_read_are_noted(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(READ.get(name, PLAIN), encoding="utf-8")
    columns = {"extra columns.csv": "id, note", "in another language.csv": "Nr"}.get(name)
    noted = (f"note: columns of {name} that were not read: {columns}",) if columns else ()
    assert open_source(path).notes == noted


def test_pictures_of_other_sides_are_read(tmp_path: Path) -> None:
    path = tmp_path / "side64.csv"
    path.write_text(text(rows(side_px=64)), encoding="utf-8")
    for number, item in enumerate(open_source(path).items()):
        np.testing.assert_array_equal(item.load(), draw(number, 64))


@pytest.mark.parametrize(
    ("name", "split"), [("train.csv", "train"), ("my_test.csv", "test"), ("faces.csv", "train")]
)
def test_without_a_column_of_splits_the_name_of_the_file_tells_it(
    name: str, split: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_text(text(ROWS, header="emotion,pixels", form="{0},{1}"), encoding="utf-8")
    assert {item.split for item in open_source(path).items()} == {split}


def test_the_codes_of_other_sets_are_mapped_and_left_out(tmp_path: Path) -> None:
    path = tmp_path / "affectnet.csv"
    path.write_text(text([(str(code), *ROWS[0][1:]) for code in (0, 1, 6, 7, 8)]), encoding="utf-8")
    reading = Reading(mapping=parse_mapping("affectnet"), ignore=("contempt", "8"))
    source = open_source(path, reading)
    assert [item.label for item in source.items()] == ["neutral", "happy", "angry"]
    assert source.passed_over == {"class contempt (--ignore)": 1, "8 (--ignore)": 1}
    assert [item.name for item in source.items()] == [f"affectnet.csv:{line}" for line in (2, 3, 4)]


def test_only_some_classes_of_a_table_are_taken(tmp_path: Path) -> None:
    path = tmp_path / "fer2013.csv"
    path.write_text(PLAIN, encoding="utf-8")
    source = open_source(path, Reading(only=("happy", "sad")))
    assert [item.label for item in source.items()] == ["happy", "sad", "happy", "sad"]
    assert [item.row for item in source.items()] == [0, 1, 2, 3]
    assert sum(source.passed_over.values()) == 8
    assert source.sha256 != open_source(path).sha256


def test_classes_of_a_table_are_put_together(tmp_path: Path) -> None:
    path = tmp_path / "fer2013.csv"
    path.write_text(PLAIN, encoding="utf-8")
    mapping = parse_mapping("anger=bad,disgust=bad,fear=bad,sad=bad,happy=good,surprise=good")
    reading = Reading(own_labels=("bad", "neutral", "good"), mapping=mapping)
    labels = [item.label for item in open_source(path, reading).items()]
    assert labels[:7] == ["bad", "bad", "bad", "good", "bad", "good", "neutral"]


@pytest.mark.parametrize("empty", ["", "NA", "-", "#N/A"])
def test_rows_without_a_label_are_counted(empty: str, tmp_path: Path) -> None:
    path = tmp_path / "fer2013.csv"
    path.write_text(text([(empty, *ROWS[0][1:]), ROWS[1]]), encoding="utf-8")
    source = open_source(path)
    assert [item.label for item in source.items()] == ["disgust"]
    assert source.passed_over == {"without a label": 1}


def test_what_holds_nothing_is_counted_and_lines_keep_their_numbers(tmp_path: Path) -> None:
    path = tmp_path / "fer2013.csv"
    path.write_text(PLAIN.replace("\n", "\n\n"), encoding="utf-8")
    source = open_source(path)
    assert source.passed_over == {"lines that hold nothing": 13}
    assert [item.name for item in source.items()][:2] == ["fer2013.csv:3", "fer2013.csv:5"]


def test_the_one_table_of_a_folder_is_read(tmp_path: Path) -> None:
    (tmp_path / "fer2013").mkdir()
    (tmp_path / "fer2013" / "fer2013.csv").write_text(PLAIN, encoding="utf-8")
    (tmp_path / "fer2013" / "README").write_text("FER2013", encoding="utf-8")
    assert open_source(tmp_path).count == len(EXPECTED)
    (tmp_path / "train.csv").write_text("emotion,pixels\n", encoding="utf-8")
    assert open_source(tmp_path).count == len(EXPECTED)
    (tmp_path / "fer2013" / "more.csv").write_text(PLAIN, encoding="utf-8")
    with pytest.raises(DatasetError, match=r"several tables.*fer2013\.csv.*Name"):
        open_source(tmp_path)

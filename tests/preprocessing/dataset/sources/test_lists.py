"""Lists of labels name pictures as people mean it, or are refused with file and line."""

from pathlib import Path

import pytest

from preprocessing.dataset.sources.open import open_source
from preprocessing.dataset.sources.reading import Reading
from preprocessing.dataset.sources.types import SourceKind
from preprocessing.errors import DatasetError
from tests.preprocessing.dataset.sources.drawn import png, write_folders, zipped
from tests.preprocessing.dataset.sources.label_lists import LABELS, NAMES, PLAIN, read


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


def test_a_list_may_have_names_without_folders_or_endings(pictures: Path) -> None:
    bare = "image,label\nc,fear\nb.png,sad\nÜnal,happy\na 1,happy\n"
    assert [item.label for item in read(pictures, bare).items()] == list(LABELS)


def test_of_a_list_some_classes_are_taken_though_no_folder_is_named_after_one(
    tmp_path: Path,
) -> None:
    for number, name in enumerate("abc"):
        (tmp_path / f"{name}.png").write_bytes(png(number))
    path = tmp_path / "list.csv"
    path.write_text("path,label\na.png,sad\nb.png,fear\nc.png,happy\n")
    source = open_source(tmp_path, Reading(lists=(path,), only=("fear", "happy")))
    assert source.counts == {("fear", "train"): 1, ("happy", "train"): 1}
    assert source.passed_over == {"class sad (not in --only)": 1}


def test_numbers_in_a_list_need_a_meaning(pictures: Path) -> None:
    numbers = "path,label\na 1.png,4.0\nb.png,5\ndeep/c.png,2.000e+00\ndeep/Ünal.PNG,4\n"
    assert [item.label for item in read(pictures, numbers, words="raf-db").items()] == list(LABELS)
    with pytest.raises(DatasetError, match=r"list.csv:2: the label '4.0'.*--map 4=LABEL"):
        read(pictures, numbers)


@pytest.mark.parametrize("number", ["-1", "-1.0"])
def test_a_number_below_0_is_not_the_one_above(number: str, pictures: Path) -> None:
    numbers = f"path,label\na 1.png,1\nb.png,{number}\n"
    with pytest.raises(DatasetError, match=rf"label '{number}'.*--map -1=LABEL.*--ignore -1"):
        read(pictures, numbers, words="raf-db")
    said = read(pictures, numbers, words="-1=sad,1=happy")
    assert [item.label for item in said.items()] == ["happy", "sad"]


@pytest.mark.parametrize("encoding", ["cp1251", "koi8-r"])
def test_a_list_whose_letters_are_guessed_says_so_where_it_is_not_understood(
    encoding: str, pictures: Path
) -> None:
    rows = "path,label\na 1.png,счастье\nb.png,грусть\n"
    meant = "счастье=happy,грусть=sad"
    with pytest.raises(DatasetError, match=r"list.csv is not in UTF-8 .* save it in UTF-8"):
        read(pictures, rows.encode(encoding), words=meant)
    with pytest.raises(DatasetError, match=r"lacks a column of paths.*list.csv is not in UTF-8"):
        read(pictures, "файл,метка\na,счастье\n".encode(encoding))
    with pytest.raises(DatasetError, match=r"has a label.*list.csv is not in UTF-8"):
        read(pictures, "файл,метка\nb.png,счастье\n".encode(encoding))
    assert read(pictures, rows.encode(), words=meant).count == 2
    with pytest.raises(DatasetError, match="счастье") as error_info:
        read(pictures, rows.encode())
    assert "UTF-8" not in str(error_info.value)


def test_a_list_of_choices_as_label_studio_exports_it(pictures: Path) -> None:
    rows = "/data/upload/1/b.png,1,Sad,2\n/data/upload/1/a 1.png,2,Fear,2\n"
    source = read(pictures, "image,id,choice,annotator\n" + rows)
    assert source.counts == {("sad", "train"): 1, ("fear", "train"): 1}


@pytest.mark.parametrize("column", ["choice", "Answer", "result"])
def test_votes_count_more_than_a_choice(column: str, pictures: Path) -> None:
    rows = f"path,happy,sad,{column}\na 1.png,7,1,sad\nb.png,2,6,ok\n"
    source = read(pictures, rows)
    assert source.counts == {("happy", "train"): 1, ("sad", "train"): 1}
    assert f"were not read: {column}" in source.notes[0]


@pytest.mark.parametrize("column", ["is_train", "Train", "test", "isTest", "in validation"])
def test_a_column_that_flags_a_split_is_not_passed_over(column: str, pictures: Path) -> None:
    rows = f"path,label,{column}\na 1.png,happy,1\nb.png,sad,0\n"
    with pytest.raises(DatasetError, match=f"has a column {column}.*a column split with train"):
        read(pictures, rows)
    path = pictures.parent / "list.csv"
    assert open_source(pictures, Reading(lists=(path,), ignore=(column.lower(),))).count == 2
    said = read(pictures, f"path,label,{column},split\na 1.png,happy,1,val\nb.png,sad,0,train\n")
    assert {split for _, split in said.counts} == {"train", "val"}


def test_a_column_that_flags_a_split_is_passed_over_where_folders_tell_the_splits(
    tmp_path: Path,
) -> None:
    """To leave it out with --ignore would leave the folder of its name out too."""
    write_folders(tmp_path, ("train", "test"), ("faces",), each=1)
    rows = "path,label,test\ntrain/faces/0_0.png,happy,0\ntest/faces/0_0.png,sad,1\n"
    assert read(tmp_path, rows).counts == {("happy", "train"): 1, ("sad", "test"): 1}


@pytest.mark.parametrize("column", ["train_loss", "valid", "trained by", "attest"])
def test_other_columns_are_noted_and_passed_over(column: str, pictures: Path) -> None:
    source = read(pictures, f"path,label,{column}\na 1.png,happy,1\nb.png,sad,0\n")
    assert source.count == 2
    assert column in source.notes[0]


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
        (
            "a 1.png,happy,train\na 1.png,sad,train",
            "list.csv:3: .*another label.*list.csv:2.*a column rater.*cut out each",
        ),
        ('"a 1.png,happy,train', "list.csv:2.*Write each row on one line"),
        ("a 1.png,happy,eval", "list.csv:2: the split 'eval'.*--map eval=val"),
        ("a 1.png,unhappy,train", "list.csv:2: the label 'unhappy'.*--map unhappy=LABEL"),
        (f"a 1.png,{'happy ' * 200},train", "list.csv:2: the label.* is not understood"),
        (f"a 1.png,happy,{'val ' * 300}", "list.csv:2: the split.* is not understood"),
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

"""Class folders as people have them: each is read rightly, or refused with what to do."""

import itertools
import unicodedata
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from preprocessing.dataset.labels import FER2013_LABELS
from preprocessing.dataset.sources.open import open_source
from preprocessing.dataset.sources.reading import Reading, parse_mapping
from preprocessing.dataset.sources.types import Source, SourceKind
from preprocessing.errors import DatasetError, MienError
from tests.preprocessing.dataset.sources.drawn import SIX, SPLITS, png, write_folders

Make = Callable[[Path], None]
ALL = ("train", "val", "test")


def folders(
    *splits: str, labels: tuple[str, ...] = SIX, suffix: str = ".png", side_px: int = 48
) -> Make:
    def make(root: Path) -> None:
        write_folders(root, splits, labels, suffix=suffix, side_px=side_px)

    return make


def linked(root: Path) -> None:
    """Make links to the folders of splits, and one that leads back up."""
    real = root.with_name("elsewhere")
    write_folders(real, ALL, SIX)
    root.mkdir()
    for split in ALL:
        (root / split).symlink_to(real / split)
    (root / "again").symlink_to(root)
    (real / "train" / "up").symlink_to(root)


def with_litter(root: Path) -> None:
    """Leave beside the pictures what systems and people leave there."""
    write_folders(root, ALL, SIX)
    happy = root / "train" / "happy"
    for name in (".DS_Store", "Thumbs.db", "desktop.ini", "._0_0.png", ".hidden.png"):
        (happy / name).write_bytes(b"\0\1")
    (root / "__MACOSX" / "train" / "happy").mkdir(parents=True)
    (root / "__MACOSX" / "train" / "happy" / "0.png").write_bytes(png(0))
    (root / ".ipynb_checkpoints").mkdir()
    (root / ".ipynb_checkpoints" / "0.png").write_bytes(png(0))
    (root / "README.md").write_text("faces", encoding="utf-8")
    (root / "train" / "empty").mkdir()
    (root / "test" / "disgust_old").mkdir()
    (root / "train" / "happy" / "landmarks.npy").write_bytes(bytes(200))


def linked_classes(root: Path) -> None:
    """Make links to the folders of classes, and to single pictures."""
    real = root.with_name("elsewhere")
    write_folders(real, ("",), SIX)
    root.mkdir()
    for label in SIX:
        (root / label).mkdir() if label == "sad" else (root / label).symlink_to(real / label)
    for picture in (real / "sad").iterdir():
        (root / "sad" / picture.name).symlink_to(picture)


def class_first(root: Path) -> None:
    for label in SIX:
        write_folders(root / label, ALL, ("",))


def people_inside(root: Path) -> None:
    for label in SIX:
        write_folders(root / label, ("anna", "Ünal"), ("",), each=1)


NOUNS = ("anger", "disgust", "fear", "happiness", "neutrality", "sadness", "surprise")
ADJECTIVES = ("angry", "disgusted", "fearful", "happy", "neutral", "sad", "surprised")
READ: dict[str, tuple[Make, tuple[str, ...]]] = {
    "kaggle's": (folders("train", "test"), ("train", "test")),
    "in images": (folders("images/train", "images/validation"), ("train", "val")),
    "deeper": (folders("a/b/train/c", "a/b/val/c"), ("train", "val")),
    "twice": (folders("train/train", "test/test"), ("train", "test")),
    "training, testing": (folders("Training", "Testing"), ("train", "test")),
    "as in FER2013": (folders("Training", "PublicTest", "PrivateTest"), ALL),
    "with spaces": (folders("Train ", "Public Test", "Private Test"), ALL),
    "as in FER+": (folders("FER2013Train", "FER2013Valid", "FER2013Test"), ALL),
    "valid": (folders("train", "valid", "test"), ALL),
    "dev": (folders("TRAIN SET", "dev", "test_images"), ALL),
    "capitals": (folders(*("Train", "Val", "Test"), labels=tuple(map(str.upper, SIX))), ALL),
    "nouns": (folders(*ALL, labels=NOUNS), ALL),
    "adjectives": (folders(*ALL, labels=ADJECTIVES), ALL),
    "other words": (
        folders(*ALL, labels=("Anger", "Disgusted", "Afraid", "Joy", "Neutral", "Sad", "Surprise")),
        ALL,
    ),
    "numbers before": (folders(*ALL, labels=tuple(f"{n}_{w}" for n, w in enumerate(SIX))), ALL),
    "numbers from one": (
        folders(*ALL, labels=tuple(f"{n + 1}-{w}" for n, w in enumerate(SIX))),
        ALL,
    ),
    "counts behind": (folders(*ALL, labels=tuple(f"{word} (120)" for word in SIX)), ALL),
    "words behind": (folders(*ALL, labels=tuple(f"{word} faces" for word in SIX)), ALL),
    "class first": (class_first, ALL),
    "in one name": (folders("", labels=tuple(f"train_{w}" for w in SIX)), ("train",)),
    "no splits": (folders(""), ("train",)),
    "people": (folders("S005", "S010"), ("train",)),
    "people inside": (people_inside, ("train",)),
    "upper suffix": (folders(*ALL, suffix=".PNG"), ALL),
    "jfif": (folders(*ALL, suffix=".jfif"), ALL),
    "odd suffix": (folders(*ALL, suffix=".x"), ALL),
    "no suffix": (folders(*ALL, suffix=""), ALL),
    "brackets behind": (folders(*ALL, labels=tuple(f"{word.title()}[12]" for word in SIX)), ALL),
    "smileys": (folders(*ALL, labels=tuple(f"😀 {word}" for word in SIX)), ALL),
    "dashes before": (folders(*ALL, labels=tuple(f"-{word}" for word in SIX)), ALL),
    "shares behind": (folders("train (80%)", "test (20%)"), ("train", "test")),
    "folds": (folders("fold_0", "fold_1"), ("train",)),
    "links": (linked, ALL),
    "links to classes": (linked_classes, ("train",)),
    "litter": (with_litter, ALL),
}


@pytest.mark.parametrize("name", READ)
def test_class_folders_as_people_have_them_are_read(name: str, tmp_path: Path) -> None:
    make, splits = READ[name]
    make(tmp_path / "faces")
    source = open_source(tmp_path / "faces")
    assert source.kind is SourceKind.CLASS_FOLDERS
    counts = {(label, split): 2 for split in splits for label in FER2013_LABELS}
    if name in ("people", "folds"):
        counts = dict.fromkeys(counts, 4)
    assert source.counts == counts
    items = list(source.items())
    assert Counter((item.label, item.split) for item in items) == counts
    assert {item.load().shape[:2] for item in items} == {(48, 48)}
    for item in items:
        # Pictures are named after their class: no label went to another's picture.
        number = Path(item.name).name.partition("_")[0]
        assert name in ("class first", "people inside") or item.label == SIX[int(number)]


def test_labels_may_be_in_the_names_of_files(tmp_path: Path) -> None:
    for number, (label, word) in enumerate(
        [("angry", "angry"), ("happy", "HAPPY"), ("fear", "fearful"), ("sad", "sad")] * 2
    ):
        path = tmp_path / "val" / f"Person{number:02}_female_{word}_frontal.png"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(png(number))
        assert label
    source = open_source(tmp_path)
    assert {item.split for item in source.items()} == {"val"}
    assert {(item.label or "")[:3] for item in source.items()} == {"ang", "hap", "fea", "sad"}
    for item in source.items():
        assert (item.label or "")[:3] in item.name.lower()
    assert "labels were read from the names of files" in source.notes[0]
    (tmp_path / "val" / "cover.png").write_bytes(png(99))
    assert "have no expression in their name" in refused(tmp_path)
    assert open_source(tmp_path, Reading(ignore=("cover.png",))).count == 8
    (tmp_path / "val" / "cover.png").rename(tmp_path / "val" / "contemptuous.png")
    assert "--ignore contempt" in refused(tmp_path)


def test_abbreviations_in_the_names_of_files_mean_what_is_said(tmp_path: Path) -> None:
    emotions = ("AN", "AF", "HA", "NE")
    for emotion, side in itertools.product(emotions, ("S", "HL", "FR")):
        for person in ("AF01", "BM31"):
            path = tmp_path / person / f"{person}{emotion}{side}.JPG"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(png(0))
    assert open_source(tmp_path).kind is SourceKind.PHOTOS
    mapping = parse_mapping("ANS=angry,AFS=fear,HAS=happy,NES=neutral")
    source = open_source(tmp_path, Reading(mapping=mapping, ignore=("*[HF][LR].JPG",)))
    assert source.counts == {(label, "train"): 2 for label in ("angry", "fear", "happy", "neutral")}
    assert source.passed_over == {"*[hf][lr].jpg (--ignore)": 16}
    assert {item.folder for item in source.items()} == {"AF01", "BM31"}


def test_abbreviations_in_the_names_of_files_are_not_passed_over(tmp_path: Path) -> None:
    for person, emotion in itertools.product(("KA", "YM"), ("AN1", "HA2", "SA1", "SU3")):
        (tmp_path / f"{person}.{emotion}.39.tiff").write_bytes(png(0))
    mapping = "an=angry,ha=happy,sa=sad,su=surprise"
    assert f"--map {mapping}, or" in refused(tmp_path)
    source = open_source(tmp_path, Reading(mapping=parse_mapping(mapping)))
    assert source.counts == {(each, "train"): 2 for each in ("angry", "happy", "sad", "surprise")}
    assert open_source(tmp_path, Reading(is_unlabelled=True)).kind is SourceKind.PHOTOS


@pytest.mark.parametrize("form", ["{1}/{0}_1.png", "{0}_1_{1}.png", "faces/{1}/{0}-{1}.png"])
def test_splits_may_be_in_the_names_of_files(form: str, tmp_path: Path) -> None:
    for split, label in (("train", "happy"), ("train", "sad"), ("val", "sad"), ("test", "happy")):
        path = tmp_path / form.format(split, label)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(0))
    source = open_source(tmp_path)
    assert set(source.counts) == {
        ("happy", "train"), ("sad", "train"), ("sad", "val"), ("happy", "test"),
    }  # fmt: skip
    assert "splits were read from the names of files" in source.notes[-1]
    (path.parent / "other happy.png").write_bytes(png(0))
    assert {split for _, split in open_source(tmp_path).counts} == {"train"}


def test_one_happy_name_makes_no_class(tmp_path: Path) -> None:
    for name in ("happy birthday.png", "beach.png", "sad goodbye.png", "dog.png"):
        (tmp_path / name).write_bytes(png(0))
    assert open_source(tmp_path).kind is SourceKind.PHOTOS


def test_a_list_beside_class_folders_is_noted_and_counted(tmp_path: Path) -> None:
    write_folders(tmp_path / "set", ("",), ("happy", "sad"))
    (tmp_path / "set" / "labels.csv").write_text("pth,label\nhappy/0_0.png,sad\n", "utf-8")
    source = open_source(tmp_path / "set")
    assert "--list" in source.notes[0]
    assert source.passed_over == {".csv files that are no pictures": 1}
    read = open_source(tmp_path / "set", Reading(lists=(tmp_path / "set" / "labels.csv",)))
    assert [(item.name, item.label) for item in read.items()] == [("happy/0_0.png", "sad")]
    assert read.passed_over == {"in no list": 3}


def test_photos_beside_a_table_of_pictures_are_not_taken_for_it(tmp_path: Path) -> None:
    (tmp_path / "cover.png").write_bytes(png(0))
    (tmp_path / "fer2013.csv").write_text("emotion,pixels,Usage\n", encoding="utf-8")
    assert "Name it as the source" in refused(tmp_path)


def test_links_that_lead_nowhere_are_counted(tmp_path: Path) -> None:
    write_folders(tmp_path, ("",), ("happy",))
    (tmp_path / "happy" / "gone.png").symlink_to(tmp_path / "nowhere.png")
    source = open_source(tmp_path)
    assert (source.count, source.passed_over) == (2, {"links that lead nowhere": 1})


def test_classes_are_put_together(tmp_path: Path) -> None:
    write_folders(tmp_path, ("",), ("Anger", "fearful", "sad", "contemptuous"))
    source = open_source(tmp_path, Reading(mapping=parse_mapping("fear=sad,contempt=angry")))
    assert source.counts == {("angry", "train"): 4, ("sad", "train"): 4}


def test_names_are_compared_in_one_form(tmp_path: Path) -> None:
    label = "fröhlich"
    for form, split in (("NFC", "train"), ("NFD", "val")):
        write_folders(tmp_path, (split,), (unicodedata.normalize(form, label).upper(), "sad"))
    source = open_source(tmp_path, Reading(own_labels=(label, "sad")))
    assert source.counts == {
        (each, split): 2 for each in (label, "sad") for split in ("train", "val")
    }
    mapped = open_source(tmp_path, Reading(mapping=(("Fröhlich", "happy"),)))
    assert mapped.counts[("happy", "train")] == mapped.counts[("happy", "val")] == 2


def test_litter_is_counted(tmp_path: Path) -> None:
    with_litter(tmp_path / "faces")
    assert open_source(tmp_path / "faces").passed_over == {
        "hidden and system files": 7,
        ".md files that are no pictures": 1,
        ".npy files that are no pictures": 1,
    }


def with_notes(picture: str, note: str) -> Make:
    """Make pictures, and beside each a text that says what it shows."""

    def make(root: Path) -> None:
        for split, number in itertools.product(("train", "val"), range(3)):
            for form, content in ((picture, png(number)), (note, b"3 0.5 0.5 0.4 0.4\n")):
                path = root / form.format(split, number)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)

    return make


@pytest.mark.parametrize(
    ("picture", "note"),
    [
        ("images/{0}{1}.jpg", "labels/{0}{1}.txt"),
        ("{0}{1}.jpg", "{0}{1}.xml"),
        ("{0}{1}.jpg", "{0}{1}.json"),
        ("anna{1}/a.jpg", "anna{1}/label.txt"),
        ("{0}{1}.jpg", "labels.xlsx"),
    ],
)
def test_pictures_beside_which_their_labels_may_lie_are_not_taken_without_them(
    picture: str, note: str, tmp_path: Path
) -> None:
    with_notes(picture, note)(tmp_path)
    message = refused(tmp_path)
    for word in ("no folder is named after an expression", "--list", "--unlabelled"):
        assert word in message
    assert open_source(tmp_path, Reading(is_unlabelled=True)).kind is SourceKind.PHOTOS


def test_what_a_photo_service_adds_makes_no_labels(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.jpg").write_bytes(png(number))
        about = f'{{\n  "title": "{number}.jpg",\n  "url": "https://example.com/{number}"\n}}\n'
        (tmp_path / f"{number}.jpg.json").write_text(about, "utf-8")
    (tmp_path / "notes.txt").write_text("Holidays\n", "utf-8")
    assert open_source(tmp_path).kind is SourceKind.PHOTOS


def refused(root: Path, reading: Reading | None = None) -> str:
    with pytest.raises(DatasetError) as error_info:
        open_source(root, reading)
    return str(error_info.value)


REFUSED: dict[str, tuple[Make, tuple[str, ...]]] = {
    "one class too many": (
        folders(*ALL, labels=(*SIX, "contempt")),
        ("6 of 48 pictures", "contempt", "--ignore contempt", "--labels angry,disgust"),
    ),
    "codes": (folders(*ALL, labels=tuple("0123456")), ("--map 0=LABEL", "fer2013, raf-db")),
    "codes without splits": (folders("", labels=tuple("1234567")), ("--map 1=LABEL",)),
    "misspelt": (
        folders("train", "val", labels=("hapy", "sad")),
        ("hapy", "--map hapy=happy", "--ignore hapy"),
    ),
    "in another language": (
        folders("train", "val", labels=("feliz", "triste")),
        ("--map feliz=happy,triste=sad", "--unlabelled"),
    ),
    "in Russian": (
        folders("", labels=("радость", "грусть", "злость")),
        ("--map грусть=sad,злость=angry,радость=happy",),
    ),
    "in Arabic": (folders("", labels=("سعيد", "حزين")), ("حزين=sad", "سعيد=happy")),
    "in Korean": (folders("", labels=("기쁨", "슬픔")), ("기쁨=happy", "슬픔=sad")),
    "smileys alone": (folders("", labels=("😀", "😢")), ("--map '😀=happy,😢=sad'",)),
    "splits with a word of one's own": (
        folders("my_train", "my_val"),
        ("in no split", "--map my_train=train,my_val=val"),
    ),
    "two at once": (
        folders("", labels=("Happily, Surprised", "sad")),
        ("--map 'Happily Surprised=LABEL'",),
    ),
    "boxes in files": (
        with_notes("{}/images/{}.jpg", "{}/labels/{}.txt"),
        ("6 files beside the pictures, such as train/labels/0.txt", "--list"),
    ),
    "abbreviations": (
        folders("", labels=("AN", "HA", "NE", "SA")),
        ("--map AN=angry,HA=happy,NE=neutral,SA=sad",),
    ),
    "all misspelt": (
        folders("", labels=("hapy", "suprised")),
        ("--map hapy=happy,suprised=surprise",),
    ),
    "calm": (folders("", labels=("calm", "sad")), ("--map calm=LABEL",)),
    "split that may be meant": (
        folders("train", "eval", labels=("happy", "sad")),
        ("in no split", "--map eval=val"),
    ),
    "split of another name": (
        folders("train", "extra", labels=("happy", "sad")),
        ("in no split", "--map extra=train"),
    ),
    "classes in classes": (
        folders("happy", labels=("sad", "fear")),
        ("in two classes at once, happy and sad",),
    ),
    "splits in splits": (folders("train/val"), ("in two splits at once, train and val",)),
    "no classes": (folders("train", "val", labels=("",)), ("in no class folder", "--unlabelled")),
}


@pytest.mark.parametrize("name", REFUSED)
def test_folders_that_are_not_understood_are_refused_with_what_to_do(
    name: str, tmp_path: Path
) -> None:
    make, words = REFUSED[name]
    make(tmp_path / "faces")
    message = refused(tmp_path / "faces")
    for word in (*words, "faces: ", "It was read as\n", "Expected folders named angry, disgust"):
        assert word in message


def test_the_error_shows_the_tree_as_it_was_read(tmp_path: Path) -> None:
    write_folders(tmp_path / "faces", ("train", "val"), ("Happiness", "hapy"))
    write_folders(tmp_path / "faces", ("pictures",), ("12",), each=1)
    (tmp_path / "faces" / "cover.png").write_bytes(png(0))
    tree = refused(tmp_path / "faces").splitlines()[1:-1]
    assert tree == [
        "  pictures/",
        "    12/  a number without a meaning, 1 picture",
        "  train/  split train",
        "    Happiness/  class happy, 2 pictures",
        "    hapy/  neither split nor class, 2 pictures",
        "  val/  split val",
        "    Happiness/  class happy, 2 pictures",
        "    hapy/  neither split nor class, 2 pictures",
        "  (no folder)  1 picture",
    ]


def test_the_tree_of_many_folders_is_cut(tmp_path: Path) -> None:
    write_folders(tmp_path, ("",), tuple(f"person{chr(97 + n)}" for n in range(26)), each=1)
    write_folders(tmp_path, ("",), ("happy",))
    message = refused(tmp_path)
    assert "and 18 more folders" in message
    assert len(message.splitlines()) < 20


@pytest.mark.parametrize(
    ("reading", "labels"),
    [
        (Reading(mapping=parse_mapping("raf-db")), ("surprise", "fear", "disgust")),
        (Reading(mapping=parse_mapping("1=surprise,2=Fearful,3=disgust")), None),
        (Reading(mapping=parse_mapping("1=train")), ()),
    ],
)
def test_numbers_mean_what_is_said(
    reading: Reading, labels: tuple[str, ...] | None, tmp_path: Path
) -> None:
    write_folders(tmp_path, ("train", "test"), ("1", "02", "3"))
    if labels == ():
        assert "a number without a meaning" in refused(tmp_path, reading)
        return
    source = open_source(tmp_path, reading)
    assert {label for label, _ in source.counts} == {"surprise", "fear", "disgust"}


def test_a_name_may_mean_a_split(tmp_path: Path) -> None:
    write_folders(tmp_path, ("fold1", "fold2"), ("happy", "sad"))
    source = open_source(tmp_path, Reading(mapping=parse_mapping("fold1=train,fold2=val")))
    assert {split for _, split in source.counts} == {"train", "val"}


def test_classes_are_chosen_and_left_out(tmp_path: Path) -> None:
    write_folders(tmp_path, ("train", "val"), (*SIX, "contempt", "Ahegao"))
    only = open_source(tmp_path, Reading(only=("happy", "sad")))
    assert {label for label, _ in only.counts} == {"happy", "sad"}
    assert only.passed_over["class contempt (not in --only)"] == 4
    assert only.passed_over["Ahegao (not in --only)"] == 4
    rest = open_source(tmp_path, Reading(ignore=("contempt", "ahe*")))
    assert {label for label, _ in rest.counts} == set(FER2013_LABELS)
    assert rest.passed_over == {"contempt (--ignore)": 4, "Ahegao (--ignore)": 4}
    assert rest.sha256 != only.sha256
    assert "every picture is left out" in refused(tmp_path, Reading(ignore=("*",)))
    assert "No folder with pictures is named calm" in refused(
        tmp_path, Reading(only=("happy", "calm"))
    )


def test_stray_files_are_named_and_can_be_left_out(tmp_path: Path) -> None:
    write_folders(tmp_path, ("",), ("happy", "sad"))
    (tmp_path / "my cover.png").write_bytes(png(0))
    assert "--ignore 'my cover.png'" in refused(tmp_path)
    source = open_source(tmp_path, Reading(ignore=("my cover.png",)))
    assert (source.count, source.passed_over["my cover.png (--ignore)"]) == (4, 1)


def test_folders_that_are_no_classes_hold_photos(tmp_path: Path) -> None:
    for folder in ("2019", "2020", "Holidays", ""):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / "one.png").write_bytes(png(0))
    assert open_source(tmp_path).kind is SourceKind.PHOTOS
    some = open_source(tmp_path, Reading(ignore=("Holidays",)))
    assert (some.kind, some.count, some.passed_over.total()) == (SourceKind.PHOTOS, 3, 1)
    write_folders(tmp_path, ("",), ("happy",))
    assert "lie in no class folder" in refused(tmp_path)
    photos = open_source(tmp_path, Reading(is_unlabelled=True))
    assert photos.kind is SourceKind.PHOTOS
    assert {item.label for item in photos.items()} == {None}


def test_labels_of_ones_own_with_numbers_are_told_apart(tmp_path: Path) -> None:
    own = ("level 1", "level 2", "happy")
    write_folders(tmp_path, SPLITS, ("Level_1", "level2", "Happiness"))
    source = open_source(tmp_path, Reading(own_labels=own))
    assert source.counts == {(label, split): 2 for label in own for split in SPLITS}


def test_what_lies_beside_class_and_split_is_kept_for_grouping(tmp_path: Path) -> None:
    write_folders(tmp_path, ("train/S005", "val/S010"), ("happy",), each=1)
    folders = [item.folder for item in open_source(tmp_path).items()]
    assert folders == ["S005", "S010"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Reading(mapping=(("1", "hapy"),)), "Did you mean happy"),
        (
            lambda: Reading(mapping=(("calm", "sad"),), own_labels=("happy", "angry")),
            "one of happy",
        ),
        (lambda: Reading(own_labels=("a", "b"), only=("a", "b")), "not both"),
        (lambda: Reading(only=("happy",)), "two or more"),
        (lambda: Reading(is_unlabelled=True, only=("happy", "sad")), "without labels"),
        (lambda: parse_mapping("kdef"), "or one of fer2013, raf-db"),
    ],
)
def test_choices_that_make_no_sense_are_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(MienError, match=message):
        make()


def test_a_folder_without_pictures_says_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "photos.zip").write_bytes(b"PK\5\6" + bytes(18))
    (tmp_path / "notes.txt").write_text("hello", encoding="utf-8")
    message = refused(tmp_path)
    assert "holds no pictures. It holds notes.txt, 1 x .zip" in message


def test_a_source_changes_with_its_files(tmp_path: Path) -> None:
    def digest() -> str:
        source: Source = open_source(tmp_path)
        return source.sha256

    write_folders(tmp_path, ("",), ("happy",))
    before = digest()
    assert digest() == before
    (tmp_path / "happy" / "more.png").write_bytes(png(9))
    assert digest() != before

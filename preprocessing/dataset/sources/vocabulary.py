"""The names that people give to splits and classes, in folders, tables and lists."""

import itertools
import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence

from preprocessing.dataset.labels import FERPLUS_LABELS, SPLITS

_SPLIT_WORDS = {
    "train": ("train", "training", "trainset", "trainingset", "trn"),
    "val": (
        "val", "valid", "validate", "validation", "valset", "validationset", "dev", "devset",
        "publictest",
    ),
    "test": ("test", "testing", "testset", "tst", "privatetest"),
}  # fmt: skip
_CLASS_WORDS = {
    "angry": ("anger", "angry"),
    "disgust": ("disgust", "disgusted"),
    "fear": ("fear", "fearful", "afraid", "scared", "frightened"),
    "happy": ("happy", "happiness", "joy", "joyful"),
    "sad": ("sad", "sadness"),
    "surprise": ("surprise", "surprised"),
    "neutral": ("neutral", "neutrality"),
    "contempt": ("contempt", "contemptuous"),
}
SPLIT_OF = {word: split for split in SPLITS for word in _SPLIT_WORDS[split]}
"""Split by the word for it, in lower case and without spaces."""
LABEL_OF = {word: label for label in FERPLUS_LABELS for word in _CLASS_WORDS[label]}
"""One of `FERPLUS_LABELS` by the nouns and adjectives for it, in lower case."""

PLAIN_WORDS = frozenset((
    "set", "data", "dataset", "image", "images", "img", "imgs", "pic", "pics", "picture",
    "pictures", "photo", "photos", "face", "faces", "fer", "crop", "crops", "cropped", "aligned",
    "split", "folder", "emotion", "emotions", "expression", "expressions", "class", "classes",
    "label", "labels", "people", "person", "sample", "samples", "x", "px", "gray", "grey",
    "grayscale", "greyscale", "rgb", "jpg", "png", "copy", "new", "final", "raw", "original",
    "clean", "cleaned", "resized", "processed", "preprocessed", "augmented",
))  # fmt: skip
"""Words of a folder's name that say nothing about what its pictures show: "happy faces"."""

CODES = {
    "fer2013": dict(enumerate(FERPLUS_LABELS[:7])),
    "raf-db": {1: "surprise", 2: "fear", 3: "disgust", 4: "happy", 5: "sad", 6: "angry",
               7: "neutral"},
    "affectnet": {0: "neutral", 1: "happy", 2: "sad", 3: "surprise", 4: "fear", 5: "disgust",
                  6: "angry", 7: "contempt"},
    "ck+": {0: "neutral", 1: "angry", 2: "contempt", 3: "disgust", 4: "fear", 5: "happy", 6: "sad",
            7: "surprise"},
}  # fmt: skip
"""What the numbers of published sets mean, by the name under which `--map` takes them."""

PATH_COLUMNS = (
    "path", "paths", "filepath", "filepaths", "imagepath", "imgpath", "file", "files", "filename",
    "filenames", "imagefile", "imagefilename", "imagename", "image", "images", "img", "imgname",
    "picture", "photo", "pic", "pth", "fname", "name", "subdirectoryfilepath", "imageid", "url",
    "imageurl", "uri", "sourceref", "externalid",
)  # fmt: skip
"""Names of a column of paths, without spaces and signs."""
LABEL_COLUMNS = (
    "emotionname", "expressionname", "labelname", "classname", "categoryname", "emotion",
    "emotions", "emotionlabel", "facialexpression", "facialemotion", "dominantemotion",
    "expression", "expressions", "expressionlabel", "label", "labels", "class", "category",
    "target", "groundtruth", "groundtruthlabel", "gt", "gtlabel", "truelabel", "annotation",
    "sentiment", "emotionid", "expressionid", "labelid", "classid", "categoryid", "emotioncode",
    "labelcode", "emotionindex", "labelindex", "choice", "answer", "result",
)  # fmt: skip
"""Names of a column of labels, without spaces and signs; those that have words come first."""
SPLIT_COLUMNS = (
    "usage", "split", "splits", "set", "subset", "partition", "phase", "datasplit", "datasetsplit",
)  # fmt: skip
"""Names of a column of splits."""
RATER_COLUMNS = tuple(
    word + end
    for word in ("rater", "annotator", "labeler", "labeller", "coder", "judge", "worker")
    for end in ("", "id", "name")
)
"""Names of a column that says who chose the label."""
MISSING = frozenset(
    ("", "na", "n/a", "n.a.", "<na>", "nan", "null", "#n/a", "#nv", "-", "--", ".", "?")
)
"""What R, Python, Excel, SPSS and people write into a cell without a value, as `fold` returns it.

"None" is not among them: it may be an expression.
"""

_ALIKE = str.maketrans({"\N{LATIN SMALL LETTER DOTLESS I}": "i", "\u0307": None, "\ufe0f": None})
_WORD = re.compile(r"[^\W\d_]+|\d+")
# By itself; behind a word the sign is a hyphen.
_BELOW_0 = re.compile(r"-[0-9]+")
_NEW_WORD = re.compile(r"(?<=[a-z])(?=[A-Z])")
_NUMBER = re.compile(r"-?[0-9]{1,9}(?:\.[0-9]{0,12})?(?:[eE][+-]?[0-9]{1,2})?")


def fold(name: str) -> str:
    """Return a name in the one form in which names are compared.

    Neither case, nor surrounding spaces, nor the way in which accents are stored (NFC on Linux and
    Windows, NFD on older Macs) makes a difference; nor do the dots of Turkish letters, whose
    capitals are İ and I, and what asks for an emoji in colour.
    """
    text = unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold()).strip()
    return text if text.isascii() else text.translate(_ALIKE)


def as_label(word: str) -> str:
    """Return a word as a label of one's own is kept: in lower case, all its letters as they are."""
    return unicodedata.normalize("NFC", word).lower().replace("i\u0307", "i").strip()


def words_of(name: str) -> list[str]:
    """Split a name into words and numbers, in lower case: "0_Angry faces" into 0, angry, faces."""
    text = fold(name)
    if _BELOW_0.fullmatch(text):
        return [text]
    words = _WORD.findall(text) if text.isascii() else _words_of_letters(text)
    return [(word.lstrip("0") or "0") if word.isdecimal() else word for word in words]


def _words_of_letters(text: str) -> list[str]:
    """Split a text into words and numbers; the signs of many scripts belong to their letters."""
    runs = ("".join(run) for _, run in itertools.groupby(text, _kind_of_letter))
    return [run for run in runs if run[0].isalpha() or run.isdecimal()]


def _kind_of_letter(letter: str) -> str:
    kind = unicodedata.category(letter)
    return "letter" if kind[0] in "LM" else kind


def part_words(name: str) -> str:
    """Put spaces between words that only capital letters part: "AngryFaces" is "Angry Faces"."""
    return _NEW_WORD.sub(" ", name)


def core_of(name: str, telling: Collection[str] = ()) -> str:
    """Return what is left of a name without numbers and words that say nothing.

    A name that has only these, such as "class_3", keeps its numbers.

    Args:
        name: The name.
        telling: Of `PLAIN_WORDS` those that say something here.
    """
    words = [word for word in words_of(name) if word in telling or word not in PLAIN_WORDS]
    return " ".join([word for word in words if not word.isdecimal()] or words)


def telling_words(keys: Iterable[str]) -> set[str]:
    """Return the words of keys that are plain words alone, such as the label "original"."""
    return {word for key in keys if not core_of(key) for word in words_of(key)}


def find_key(name: str, keys: Sequence[str]) -> str | None:
    """Return the key that a name means: the same word, else the one most like it.

    "level_1" is "Level 1" by its words, and "0_happy faces" is "happy" by what is left without
    numbers and words that say nothing, unless several keys are.
    """
    for form in (fold, lambda text: " ".join(words_of(text))):
        if found := [key for key in keys if form(key) == form(name) != ""]:
            return found[0]
    telling = telling_words(keys)
    for part in (str, part_words):
        core = core_of(part(name), telling)
        found = [key for key in keys if core_of(part(key), telling) == core != ""]
        if len(found) == 1:
            return found[0]
    return None


def code_of(text: str) -> str | None:
    """Return a whole number in a table as a code: "3.0" as "3"; None for other text."""
    if not _NUMBER.fullmatch(text):
        return None
    value = float(text)
    return str(int(value)) if value.is_integer() else None


def split_and_label(name: str) -> tuple[str | None, str | None] | None:
    """Read a name all of whose words are understood: "train", "AngryFaces", "test_happy".

    Returns:
        The split and one of `FERPLUS_LABELS`, None for what the name does not tell; or None where
        a word is not understood, or two contradict each other.
    """
    parted = part_words(name)
    return _read_words(name) or (None if parted == name else _read_words(parted))


def _read_words(name: str) -> tuple[str | None, str | None] | None:
    words = [word for word in words_of(name) if not word.isdecimal()]
    splits, labels = set(), set()
    position = 0
    while position < len(words):
        pair = "".join(words[position : position + 2])
        if len(words) > position + 1 and pair in SPLIT_OF:  # "public test"
            splits.add(SPLIT_OF[pair])
            position += 2
            continue
        word = words[position]
        if word in SPLIT_OF:
            splits.add(SPLIT_OF[word])
        elif word in LABEL_OF:
            labels.add(LABEL_OF[word])
        elif word not in PLAIN_WORDS:
            return None
        position += 1
    if len(splits) > 1 or len(labels) > 1:
        return None
    return next(iter(splits), None), next(iter(labels), None)


def split_of_file(name: str) -> str | None:
    """Return the one split that a file's name tells of: "my_test.csv" is for testing."""
    words = words_of(part_words(name.partition(".")[0]))
    pairs = [first + second for first, second in itertools.pairwise(words)]
    splits = {SPLIT_OF[word] for word in words + pairs if word in SPLIT_OF}
    # "public test" is one, and not a test split as well.
    splits = {SPLIT_OF[pair] for pair in pairs if pair in SPLIT_OF} or splits
    return splits.pop() if len(splits) == 1 else None

"""What the page says: none of the old sentences that people misread, and the new ones."""

import io
import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from PIL import Image

from tests.serving.web.browsing import blank_picture
from tests.serving.web.elements import Elements
from tests.serving.web.posting import post

# What Firefox asks for where a person follows a link.
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
SERVING = Path(__file__).parents[3] / "serving"

LEFT_OUT = (
    "Finds every face in a picture, straightens it",
    "Or drop one here, or paste one",
    "Try a sample",
    "one cut-out face",
    "a cut-out face",
    "not sure</",
    "perhaps neutral",
    "is not enough to be sure",
    "on nine of ten are right",
    "second guess",
    "The head is turned away",
    "the network saw mostly faces from the front",
    "The edge of the picture cuts the face",
    "No face was found. Faces must be about",
    "so all of it was read as it is",
    "no picture of a kind that can be read here",
    "damaged or cut short. Save it anew",
    "image file is truncated",
    "The picture has too many pixels",
    "million are decoded",
    "Choose a picture first",
    "That was no picture but perhaps its address",
    "What mattered for",
    "Each place was blurred in turn",
    "The strongest tint",
    "Likeliest first",
    "Chart as PNG",
    "All faces side by side",
    "Do not use this to judge people",
    "First page",
    "To the first page",
    ">Shapes<",
    "All that is said here stands in",
    "What the faces of a picture express",
    "Options stand in the address",
    "What is taken for what",
    "95% interval of it",
    "Truth among the two likeliest",
    "Is a confidence worth what it says",
    "The requested URL was not found",
    "If you entered the URL manually",
)
"""Words of the page as it was before it was redone around the faces."""

SAID = {
    "/": (
        "See the expression on every face in a photo",
        "Mien finds each face, straightens it, and gives honest odds for angry, fear, happy,",
        "Choose a photo",
        "Drop it anywhere, or paste with Ctrl+V.",
        "Or try:",
        "Portrait",
        "Group",
        "Tilted",
        "Hard to tell",
        "More options",
        "My picture is already a cropped face",
        "Do not use it to judge people, least of all at work or in schools.",
        "Home",
    ),
    "group": (
        "Sort bars",
        "Save chart",
        "All faces at a glance",
        "Why “happy”?",
        "Answers this confident were",
        "of the time in testing.",
    ),
    "reasons": (
        "Why “happy”?",
        "<b>Orange</b> spoke for “happy”, <b>blue</b> against it.",
        "The strongest spot changes the odds",
        "How this is measured",
    ),
    "no face": (
        "No face found",
        "Mien needs faces that look roughly at the camera and are at least",
        "pixels wide.",
        "Try another photo",
        "It is a cropped face: read it whole",
    ),
    "read whole": ("Read as one face", "the whole picture was read as one.", "Find faces instead"),
    "no picture": (
        "holiday.jpg is not a picture Mien can open.",
        "Use JPEG, PNG, HEIC, WebP, AVIF, GIF, BMP or TIFF.",
    ),
    "cut": ("holiday.jpg is incomplete.", "The download may have stopped early; save it again."),
    "cut, by the API": ("may have stopped early; save it again.",),
    "too large": ("holiday.jpg has 54 megapixels; the limit is 50.", "Shrink it, then try again."),
    "too large, by the API": ("The picture has 54 megapixels (9000 x 6000); the limit is 50.",),
    "empty": ("holiday.jpg is empty (0 bytes).",),
    "/nothing": ("There is no page here", "Back to start"),
    "/api/v1/nothing": ("There is nothing at this address.",),
    "/model": (
        "What gets mistaken for what",
        "95 % confidence interval",
        "Right within two guesses",
        "Does 80 % mean 80 %?",
    ),
    "/privacy": ("Privacy",),
    "/api/v1/docs": (
        "Machine-readable:",
        "openapi.json",
        "Analyse one picture",
        "Pass options in the query, as form fields or in the JSON body.",
        "Schemas",
    ),
    "/api/v1/openapi.json": ("Analyse one picture",),
}
"""By state of the page, or by address, words that are to be read there."""


def in_one_line(text: str) -> str:
    """Write words as they are read, wherever the source breaks its lines."""
    return re.sub(r"\s+", " ", text.replace("\N{NO-BREAK SPACE}", " "))


def answer_in(state: str, client: FlaskClient, photo: bytes) -> str:
    """Return what the server answers in a state of the page."""
    if state.startswith("/"):
        return client.get(state, headers=BROWSER).text
    if state in ("group", "reasons"):
        group = client.post("/", data={"sample": "group"}).text
        if state == "group":
            return group
        fields = Elements(group).having("input", name="chip")
        chosen = {"label": "happy", "chip": fields[0]["value"]}
        return client.post("/heat-map", data=chosen, headers=BROWSER).text
    large = io.BytesIO()
    Image.new("1", (9000, 6000)).save(large, "PNG")
    data = {
        "no face": blank_picture(),
        "read whole": blank_picture(),
        "no picture": b"text",
        "cut": photo[:9000],
        "too large": large.getvalue(),
        "empty": b"",
    }[state.removesuffix(", by the API")]
    if state.endswith("by the API"):
        return client.post("/api/v1/predict", data=data, content_type="image/jpeg").text
    return post(client, data, **({"crop": "1"} if state == "read whole" else {})).text


@pytest.mark.parametrize("state", SAID)
def test_the_page_says_it_in_the_new_words_and_none_of_the_old(
    state: str, client: FlaskClient, photo: bytes
) -> None:
    said = in_one_line(answer_in(state, client, photo))
    assert [words for words in SAID[state] if words not in said] == []
    assert [words for words in LEFT_OUT if words.casefold() in said.casefold()] == []


def test_no_template_and_no_script_holds_any_of_the_old_words() -> None:
    files = [
        path
        for kind in ("*.html", "*.js")
        for folder in ("templates", "static")
        for path in (SERVING / folder).rglob(kind)
        if "vendor" not in path.parts
    ]
    assert len(files) > 30
    left = [
        (path.name, words)
        for path in files
        for words in LEFT_OUT
        if words.casefold() in in_one_line(path.read_text(encoding="utf-8")).casefold()
    ]
    assert left == []

"""What the page says of a problem: the file's name, what is wrong with it, what to do."""

import re
from dataclasses import replace

from preprocessing.images.decode import FORMATS
from serving.web.problems import Problem

_MEGAPIXELS = re.compile(r"has ([\d.]+) megapixels .*the limit is (\d+(?:\.\d+)?)")
_NAMED = re.compile(r"This is (.+), which Mien does not read\.")
_NOT_NAMED = "This is not a picture"


def in_words(problem: Problem, *, name: str) -> Problem:
    """Say a problem to a person who just sent a picture; other problems stay as they are.

    Args:
        problem: As programs get it.
        name: Of the file; may be empty.
    """
    subject = name or "This file"
    said = {
        "unsupported_image": _unsupported(problem.detail, subject),
        "unreadable_image": (
            f"{subject} is incomplete.",
            "The download may have stopped early; save it again.",
        ),
        "too_many_pixels": (_megapixels(problem.detail, subject), "Shrink it, then try again."),
        "upload_too_large": (f"{subject} is too large.", problem.detail),
        "no_image": (f"{name} is empty (0 bytes).", "Save it again, then choose it again.")
        if name
        else ("No picture was chosen.", "Choose one, then send it."),
    }
    title, detail = said.get(problem.code, (problem.title, problem.detail))
    return replace(problem, title=title, detail=detail)


def _unsupported(detail: str, subject: str) -> tuple[str, str]:
    """Say what a file is where the problem names it, and what else there is to say of it."""
    named = _NAMED.match(detail)
    title = f"{subject} is {named[1]}." if named else f"{subject} is not a picture Mien can open."
    is_rare = not named and not detail.startswith(_NOT_NAMED)
    return title, detail if is_rare else f"Use {FORMATS}."


def _megapixels(detail: str, subject: str) -> str:
    """Say how large a picture is and may be, where the problem tells both."""
    said = _MEGAPIXELS.search(detail)
    if said is None:
        return f"{subject} has too many megapixels."
    return f"{subject} has {said[1]} megapixels; the limit is {said[2]}."

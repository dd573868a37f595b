"""Read JSON from elsewhere, and by the types that it is to have."""

import json
from typing import Any, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

T = TypeVar("T")

AS_TOLD = ConfigDict(extra="forbid", allow_inf_nan=False)
"""The `__pydantic_config__` of a dataclass that has no other fields, and no NaN, with all in it."""


def parse_json(text: str | bytes) -> Any:
    """Read JSON.

    Raises:
        ValueError: It is none, or its lists and objects are too deep.
    """
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("lists in it are too deep") from error


def parse_as(kind: type[T], value: Any) -> T:
    """Read a dataclass; lists become tuples, words enumerations, and nothing else changes.

    Args:
        kind: The dataclass.
        value: What `parse_json` returned. Bytes of a file's name that are no UTF-8 are in it as
            halves of characters; question marks take their places.

    Raises:
        ValueError: A value is not as its type says. It tells where, and what is expected.
    """
    try:
        text = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
        read: T = TypeAdapter(kind).validate_json(text, strict=True)
    except RecursionError as error:
        raise ValueError("lists in it are too deep") from error
    except ValidationError as error:
        raise ValueError(first_problem(error)) from None
    return read


def check_version(fields: Any, version: int) -> None:
    """Make sure that a file is of the version that is read here, before its other fields are.

    Args:
        fields: What `parse_json` returned.
        version: The only `format_version` that is read.

    Raises:
        KeyError, TypeError: The file does not say its version.
        ValueError: It is of another one.
    """
    if fields["format_version"] != version:
        raise ValueError(
            f"it has format version {fields['format_version']}, and this version of Mien reads "
            f"{version}"
        )


def first_problem(error: ValidationError) -> str:
    """Say where the first value lies that is not as expected, and what is wrong with it."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(map(str, first["loc"]))
    reason = first["msg"].removeprefix("Value error, ")
    return f"{place}: {reason}" if place else reason


def what_is_wrong(error: Exception) -> str:
    """Say what is wrong with a file by the error of its reading, which may be but a key's name."""
    return str(error) if isinstance(error, ValueError) else repr(error)

"""Read the options of a request from its query string, a form or JSON."""

import json
from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError
from werkzeug.datastructures import MultiDict

from serving.inference.options import Options
from serving.web.problems import InvalidRequestError

# More of a wrong value is not repeated.
SHOWN_CHARACTERS = 40
_KINDS = {"boolean": "true or false", "integer": "a whole number", "number": "a number"}


def options_from_text(given: MultiDict[str, str]) -> dict[str, Any]:
    """Read option values as in JSON: true, false, numbers; anything else stays text.

    Raises:
        InvalidRequestError: One is given twice.
    """
    return {name: _value_of(text) for name, text in _once(given.items(multi=True)).items()}


def _once(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Join pairs of names and values, where no name comes twice."""
    given: dict[str, Any] = {}
    for name, value in pairs:
        if name in given:
            raise InvalidRequestError(f"{_shown(name)} was given twice.")
        given[name] = value
    return given


def _value_of(text: str) -> Any:
    try:
        value = json.loads(text, parse_constant=str)
    except (ValueError, RecursionError):
        return text
    return text if value is None else value


def join_options(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Join the options of a query string with those of the body.

    Raises:
        InvalidRequestError: One is in both.
    """
    twice = one.keys() & other.keys()
    if twice:
        raise InvalidRequestError(
            f"{_shown(min(twice))} was given both in the address and beside it."
        )
    return one | other


def parse_options(given: dict[str, Any]) -> Options:
    """Check options by their names, types and ranges.

    Raises:
        InvalidRequestError: One is unknown, or has a wrong value.
    """
    try:
        return Options.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        name = str(first["loc"][0])
        known = ", ".join(Options.model_fields)
        if first["type"] == "extra_forbidden":
            raise InvalidRequestError(
                f"There is no option {_shown(name)}. The options are: {known}."
            ) from None
        raise InvalidRequestError(
            f"{name}: {_expected(name)} is expected. Received: {_shown(first['input'])}"
        ) from None


def _expected(name: str) -> str:
    """Say which values an option may have, by its schema."""
    schema = Options.model_json_schema()["properties"][name]
    value = schema.get("anyOf", [schema])[0]
    kind = _KINDS[value["type"]]
    return f"{kind} from {value['minimum']} to {value['maximum']}" if "minimum" in value else kind


def _shown(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + "..."

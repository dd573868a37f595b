"""Read the settings from the environment, and list them: `python -m serving config`."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr, ValidationError

from preprocessing.errors import MienError
from serving.web.settings import PREFIX, Settings

# What Kubernetes sets in every container of a namespace for a Service named mien, or mien-...: see
# "Discovering services" in its documentation.
_OF_KUBERNETES = re.compile(
    r"MIEN_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)"
)
_PORT_OF_KUBERNETES = re.compile(r"MIEN_(\w+_)?PORT"), re.compile(r"(tcp|udp|sctp)://\S+")


class SettingsError(MienError):
    """An environment variable is unknown, or its value is not allowed or cannot be used."""


@contextmanager
def feedback_packages() -> Iterator[None]:
    """Say how the packages are installed that feedback needs, if the block does not find one.

    Raises:
        SettingsError: A package is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"MIEN_FEEDBACK_DATABASE is set, but the package {error.name} is not installed. "
            "Install it with: pip install 'mien[server,feedback]'"
        ) from None


@dataclass(frozen=True)
class SettingLine:
    """One setting as `python -m serving config` lists it."""

    variable: str
    value: Any
    default: Any
    meaning: str


def read_settings(*, bundle: Path | None = None) -> Settings:
    """Read the settings from the environment.

    Args:
        bundle: A trained model instead of the one that is set there.

    Raises:
        SettingsError: A variable that starts with `MIEN_` is unknown, or a value is not allowed.
    """
    variables = {_variable(name) for name in Settings.model_fields}
    for name in sorted(os.environ):
        upper = name.upper()
        if upper.startswith(PREFIX) and upper not in variables and not _is_of_kubernetes(upper):
            known = ", ".join(sorted(each for each in variables if each.startswith(PREFIX)))
            raise SettingsError(f"{name} is no setting of Mien's; unset it. Known are: {known}.")
    try:
        return Settings() if bundle is None else Settings(bundle=bundle)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = str(first["loc"][0])
        name = next(each for each in Settings.model_fields if name in (each, _variable(each)))
        variable = _variable(name)
        what = first["msg"].removeprefix("Value error, ")
        is_secret = Settings.model_fields[name].annotation is SecretStr
        value = "what was set" if is_secret else repr(str(first["input"]))
        raise SettingsError(
            f"{variable} cannot be {value}: {what}. Set it otherwise; "
            "`python -m serving config` without it shows the default."
        ) from None


def list_settings(settings: Settings) -> Iterator[SettingLine]:
    """List every setting with its value, its default and its meaning."""
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        yield SettingLine(_variable(name), value, field.default, field.description or "")


def _is_of_kubernetes(name: str) -> bool:
    """Say whether a variable is one that Kubernetes sets for a Service, not a setting."""
    if _OF_KUBERNETES.fullmatch(name):
        return True
    port, address = _PORT_OF_KUBERNETES
    return bool(port.fullmatch(name) and address.fullmatch(os.environ.get(name, "")))


def _variable(name: str) -> str:
    """Return the environment variable that sets a field."""
    alias = Settings.model_fields[name].validation_alias
    return alias if isinstance(alias, str) else PREFIX + name.upper()

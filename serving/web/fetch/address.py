"""Parse the address of a picture strictly: what programs parse differently is refused."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import urljoin

from serving.inference.options import MAX_URL_CHARACTERS
from serving.web.problems import InvalidRequestError

URL_FIELD = "image_url"
DEFAULT_PORTS = {"http": 80, "https": 443}
MAX_HOST_CHARACTERS, MAX_LABEL_CHARACTERS = 253, 63
# ASCII alone, without white space, backslashes, user names, and percent signs in the host.
_URL = re.compile(
    r"(?P<scheme>https?)://"
    r"(?P<host>\[[0-9a-f:.]+\]|[a-z0-9_.-]+)"
    r"(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<target>(?:[/?][!-\"$-\[\]-~]*)?)"
    r"(?:#[!-~]*)?",
    re.ASCII | re.IGNORECASE,
)
# A host whose last label is a number is an IPv4 address, however many numbers it has.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)


@dataclass(frozen=True)
class WebAddress:
    """Where a picture is.

    Attributes:
        scheme: `http` or `https`.
        host: A name in ASCII and lower case, or an IP address, without brackets.
        port: From 0 to 99999.
        target: Path and query, as they are requested.
    """

    scheme: str
    host: str
    port: int
    target: str

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}{self.target}"


def parse_address(text: str, *, ports: Collection[int]) -> WebAddress:
    """Read an address.

    Args:
        text: As a client sent it.
        ports: Ports that it may have.

    Raises:
        InvalidRequestError: It is not written as an address of a picture is, or has another port.
    """
    found = _URL.fullmatch(text) if len(text) <= MAX_URL_CHARACTERS else None
    host = _read_host(found["host"].lower()) if found else None
    if found is None or host is None:
        raise InvalidRequestError(
            f"{URL_FIELD}: expected is an address such as https://example.org/photo.jpg, with http "
            "or https, without a user name or password, in ASCII (a name beyond it as xn--...), of "
            f"at most {MAX_URL_CHARACTERS:,} characters. Or send the bytes of the picture."
        )
    scheme = found["scheme"].lower()
    port = int(found["port"]) if found["port"] else DEFAULT_PORTS[scheme]
    if port not in ports:
        raise InvalidRequestError(
            f"{URL_FIELD}: port {port} is not allowed. Allowed are: "
            f"{', '.join(map(str, sorted(ports)))}."
        )
    target = found["target"]
    return WebAddress(scheme, host, port, target if target.startswith("/") else f"/{target}")


def follow(address: WebAddress, location: str, *, ports: Collection[int]) -> WebAddress:
    """Return where a redirect leads.

    Args:
        address: The address that answered with the redirect.
        location: Where the redirect leads, perhaps relative to `address`.
        ports: Ports that the new address may have.

    Raises:
        InvalidRequestError: It is no address of a picture.
        ValueError: It cannot be read.
    """
    return parse_address(urljoin(str(address), location), ports=ports)


def _read_host(text: str) -> str | None:
    """Return a host as it is looked up; None where it is malformed, or a number in disguise."""
    name = text.removesuffix(".")
    labels = name.split(".")
    try:
        if name.startswith("["):
            return str(IPv6Address(name[1:-1]))
        if _NUMBER.fullmatch(labels[-1]):
            return str(IPv4Address(name))
    except ValueError:
        return None
    is_name = len(name) <= MAX_HOST_CHARACTERS and all(
        0 < len(label) <= MAX_LABEL_CHARACTERS for label in labels
    )
    return name if is_name else None

"""The address of a client, as proxies before the server tell it, and what is kept by address."""

import ipaddress
import re
from collections import OrderedDict
from collections.abc import Iterable
from typing import TypeVar
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import request

# With more addresses than this, the one noted longest ago is forgotten.
KEPT_ADDRESSES = 10_000
# How proxies write an address: some with the port, and then IPv6 in brackets.
_WRITTEN = re.compile(r"\[([^\]]*)\](?::\d+)?|([\d.]+):\d+")

T = TypeVar("T")


class ForwardedFor:
    """Takes the address of a client from X-Forwarded-For, to which each proxy has added one.

    Clients may send the header too. What they write stands before what trusted proxies add, and
    changes nothing: the header is read from its end, and quotation marks mean nothing in it.
    """

    def __init__(self, application: WSGIApplication, *, proxies: int) -> None:
        """Wrap a WSGI application.

        Args:
            application: What answers.
            proxies: How many proxies are trusted, 1 or more.
        """
        self._application, self._proxies = application, proxies

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request; where proxies tell no address, that of the last proxy counts."""
        told = environ.get("HTTP_X_FORWARDED_FOR", "").rsplit(",", self._proxies)
        if len(told) >= self._proxies and (address := read_address(told[-self._proxies])):
            environ["REMOTE_ADDR"] = address
        return self._application(environ, start_response)


def sender_address() -> str:
    """Return the address from which the current request comes; empty where it is not known."""
    return request.remote_addr or ""


def read_address(text: str) -> str | None:
    """Return the IP address in a text, without port and brackets; None where it has none."""
    text = text.strip()
    written = _WRITTEN.fullmatch(text)
    try:
        return str(ipaddress.ip_address(written[1] or written[2] if written else text))
    except ValueError:
        return None


def network_of(address: str) -> str:
    """Return what counts as one address: of IPv6 the first half, for a user has all of the rest."""
    try:
        parsed = ipaddress.IPv6Address(address)
    except ValueError:
        return address
    return str(parsed.ipv4_mapped or int(parsed) >> 64)


class LastAddresses(OrderedDict[str, T]):
    """What is kept by address, of the `KEPT_ADDRESSES` for which something was noted last."""

    def __setitem__(self, address: str, noted: T) -> None:
        """Note something for an address, in place of what was noted before."""
        super().__setitem__(address, noted)
        self.move_to_end(address)
        if len(self) > KEPT_ADDRESSES:
            self.popitem(last=False)

"""Tell the address of a client by what the proxies before the server say of it."""

import ipaddress
import re
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import request

# How proxies write an address: some with the port, and then IPv6 in brackets.
_WRITTEN = re.compile(r"\[([^\]]*)\](?::\d+)?|([\d.]+):\d+")


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
    """Return an IP address without port and brackets; None where a text is none."""
    text = text.strip()
    written = _WRITTEN.fullmatch(text)
    try:
        return str(ipaddress.ip_address(written[1] or written[2] if written else text))
    except ValueError:
        return None

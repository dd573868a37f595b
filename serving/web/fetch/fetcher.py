"""Fetch a picture by its address: look up its host, check it and ask it; at each redirect again.

A host is looked up once for each request, and the connection goes to the IP address that was
checked. What is refused is refused before anything is sent, with the same words whatever is there.
"""

import ipaddress
import socket
import time
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse
from urllib.parse import quote

from serving.web.fetch.address import WebAddress, follow, parse_address
from serving.web.fetch.connection import HEAD_BYTES, Limits, ask, make_tls_context, read_body
from serving.web.fetch.networks import IpAddress, IpNetwork, may_reach
from serving.web.problems import AddressNotAllowedError, FetchError, InvalidRequestError

MAX_REDIRECTS = 5
REDIRECTS = (
    HTTPStatus.MOVED_PERMANENTLY,
    HTTPStatus.FOUND,
    HTTPStatus.SEE_OTHER,
    HTTPStatus.TEMPORARY_REDIRECT,
    HTTPStatus.PERMANENT_REDIRECT,
)
# At most this many addresses of a host are tried; all would take too long.
MAX_IP_ADDRESSES = 4
# Threads that look up names, for each picture that may be fetched at once.
THREADS_FACTOR = 4
# All of ASCII: what is wrong in it is refused later.
_LEFT_AS_IT_IS = "".join(map(chr, range(128)))


class PictureFetcher:
    """Fetches pictures from the public internet, and from the networks that the operator allows."""

    def __init__(
        self,
        *,
        networks: Sequence[IpNetwork],
        ports: Collection[int],
        most_bytes: int,
        parallel: int,
    ) -> None:
        """Prepare to fetch.

        Args:
            networks: Internal networks that may be reached.
            ports: Ports that an address may have.
            most_bytes: Largest size of a picture.
            parallel: How many pictures are fetched at once.
        """
        self._networks, self._ports, self._most_bytes = networks, ports, most_bytes
        self._tls = make_tls_context()
        # A look-up cannot be ended, only left alone. Then it keeps its thread for a while.
        self._resolver = ThreadPoolExecutor(
            THREADS_FACTOR * parallel, thread_name_prefix="resolver"
        )

    def fetch(self, url: str, *, until_s: float) -> bytes:
        """Return the bytes of a picture.

        Args:
            url: Its address.
            until_s: When to give it up, by `time.monotonic`.

        Raises:
            InvalidRequestError: The address is malformed, or its port is not allowed.
            AddressNotAllowedError: It, or where it leads, may not be reached.
            FetchError: It did not answer with a picture, or not in time.
            RequestEntityTooLarge: The picture has too many bytes.
        """
        address = parse_address(url, ports=self._ports)
        for _ in range(MAX_REDIRECTS + 1):
            found = self._ask(address, until_s)
            if isinstance(found, bytes):
                return found
            address = found
        raise FetchError

    def _ask(self, address: WebAddress, until_s: float) -> bytes | WebAddress:
        """Return a picture, or where its address leads."""
        ips = self._resolve(address, until_s)
        limits = Limits(until_s=until_s, bytes_left=HEAD_BYTES)
        try:
            with ask(address, ips, limits=limits, tls=self._tls) as response:
                return self._take(response, address, limits)
        except (OSError, HTTPException, ValueError):
            raise FetchError from None

    def _take(
        self, response: HTTPResponse, address: WebAddress, limits: Limits
    ) -> bytes | WebAddress:
        location = response.getheader("Location")
        if response.status in REDIRECTS and location is not None:
            # Some servers send letters beyond ASCII as they are; browsers quote them.
            location = quote(location.encode("latin-1"), safe=_LEFT_AS_IT_IS)
            try:
                return follow(address, location, ports=self._ports)
            except (InvalidRequestError, ValueError):
                raise AddressNotAllowedError from None
        if response.status != HTTPStatus.OK:
            raise FetchError
        data = read_body(response, limits, most_bytes=self._most_bytes)
        if not data:
            raise FetchError
        return data

    def _resolve(self, address: WebAddress, until_s: float) -> list[IpAddress]:
        """Return the IP addresses of a host, of which none is forbidden.

        An unknown host gets the error of a forbidden one, so that nobody learns which names an
        internal network has.
        """
        future = self._resolver.submit(_look_up, address.host)
        try:
            found = future.result(timeout=until_s - time.monotonic())
        except (OSError, ValueError):
            future.cancel()
            raise AddressNotAllowedError from None
        if not all(may_reach(each, allowed=self._networks) for each in found):
            raise AddressNotAllowedError
        return found[:MAX_IP_ADDRESSES]


def _look_up(host: str) -> list[IpAddress]:
    """Return the IP addresses of a host, in the order in which they are to be tried.

    Raises:
        OSError: There are none.
        ValueError: It is no name of a host.
    """
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return [ipaddress.ip_address(sockaddr[0]) for *_, sockaddr in found]

"""Internal addresses are refused, however they are written, resolved or redirected to."""

from collections.abc import Callable

import pytest

from serving.web.problems import AddressNotAllowedError, InvalidRequestError
from tests.serving.web.fetch.fetching import ALLOWED, FORBIDDEN, NAME, PICTURE
from tests.tools.picture_server import PictureServer, ok, picture_server, redirect


@pytest.mark.parametrize(
    "host",
    [FORBIDDEN, "127.0.0.1.nip.invalid", "0.0.0.1", "10.0.0.1", "169.254.169.254", "192.168.0.1",
     "100.100.100.200", "224.0.0.1", "255.255.255.255", "[::1]", "[::]", "[::ffff:127.0.0.1]",
     "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::1]", "[fe80::1]",
     "[2001:0:7f00:1::]", "[fd00:ec2::254]", "ip6-localhost", "no-such-name.invalid"],
)  # fmt: skip
def test_internal_addresses_are_refused_whether_something_is_there_or_not(
    host: str, server: PictureServer, fetch: Callable[..., bytes]
) -> None:
    said = set()
    for port in (server.port, 80):
        with pytest.raises(AddressNotAllowedError) as refused:
            fetch(f"http://{host}:{port}/")
        said.add(str(refused.value))
    assert said == {str(AddressNotAllowedError())}
    assert not server.heads


def test_a_name_with_an_internal_address_among_others_is_refused(
    server: PictureServer, fetch: Callable[..., bytes], resolve: Callable[..., list[str]]
) -> None:
    resolve([ALLOWED, FORBIDDEN])
    with pytest.raises(AddressNotAllowedError):
        fetch(server.url(host=NAME))
    assert not server.heads


def test_a_name_that_changes_is_looked_up_once_for_a_connection(
    server: PictureServer, fetch: Callable[..., bytes], resolve: Callable[..., list[str]]
) -> None:
    with picture_server(lambda _: [ok(b"internal")], host=FORBIDDEN, port=server.port) as internal:
        asked = resolve([ALLOWED], [FORBIDDEN], [FORBIDDEN])
        assert fetch(server.url(host=NAME)) == PICTURE
        assert asked == [NAME]
        assert f"Host: {NAME}:{server.port}\r\n".encode() in server.heads[0]
        # Now it is internal, and so it is where a redirect leads to the same name.
        with pytest.raises(AddressNotAllowedError):
            fetch(server.url(host=NAME))
        resolve([ALLOWED], [FORBIDDEN])
        with pytest.raises(AddressNotAllowedError):
            fetch(server.url(host=NAME), lambda _: [redirect("/next")])
    assert not internal.heads


@pytest.mark.parametrize(
    "location",
    [
        f"http://{FORBIDDEN}:PORT/", "//127.0.0.2:PORT/", "http://[::1]:PORT/", "http://127.2:PORT/",
        "http://2130706433/", "http://user:pass@127.0.0.1:PORT/", "http://127.0.0.1:22/",
        "http://169.254.169.254/latest/meta-data/", "http://no-such-name.invalid/",
        "file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1:PORT/_GET", "data:,a",
        "http://127.0.0.1:PORT\\@127.0.0.2/", "http://\u00fc.example/", "http://[::1",
    ],
)  # fmt: skip
def test_a_redirect_to_what_is_not_allowed_is_refused(
    location: str, server: PictureServer, fetch: Callable[..., bytes]
) -> None:
    with picture_server(lambda _: [ok(PICTURE)], host=FORBIDDEN, port=server.port) as internal:
        target = redirect(location.replace("PORT", str(server.port)))
        with pytest.raises(AddressNotAllowedError) as refused:
            fetch(server.url(), lambda _: [target])
    assert str(refused.value) == str(AddressNotAllowedError())
    assert len(server.heads) == 1
    assert not internal.heads


def test_another_port_is_refused_before_anything_is_looked_up(
    fetch: Callable[..., bytes], resolve: Callable[..., list[str]]
) -> None:
    asked = resolve()
    with pytest.raises(InvalidRequestError, match="port 22"):
        fetch(f"http://{NAME}:22/")
    assert asked == []

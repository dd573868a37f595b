"""Who a client is, by what proxies write into X-Forwarded-For."""

from typing import Any

import pytest

from serving.web.client_address import ForwardedFor

PROXY = "10.0.0.1"


def address_of(forwarded: str | None, *, proxies: int = 1) -> str:
    """Return the address that the application sees."""
    seen: list[str] = []

    def application(environ: dict[str, Any], _: object) -> tuple[bytes, ...]:
        seen.append(environ["REMOTE_ADDR"])
        return ()

    environ = {"REMOTE_ADDR": PROXY}
    header = {} if forwarded is None else {"HTTP_X_FORWARDED_FOR": forwarded}
    ForwardedFor(application, proxies=proxies)(environ | header, lambda *_: None)
    return seen[0]


@pytest.mark.parametrize(
    "written",
    ["192.0.2.1", "192.0.2.1:4711", "198.51.100.7,192.0.2.1", "a, 198.51.100.7 ,  192.0.2.1 "],
)
def test_the_last_address_counts_without_its_port(written: str) -> None:
    assert address_of(written) == "192.0.2.1"


@pytest.mark.parametrize(
    "written", ["2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:4711", "x, 2001:DB8:0::1"]
)
def test_ipv6_is_read_as_proxies_write_it(written: str) -> None:
    assert address_of(written) == "2001:db8::1"


@pytest.mark.parametrize("sent", ['"', '"a', 'a"b, "', '"\\', ",,,", " " * 9, "[", "1.2.3.4:"])
def test_what_a_client_sends_hides_no_address_that_a_proxy_adds(sent: str) -> None:
    assert address_of(f"{sent}, 192.0.2.1") == "192.0.2.1"
    assert address_of(f"{sent}, 192.0.2.1, {PROXY}", proxies=2) == "192.0.2.1"


@pytest.mark.parametrize("written", [None, "", "unknown", "_hidden", "[", "[]:1", "192.0.2.1:x"])
def test_where_no_address_is_told_that_of_the_proxy_counts(written: str | None) -> None:
    assert address_of(written) == PROXY


def test_where_fewer_proxies_tell_an_address_than_are_trusted_none_counts() -> None:
    assert address_of("192.0.2.1", proxies=2) == PROXY

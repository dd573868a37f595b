from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.web.fetch.networks import is_public, may_reach

# IANA's registries of special-purpose addresses, and what clouds and translators add.
INTERNAL = [
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
    "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
    "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "168.63.129.16/32",
    "::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64",
    "2001::/32", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fc00::/7",
    "fe80::/10", "fec0::/10", "ff00::/8",
]  # fmt: skip


def addresses_in(networks: list[str]) -> st.SearchStrategy[str]:
    return st.one_of([st.ip_addresses(network=each) for each in networks]).map(str)


@given(address=addresses_in(INTERNAL))
def test_no_special_address_is_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("network", INTERNAL)
def test_the_ends_of_a_special_network_are_not_public(network: str) -> None:
    addresses = ip_network(network)
    assert not is_public(addresses[0])
    assert not is_public(addresses[-1])


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254", "fd00:ec2::254", "fd20:ce::254", "100.100.100.200", "192.0.0.192",
        "168.63.129.16", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1",
        "2001:0:a9fe:a9fe::1", "fe80::1%eth0", "::1", "::",
    ],
)  # fmt: skip
def test_metadata_of_clouds_is_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "address",
    ["1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255",
     "128.0.0.0", "169.253.255.255", "172.15.255.255", "172.32.0.0", "192.167.255.255",
     "192.169.0.0", "223.255.255.255", "2606:4700::1111", "2a00:1450:4001::200e"],
)  # fmt: skip
def test_the_internet_is_public(address: str) -> None:
    assert is_public(ip_address(address))


def test_an_allowed_network_is_that_network_and_no_other_way_to_write_it() -> None:
    allowed = [IPv4Network("127.0.0.0/8"), IPv6Network("fd00::/8")]
    for address in ("127.0.0.1", "fd12::1"):
        assert may_reach(ip_address(address), allowed=allowed)
    for address in ("10.0.0.1", "::1", "::ffff:127.0.0.1", "fe80::1"):
        assert not may_reach(ip_address(address), allowed=allowed)

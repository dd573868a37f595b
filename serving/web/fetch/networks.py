"""Tell public addresses from those that only machines within a network can reach."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

IpAddress = IPv4Address | IPv6Address
IpNetwork = IPv4Network | IPv6Network

# `is_global` follows IANA's registries of special addresses, as they were when Python was released;
# here is what it calls global and what older releases did not know.
_INTERNAL_IPV4 = (
    IPv4Network("192.0.0.0/24"),  # protocol assignments, a cloud's metadata among them
    IPv4Network("192.88.99.0/24"),  # relays to 6to4
    IPv4Network("224.0.0.0/4"),  # multicast
    IPv4Network("168.63.129.16/32"),  # Azure's platform, seen from its own machines
)
# All unicast addresses that were ever handed out. Outside are those that hold an IPv4 address:
# mapped (::ffff:0:0/96), compatible (::/96) and translated (64:ff9b::/96) ones.
_IPV6_UNICAST = IPv6Network("2000::/3")
_INTERNAL_IPV6 = (
    IPv6Network("2001::/23"),  # protocol assignments, Teredo among them
    IPv6Network("2001:db8::/32"),  # documentation
    IPv6Network("2002::/16"),  # 6to4
    IPv6Network("3fff::/20"),  # documentation
)


def is_public(address: IpAddress) -> bool:
    """Say whether an address belongs to one machine on the public internet."""
    if isinstance(address, IPv4Address):
        return address.is_global and not any(address in each for each in _INTERNAL_IPV4)
    return (
        address in _IPV6_UNICAST
        and address.is_global
        and not any(address in each for each in _INTERNAL_IPV6)
    )


def may_reach(address: IpAddress, *, allowed: Iterable[IpNetwork]) -> bool:
    """Say whether a picture may be fetched from an address.

    Args:
        address: As it was resolved.
        allowed: The internal networks that the operator allows.
    """
    return is_public(address) or any(address in network for network in allowed)

"""Which address may be dialled: a pure decision, asked once per connection about the IP that is dialled."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from core.errors import ConfigError, EgressRefused

IPAddress: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

#: Ports that may be dialled without being named.
WEB_PORTS = frozenset({80, 443})

#: Ranges that `is_global` lets through although they lead to private places or tunnels
#: (the list of requests-hardened 1.3.0, BSD-3-Clause, checked against the IANA special-purpose registries).
FORBIDDEN = tuple(
    ipaddress.ip_network(text)
    for text in (
        "100.64.0.0/10",
        "192.0.0.0/24",
        "192.88.99.0/24",
        "198.18.0.0/15",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "100::/64",
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "3fff::/20",
        "5f00::/16",
        "fc00::/7",
        "fe80::/10",
        "fec0::/10",
        "ff00::/8",
    )
)

#: The one IPv6 range that public addresses are given from; all else is reserved, local or a way to IPv4.
PUBLIC_IPV6 = ipaddress.ip_network("2000::/3")


@dataclass(frozen=True, kw_only=True, slots=True)
class Egress:
    """What may be dialled beyond the public web."""

    #: Exactly this address and port, as given by `--base-url` or `--demo`.
    endpoints: frozenset[tuple[str, int]] = frozenset()
    #: Networks that the operator allows, on any port.
    networks: tuple[IPNetwork, ...] = field(default_factory=tuple)

    @classmethod
    def allowing(cls, *, endpoints: Iterable[tuple[str, int]] = (), networks: Iterable[str] = ()) -> Egress:
        """Build the rule from texts.

        Raises:
            ConfigError: a network is not in CIDR form, or an endpoint is no IP address.
        """
        try:
            parsed = tuple(ipaddress.ip_network(text) for text in networks)
        except ValueError as error:
            raise ConfigError(f"an allowed network is written like 10.1.0.0/16: {error}") from error
        try:
            exact = frozenset((str(ipaddress.ip_address(address)), port) for address, port in endpoints)
        except ValueError as error:
            raise ConfigError(f"an allowed endpoint is an IP address, not a name: {error}") from error
        return cls(endpoints=exact, networks=parsed)

    def names(self, address: str, port: int) -> bool:
        """Tell whether the operator allowed exactly this address, beyond what everybody may dial.

        Raises:
            EgressRefused: `address` is a name.
        """
        ip = _parsed(address)
        return (str(ip), port) in self.endpoints or any(ip in network for network in self.networks)

    def check(self, address: str, port: int) -> None:
        """Return if `address` may be dialled on `port`.

        Args:
            address: the IP that the connection goes to, never a host name.
            port: the TCP port.

        Raises:
            EgressRefused: it may not; the message says which rule forbids it.
        """
        ip = _parsed(address)
        if self.names(address, port):
            return
        for inner in _unwrapped(ip):
            if not _public(inner):
                raise EgressRefused(f"{address} is not on the public internet; allow its network to dial it")
        if port not in WEB_PORTS:
            raise EgressRefused(f"port {port} of {address} is not a web port; allow its network to dial it")


def _parsed(address: str) -> IPAddress:
    try:
        return ipaddress.ip_address(address)
    except ValueError:
        raise EgressRefused(f"{address!r} is a name, not an address that can be checked") from None


def _public(ip: IPAddress) -> bool:
    if isinstance(ip, ipaddress.IPv6Address) and ip not in PUBLIC_IPV6:
        return False
    return ip.is_global and not any(ip in network for network in FORBIDDEN)


def _unwrapped(ip: IPAddress) -> tuple[IPAddress, ...]:
    """Return the address and any IPv4 address that it carries inside."""
    if isinstance(ip, ipaddress.IPv4Address):
        return (ip,)
    inner = [ip.ipv4_mapped, ip.sixtofour, *(ip.teredo or ())]
    return (
        (*(found for found in inner if found is not None),) if ip.ipv4_mapped else (ip, *filter(None, inner))
    )

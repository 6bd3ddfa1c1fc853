"""The dial guard: what is dialled is checked, in whatever form the address was written."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from twisted.internet._resolver import HostResolution
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.protocol import Factory
from twisted.internet.testing import MemoryReactorClock

from core.egress import Egress
from core.errors import ConfigError, EgressRefused
from crawlers.guard import install, refuse_proxy
from crawlers.page import host_of

#: Forms of private and special addresses (FAULTS B1).
FORMS = (
    "127.0.0.1", "localhost", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.1", "017700000001",
    "0177.0.0.1", "0", "0.0.0.0", "::1", "::", "::ffff:127.0.0.1", "::ffff:7f00:1", "::127.0.0.1",
    "10.0.0.1", "10.255.255.254", "172.16.0.1", "172.31.255.1", "192.168.0.1", "192.168.255.254",
    "169.254.169.254", "169.254.0.1", "100.64.0.1", "100.127.255.254", "192.0.0.8", "192.0.2.1",
    "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
    "fe80::1", "fc00::1", "fd12:3456::1", "2002:7f00:1::", "64:ff9b::7f00:1", "64:ff9b:1::a00:1",
    "2001:db8::1", "5f00::1", "ff02::1", "192.88.99.1", "2001:20::1", "::ffff:10.0.0.1", "fec0::1",
)  # fmt: skip


class Dial:
    """A reactor that only writes down what it is asked to dial."""

    def __init__(self) -> None:
        self.dialled: list[tuple[str, int]] = []

    def connectTCP(self, host: str, port: int, *_args: Any, **_kwargs: Any) -> str:  # noqa: N802
        self.dialled.append((host, port))
        return "connector"


def addresses(form: str) -> list[str]:
    """Return what the system makes of a form, as Twisted's resolver asks it; no network for numbers."""
    try:
        found = socket.getaddrinfo(form, 80, type=socket.SOCK_STREAM)
    except socket.gaierror:
        return []
    return [str(address[0]) for *_, address in found]


@pytest.mark.parametrize("form", FORMS)
def test_no_form_of_a_private_address_is_dialled(form: str) -> None:
    reactor = Dial()
    install(reactor, Egress())
    for address in {form, *addresses(form)}:
        with pytest.raises(EgressRefused):
            reactor.connectTCP(address, 80)
    assert reactor.dialled == []


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"])
def test_public_addresses_are_dialled_on_web_ports_only(address: str) -> None:
    reactor = Dial()
    install(reactor, Egress())
    assert reactor.connectTCP(address, 443, timeout=30) == "connector"
    with pytest.raises(EgressRefused):
        reactor.connectTCP(address, 22)
    assert reactor.dialled == [(address, 443)]


def test_a_base_url_allows_its_address_and_port_and_nothing_else() -> None:
    reactor = Dial()
    install(reactor, Egress.allowing(endpoints=[("127.0.0.1", 8790)]))
    reactor.connectTCP("127.0.0.1", 8790)
    for host, port in (("127.0.0.1", 8791), ("127.0.0.2", 8790), ("::1", 8790)):
        with pytest.raises(EgressRefused):
            reactor.connectTCP(host, port)
    assert reactor.dialled == [("127.0.0.1", 8790)]


def test_a_second_rule_stands_in_for_the_first() -> None:
    reactor = Dial()
    install(reactor, Egress.allowing(endpoints=[("127.0.0.1", 8790)]))
    install(reactor, Egress())
    with pytest.raises(EgressRefused):
        reactor.connectTCP("127.0.0.1", 8790)


@pytest.mark.parametrize("name", ["HTTP_PROXY", "https_proxy", "ALL_PROXY"])
def test_a_proxy_in_the_environment_is_refused_with_the_way_out(name: str) -> None:
    with pytest.raises(ConfigError, match="--allow-proxy"):
        refuse_proxy({name: "http://127.0.0.1:3128"})
    refuse_proxy({name: ""})
    refuse_proxy({"NO_PROXY": "*"})


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://User:pw@Example.org:443/x", "example.org"),
        ("http://example.org:8080", "example.org:8080"),
        ("https://[2001:db8::1]/", "[2001:db8::1]"),
        ("ftp://example.org/", ""),
        ("", ""),
    ],
)
def test_the_host_of_an_address(url: str, host: str) -> None:
    assert host_of(url) == host


def test_a_name_that_leads_elsewhere_at_the_second_look_is_not_dialled() -> None:
    """Rebinding: what counts is the address that is dialled, whatever the name led to before."""
    reactor, answers = MemoryReactorClock(), ["93.184.216.34", "127.0.0.1", "169.254.169.254", "::1"]
    reactor.installNameResolver(Rebinding(answers))
    install(reactor, Egress())
    refused = list[str]()
    while answers:
        dialled = HostnameEndpoint(reactor, "feeds.example", 80).connect(Factory())
        dialled.addErrback(lambda failure: refused.append(failure.type.__name__))
        reactor.advance(1)
    assert [host for host, *_ in reactor.tcpClients] == ["93.184.216.34"]
    assert refused == ["EgressRefused"] * 3


class Rebinding:
    """A resolver that gives another address at each look."""

    def __init__(self, answers: list[str]) -> None:
        self.answers = answers

    def resolveHostName(  # noqa: N802 - Twisted's own name
        self,
        receiver: Any,
        name: str,
        portNumber: int = 0,  # noqa: N803 - Twisted's own name
        *_args: object,
        **_options: object,
    ) -> Any:
        told = self.answers.pop(0)
        receiver.resolutionBegan(HostResolution(name))
        kind = IPv6Address if ":" in told else IPv4Address
        receiver.addressResolved(kind("TCP", told, portNumber))
        receiver.resolutionComplete()
        return receiver

"""Which address may be dialled (FAULTS B1)."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.egress import FORBIDDEN, Egress
from core.errors import ConfigError, EgressRefused

#: Not the public internet, however it is written.
PRIVATE = [
    # this machine and nothing
    *(
        "127.0.0.1",
        "127.0.0.2",
        "127.1.2.3",
        "127.255.255.254",
        "0.0.0.0",
        "0.1.2.3",
        "::1",
        "::",
        "0:0:0:0:0:0:0:1",
    ),
    # private networks
    *("10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "192.168.255.254"),
    *("fc00::1", "fd12:3456:789a::1", "fec0::1"),
    # link-local, with and without zone; cloud metadata
    *(
        "169.254.0.1",
        "169.254.169.254",
        "fe80::1",
        "fe80::1%eth0",
        "fe80::1%25eth0",
        "febf::1%1",
        "fd00:ec2::254",
    ),
    # carriers, benchmarks, documentation, protocol assignments, reserved
    *("100.64.0.1", "100.100.100.200", "100.127.255.255", "198.18.0.1", "198.19.255.255", "192.0.2.1"),
    *("198.51.100.7", "203.0.113.9", "192.0.0.1", "192.0.0.9", "192.0.0.170", "192.88.99.1", "240.0.0.1"),
    *(
        "2001:db8::1",
        "3fff::1",
        "5f00::1",
        "100::1",
        "2001:2::1",
        "2001:10::1",
        "2001:20::1",
        "4000::1",
        "e000::1",
    ),
    # to many at once
    *("255.255.255.255", "224.0.0.1", "239.255.255.250", "ff02::1", "ff05::2", "ff0e::1"),
    # IPv4 inside IPv6: mapped, compatible, translated
    *(
        "::ffff:127.0.0.1",
        "::ffff:7f00:1",
        "0:0:0:0:0:ffff:a9fe:a9fe",
        "::ffff:10.0.0.1",
        "::ffff:0:127.0.0.1",
    ),
    *("::127.0.0.1", "::7f00:1", "::8.8.8.8", "::ffff:100.64.0.1", "::ffff:255.255.255.255"),
    # tunnels: 6to4, Teredo, NAT64; they reach IPv4 whatever it is
    *("2002:7f00:1::", "2002:a00:1::1", "2002:808:808::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001::1"),
    *("64:ff9b::7f00:1", "64:ff9b::8.8.8.8", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "64:ff9b:1:ffff::a00:1"),
]

#: No IP address at all: a resolver or a C library might still make one of it.
NOT_LITERAL = [
    *(
        "localhost",
        "acme.example",
        "127.0.0.1.nip.example",
        "metadata.google.internal",
        "0",
        "1",
        "127.1",
        "127.0.1",
    ),
    *("2130706433", "017700000001", "0x7f000001", "0x7f.0x0.0x0.0x1", "0x7f.1", "0177.0.0.1", "0177.0.0.01"),
    *(
        "127.0.0.01",
        "127.000.000.001",
        "08.8.8.8",
        "8.8.8.8.",
        ".8.8.8.8",
        "8.8.8",
        "8.8.8.8.8",
        "256.1.1.1",
        "-1.1.1.1",
    ),
    *(
        "8.8.8.8:80",
        "8.8.8.8/32",
        "[::1]",
        "[2606:4700::1111]",
        "http://8.8.8.8",
        "user@8.8.8.8",
        "8.8.8.8%eth0",
        "8.8.8.8%",
    ),
    *(
        " 8.8.8.8",
        "8.8.8.8 ",
        "8.8.8.8\n",
        "8.8.8.8\x00",
        "8.8.8.8\x00.example",
        "8,8,8,8",
        "8。8。8。8",
        "８.8.8.8",
        "⑧.8.8.8",
    ),
    *(
        "",
        " ",
        ":",
        "::1::",
        "::g",
        "1:2:3:4:5:6:7:8:9",
        "::ffff:256.0.0.1",
        "::ffff:127.1",
        "\ud800",
        "x" * 10_000,
    ),
]

PUBLIC = [
    *(
        "8.8.8.8",
        "1.1.1.1",
        "93.184.216.34",
        "151.101.1.69",
        "172.15.255.255",
        "172.32.0.1",
        "192.167.255.255",
    ),
    *(
        "100.63.255.255",
        "100.128.0.0",
        "169.253.255.255",
        "9.255.255.255",
        "11.0.0.0",
        "126.255.255.255",
        "128.0.0.1",
    ),
    *(
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "2606:4700::1111",
        "2a00:1450:4001:81b::200e",
        "2600::",
    ),
    *("2003::1", "::ffff:8.8.8.8", "2620:fe::fe"),
]


def test_there_are_at_least_sixty_forms() -> None:
    assert len(set(PRIVATE)) >= 60
    assert len(set(NOT_LITERAL)) >= 40


@pytest.mark.parametrize("address", PRIVATE)
@pytest.mark.parametrize("port", [80, 443])
def test_an_address_off_the_public_internet_is_refused(address: str, port: int) -> None:
    with pytest.raises(EgressRefused, match="not on the public internet"):
        Egress().check(address, port)


@pytest.mark.parametrize("address", NOT_LITERAL)
def test_what_is_no_ip_literal_is_refused_even_where_a_library_would_make_one_of_it(address: str) -> None:
    everything = Egress.allowing(networks=["0.0.0.0/0", "::/0"])
    for egress in (Egress(), everything):
        with pytest.raises(EgressRefused, match="name, not an address"):
            egress.check(address, 80)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_may_be_dialled_on_the_ports_of_the_web(address: str) -> None:
    Egress().check(address, 80)
    Egress().check(address, 443)


@pytest.mark.parametrize("port", [-1, 0, 21, 22, 25, 53, 79, 81, 442, 444, 3306, 6379, 8080, 9200, 65536])
@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111"])
def test_a_public_address_may_be_dialled_on_no_other_port(address: str, port: int) -> None:
    with pytest.raises(EgressRefused, match="port"):
        Egress().check(address, port)


def test_an_allowed_endpoint_is_exactly_this_address_and_this_port() -> None:
    egress = Egress.allowing(endpoints=[("127.0.0.1", 8123)])
    egress.check("127.0.0.1", 8123)
    for address, port in [
        *(("127.0.0.1", 8124), ("127.0.0.1", 80), ("127.0.0.1", 0), ("127.0.0.2", 8123), ("::1", 8123)),
        *(("0.0.0.0", 8123), ("::ffff:127.0.0.1", 8123), ("localhost", 8123), ("2130706433", 8123)),
        *(("10.0.0.1", 8123), ("8.8.8.8", 8123)),
    ]:
        with pytest.raises(EgressRefused):
            egress.check(address, port)


def test_an_endpoint_is_the_same_however_its_address_is_written() -> None:
    egress = Egress.allowing(endpoints=[("0:0:0:0:0:0:0:1", 8123)])
    egress.check("::1", 8123)


def test_an_allowed_endpoint_widens_nothing_else() -> None:
    egress = Egress.allowing(endpoints=[("127.0.0.1", 8123)])
    egress.check("8.8.8.8", 443)
    for address in PRIVATE:
        with pytest.raises(EgressRefused):
            egress.check(address, 443)


def test_an_allowed_network_may_be_dialled_on_any_port_and_its_neighbour_on_none() -> None:
    egress = Egress.allowing(networks=["10.1.0.0/16", "fd00::/8"])
    egress.check("10.1.255.255", 9200)
    egress.check("fd12::1", 22)
    for address in ("10.2.0.0", "10.0.255.255", "fc00::1", "127.0.0.1"):
        with pytest.raises(EgressRefused):
            egress.check(address, 443)


@pytest.mark.parametrize("network", ["", "10.1.0.0/33", "10.1.2.3/16", "acme.example", "10.1.0.0-10.2.0.0"])
def test_a_network_that_is_none_is_refused_with_an_example(network: str) -> None:
    with pytest.raises(ConfigError, match=r"10\.1\.0\.0/16"):
        Egress.allowing(networks=[network])


def test_an_endpoint_that_is_a_name_is_refused() -> None:
    with pytest.raises(ConfigError, match="not a name"):
        Egress.allowing(endpoints=[("localhost", 80)])


@given(st.ip_addresses())
def test_every_address_that_passes_is_global_and_in_no_forbidden_range(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    try:
        Egress().check(str(address), 443)
    except EgressRefused:
        return
    inner = getattr(address, "ipv4_mapped", None) or address
    assert inner.is_global
    assert not any(inner in network for network in FORBIDDEN)


@given(st.sampled_from(FORBIDDEN).flatmap(lambda network: st.ip_addresses(network=network)))
def test_no_address_of_a_forbidden_range_passes_plain_or_mapped(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    forms = [str(address), *([f"::ffff:{address}"] if address.version == 4 else [])]
    for form in forms:
        with pytest.raises(EgressRefused):
            Egress().check(form, 443)

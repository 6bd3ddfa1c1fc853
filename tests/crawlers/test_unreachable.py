"""Hosts that cannot be reached (FAULTS A3 20, 29): each is told for what it is, and the others are read."""

from __future__ import annotations

import contextlib
import socket
import time
from pathlib import Path

import pytest

from tests.cli.running import free_port
from tests.crawlers.crawl_rig import Bench, feeds
from tests.crawlers.hostile import Hostile, drip, feed, reset, say

#: Requests for one address at most while it fails (A3 29).
TRIES = 5


def has_ipv6() -> bool:
    """Tell whether this machine has a loopback of IPv6."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6) as probe:
        probe.bind(("::1", 0))
        return True
    return False


def test_names_that_lead_nowhere_resets_and_closed_ports_are_told_apart(tmp_path: Path) -> None:
    bench, closed = Bench(tmp_path), free_port()
    with Hostile(pages={"/good": say(200, feed("a")), "/reset": reset}) as server:
        nowhere, refused = "http://nowhere.invalid/feed", f"http://127.0.0.1:{closed}/feed"
        bench.watch(feeds([nowhere, "reset", refused, "good"]))
        told = bench.crawl(base_urls={"feed": server.base}, allow=["127.0.0.0/8"], timeout=5)
        # Twisted asks once more by itself where a connection that it kept breaks.
        assert 1 <= len(server.asked("/reset")) <= 2 * TRIES
        assert len(server.asked("/good")) == 1
    assert {mention["native_id"] for mention in told.mentions.values()} == {"a"}
    # Whose robots rules cannot be had is not asked for anything else.
    kinds = {name: kind for name, (kind, _) in told.failures.items()}
    assert kinds == {nowhere: "SourceBusy", refused: "SourceBusy", "reset": "SourceError"}
    words = {name: text for name, (_, text) in told.failures.items()}
    assert "no such host, or no network" in words[nowhere]
    assert "takes no connection" in words[refused]
    assert "broke the connection off" in words["reset"]
    assert told.state["status"] == "backing off"


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
def test_a_host_of_ipv6_alone_is_read(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    pages = {"/name": say(200, feed("a")), "/address": say(200, feed("b"))}
    with Hostile(host="::1", pages=pages) as server:
        port = server.server.server_address[1]
        bench.watch(feeds([f"http://six.example:{port}/name", f"{server.base}/address"]))
        told = bench.crawl(base_urls={"feed": server.base}, names={"six.example": "::1"})
    assert {mention["native_id"] for mention in told.mentions.values()} == {"a", "b"}
    assert told.failures == {}


def test_fifty_hosts_that_drip_are_ended_and_sixteen_healthy_ones_are_read(tmp_path: Path) -> None:
    bench, timeout = Bench(tmp_path), 1
    with contextlib.ExitStack() as stack:
        slow = [stack.enter_context(Hostile(pages={"/feed": drip})) for _ in range(50)]
        well = [stack.enter_context(Hostile(pages={"/feed": say(200, feed(f"well{n}"))})) for n in range(16)]
        bench.watch(feeds([f"{server.base}/feed" for server in slow + well]))
        began = time.monotonic()
        told = bench.crawl(allow=["127.0.0.0/8"], timeout=timeout)
        took = time.monotonic() - began
    assert {mention["native_id"] for mention in told.mentions.values()} == {f"well{n}" for n in range(16)}
    assert len(told.failures) == 50
    assert all(f"within {timeout} s" in text for _, text in told.failures.values())
    assert took < 60, took

"""The same guard over TLS: no certificate is taken on trust, no private address is dialled."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crawlers.crawl_rig import Bench, feeds
from tests.crawlers.hostile import Hostile, feed, redirect, say


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Hostile]:
    with Hostile(tls=tmp_path, pages={"/a": say(200, feed("a"))}) as hostile:
        yield hostile


def test_a_certificate_that_nobody_vouches_for_is_refused(server: Hostile, tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.watch(feeds(["a"]))
    told = bench.crawl(base_urls={"feed": server.base}, record_dials=True)
    assert told.mentions == {}
    assert server.seen == []
    assert told.dialled, "it was dialled, and refused"
    assert "certificate" in told.state["reason"]
    # A certificate does not change within a second: it is not asked five times.
    assert len(told.dialled) == 1


def test_a_private_address_is_not_dialled_over_tls_either(server: Hostile, tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    with Hostile() as plain:
        plain.pages = {"/sent-on": redirect(f"{server.base}/a")}
        bench.watch(feeds([f"{server.base}/a", f"{plain.base}/sent-on", "https://10.0.0.7/"]))
        told = bench.crawl(base_urls={"feed": plain.base}, record_dials=True)
    assert server.seen == []
    assert {tuple(dial) for dial in told.dialled} == {("127.0.0.1", plain.server.server_address[1])}
    assert {failure[0] for failure in told.failures.values()} == {"EgressRefused"}

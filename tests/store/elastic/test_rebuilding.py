"""An index is made anew behind its alias while others write, and a rebuild that is cut off goes on."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from core.clock import SetClock
from core.errors import StoreUnavailable
from core.kept import Kept
from core.records import KINDS
from core.thread import Status, Triage
from core.user import Role, Session, User
from store.elastic import ElasticStore, indices
from store.elastic.connection import Answer, Server
from tests import elasticsearch_server
from tests.builders import NOW, a_mention, found
from tests.cli.running import earful
from tests.store.contract.asking import ask, ids

pytestmark = [pytest.mark.elasticsearch, pytest.mark.faults]

NEW = {"mentions": 2, "threads": 2, "audit": 2, "office": 2}


def fill(store: ElasticStore, first: int, count: int) -> None:
    """Put mentions, and do something of everything with the first."""
    store.put(
        [found(a_mention(native_id=f"{first + n:05}", text=f"Acme is slow {n}")) for n in range(count)],
        now=NOW,
    )
    change = Triage(status=Status.WAITING, tags=("vip",))
    store.triage(f"hackernews:{first:05}", change, actor="ada", action="triage.status", now=NOW)
    store.keep(
        Kept(kind="view", key=f"v{first}", body={"n": first}, by="ada", at=NOW, refs=(f"thread:{first}",))
    )
    store.save_session(Session(token_hash=f"t{first}", user="ada", created_at=NOW, last_seen_at=NOW))


def leads_to(store: ElasticStore) -> set[str]:
    told = json.loads(
        elasticsearch_server.shared_server().ask("GET", f"/_alias/{store.server.address.prefix}-*")
    )
    return {
        index.rpartition("-")[2] + " " + index.split("-")[-2] for index, one in told.items() if one["aliases"]
    }


def test_indices_are_made_anew_while_others_write(
    store: ElasticStore, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store, 0, 700)
    store.save_user(User(name="ada", role=Role.ADMIN, created_at=NOW))
    over, written, failed = threading.Event(), [0], list[Exception]()

    def write() -> None:
        number = 1
        try:
            while not over.is_set() or number < 3:
                fill(store, number * 1_000, 5)
                store.end_session(f"t{(number - 1) * 1_000}")
                written[0] = number
                number += 1
        except Exception as error:  # noqa: BLE001 — told by the test's own thread
            failed.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    for name, version in NEW.items():
        monkeypatch.setitem(indices.VERSIONS, name, version)
    monkeypatch.setitem(
        indices.MAPPINGS, "mentions", indices.MAPPINGS["mentions"] | {"brand_new": {"type": "keyword"}}
    )
    other = ElasticStore.open(url, clock=SetClock(NOW))
    over.set()
    writer.join(120)
    assert failed == []
    assert leads_to(store) == {"v1 dead", *(f"v{version} {name}" for name, version in NEW.items())}
    for one in (store, other):
        one.settle()
        assert one.count(ask("acme")).value == 700 + 5 * written[0] == one.tally("mention")
        assert len(ids(one, "tag:vip")) == 1 + written[0]
        assert [user.name for user in one.users()] == ["ada"]
        assert [session.token_hash for session in one.sessions("ada")] == [f"t{written[0] * 1_000}"]
        assert len(one.kept("view")) == 1 + written[0]
        assert one.check() == []
    other.close()


def cut_after(left: int) -> Callable[..., Answer]:
    """Return a sending that fails after so many."""
    bulk, sent = Server.lines, itertools.count()

    def cut(self: Server, path: str, lines: Iterable[bytes], **params: str) -> Answer:
        if next(sent) >= left:
            raise StoreUnavailable("cut off")
        return bulk(self, path, lines, **params)

    return cut


def test_a_rebuild_cut_off_anywhere_goes_on_at_the_next_start(
    store: ElasticStore, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store, 0, 1_200)
    before = {kind: list(store.dump(kind)) for kind in KINDS}
    monkeypatch.setitem(indices.VERSIONS, "mentions", 2)
    for left in (0, 1, 2):
        with monkeypatch.context() as broken:
            broken.setattr(Server, "lines", cut_after(left))
            with pytest.raises(StoreUnavailable, match="cut off"):
                ElasticStore.open(url, clock=SetClock(NOW))
        # Those who were there before go on meanwhile, and are told.
        assert f"of mentions is being made anew: {1_200 - 500 * left:,} of 1,200 documents" in told(store)
        assert store.put([found(a_mention(native_id="00001", text="Acme is slow 1"))], now=NOW).unchanged == 1
    again = ElasticStore.open(url, clock=SetClock(NOW))
    assert "v2 mentions" in leads_to(again)
    assert told(again) == ""
    assert {kind: list(again.dump(kind)) for kind in KINDS} == before
    assert again.check() == []
    again.close()


def told(store: ElasticStore) -> str:
    return "\n".join(store.under_way())


def test_a_look_at_a_store_tells_of_a_rebuild_and_does_not_join_it(
    store: ElasticStore, url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fill(store, 0, 20)
    with monkeypatch.context() as newer:
        newer.setitem(indices.VERSIONS, "mentions", 2)
        newer.setattr(Server, "lines", cut_after(0))
        with pytest.raises(StoreUnavailable, match="cut off"):
            ElasticStore.open(url, clock=SetClock(NOW))
        ElasticStore.open(url, clock=SetClock(NOW), only_look=True).close()
    assert "20 of 20 documents behind" in told(store)
    monkeypatch.setenv("EARFUL_STORE_URL", url)
    look = earful("status", data=tmp_path)
    assert look.returncode == 0, look.stderr
    assert look.stdout.splitlines() == ["20 mentions in 20 threads", "20 wait for labels", *store.under_way()]


def test_a_block_of_somebody_else_is_still_said(store: ElasticStore) -> None:
    server = elasticsearch_server.shared_server()
    settings = f"/{store.server.alias('mentions')}/_settings"
    server.ask("PUT", settings, json.dumps({"index.blocks.write": True}))
    with pytest.raises(Exception, match="takes no writes"):
        store.put([found(a_mention())], now=NOW)
    server.ask("PUT", settings, json.dumps({"index.blocks.write": None}))

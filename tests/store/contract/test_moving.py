"""Everything goes from any engine to any other and back, and nothing of it differs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from core.clock import SetClock
from core.errors import ConfigError
from core.kept import Kept
from core.ports import Store
from core.records import KINDS, Record
from core.source import Cursor, SourceState
from core.thread import Status, Thread, Triage
from core.user import Role, Session, SignInLink, User
from core.work import OutboxItem, Work
from engage.access import sign_in_link
from engage.retention import forget_old
from store import open_store
from store.moving import IDENTITY, claim, is_empty, make_equal
from tests.builders import NOW, a_mention, a_watch, found
from tests.store.contract.asking import ask, ids
from tests.store.contract.world import build

LATER = NOW + timedelta(days=1)
QUERIES = ("acme", "-acme", "is:duplicate", "has:correction", "churn:yes is:unanswered", "tag:vip", "lang:de")


def furnish(store: Store) -> None:
    """Put some of everything into a store that has mentions."""
    edited = a_mention(native_id="edited", text="Acme was fine")
    store.put([found(edited)], now=NOW)
    store.put([found(replace(edited, text="Acme is broken", edited_at=NOW))], now=LATER)
    gone = a_mention(native_id="gone", text="Acme leaked my name")
    store.put([found(gone)], now=NOW)
    cursor = Cursor(watch_id="acme", source="hackernews", stream="s", value={"after": "x"})
    store.put([found(replace(gone, text="", deleted=True))], now=LATER, cursor=cursor)
    store.save_user(User(name="ada", role=Role.ADMIN, created_at=NOW, password_hash="argon"))
    store.save_user(User(name="bob", role=Role.VIEWER, created_at=NOW, disabled=True))
    store.save_session(Session(token_hash="t", user="ada", created_at=NOW, last_seen_at=NOW))
    store.save_sign_in_link(SignInLink(token_hash="l", user="ada", expires_at=LATER))
    for key, refs in (("x", ("account:a", "handle:reddit:ada")), ("y", ())):
        item = Kept(kind="person", key=key, body={"deep": [1, {"a": None}]}, by="ada", at=NOW, refs=refs)
        store.keep(store.keep(replace(item, state="loyal", due=LATER)))
    store.remember("erasure.key", "secret")
    store.save_source_state(SourceState(watch_id="acme", source="hackernews", days={"2026-03-01": 3}))
    for n in range(3):
        store.request_work(Work(id=f"w{n}", kind="crawl", payload={"n": n}, requested_by="ada", at=NOW))
    store.claim_work(owner="me", lease=timedelta(hours=1), now=NOW)
    items = [OutboxItem(id=f"o{n}", channel="mail", payload={"n": n}, due_at=NOW) for n in range(3)]
    store.post(items)
    store.sent("o1", now=LATER)
    store.remember(IDENTITY, "this-store")


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store with some of everything that a store can hold."""
    url = f"sqlite:///{tmp_path_factory.mktemp('full') / 'earful.db'}"
    store = open_store(url, clock=SetClock(NOW))
    build(store)
    furnish(store)
    yield store
    store.close()


def everything(store: Store) -> dict[str, list[Record]]:
    return {kind: list(store.dump(kind)) for kind in KINDS}


def a_thread(store: Store, thread_id: str) -> Thread:
    """A thread whose corrections of one moment, which have no order, are in one."""
    thread = store.thread(thread_id)
    said = sorted(thread.corrections, key=lambda one: (one.at, one.by, one.mention_id, one.brand))
    return replace(thread, corrections=tuple(said))


def assert_same(one: Store, other: Store) -> None:
    """Nothing that a person can see of two stores differs."""
    assert everything(one) == everything(other)
    assert list(one.mentions()) == list(other.mentions())
    threads = [record.key for record in one.dump("thread")]
    assert [a_thread(one, each) for each in threads] == [a_thread(other, each) for each in threads]
    other.settle()
    for query in QUERIES:
        assert ids(one, query) == ids(other, query), query
        mine, theirs = one.queue(ask(query), limit=500), other.queue(ask(query), limit=500)
        assert mine.rows == theirs.rows, query
    assert one.backlog("another") == other.backlog("another")
    assert one.audit(limit=10_000) == other.audit(limit=10_000)
    assert other.check() == []


def test_everything_goes_there_and_back_and_nothing_differs(
    full: Store, empty: Store, tmp_path: Path
) -> None:
    for kind in KINDS:
        assert full.tally(kind) == len(list(full.dump(kind))) > 0, kind
    claim(full, empty)
    there = make_equal(full, empty)
    assert there.compared == {kind: full.tally(kind) for kind in KINDS}
    assert_same(full, empty)
    assert make_equal(full, empty).changes == 0
    back = open_store(f"sqlite:///{tmp_path / 'back.db'}", clock=SetClock(NOW))
    claim(empty, back)
    make_equal(empty, back)
    assert_same(empty, back)
    # What moved goes on working: the next act is the next in every order.
    claimed = back.claim_outbox(owner="x", lease=timedelta(hours=1), limit=5, now=LATER)
    assert [item.id for item in claimed] == ["o0", "o2"]
    assert (
        back.record(actor="ada", action="a", target="t", now=LATER).id == len(everything(full)["audit"]) + 1
    )
    assert back.check() == []
    back.close()


def test_what_changed_since_is_brought_up_to_date_and_what_went_goes(store: Store, tmp_path: Path) -> None:
    store.put([found(a_mention(native_id=str(n))) for n in range(20)], now=NOW)
    store.save_session(Session(token_hash="t", user="ada", created_at=NOW, last_seen_at=NOW))
    store.remember(IDENTITY, "this-store")
    other = open_store(f"sqlite:///{tmp_path / 'other.db'}", clock=SetClock(NOW))
    claim(store, other)
    make_equal(store, other)
    reply = a_mention(native_id="r", thread_id="hackernews:3", parent_id="hackernews:3")
    change = Triage(status=Status.WAITING, tags=("vip",))
    store.triage("hackernews:3", change, actor="ada", action="triage.status", now=NOW)
    store.put([found(reply)], now=LATER)
    store.discard("thread", ["hackernews:5"])
    store.end_session("t")
    claim(store, other)
    second = make_equal(store, other)
    assert second.loaded["mention"] == 1
    assert second.discarded["mention"] == second.discarded["session"] == 1
    assert_same(store, other)
    other.close()


def test_a_store_that_is_not_a_copy_is_never_overwritten(store: Store, tmp_path: Path) -> None:
    store.remember(IDENTITY, "this-store")
    other = open_store(f"sqlite:///{tmp_path / 'other.db'}", clock=SetClock(NOW))
    assert is_empty(other)
    other.save_watch(a_watch(id="theirs"), actor="eve", now=NOW)
    with pytest.raises(ConfigError, match="belongs to another Earful"):
        claim(store, other)
    assert [watch.id for watch in other.watches()] == ["theirs"]
    other.close()
    copy = open_store(f"sqlite:///{tmp_path / 'copy.db'}", clock=SetClock(NOW))
    claim(store, copy)
    make_equal(store, copy)
    # Earful was started on the copy, and read something: a move into it would take that away.
    sign_in_link(copy, now=NOW)
    with pytest.raises(ConfigError, match="it is the newer one"):
        claim(store, copy)
    copy.close()


def test_threads_are_discarded_with_all_that_is_said_in_them(store: Store) -> None:
    first = a_mention(native_id="1", text="Acme one")
    reply = a_mention(native_id="2", text="Acme two", thread_id=first.id, parent_id=first.id)
    twin = a_mention(native_id="3", text="Acme three")
    store.put([found(first), found(reply), found(twin)], now=NOW)
    store.discard("thread", [first.id, "unknown"])
    store.settle()
    assert ids(store, "acme") == [twin.id]
    assert [record.key for record in store.dump("thread")] == [twin.id]
    store.discard("mention", [twin.id])
    assert store.tally("thread") == 0
    assert store.check() == []


def test_old_threads_are_let_go_and_pinned_or_younger_ones_stay(store: Store) -> None:
    old, young = NOW - timedelta(days=100), NOW - timedelta(days=10)
    dead = [a_mention(native_id=f"d{n}", published_at=old) for n in range(3)]
    pinned = a_mention(native_id="pinned", published_at=old)
    begun = a_mention(native_id="begun", published_at=old)
    reply = a_mention(native_id="reply", published_at=young, thread_id=begun.id, parent_id=begun.id)
    told = [found(one) for one in (*dead, pinned, begun)] + [found(reply, context=True)]
    store.put(told, now=NOW)
    store.triage(pinned.id, Triage(pinned=True), actor="ada", action="triage.pin", now=NOW)
    assert forget_old(store, days=0, now=NOW) == 0
    assert forget_old(store, days=30, now=NOW) == len(dead)
    assert forget_old(store, days=30, now=NOW) == 0
    left = sorted(stored.mention.id for stored in store.mentions())
    assert left == sorted([pinned.id, begun.id, reply.id])
    assert store.check() == []

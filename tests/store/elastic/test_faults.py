"""The real server killed, stopped, blocked, overrun and robbed of an index (FAULTS A3 7–14, reduced)."""

from __future__ import annotations

import contextlib
import itertools
import json
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from core.clock import SetClock
from core.errors import Conflict, StoreCorrupt, StoreReadOnly, StoreUnavailable
from core.source import Cursor, Found
from core.thread import Note, Status, Triage
from core.user import Role, User
from store.elastic import ElasticStore
from store.elastic.address import parse
from store.elastic.bulk import Sender
from store.elastic.connection import Server as Connection
from store.elastic.documents import Documents
from tests.builders import NOW, a_mention, a_watch, found
from tests.elasticsearch_server import Server
from tests.store.contract.asking import ask, ids

pytestmark = [pytest.mark.elasticsearch, pytest.mark.faults, pytest.mark.timeout(900)]

HOUR = timedelta(hours=1)
BATCH, BATCHES = 20, 12


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server of these tests' own, whose queue of writes holds one."""
    server = Server(**{"thread_pool.write.size": "1", "thread_pool.write.queue_size": "1"})
    server.start()
    yield server
    server.stop()


def opened(server: Server, prefix: str, *, seconds: float = 10.0) -> ElasticStore:
    return ElasticStore.open(server.store_url(prefix), clock=SetClock(NOW), seconds=seconds)


@pytest.fixture
def store(server: Server, request: pytest.FixtureRequest) -> Iterator[ElasticStore]:
    prefix = f"f{abs(hash(request.node.name)) % 10**9}"
    store = opened(server, prefix)
    store.save_watch(a_watch(own_handles=("acmehelp",)), actor="ada", now=NOW)
    yield store
    store.close()


def batch(number: int) -> list[Found]:
    """Mentions of which every fourth stands in the thread of the one before."""
    made = []
    for n in range(BATCH):
        mention = a_mention(native_id=f"{number:03}-{n:03}", text=f"Acme batch {number} number {n}")
        if n % 4 == 3:
            mention = replace(mention, thread_id=made[-1].mention.thread_id, parent_id=made[-1].mention.id)
        made.append(found(mention))
    return made


def a_cursor(number: int) -> Cursor:
    return Cursor(watch_id="acme", source="hackernews", stream="s", value={"batch": number})


def crawl(store: ElasticStore, until: float = 240.0) -> int:
    """Put every batch, again after each failure, from where the cursor stands; return the failures."""
    failures, end = 0, time.monotonic() + until
    while time.monotonic() < end:
        try:
            cursor = store.cursor("acme", "hackernews", "s")
            number = int(str(cursor.value["batch"])) + 1 if cursor else 0
            if number == BATCHES:
                return failures
            store.put(batch(number), now=NOW, cursor=a_cursor(number))
        except (StoreUnavailable, StoreReadOnly):
            failures += 1
            time.sleep(0.2)
    raise AssertionError("the crawl never came to its end")


def assert_whole(store: ElasticStore) -> None:
    """Nothing is lost, nothing is there twice."""
    expected = sorted(one.mention.id for number in range(BATCHES) for one in batch(number))
    assert [stored.mention.id for stored in store.mentions()] == expected
    store.settle()
    assert store.count(ask("acme")).value == len(expected)
    assert all(stored.revision == 1 for stored in store.mentions())
    assert store.check() == []


def test_a_server_killed_in_the_middle_loses_and_doubles_nothing(server: Server, store: ElasticStore) -> None:
    for number in range(3):
        store.put(batch(number), now=NOW, cursor=a_cursor(number))
    failures: list[int] = []
    crawler = threading.Thread(target=lambda: failures.append(crawl(store)))
    crawler.start()
    server.kill()
    with pytest.raises(StoreUnavailable, match=r"no Elasticsearch answers|a moment ago|did not answer"):
        store.count(ask("acme"))
    server.start()
    crawler.join(260)
    assert failures
    assert_whole(store)


def test_a_server_that_hangs_is_given_up_and_left_alone_for_a_moment(
    server: Server, store: ElasticStore
) -> None:
    hasty = opened(server, store.server.address.prefix, seconds=2.0)
    hasty.put(batch(0), now=NOW, cursor=a_cursor(0))
    server.signal(signal.SIGSTOP)
    try:
        for _ in range(2):
            with pytest.raises(StoreUnavailable, match="did not answer within 2 s"):
                hasty.put(batch(1), now=NOW, cursor=a_cursor(1))
        with pytest.raises(StoreUnavailable, match="a moment ago"):
            hasty.count(ask("acme"))
    finally:
        server.signal(signal.SIGCONT)
    crawl(hasty)
    hasty.close()
    assert_whole(store)


class Stopwatch:
    """Sleep, and remember how long."""

    def __init__(self) -> None:
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        time.sleep(seconds)


@contextlib.contextmanager
def a_flood(server: Server) -> Iterator[None]:
    """Keep the one writer of the server busy, and its queue of one full, with writes of somebody else."""
    over = threading.Event()
    lines = [json.dumps({"index": {"_index": "flood"}}), json.dumps({"text": "a flood of words " * 40})]

    def flood() -> None:
        while not over.is_set():
            server.ask("POST", "/_bulk?filter_path=took", "\n".join(lines * 500) + "\n")

    floods = [threading.Thread(target=flood) for _ in range(6)]
    for one in floods:
        one.start()
    try:
        yield
    finally:
        over.set()
        for one in floods:
            one.join(60)
        server.ask("DELETE", "/flood")


def test_a_full_queue_of_writes_is_met_with_growing_pauses(server: Server, store: ElasticStore) -> None:
    watches: list[Stopwatch] = []

    def put(number: int) -> None:
        watch = Stopwatch()
        watches.append(watch)
        connection = Connection(parse(server.store_url(store.server.address.prefix)))
        one = ElasticStore(Documents(connection, Sender(connection, sleep=watch.sleep)), SetClock(NOW))
        while True:
            try:
                one.put(batch(number), now=NOW)
            except StoreUnavailable:
                continue
            break
        one.close()

    crowd = [threading.Thread(target=put, args=(number,)) for number in range(BATCHES)]
    with a_flood(server):
        for thread in crowd:
            thread.start()
        end = time.monotonic() + 120
        while time.monotonic() < end and not any(watch.pauses for watch in list(watches)):
            time.sleep(0.1)
    for thread in crowd:
        thread.join(240)
    pauses = [watch.pauses for watch in watches]
    assert any(pauses), "the server never said that it was busy"
    for one in pauses:
        # Within one sending each pause is twice the one before; a new sending begins at the first.
        assert all(b in (2 * a, 0.5) for a, b in itertools.pairwise(one)), one
    assert_whole(store)


def test_what_the_server_refuses_is_kept_with_the_reason_and_can_be_sent_again(
    server: Server, store: ElasticStore
) -> None:
    bad = [a_mention(native_id=f"bad{n}", source="x" * 40_000, id=f"bad:{n}") for n in range(3)]
    good = [found(a_mention(native_id=f"good{n}")) for n in range(297)]
    batch_of_all = [*good[:100], found(bad[0]), *good[100:200], found(bad[1]), *good[200:], found(bad[2])]
    assert store.put(batch_of_all, now=NOW).new == 297
    letters = store.dead_letters()
    assert sorted(letter.id for letter in letters) == [mention.id for mention in bad]
    assert all("source" in letter.reason for letter in letters)
    assert any("3 documents were refused" in fault for fault in store.check())
    assert store.put(batch_of_all, now=NOW).unchanged == 297
    assert len(store.dead_letters()) == 3
    mapping = {"properties": {"source": {"type": "keyword", "ignore_above": 100}}}
    server.ask("PUT", f"/{store.server.alias('mentions')}/_mapping", json.dumps(mapping))
    assert store.replay() == 3
    assert store.dead_letters() == []
    assert store.check() == []
    assert store.thread(bad[0].id).mentions[0].mention == bad[0]


@pytest.mark.parametrize("block", ["read_only_allow_delete", "read_only", "write"])
def test_a_blocked_index_is_said_and_loses_nothing(server: Server, store: ElasticStore, block: str) -> None:
    store.put(batch(0), now=NOW, cursor=a_cursor(0))
    settings = f"/{store.server.alias('mentions')}/_settings"
    server.ask("PUT", settings, json.dumps({f"index.blocks.{block}": True}))
    with pytest.raises(StoreReadOnly, match=r"nothing stored is lost"):
        store.put(batch(1), now=NOW, cursor=a_cursor(1))
    assert store.count(ask("acme")).value == BATCH
    server.ask("PUT", settings, json.dumps({f"index.blocks.{block}": None}))
    crawl(store)
    assert_whole(store)


def test_a_language_that_first_came_while_writes_were_refused_is_found_by_its_stems(
    server: Server, store: ElasticStore
) -> None:
    german = [found(a_mention(text="Acme und die Preise", language="de"))]
    settings = f"/{store.server.alias('office')}/_settings"
    server.ask("PUT", settings, json.dumps({"index.blocks.write": True}))
    with pytest.raises(StoreReadOnly):
        store.put(german, now=NOW)
    server.ask("PUT", settings, json.dumps({"index.blocks.write": None}))
    store.put(german, now=NOW)
    other = opened(server, store.server.address.prefix)
    other.settle()
    assert ids(store, "preis") == ids(other, "preis") == [german[0].mention.id]
    other.close()


def test_a_lost_index_is_said_and_restored_while_triage_stays(server: Server, store: ElasticStore) -> None:
    crawl(store)
    thread_id = batch(0)[0].mention.id
    triage = Triage(status=Status.WAITING, assignee="ada", tags=("vip",))
    store.triage(thread_id, triage, actor="ada", action="triage.status", now=NOW)
    store.add_note(Note(id="n", thread_id=thread_id, author="ada", text="called them", at=NOW))
    store.save_user(User(name="ada", role=Role.ADMIN, created_at=NOW))
    backup = list(store.mentions())
    server.ask("DELETE", f"/{store.server.alias('mentions')}-v1")
    for attempt in (
        lambda: store.count(ask("acme")),
        lambda: store.put(batch(0), now=NOW),
        lambda: store.thread(thread_id),
        lambda: opened(server, store.server.address.prefix).count(ask("acme")),
    ):
        with pytest.raises(
            StoreCorrupt, match=r"with all mentions is gone .* restore it from the last backup"
        ):
            attempt()
    assert ["all mentions is gone" in fault for fault in store.check()] == [True]
    assert [user.name for user in store.users()] == ["ada"]
    assert store.restore_indices() == ["mentions"]
    store.put([found(stored.mention) for stored in backup], now=NOW)
    assert [stored.mention for stored in store.mentions()] == [stored.mention for stored in backup]
    thread = store.thread(thread_id)
    assert (thread.triage.status, thread.triage.assignee, thread.notes[0].text) == (
        Status.WAITING,
        "ada",
        "called them",
    )
    assert thread_id in ids(store, "tag:vip has:note")
    assert_whole(store)


def test_a_late_copy_after_the_server_forgot_the_deletion_stays_deleted(
    server: Server, store: ElasticStore
) -> None:
    settings = json.dumps({"index.gc_deletes": "1s"})
    server.ask("PUT", f"/{store.server.alias('mentions')}/_settings", settings)
    mention = a_mention(text="Acme leaked my secret")
    store.put([found(mention)], now=NOW)
    store.put([found(replace(mention, text="", deleted=True))], now=NOW + HOUR)
    time.sleep(2.5)
    store.put([found(replace(mention, text="an edit before", edited_at=NOW))], now=NOW + 2 * HOUR)
    assert store.mention(mention.id).mention.deleted
    assert ids(store, "leaked") == ids(store, "edit") == []
    found_text = server.ask("GET", f"/{store.server.alias('mentions')}/_search?q=*:*")
    assert "secret" not in found_text
    assert "an edit before" not in found_text


def test_of_two_people_who_triage_at_once_one_wins_and_the_other_is_shown_the_fresh_state(
    server: Server, store: ElasticStore
) -> None:
    races = 100
    mentions = [a_mention(native_id=f"r{n}") for n in range(races)]
    store.put([found(mention) for mention in mentions], now=NOW)
    stores = [opened(server, store.server.address.prefix) for _ in range(2)]
    barrier = threading.Barrier(2)
    results: list[list[Triage | Conflict[Triage]]] = [[], []]

    def race(place: int) -> None:
        name = ("ada", "bob")[place]
        for mention in mentions:
            barrier.wait()
            change = Triage(status=Status.WAITING, assignee=name)
            try:
                won, _ = stores[place].triage(mention.id, change, actor=name, action="triage.take", now=NOW)
                results[place].append(won)
            except Conflict as conflict:
                results[place].append(conflict)

    people = [threading.Thread(target=race, args=(place,)) for place in range(2)]
    for person in people:
        person.start()
    for person in people:
        person.join(600)
    for mention, one, other in zip(mentions, *results, strict=True):
        winner, loser = (one, other) if isinstance(one, Triage) else (other, one)
        assert isinstance(winner, Triage)
        assert isinstance(loser, Conflict)
        assert loser.fresh == winner == store.thread(mention.id).triage
    assert len(store.audit(limit=1_000)) == races + 1
    assert store.check() == []
    for each in stores:
        each.close()

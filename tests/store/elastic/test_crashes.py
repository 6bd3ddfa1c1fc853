"""A process that ends at any one of its requests leaves nothing that the same call again does not finish."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from core.clock import SetClock
from core.errors import Conflict
from core.kept import Kept
from core.source import Cursor
from core.thread import Correction, Note, Status, Triage
from core.watch import Brand
from core.work import Answer
from store.elastic import ElasticStore
from store.elastic.address import parse
from store.elastic.bulk import Sender
from store.elastic.connection import Answer as Told
from store.elastic.connection import Server
from store.elastic.documents import Documents
from tests.builders import NOW, a_mention, found, some_labels
from tests.store.contract.asking import ids

pytestmark = [pytest.mark.elasticsearch, pytest.mark.faults, pytest.mark.timeout(600)]

HOUR = timedelta(hours=1)
TEXT = "Acme raised the price of every plan again without telling anybody about it first"


class Ended(Exception):
    """The process is gone."""


class Mortal(Server):
    """A connection whose process ends before its request number `last`, or right after it."""

    last = 1 << 30
    after = False

    def _send(  # noqa: PLR0917 — the parts of a request
        self,
        method: str,
        path: str,
        content: bytes | None,
        kind: str,
        params: Mapping[str, str] | None,
        seconds: float | None = None,
    ) -> Told:
        self.last -= 1
        if self.last < 0 and not self.after:
            raise Ended
        told = super()._send(method, path, content, kind, params, seconds)
        if self.last < 0:
            raise Ended
        return told


def mortal(url: str, last: int, *, after: bool) -> ElasticStore:
    server = Mortal(parse(url))
    server.last, server.after = last, after
    return ElasticStore(Documents(server, Sender(server)), SetClock(NOW))


def endings(url: str, act: Callable[[ElasticStore, int], object]) -> Iterator[int]:
    """Let processes end at each of their requests while they `act`; yield the number of each try."""
    numbers = itertools.count()
    for after in (False, True):
        for last in range(200):
            number = next(numbers)
            store = mortal(url, last, after=after)
            try:
                act(store, number)
            except Ended:
                yield number
                continue
            finally:
                store.close()
            break
        else:
            raise AssertionError("the act never ends")


def test_a_batch_cut_off_anywhere_is_finished_by_putting_it_again(store: ElasticStore, url: str) -> None:
    def batch(number: int) -> list[str]:
        return [f"{number}-{part}" for part in range(4)]

    def put(some: ElasticStore, number: int) -> None:
        first, second, third, own = batch(number)
        word = f"w{number}x"
        root = a_mention(native_id=first, text=f"{TEXT} {word}")
        reply = {"thread_id": root.id, "parent_id": root.id}
        some.put(
            [
                found(root),
                found(a_mention(native_id=second, text=f"still {word}", published_at=NOW + HOUR, **reply)),
                found(a_mention(native_id=third, text=f"{TEXT} {word}", published_at=NOW + 2 * HOUR)),
                found(a_mention(native_id=own, text="sorry", published_at=NOW + HOUR / 2, **reply), own=True),
            ],
            now=NOW,
            cursor=Cursor(watch_id="acme", source="hackernews", stream=word, value={"at": number}),
        )

    tries = 0
    for number in endings(url, put):
        tries += 1
        first, second, third, own = (f"hackernews:{native}" for native in batch(number))
        word = f"w{number}x"
        cursor = store.cursor("acme", "hackernews", word)
        put(store, number)
        assert cursor is None or ids(store, word) == [third, second, first]
        assert ids(store, word) == [third, second, first]
        assert ids(store, f"{word} is:unanswered") == [third, second]
        assert ids(store, f"{word} has:reply") == [first]
        assert store.mention(third).duplicate_of is not None
        thread = store.thread(first)
        assert {stored.mention.id for stored in thread.mentions} == {first, second, own}
    assert tries > 10
    assert store.check() == []


def test_a_reply_cut_off_anywhere_opens_its_thread_once(store: ElasticStore, url: str) -> None:
    def prepared(number: int) -> str:
        first = a_mention(native_id=f"{number}")
        store.put([found(first)], now=NOW)
        waiting = Triage(status=Status.WAITING)
        store.triage(first.id, waiting, actor="ada", action="triage.status", now=NOW)
        return first.id

    def reply(some: ElasticStore, number: int) -> None:
        root = roots.get(number) or prepared(number)
        roots[number] = root
        answer = a_mention(native_id=f"{number}-r", text="still broken", thread_id=root, parent_id=root)
        some.put([found(answer, context=True)], now=NOW)

    roots: dict[int, str] = {}
    for number in endings(url, reply):
        reply(store, number)
        thread_id = roots[number]
        assert store.thread(thread_id).triage.status is Status.OPEN
        acts = [record.action for record in store.audit(target=f"thread:{thread_id}")]
        assert acts == ["triage.reopen", "triage.status"]
        assert thread_id in ids(store, "is:open")
    assert store.check() == []


def test_a_triage_cut_off_anywhere_is_told_to_the_audit_once_and_to_every_mention(
    store: ElasticStore, url: str
) -> None:
    def decide(some: ElasticStore, number: int) -> None:
        root = a_mention(native_id=f"{number}", text=f"w{number}x")
        store.put([found(root)], now=NOW)
        change = Triage(status=Status.RESOLVED, tags=("done",))
        some.triage(root.id, change, actor="ada", action="triage.status", now=NOW)

    for number in endings(url, decide):
        thread_id = f"hackernews:{number}"
        won = store.thread(thread_id).triage.version == 1
        store.threads_to_rank(limit=1, older_than=NOW)
        store.settle()
        assert ids(store, f"w{number}x is:resolved tag:done") == ([thread_id] if won else [])
        records = store.audit(target=f"thread:{thread_id}")
        assert [record.after["status"] for record in records] == (["resolved"] if won else [])
        if won:
            with pytest.raises(Conflict):
                store.triage(thread_id, Triage(), actor="bob", action="triage.status", now=NOW)
    assert store.check() == []


def test_labels_cut_off_anywhere_are_labelled_or_wanted_and_their_threads_are_ranked_anew(
    store: ElasticStore, url: str
) -> None:
    def label(some: ElasticStore, number: int) -> None:
        mention = a_mention(native_id=f"{number}")
        store.put([found(mention)], now=NOW)
        due = some.lease_unlabelled(
            "m.v1", limit=1, owner=f"o{number}", lease=HOUR, now=NOW + number * 3 * HOUR
        )
        labels = some_labels(brand="Acme", model="m.v1", churn=0.9)
        some.put_labels(
            [Answer(mention_id=one.mention.id, revision=one.revision, labels=labels) for one in due], now=NOW
        )

    for number in endings(url, label):
        later = NOW + number * 3 * HOUR + 2 * HOUR
        while due := store.lease_unlabelled("m.v1", limit=10, owner="next", lease=HOUR / 60, now=later):
            labels = some_labels(brand="Acme", model="m.v1", churn=0.9)
            answers = [Answer(mention_id=d.mention.id, revision=d.revision, labels=labels) for d in due]
            store.put_labels(answers, now=later)
        assert store.backlog("m.v1") == 0
        stored = store.mention(f"hackernews:{number}")
        assert [labels.churn.p for labels in stored.mention.labels if labels.churn] == [0.9]
        talk = store.telling.talk(f"hackernews:{number}")
        assert talk.members[f"hackernews:{number}"].risk == 9_000
    assert store.check() == []


def test_small_acts_cut_off_anywhere_are_done_once(store: ElasticStore, url: str) -> None:
    def act(some: ElasticStore, number: int) -> None:
        root = a_mention(native_id=f"{number}")
        store.put([found(root)], now=NOW)
        do(some, number)

    def do(some: ElasticStore, number: int) -> None:
        mention = f"hackernews:{number}"
        some.add_note(Note(id=f"n{number}", thread_id=mention, author="ada", text="called", at=NOW))
        some.correct(Correction(mention_id=mention, brand="Acme", by="ada", at=NOW, churn=True))
        stored = [one for one in some.kept("view") if one.key == f"v{number}"]
        if not stored:
            some.keep(Kept(kind="view", key=f"v{number}", body={"q": "x"}, by="ada", at=NOW))

    for number in endings(url, act):
        do(store, number)
        store.threads_to_rank(limit=1, older_than=NOW)
        mention = f"hackernews:{number}"
        assert [note.id for note in store.thread(mention).notes] == [f"n{number}"]
        assert len(store.audit(target=f"thread:{mention}")) == 1
        assert len(store.audit(target=f"mention:{mention}")) == 1
        assert [one.version for one in store.kept("view") if one.key == f"v{number}"] == [1]
    assert store.check() == []


def test_a_watch_saved_by_a_process_that_ended_is_followed_up(store: ElasticStore, url: str) -> None:
    store.put([found(a_mention(native_id="w", text="Acme or Initech?"))], now=NOW)

    def save(some: ElasticStore, number: int) -> None:
        watch = store.watch("acme")
        rivals = (Brand(name="Initech"), Brand(name=f"Rival{number}"))
        some.save_watch(replace(watch, rivals=rivals), actor="ada", now=NOW)

    for _ in endings(url, save):
        store.mend_watches()
        assert len(store.audit(target="watch:acme")) == store.watch("acme").version
    assert ids(store, "rival:initech") == ["hackernews:w"]
    assert store.check() == []

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from core.clock import SetClock
from core.errors import Conflict, NotFound
from core.labels import Labels
from core.ports import Store
from core.search import QueueSort
from core.thread import Note, Priority, Reason, ReasonSpan, Status, Triage
from core.work import Answer
from tests.builders import NOW, a_mention, found, some_labels
from tests.store.contract.asking import ask, ids

HOUR = timedelta(hours=1)


def rank(store: Store, thread_id: str, points: float, *, at: timedelta = timedelta(0)) -> None:
    priority = Priority(reasons=(Reason(points=points, why="unhappy"),))
    store.save_priority(thread_id, priority, sequence=store.thread(thread_id).sequence, now=NOW + at)


def decide(store: Store, thread_id: str, **more: object) -> Triage:
    triage = replace(store.thread(thread_id).triage, **more)  # type: ignore[arg-type]
    return store.triage(thread_id, triage, actor="ada", action="triage.test", now=NOW)[0]


def queue(store: Store, query: str = "", sort: QueueSort = QueueSort.PRIORITY) -> list[str]:
    store.settle()
    return [row.id for row in store.queue(ask(query, user="ada"), sort=sort).rows]


def test_a_thread_shows_parents_before_children_and_else_oldest_first(store: Store) -> None:
    root = a_mention(title="Is Acme down?", native_id="1")
    reply = a_mention(native_id="2", thread_id=root.id, parent_id=root.id, published_at=NOW - HOUR)
    late = a_mention(native_id="3", thread_id=root.id, parent_id=root.id, published_at=NOW + HOUR)
    nested = a_mention(native_id="4", thread_id=root.id, parent_id=late.id, published_at=NOW + HOUR / 2)
    ring = [
        a_mention(native_id="5", thread_id=root.id, parent_id="hackernews:6", published_at=NOW + 2 * HOUR),
        a_mention(native_id="6", thread_id=root.id, parent_id="hackernews:5", published_at=NOW + 3 * HOUR),
    ]
    store.put([found(m, context=m is reply) for m in (nested, late, *ring, reply, root)], now=NOW)
    thread = store.thread(root.id)
    order = [stored.mention.native_id for stored in thread.mentions]
    assert order[:4] == ["1", "2", "3", "4"]
    assert sorted(order) == ["1", "2", "3", "4", "5", "6"]
    assert (thread.title, thread.url, thread.source, thread.watches) == (
        "Is Acme down?",
        root.url,
        "hackernews",
        ("acme",),
    )
    assert len(thread.matched) == 5


def test_an_unknown_thread_is_not_found(store: Store) -> None:
    with pytest.raises(NotFound):
        store.thread("hackernews:nobody")
    with pytest.raises(NotFound):
        store.triage("hackernews:nobody", Triage(), actor="ada", action="x", now=NOW)
    with pytest.raises(NotFound):
        store.add_note(Note(id="1", thread_id="hackernews:nobody", author="ada", text="hi", at=NOW))


def test_a_thread_without_a_title_is_called_by_its_first_words(store: Store) -> None:
    mention = a_mention(text="Acme  is\ndown. " * 50)
    store.put([found(mention)], now=NOW)
    title = store.thread(mention.id).title
    assert title.startswith("Acme is down. Acme")
    assert title.endswith("…")
    assert len(title) <= 120


def test_what_changed_is_ranked_first_then_what_waited_then_what_wakes(store: Store, clock: SetClock) -> None:
    changed, waited, asleep, fresh = (a_mention(native_id=name) for name in "abcd")
    store.put([found(m) for m in (changed, waited, asleep, fresh)], now=NOW)
    assert len(store.threads_to_rank(limit=10, older_than=NOW)) == 4
    decide(store, asleep.id, status=Status.SNOOZED, snoozed_until=NOW + HOUR)
    for mention, at in ((changed, 0), (waited, 0), (asleep, 0), (fresh, 2)):
        rank(store, mention.id, 5, at=at * HOUR)
    assert store.threads_to_rank(limit=10, older_than=NOW) == []
    store.put([found(replace(changed, text="Acme, edited"))], now=NOW)
    clock.advance(2 * HOUR)
    assert store.threads_to_rank(limit=10, older_than=NOW + HOUR) == [changed.id, waited.id, asleep.id]
    assert store.threads_to_rank(limit=1, older_than=NOW + HOUR) == [changed.id]


def test_a_priority_of_an_older_thread_is_dropped(store: Store) -> None:
    mention = a_mention()
    store.put([found(mention)], now=NOW)
    sequence = store.thread(mention.id).sequence
    store.put([found(replace(mention, text="Acme, edited"))], now=NOW)
    store.save_priority(
        mention.id, Priority(reasons=(Reason(points=9, why="x"),)), sequence=sequence, now=NOW
    )
    assert store.thread(mention.id).priority == Priority()
    assert store.thread(mention.id).ranked_at is None
    span = ReasonSpan(mention_id=mention.id, start=0, end=4)
    priority = Priority(reasons=(Reason(points=9.25, why="may be leaving: 90 %", span=span),))
    store.save_priority(mention.id, priority, sequence=store.thread(mention.id).sequence, now=NOW)
    assert (store.thread(mention.id).priority, store.thread(mention.id).ranked_at) == (priority, NOW)


def test_a_snooze_that_is_over_opens_the_thread(store: Store) -> None:
    mention = a_mention()
    store.put([found(mention)], now=NOW)
    decide(store, mention.id, status=Status.SNOOZED, snoozed_until=NOW + HOUR)
    rank(store, mention.id, 5)
    assert store.thread(mention.id).triage.status is Status.SNOOZED
    assert ids(store, "is:snoozed") == [mention.id]
    assert store.count(ask("is:open", now=NOW + HOUR)).value == 1
    rank(store, mention.id, 5, at=HOUR)
    triage = store.thread(mention.id).triage
    assert (triage.status, triage.snoozed_until, triage.version) == (Status.OPEN, None, 2)


def test_a_triage_is_stored_whole_with_its_record(store: Store) -> None:
    mention = a_mention()
    store.put([found(mention)], now=NOW)
    wanted = Triage(
        status=Status.SNOOZED,
        assignee="ada",
        snoozed_until=NOW + HOUR,
        pinned=True,
        not_about_us=True,
        tags=("vip", "Outage", "vip"),
    )
    saved, record = store.triage(mention.id, wanted, actor="ada", action="triage.snooze", now=NOW)
    assert saved == replace(wanted, tags=("vip", "Outage"), version=1)
    assert store.thread(mention.id).triage == saved
    assert store.audit(target=f"thread:{mention.id}") == [record]
    assert (record.actor, record.action, record.before["status"], record.after["status"]) == (
        "ada",
        "triage.snooze",
        "open",
        "snoozed",
    )
    assert store.tags() == ["Outage", "vip"]
    decide(store, mention.id, tags=())
    assert store.tags() == []


def test_a_triage_of_an_older_version_conflicts_and_shows_the_fresh_one(store: Store) -> None:
    mention = a_mention()
    store.put([found(mention)], now=NOW)
    fresh = decide(store, mention.id, assignee="ada")
    with pytest.raises(Conflict) as caught:
        store.triage(mention.id, Triage(assignee="bob"), actor="bob", action="x", now=NOW)
    assert caught.value.fresh == fresh
    assert store.thread(mention.id).triage == fresh
    assert len(store.audit(target=f"thread:{mention.id}")) == 1


def test_notes_are_added_once_and_removed_with_a_record(store: Store) -> None:
    mention = a_mention()
    store.put([found(mention)], now=NOW)
    notes = [
        Note(id=f"n{n}", thread_id=mention.id, author="ada", text=f"note {n}", at=NOW + n * HOUR)
        for n in (2, 1)
    ]
    for note in (*notes, notes[0]):
        store.add_note(note)
    assert list(store.thread(mention.id).notes) == notes[::-1]
    assert ids(store, "has:note") == [mention.id]
    store.remove_note("n1", actor="bob", now=NOW)
    store.remove_note("n1", actor="bob", now=NOW)
    assert list(store.thread(mention.id).notes) == notes[:1]
    records = store.audit(target=f"thread:{mention.id}")
    assert [record.action for record in records] == ["note.remove", "note.add", "note.add"]
    assert records[0].before["text"] == "note 1"


def test_the_queue_has_three_orders_and_pinned_first_in_each(store: Store) -> None:
    for name, points, age in (("a", 10, 1), ("b", 30, 2), ("c", 20, 3), ("d", 1, 4)):
        mention = a_mention(native_id=name, published_at=NOW - age * HOUR)
        store.put([found(mention)], now=NOW)
        rank(store, mention.id, points)
    decide(store, "hackernews:d", pinned=True)
    answered = a_mention(native_id="b2", thread_id="hackernews:b", published_at=NOW, text="on it")
    store.put([found(answered, own=True)], now=NOW)
    names = {sort: "".join(one[-1] for one in queue(store, sort=sort)) for sort in QueueSort}
    assert names == {QueueSort.PRIORITY: "dbca", QueueSort.WAITING: "dcab", QueueSort.NEW: "dabc"}
    assert queue(store, "is:unanswered", QueueSort.NEW) == ["hackernews:d", "hackernews:a", "hackernews:c"]


def test_threads_that_only_hold_context_or_our_own_are_not_in_the_queue(store: Store) -> None:
    store.put([found(context=True), found(own=True)], now=NOW)
    assert queue(store) == queue(store, "is:context") == []


def test_a_row_of_the_queue_tells_enough_to_decide(store: Store) -> None:
    root = a_mention(native_id="1", title="Acme?", text="root", author="rita", published_at=NOW - 3 * HOUR)
    angry = a_mention(
        native_id="2",
        thread_id=root.id,
        text="leaving Acme for Globex " * 30,
        author="bob",
        published_at=NOW - 2 * HOUR,
    )
    calm = a_mention(
        native_id="3", thread_id=root.id, text="Acme is ok", author="cleo", published_at=NOW - HOUR
    )
    store.put([found(root, context=True), found(angry), found(calm)], now=NOW)
    for mention, churn in ((angry, 0.9), (calm, 0.1)):
        for brand in ("Acme", "Globex"):
            labels: Labels = some_labels(churn=churn, brand=brand)
            store.put_labels([Answer(mention_id=mention.id, revision=1, labels=labels)], now=NOW)
    store.add_note(Note(id="1", thread_id=root.id, author="ada", text="hi", at=NOW))
    rank(store, root.id, 12)
    (row,) = store.queue(ask("")).rows
    assert (row.id, row.title, row.author, row.url) == (root.id, "Acme?", "bob", root.url)
    assert row.excerpt.startswith("leaving Acme for Globex leaving")
    assert len(row.excerpt) <= 280
    assert (row.mentions, row.size, row.notes, row.watches) == (2, 3, 1, ("acme",))
    assert (row.newest_at, row.waiting_since) == (calm.published_at, angry.published_at)
    assert row.priority.points == 12
    assert row.top is not None
    assert (row.top.id, [labels.brand for labels in row.top.labels]) == (angry.id, ["Acme"])


def test_waiting_ends_with_a_later_word_of_ours(store: Store) -> None:
    first = a_mention(published_at=NOW - 3 * HOUR)
    ours = a_mention(thread_id=first.id, published_at=NOW - 2 * HOUR, text="we are on it")
    again = a_mention(thread_id=first.id, published_at=NOW - HOUR, text="Acme is still down")
    for mention, since in ((first, first.published_at), (ours, None), (again, again.published_at)):
        store.put([found(mention, own=mention is ours)], now=NOW)
        assert store.queue(ask("")).rows[0].waiting_since == since


def test_is_mine_looks_at_the_assignee(store: Store) -> None:
    mention = a_mention()
    store.put([found(mention), found()], now=NOW)
    decide(store, mention.id, assignee="ada")
    assert ids(store, "is:mine", user="ada") == queue(store, "is:mine") == [mention.id]
    assert ids(store, "is:mine", user="bob") == ids(store, "is:mine") == []


def test_is_mine_means_the_threads_of_my_teams_too(store: Store) -> None:
    ours, hers, theirs = a_mention(), a_mention(), a_mention()
    store.put([found(ours), found(hers), found(theirs)], now=NOW)
    for mention, assignee in ((ours, "Billing"), (hers, "ada"), (theirs, "Night")):
        decide(store, mention.id, assignee=assignee)
    mine = ask("is:mine", user="ada", teams=("Billing", "Empty"))
    assert {row.id for row in store.queue(mine).rows} == {ours.id, hers.id}
    assert store.count(mine).value == 2
    assert [row.id for row in store.queue(ask("assignee:billing")).rows] == [ours.id]
    assert {row.id for row in store.queue(ask("assignee:billing,ada")).rows} == {ours.id, hers.id}

"""What people set up, who has which thread, and the queue's batched reads."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from core.errors import Conflict
from core.kept import Doing, Hold, Kept
from core.ports import Store
from core.query_parser import parse
from core.search import Count, Search
from core.thread import Correction
from core.user import Session
from core.work import Answer
from tests.builders import NOW, a_mention, found, some_labels

MINUTE = timedelta(minutes=1)


def a_view(**changes: object) -> Kept:
    view = Kept(kind="view", key="ada-late", body={"q": "is:open", "n": [1, None]}, by="ada", at=NOW)
    return replace(view, **changes)  # type: ignore[arg-type]


def test_a_kept_thing_comes_back_as_it_was_saved_with_its_audit(empty: Store) -> None:
    assert empty.kept("view") == []
    saved = empty.keep(a_view())
    assert saved == a_view(version=1)
    empty.keep(a_view(kind="macro"))
    again = empty.keep(replace(saved, body={"q": ""}, by="bob"))
    assert empty.kept("view") == [again]
    assert [(r.actor, r.action, r.before, r.after) for r in empty.audit(target="view:ada-late")] == [
        ("bob", "view.save", {"q": "is:open", "n": [1, None]}, {"q": ""}),
        ("ada", "view.save", {}, {"q": "is:open", "n": [1, None]}),
    ]


def test_a_kept_thing_is_saved_by_compare_and_set(empty: Store) -> None:
    saved = empty.keep(a_view())
    with pytest.raises(Conflict) as caught:
        empty.keep(a_view(by="bob"))
    assert caught.value.fresh == saved
    with pytest.raises(Conflict) as caught:
        empty.keep(a_view(key="gone", version=2))
    assert caught.value.fresh is None
    assert empty.kept("view") == [saved]


def test_a_dropped_thing_is_gone_and_the_audit_knows_what_it_was(empty: Store) -> None:
    empty.keep(a_view())
    empty.drop("view", "ada-late", actor="bob", now=NOW)
    empty.drop("view", "ada-late", actor="bob", now=NOW)
    assert empty.kept("view") == []
    removed = [r for r in empty.audit(target="view:ada-late") if r.action == "view.remove"]
    assert [(r.actor, r.before["q"]) for r in removed] == [("bob", "is:open")]
    assert empty.keep(a_view()).version == 1


def test_holds_live_until_their_moment(empty: Store) -> None:
    seen = Hold(thread_id="a:1", user="ada", doing=Doing.VIEWING, until=NOW + MINUTE)
    empty.hold(seen, now=NOW)
    empty.hold(replace(seen, thread_id="a:2", user="bob", doing=Doing.REPLYING), now=NOW)
    assert [hold.thread_id for hold in empty.holds(now=NOW)] == ["a:1", "a:2"]
    assert empty.holds(["a:1", "a:9"], now=NOW) == [seen]
    assert empty.holds(now=NOW + MINUTE) == []
    later = replace(seen, until=NOW + 2 * MINUTE)
    empty.hold(later, now=NOW)
    assert empty.holds(["a:1"], now=NOW + MINUTE) == [later]
    empty.release("ada", doing=Doing.REPLYING, thread_id="a:1")
    assert empty.holds(["a:1"], now=NOW) == [later]
    empty.release("ada", doing=Doing.VIEWING, thread_id="a:1")
    assert empty.holds(["a:1"], now=NOW) == []


def test_a_thread_is_checked_out_by_one_person_at_a_time(empty: Store) -> None:
    until = NOW + 5 * MINUTE
    assert empty.take(["a:2", "a:1"], user="ada", until=until, now=NOW) == ["a:2", "a:1"]
    assert empty.take(["a:1", "a:3"], user="bob", until=until, now=NOW) == ["a:3"]
    assert empty.take(["a:1"], user="ada", until=until + MINUTE, now=NOW) == ["a:1"]
    assert empty.take(["a:2"], user="bob", until=until + MINUTE, now=until) == ["a:2"]
    empty.release("bob", doing=Doing.TAKEN)
    assert empty.take(["a:2", "a:3"], user="ada", until=until, now=NOW) == ["a:2", "a:3"]


def test_a_users_sessions_are_listed_and_ended(empty: Store) -> None:
    first = Session(token_hash="h1", user="ada", created_at=NOW, last_seen_at=NOW)
    second = replace(first, token_hash="h2", last_seen_at=NOW + MINUTE)
    other = replace(first, token_hash="h3", user="bob")
    for session in (first, second, other):
        empty.save_session(session)
    assert empty.sessions("ada") == [second, first]
    assert empty.end_sessions("ada", besides="h1") == 1
    assert empty.sessions("ada") == [first]
    assert empty.end_sessions("ada") == 1
    assert (empty.sessions("ada"), empty.sessions("bob")) == ([], [other])


def test_all_views_are_counted_in_one_call(store: Store) -> None:
    store.put([found(a_mention(native_id="1")), found(a_mention(native_id="2"))], now=NOW)
    store.settle()
    searches = [Search(node=parse(q).node, now=NOW) for q in ("", "is:resolved", "is:open")]
    assert store.queue_counts(searches) == [Count(value=2), Count(value=0), Count(value=2)]
    assert store.queue_counts([]) == []


def test_matched_mentions_of_many_threads_are_read_at_once(store: Store) -> None:
    head = a_mention(native_id="1", published_at=NOW - 3 * MINUTE)
    reply = {"thread_id": head.id, "parent_id": head.id}
    store.put(
        [
            found(head),
            found(a_mention(native_id="2", published_at=NOW - MINUTE, **reply)),
            found(a_mention(native_id="3", published_at=NOW - MINUTE, **reply), context=True),
            found(a_mention(native_id="4", published_at=NOW, author="acmehelp", **reply), own=True),
            found(a_mention(native_id="5")),
        ],
        now=NOW,
    )
    store.put_labels([Answer(mention_id=head.id, revision=1, labels=some_labels(negative=0.9))], now=NOW)
    store.settle()
    read = store.matched([head.id, "hackernews:5", "nowhere:1"])
    ids = {thread: [stored.mention.native_id for stored in mentions] for thread, mentions in read.items()}
    assert ids == {head.id: ["1", "2"], "hackernews:5": ["5"], "nowhere:1": []}
    assert read[head.id][0] == store.mention(head.id)


def test_a_row_of_the_queue_carries_the_newest_correction_of_its_labels(store: Store) -> None:
    head = a_mention(native_id="1")
    store.put([found(head)], now=NOW)
    store.put_labels([Answer(mention_id=head.id, revision=1, labels=some_labels(negative=0.9))], now=NOW)
    store.settle()
    asked = Search(node=parse("").node, now=NOW)
    assert store.queue(asked).rows[0].correction is None
    for minute, tone in enumerate(("neutral", "positive")):
        said = Correction(mention_id=head.id, brand="Acme", by="ada", at=NOW + minute * MINUTE, tone=tone)
        store.correct(said)
    store.settle()
    assert store.queue(asked).rows[0].correction == said

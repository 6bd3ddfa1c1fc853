from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from core.errors import NotFound
from core.mention import Author, Engagement, Mention
from core.ports import Store
from core.source import Cursor, PutCount, SourceState, SourceStatus
from core.thread import Status, Triage
from core.work import Answer
from tests.builders import NOW, a_mention, a_watch, found, some_labels
from tests.store.contract.asking import ask, ids

HOUR = timedelta(hours=1)


def test_a_mention_comes_back_as_it_was_stored(store: Store) -> None:
    mention = a_mention(
        title="Ärger mit Acme",
        text="Zeile eins\nZeile zwei 😀",
        author=Author(id="7", handle="ada", name="Ada L.", url="https://x.example/ada", followers=12),
        engagement=Engagement(score=3, replies=0, shares=None, views=9),
        language="de",
        rating=2,
        edited_at=NOW + HOUR,
        published_at=NOW + timedelta(microseconds=17),
        parent_id="hackernews:0",
    )
    assert store.put([found(mention)], now=NOW) == PutCount(new=1)
    stored = store.mention(mention.id)
    assert stored.mention == mention
    assert (stored.revision, stored.watches, stored.context, stored.own) == (1, ("acme",), False, False)
    assert stored.first_seen_at == NOW


def test_an_unknown_mention_is_not_found(store: Store) -> None:
    with pytest.raises(NotFound):
        store.mention("hackernews:nobody")
    with pytest.raises(NotFound):
        store.revisions("hackernews:nobody")


def test_the_same_mention_twice_is_stored_once(store: Store) -> None:
    mention = a_mention()
    store.put([found(mention)], now=NOW)
    assert store.put([found(mention)], now=NOW + HOUR) == PutCount(unchanged=1)
    assert [stored.mention for stored in store.mentions()] == [mention]
    assert store.mention(mention.id).first_seen_at == NOW


def test_the_same_mention_twice_in_one_batch_is_stored_once(store: Store) -> None:
    mention = a_mention()
    store.put([found(mention), found(replace(mention, text="edited Acme")), found(mention)], now=NOW)
    assert len(list(store.mentions())) == 1


def test_unchanged_words_bring_figures_up_to_date(store: Store) -> None:
    mention = a_mention(author=Author(handle="ada", followers=1))
    store.put([found(mention)], now=NOW)
    newer = replace(
        mention, engagement=Engagement(score=9), author=Author(handle="ada", name="Ada", followers=5)
    )
    assert store.put([found(newer)], now=NOW) == PutCount(unchanged=1)
    assert store.mention(mention.id).mention == newer
    assert store.mention(mention.id).revision == 1


def test_an_edit_makes_a_revision_and_keeps_the_first_sight(store: Store) -> None:
    mention = a_mention(text="Acme is fine")
    store.put([found(mention)], now=NOW)
    edited = replace(mention, text="Acme is broken", edited_at=NOW + HOUR)
    assert store.put([found(edited)], now=NOW + HOUR) == PutCount(changed=1)
    stored = store.mention(mention.id)
    assert (stored.mention.text, stored.revision, stored.first_seen_at) == ("Acme is broken", 2, NOW)
    assert [(r.revision, r.mention.text) for r in store.revisions(mention.id)] == [
        (1, "Acme is fine"),
        (2, "Acme is broken"),
    ]
    assert ids(store, "fine") == []
    assert ids(store, "broken") == [mention.id]


def test_an_older_copy_does_not_undo_an_edit(store: Store) -> None:
    mention = a_mention(text="Acme is fine")
    edited = replace(mention, text="Acme is broken", edited_at=NOW + HOUR)
    store.put([found(edited)], now=NOW)
    assert store.put([found(mention)], now=NOW) == PutCount(unchanged=1)
    assert store.mention(mention.id).mention.text == "Acme is broken"


def test_a_deletion_empties_every_revision_and_is_never_found(store: Store) -> None:
    mention = a_mention(text="Acme leaked my secret", title="secret")
    store.put([found(mention)], now=NOW)
    store.put([found(replace(mention, text="Acme leaked another secret"))], now=NOW)
    assert store.put([found(replace(mention, text="", title=None, deleted=True))], now=NOW) == PutCount(
        changed=1
    )
    assert all(r.mention.deleted and not r.mention.said for r in store.revisions(mention.id))
    assert ids(store, "secret") == ids(store, "") == ids(store, "-nothing") == []
    assert store.count(ask("")).value == 0
    assert store.queue(ask("")).total.value == 0


def test_a_late_copy_does_not_bring_back_what_was_deleted(store: Store) -> None:
    mention = a_mention(text="Acme leaked my secret")
    store.put([found(replace(mention, text="", deleted=True))], now=NOW)
    assert store.put([found(mention)], now=NOW + 48 * HOUR) == PutCount(unchanged=1)
    assert store.mention(mention.id).mention.deleted
    older_edit = replace(mention, edited_at=NOW - HOUR)
    store.put([found(older_edit)], now=NOW + 48 * HOUR)
    assert store.mention(mention.id).mention.deleted


def test_an_edit_after_the_deletion_brings_a_mention_back(store: Store) -> None:
    mention = a_mention(text="Acme is back")
    store.put([found(replace(mention, text="", deleted=True))], now=NOW)
    store.put([found(replace(mention, edited_at=NOW + HOUR))], now=NOW + 2 * HOUR)
    assert not store.mention(mention.id).mention.deleted
    assert ids(store, "back") == [mention.id]


def test_context_becomes_a_mention_and_never_the_reverse(store: Store) -> None:
    mention = a_mention(text="same here")
    store.put([found(mention, context=True)], now=NOW)
    assert store.mention(mention.id).context
    assert ids(store, "same") == []
    assert ids(store, "same is:context") == [mention.id]
    store.put([found(mention)], now=NOW)
    assert not store.mention(mention.id).context
    store.put([found(mention, context=True)], now=NOW)
    assert not store.mention(mention.id).context
    assert ids(store, "same") == [mention.id]


def test_a_mention_belongs_to_every_watch_that_found_it(store: Store) -> None:
    store.save_watch(a_watch(id="globex", product="Globex", rivals=()), actor="ada", now=NOW)
    mention = a_mention(text="Acme or Globex?")
    store.put([found(mention), found(mention, watch_id="globex")], now=NOW)
    assert store.mention(mention.id).watches == ("acme", "globex")
    assert ids(store, "watch:globex") == [mention.id]


def test_times_do_not_move_unless_they_were_guessed(store: Store) -> None:
    known, guessed = a_mention(), a_mention(published_known=False)
    store.put([found(known), found(guessed)], now=NOW)
    moved = [found(replace(m, published_at=NOW - HOUR, published_known=True)) for m in (known, guessed)]
    store.put(moved, now=NOW)
    assert store.mention(known.id).mention.published_at == NOW
    assert store.mention(guessed.id).mention == replace(
        guessed, published_at=NOW - HOUR, published_known=True
    )
    assert ids(store, "acme") == [known.id, guessed.id]
    assert store.check() == []


def test_a_cursor_is_stored_with_its_mentions(store: Store) -> None:
    cursor = Cursor(watch_id="acme", source="hackernews", stream="acme", value={"newest": 7, "gap": ["a"]})
    assert store.cursor("acme", "hackernews", "acme") is None
    store.put([found()], now=NOW, cursor=cursor)
    assert store.cursor("acme", "hackernews", "acme") == cursor
    later = replace(cursor, value={"newest": 8})
    store.put([], now=NOW, cursor=later)
    assert store.cursor("acme", "hackernews", "acme") == later


def test_a_batch_that_fails_moves_no_cursor(store: Store) -> None:
    bad = found(a_mention())
    object.__setattr__(bad.mention, "published_at", "never")
    cursor = Cursor(watch_id="acme", source="hackernews", stream="acme", value={"newest": 7})
    good = a_mention()
    with pytest.raises((TypeError, AttributeError)):
        store.put([found(good), bad], now=NOW, cursor=cursor)
    assert store.cursor("acme", "hackernews", "acme") is None
    assert list(store.mentions()) == []


def test_mentions_are_yielded_by_id_while_others_are_stored(store: Store) -> None:
    store.put([found(a_mention(native_id=f"{n:04}")) for n in range(1200)], now=NOW)
    seen = []
    for stored in store.mentions():
        if len(seen) == 600:
            store.put([found(a_mention(native_id="9999"))], now=NOW)
        seen.append(stored.mention.native_id)
    assert seen == [f"{n:04}" for n in range(1200)] + ["9999"]


def test_source_states_are_kept_by_watch_and_source(store: Store) -> None:
    state = SourceState(
        watch_id="acme", source="reddit", status=SourceStatus.BACKING_OFF, reason="asked to wait", until=NOW
    )
    store.save_source_state(replace(state, source="mastodon"))
    store.save_source_state(replace(state, new=3))
    store.save_source_state(state)
    assert store.source_states() == [replace(state, source="mastodon"), state]


def test_a_source_that_is_paused_while_it_is_read_stays_paused(store: Store) -> None:
    begun = SourceState(watch_id="acme", source="reddit", status=SourceStatus.OK, new=1)
    store.save_source_state(begun)
    store.pause_source("acme", "reddit", paused=True)
    store.save_source_state(replace(begun, new=7, reason="what the crawl says at its end"))
    (state,) = store.source_states()
    assert (state.paused, state.new, state.reason) == (True, 7, "what the crawl says at its end")
    store.pause_source("acme", "reddit", paused=False)
    assert store.source_states() == [replace(state, paused=False)]
    store.pause_source("acme", "never read", paused=True)
    assert [one.paused for one in store.source_states() if one.source == "never read"] == [True]


def in_thread(first: Mention, text: str, **more: object) -> Mention:
    return replace(a_mention(text=text), thread_id=first.id, parent_id=first.id, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("status", "context", "own", "after"),
    [
        (Status.WAITING, True, False, Status.OPEN),
        (Status.WAITING, False, False, Status.OPEN),
        (Status.WAITING, True, True, Status.WAITING),
        (Status.RESOLVED, False, False, Status.OPEN),
        (Status.RESOLVED, True, False, Status.RESOLVED),
        (Status.RESOLVED, False, True, Status.RESOLVED),
        (Status.SNOOZED, False, False, Status.OPEN),
        (Status.SNOOZED, True, False, Status.SNOOZED),
        (Status.IGNORED, False, False, Status.IGNORED),
    ],
)
def test_a_new_word_opens_a_thread_again(
    store: Store, status: Status, *, context: bool, own: bool, after: Status
) -> None:
    first = a_mention()
    store.put([found(first)], now=NOW)
    until = NOW + HOUR if status is Status.SNOOZED else None
    store.triage(
        first.id, Triage(status=status, snoozed_until=until), actor="ada", action="triage.status", now=NOW
    )
    store.put([found(in_thread(first, "still broken, Acme"), context=context, own=own)], now=NOW)
    triage = store.thread(first.id).triage
    assert triage.status is after
    assert triage.version == (2 if after is not status else 1)
    if after is not status:
        assert store.audit(target=f"thread:{first.id}")[0].actor == "earful"


def test_the_same_mention_again_opens_nothing(store: Store) -> None:
    first = a_mention()
    store.put([found(first)], now=NOW)
    store.triage(first.id, Triage(status=Status.RESOLVED), actor="ada", action="triage.status", now=NOW)
    store.put([found(replace(first, engagement=Engagement(score=5)))], now=NOW)
    assert store.thread(first.id).triage.status is Status.RESOLVED


TEXT = "Acme raised the price of every plan again without telling anybody about it first"


def test_the_earliest_of_near_copies_is_the_original(store: Store) -> None:
    late, early = a_mention(text=TEXT), a_mention(text=TEXT + "!", published_at=NOW - HOUR)
    short = [a_mention(text="Acme is down"), a_mention(text="Acme is down")]
    store.put([found(m) for m in (late, *short)], now=NOW)
    assert store.mention(late.id).duplicate_of is None
    store.put([found(early)], now=NOW)
    assert store.mention(late.id).duplicate_of == early.id
    assert store.mention(early.id).duplicate_of is None
    assert ids(store, "is:duplicate") == [late.id]
    assert all(store.mention(m.id).duplicate_of is None for m in short)


def test_copies_find_another_original_when_theirs_is_edited_or_deleted(store: Store) -> None:
    a, b, c = (a_mention(text=TEXT, published_at=NOW + n * HOUR) for n in range(3))
    store.put([found(m) for m in (c, a, b)], now=NOW)
    assert [store.mention(m.id).duplicate_of for m in (a, b, c)] == [None, a.id, a.id]
    store.put([found(replace(a, text="", deleted=True))], now=NOW)
    assert [store.mention(m.id).duplicate_of for m in (a, b, c)] == [None, None, b.id]
    store.put([found(replace(b, text="something else about Acme"))], now=NOW)
    assert [store.mention(m.id).duplicate_of for m in (a, b, c)] == [None, None, None]
    store.put([found(a_mention(text=TEXT, native_id="d", published_at=NOW + 9 * HOUR))], now=NOW)
    assert store.mention("hackernews:d").duplicate_of == c.id
    assert store.check() == []


def test_labels_of_a_deleted_mention_go(store: Store) -> None:
    mention = a_mention()
    store.put([found(mention)], now=NOW)
    store.put_labels([Answer(mention_id=mention.id, revision=1, labels=some_labels())], now=NOW)
    store.put([found(replace(mention, text="", deleted=True))], now=NOW)
    assert store.mention(mention.id).mention.labels == ()
    assert store.backlog("test.v1") == 0


def test_what_was_published_in_a_span_of_time_comes_in_order_and_page_by_page(store: Store) -> None:
    stored = [
        a_mention(id=f"hackernews:{n}", native_id=str(n), published_at=NOW + n * HOUR / 4) for n in range(40)
    ]
    same = [a_mention(id=f"hackernews:s{n}", native_id=f"s{n}", published_at=NOW + HOUR) for n in range(9)]
    elsewhere = a_mention(id="reddit:1", native_id="1", source="reddit", published_at=NOW + HOUR)
    gone = a_mention(id="hackernews:g", native_id="g", published_at=NOW + HOUR, deleted=True)
    store.put([found(one) for one in (*stored, *same, elsewhere, gone)], now=NOW)
    start, end = NOW + HOUR, NOW + 3 * HOUR
    expected = {one.id for one in stored if start <= one.published_at < end} | {one.id for one in same}
    met: list[Mention] = []
    while page := store.published(
        "acme",
        "hackernews",
        start=met[-1].published_at if met else start,
        end=end,
        limit=4,
        after=met[-1].id if met else None,
    ):
        assert len(page) <= 4
        met += [one.mention for one in page]
    assert [one.published_at for one in met] == sorted(one.published_at for one in met)
    assert len(met) == len(expected)
    assert {one.id for one in met} == expected
    assert store.published("other", "hackernews", start=start, end=end, limit=4) == []


def test_what_a_source_page_shows_comes_back_as_it_was_stored(store: Store) -> None:
    state = SourceState(
        watch_id="acme",
        source="x",
        days={"2026-11-21": 4, "2026-11-22": 5},
        today="2026-11-22",
        requests_today=9,
        usd_today=0.25,
        rechecked=3,
        gaps=("a to b: feed shows no more",),
    )
    store.save_source_state(state)
    assert store.source_states() == [state]

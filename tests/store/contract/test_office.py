from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from core.errors import Conflict, NotFound
from core.ports import Store
from core.user import Role, Session, SignInLink, User
from core.watch import Brand, Watch
from core.work import OutboxItem, Work, WorkState
from tests.builders import NOW, a_watch

MINUTE = timedelta(minutes=1)


def test_a_watch_comes_back_as_it_was_saved(empty: Store) -> None:
    watch = Watch(
        id="acme",
        product=Brand(name="Acme", aliases=("Acme Cloud",)),
        rivals=(Brand(name="Ünï", aliases=("U",)),),
        own_handles=("reddit:acme",),
        must=("cloud",),
        must_not=("anvil",),
        sources={"feed": {"urls": ["https://a.example/f"], "depth": 3}, "reddit": {}},
        every_minutes=30,
        paused=True,
    )
    saved = empty.save_watch(watch, actor="ada", now=NOW)
    assert saved == replace(watch, version=1)
    assert empty.watch("acme") == saved
    again = empty.save_watch(replace(saved, paused=False), actor="bob", now=NOW)
    assert (again.version, again.paused) == (2, False)
    records = empty.audit(target="watch:acme")
    assert [(r.actor, r.action, r.after["version"]) for r in records] == [
        ("bob", "watch.save", 2),
        ("ada", "watch.save", 1),
    ]
    assert records[0].before["paused"] is True


def test_watches_are_listed_by_id_and_saved_by_compare_and_set(empty: Store) -> None:
    for name in ("b", "a"):
        empty.save_watch(a_watch(id=name), actor="ada", now=NOW)
    assert [watch.id for watch in empty.watches()] == ["a", "b"]
    with pytest.raises(Conflict) as caught:
        empty.save_watch(a_watch(id="a"), actor="ada", now=NOW)
    assert caught.value.fresh == empty.watch("a")
    with pytest.raises(Conflict):
        empty.save_watch(a_watch(id="new", version=3), actor="ada", now=NOW)
    with pytest.raises(NotFound):
        empty.watch("new")


def test_users_are_kept_by_name(empty: Store) -> None:
    user = User(name="zoë", role=Role.AGENT, created_at=NOW, password_hash="argon2…")
    empty.save_user(user)
    empty.save_user(User(name="ada", role=Role.ADMIN, created_at=NOW))
    empty.save_user(replace(user, disabled=True))
    assert [(one.name, one.role, one.disabled) for one in empty.users()] == [
        ("ada", Role.ADMIN, False),
        ("zoë", Role.AGENT, True),
    ]


def test_sessions_begin_go_on_and_end(empty: Store) -> None:
    session = Session(token_hash="h", user="ada", created_at=NOW, last_seen_at=NOW)
    assert empty.session("h") is None
    empty.save_session(session)
    later = replace(session, last_seen_at=NOW + MINUTE)
    empty.save_session(later)
    assert empty.session("h") == later
    empty.end_session("h")
    empty.end_session("h")
    assert empty.session("h") is None


def test_a_sign_in_link_is_good_once_and_for_a_time(empty: Store) -> None:
    link = SignInLink(token_hash="l", user="ada", expires_at=NOW + MINUTE)
    empty.save_sign_in_link(link)
    assert empty.use_sign_in_link("l", now=NOW) == link
    assert empty.use_sign_in_link("l", now=NOW) is None
    empty.save_sign_in_link(link)
    assert empty.use_sign_in_link("l", now=NOW + MINUTE) is None
    assert empty.use_sign_in_link("nobody's", now=NOW) is None


def test_the_audit_pages_from_the_newest(empty: Store) -> None:
    written = [
        empty.record(actor="ada", action="session.start", target=f"user:{n}", now=NOW) for n in range(5)
    ]
    assert empty.audit() == written[::-1]
    assert empty.audit(limit=2) == written[:2:-1]
    assert empty.audit(limit=2, before=written[3].id) == written[2:0:-1]
    assert empty.audit(target="user:3") == [written[3]]
    assert empty.check() == []


def a_work(name: str, *, minutes: int = 0) -> Work:
    return Work(
        id=name, kind="crawl", payload={"source": "reddit"}, requested_by="ada", at=NOW + minutes * MINUTE
    )


def test_work_is_claimed_oldest_first_and_again_when_its_lease_ran_out(empty: Store) -> None:
    for work in (a_work("b", minutes=1), a_work("a"), a_work("a")):
        empty.request_work(work)
    first = empty.claim_work(owner="x", lease=5 * MINUTE, now=NOW)
    assert first == replace(a_work("a"), state=WorkState.RUNNING)
    second = empty.claim_work(owner="y", lease=5 * MINUTE, now=NOW + MINUTE)
    assert second is not None
    assert second.id == "b"
    assert empty.claim_work(owner="z", lease=MINUTE, now=NOW + 2 * MINUTE) is None
    again = empty.claim_work(owner="z", lease=MINUTE, now=NOW + 5 * MINUTE)
    assert again == first
    empty.finish_work("a", outcome="7 new")
    empty.finish_work("b", failed=True, outcome="blocked")
    assert empty.claim_work(owner="z", lease=MINUTE, now=NOW + 60 * MINUTE) is None
    assert [(w.id, w.state, w.outcome) for w in empty.work()] == [
        ("b", WorkState.FAILED, "blocked"),
        ("a", WorkState.DONE, "7 new"),
    ]
    assert len(empty.work(limit=1)) == 1


def an_item(name: str, *, due: int = 0) -> OutboxItem:
    return OutboxItem(id=name, channel="slack", payload={"text": name}, due_at=NOW + due * MINUTE)


def test_alerts_go_out_oldest_first_until_they_are_sent(empty: Store) -> None:
    assert empty.post([an_item("b", due=1), an_item("a"), an_item("late", due=60)]) == 3
    assert empty.post([an_item("a"), an_item("c", due=2)]) == 1
    at = NOW + 3 * MINUTE
    claimed = empty.claim_outbox(owner="x", lease=MINUTE, limit=2, now=at)
    assert [(item.id, item.payload, item.attempts) for item in claimed] == [
        ("a", {"text": "a"}, 1),
        ("b", {"text": "b"}, 1),
    ]
    assert [i.id for i in empty.claim_outbox(owner="y", lease=MINUTE, limit=9, now=at)] == ["c"]
    empty.sent("a", now=at)
    empty.not_sent("b", error="refused", retry_at=at + 10 * MINUTE)
    assert [i.id for i in empty.claim_outbox(owner="x", lease=MINUTE, limit=9, now=at + 2 * MINUTE)] == ["c"]
    (retried,) = [
        item
        for item in empty.claim_outbox(owner="x", lease=MINUTE, limit=9, now=at + 10 * MINUTE)
        if item.id == "b"
    ]
    assert (retried.attempts, retried.last_error) == (2, "refused")
    empty.sent("b", now=at)
    empty.not_sent("b", error="too late", retry_at=at)
    assert empty.post([an_item("a"), an_item("b")]) == 0
    ids = {i.id for i in empty.claim_outbox(owner="x", lease=MINUTE, limit=9, now=at + 90 * MINUTE)}
    assert ids == {"c", "late"}


def test_what_came_of_an_item_is_told_and_only_a_person_sends_on_what_was_given_up(empty: Store) -> None:
    empty.post([an_item("reply:1"), an_item("reply:2"), an_item("alert:1")])
    at = NOW + MINUTE
    empty.claim_outbox(owner="x", lease=MINUTE, limit=9, now=at)
    empty.sent("reply:1", now=at, outcome="https://social.example/1")
    empty.sent("reply:1", now=at + MINUTE, outcome="another")
    empty.not_sent("reply:2", error="the token is dead", retry_at=None)
    told = {item.id: item for item in empty.outbox(prefix="reply:")}
    assert list(told) == ["reply:2", "reply:1"]
    assert (told["reply:1"].sent_at, told["reply:1"].outcome) == (at, "https://social.example/1")
    assert (told["reply:2"].given_up, told["reply:2"].last_error) == (True, "the token is dead")
    assert [i.id for i in empty.outbox(ids=["alert:1", "reply:1", "none"])] == ["alert:1", "reply:1"]
    later = at + 90 * MINUTE
    assert [i.id for i in empty.claim_outbox(owner="x", lease=MINUTE, limit=9, now=later)] == ["alert:1"]
    empty.send_again("reply:2", now=later)
    empty.send_again("reply:1", now=later)
    (again,) = empty.claim_outbox(owner="x", lease=MINUTE, limit=9, now=later)
    assert (again.id, again.given_up) == ("reply:2", False)


def test_an_item_is_withdrawn_only_while_it_cannot_have_left(empty: Store) -> None:
    empty.post([an_item("a"), an_item("b", due=5), an_item("c")])
    empty.claim_outbox(owner="x", lease=MINUTE, limit=9, now=NOW)
    assert not empty.withdraw("a")
    assert empty.withdraw("b")
    assert not empty.withdraw("b")
    empty.not_sent("c", error="refused", retry_at=None)
    assert empty.withdraw("c")
    assert [item.id for item in empty.outbox()] == ["a"]


def test_the_first_value_remembered_wins(empty: Store) -> None:
    assert empty.remember("demo.shift", "3 days") == "3 days"
    assert empty.remember("demo.shift", "4 days") == "3 days"
    assert empty.remember("analysis", "mine") == "mine"


def test_an_empty_store_is_sound_and_closes_twice(empty: Store) -> None:
    assert empty.check() == []
    empty.close()
    empty.close()

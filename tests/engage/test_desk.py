from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from core.clock import SetClock
from core.errors import Conflict, InputError, NotFound
from core.ports import Store
from core.thread import Correction, Status, Triage
from core.user import Role, User
from engage import desk
from tests.builders import NOW, a_mention, a_watch, found, some_labels

THREAD = "hackernews:1"


@pytest.fixture(autouse=True)
def _a_thread(store: Store) -> None:
    store.save_watch(a_watch(), actor="ada", now=NOW)
    store.put([found(a_mention(native_id="1"))], now=NOW)
    for name in ("ada", "bob"):
        store.save_user(User(name=name, role=Role.AGENT, created_at=NOW))


def triage(store: Store) -> Triage:
    return store.thread(THREAD).triage


def resolve(store: Store, version: int = 0, actor: str = "ada") -> desk.Done:
    return desk.resolve(store, THREAD, version, actor=actor, now=NOW)


Deed = Callable[[Store, int], desk.Done]

DEEDS: dict[str, tuple[Deed, Callable[[Triage], bool]]] = {
    "resolve": (resolve, lambda t: t.status is Status.RESOLVED),
    "ignore": (
        lambda s, v: desk.ignore(s, THREAD, v, actor="ada", now=NOW),
        lambda t: t.status is Status.IGNORED and not t.not_about_us,
    ),
    "wait": (
        lambda s, v: desk.wait(s, THREAD, v, actor="ada", now=NOW),
        lambda t: t.status is Status.WAITING,
    ),
    "not about us": (
        lambda s, v: desk.not_about_us(s, THREAD, v, actor="ada", now=NOW),
        lambda t: t.not_about_us and t.status is Status.IGNORED,
    ),
    "snooze": (
        lambda s, v: desk.snooze(s, THREAD, v, NOW + timedelta(hours=1), actor="ada", now=NOW),
        lambda t: t.status is Status.SNOOZED and t.snoozed_until == NOW + timedelta(hours=1),
    ),
    "assign": (
        lambda s, v: desk.assign(s, THREAD, v, "bob", actor="ada", now=NOW),
        lambda t: t.assignee == "bob",
    ),
    "pin": (lambda s, v: desk.pin(s, THREAD, v, pinned=True, actor="ada", now=NOW), lambda t: t.pinned),
    "tag": (
        lambda s, v: desk.tag(s, THREAD, v, ["Billing ", "billing", ""], actor="ada", now=NOW),
        lambda t: t.tags == ("billing",),
    ),
}


@pytest.mark.parametrize("name", DEEDS)
def test_a_deed_changes_the_thread_and_is_recorded(store: Store, name: str) -> None:
    do, holds = DEEDS[name]
    after, record = do(store, 0)
    assert holds(after)
    assert after == triage(store)
    assert after.version == 1
    assert record.actor == "ada"
    assert record.target == f"thread:{THREAD}"
    assert record.action in desk.UNDOABLE


@pytest.mark.parametrize("name", DEEDS)
def test_doing_it_twice_is_doing_it_once(store: Store, name: str) -> None:
    do, _ = DEEDS[name]
    first = do(store, 0)
    assert do(store, 0) == first
    assert triage(store).version == 1


@pytest.mark.parametrize("name", DEEDS)
def test_undo_puts_the_thread_back_and_is_recorded(store: Store, name: str) -> None:
    do, _ = DEEDS[name]
    _, record = do(store, 0)
    after, undone = desk.undo(store, record.id, actor="ada", now=NOW)
    assert after == Triage(version=2)
    assert undone.action == f"undo:{record.id}"
    assert undone.id > record.id


@pytest.mark.parametrize("name", DEEDS)
def test_a_second_undo_changes_nothing(store: Store, name: str) -> None:
    do, _ = DEEDS[name]
    _, record = do(store, 0)
    first = desk.undo(store, record.id, actor="ada", now=NOW)
    assert desk.undo(store, record.id, actor="ada", now=NOW) == first
    assert triage(store).version == 2


@pytest.mark.parametrize("name", DEEDS)
def test_an_old_version_is_refused_with_the_fresh_state(store: Store, name: str) -> None:
    desk.tag(store, THREAD, 0, ["seen"], actor="bob", now=NOW)
    with pytest.raises(Conflict) as refused:
        DEEDS[name][0](store, 0)
    assert refused.value.fresh == triage(store)
    assert triage(store).tags == ("seen",)


def test_reopening_undoes_whatever_closed_the_thread(store: Store) -> None:
    closed, _ = desk.not_about_us(store, THREAD, 0, actor="ada", now=NOW)
    opened, _ = desk.reopen(store, THREAD, closed.version, actor="ada", now=NOW)
    assert (opened.status, opened.not_about_us) == (Status.OPEN, False)


def test_undo_leaves_later_changes_of_other_fields(store: Store) -> None:
    _, assigned = desk.assign(store, THREAD, 0, "bob", actor="ada", now=NOW)
    desk.tag(store, THREAD, 1, ["billing"], actor="bob", now=NOW)
    after, _ = desk.undo(store, assigned.id, actor="ada", now=NOW)
    assert (after.assignee, after.tags) == (None, ("billing",))


def test_undo_never_overwrites_a_later_change_of_the_same_field(store: Store) -> None:
    _, first = resolve(store)
    desk.reopen(store, THREAD, 1, actor="bob", now=NOW)
    desk.wait(store, THREAD, 2, actor="bob", now=NOW)
    with pytest.raises(Conflict):
        desk.undo(store, first.id, actor="ada", now=NOW)
    assert triage(store).status is Status.WAITING


def undo_last(store: Store) -> desk.Done:
    return desk.undo(store, desk.last_act(store, "ada").id, actor="ada", now=NOW)


def test_undo_last_takes_back_ones_own_acts_one_after_the_other(store: Store) -> None:
    desk.assign(store, THREAD, 0, "ada", actor="ada", now=NOW)
    resolve(store, 1)
    desk.tag(store, THREAD, 2, ["other"], actor="bob", now=NOW)
    assert undo_last(store)[0].status is Status.OPEN
    assert undo_last(store)[0].assignee is None
    with pytest.raises(NotFound):
        undo_last(store)
    assert triage(store).tags == ("other",)


def test_what_is_no_act_on_a_thread_cannot_be_undone(store: Store) -> None:
    watch_saved = store.audit(target="watch:acme")[0]
    for audit_id in (watch_saved.id, 10_000):
        with pytest.raises(NotFound):
            desk.undo(store, audit_id, actor="ada", now=NOW)


def test_a_note_sent_twice_is_one_note_and_can_be_taken_back(store: Store) -> None:
    for _ in range(2):
        _, record = desk.note(store, THREAD, " call them ", note_id="n1", actor="ada", now=NOW)
    assert [note.text for note in store.thread(THREAD).notes] == ["call them"]
    desk.undo(store, record.id, actor="ada", now=NOW)
    desk.undo(store, record.id, actor="ada", now=NOW)
    assert store.thread(THREAD).notes == ()


@pytest.mark.parametrize("text", ["", "  \n ", "x" * (desk.MAX_NOTE + 1)])
def test_an_empty_or_endless_note_is_refused(store: Store, text: str) -> None:
    with pytest.raises(InputError):
        desk.note(store, THREAD, text, note_id="n1", actor="ada", now=NOW)


def test_a_correction_is_stored_and_taken_back(store: Store, clock: SetClock) -> None:
    store.put([found(a_mention(native_id="1", labels=(some_labels(),)))], now=NOW)
    first = Correction(mention_id=THREAD, brand="Acme", by="ada", at=clock.now(), tone="negative")
    desk.correct(store, THREAD, first)
    clock.advance(timedelta(minutes=1))
    second = Correction(mention_id=THREAD, brand="Acme", by="ada", at=clock.now(), tone="positive")
    _, record = desk.correct(store, THREAD, second)
    clock.advance(timedelta(minutes=1))
    desk.undo(store, record.id, actor="ada", now=clock.now())
    assert max(store.thread(THREAD).corrections, key=lambda c: c.at).tone == "negative"


def test_only_people_who_may_sign_in_are_assigned(store: Store) -> None:
    store.save_user(User(name="gone", role=Role.AGENT, created_at=NOW, disabled=True))
    for name in ("gone", "nobody"):
        with pytest.raises(InputError):
            desk.assign(store, THREAD, 0, name, actor="ada", now=NOW)
    assert desk.assign(store, THREAD, 0, None, actor="ada", now=NOW)[0].assignee is None


@pytest.mark.parametrize("late", [timedelta(0), timedelta(hours=-1), timedelta(days=400)])
def test_a_snooze_ends_within_a_year(store: Store, late: timedelta) -> None:
    with pytest.raises(InputError):
        desk.snooze(store, THREAD, 0, NOW + late, actor="ada", now=NOW)


@pytest.mark.parametrize("names", [["x" * 41], [f"tag{n}" for n in range(21)]])
def test_tags_are_short_and_few(names: list[str]) -> None:
    with pytest.raises(InputError):
        desk.clean_tags(names)


def test_an_unknown_thread_is_said_to_be_unknown(store: Store) -> None:
    with pytest.raises(NotFound):
        desk.resolve(store, "hackernews:404", 0, actor="ada", now=NOW)

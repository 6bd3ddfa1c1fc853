"""What people say, through store, labels and ranking, to where they and their accounts stand."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from core.customers import Seat
from core.errors import InputError, NotFound
from core.kept import Sought
from core.labels import ChurnReason
from core.mention import Author, Kind
from core.ports import Store
from core.settings import PriorityWeights
from core.stages import Signal, Stage
from core.thread import Correction
from engage.accounts import plan_import, save_import
from engage.customers import (
    ACCOUNT,
    MOVE,
    PERSON,
    find_account,
    find_person,
    move_item,
    moves_of,
    person_item,
)
from engage.ranking import rank
from engage.standing import follow, override, rebuild, refresh_account, sweep, sweep_if_due
from tests.builders import NOW, some_labels
from tests.customers.saying import ANGRY, ASKS, DAY, DELIGHT, LEAVES, PRAISE, RECOMMENDS, say


def stage(store: Store, who: str, source: str = "hackernews") -> Stage:
    return find_person(store, f"{source}:{who}").person.standing.stage


def test_a_person_goes_from_stage_to_stage_as_they_speak_and_each_step_is_kept(store: Store) -> None:
    for days in (200, 120, 20):
        say(store, "ada", PRAISE, days=days)
    assert stage(store, "ada") is Stage.LOYAL
    say(store, "ada", RECOMMENDS, days=10, text="Everybody should use Acme. It is great.")
    say(store, "ada", RECOMMENDS, days=9)
    assert stage(store, "ADA") is Stage.ADVOCATE
    threat = say(store, "ada", LEAVES, days=1, text="New price list. We cancel Acme now! Bye.")
    person = find_person(store, "hackernews:ada").person
    assert person.standing.stage is Stage.AT_RISK
    quote = person.standing.because[0].quotes[0]
    assert (quote.mention_id, threat.said[quote.start : quote.end]) == (threat.id, "New price list.")
    moves = moves_of(store, PERSON, person.key)
    assert {(move.before, move.after) for move in moves} >= {
        (Stage.LOYAL, Stage.ADVOCATE), (Stage.ADVOCATE, Stage.AT_RISK),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("We left Acme last month. Globex runs our boards now.", Stage.FORMER),
        ("That was it: the workshop is off Acme since Monday, all of it moved to Globex.", Stage.FORMER),
        ("Acme goes out and Globex comes in, from the first of May.", Stage.AT_RISK),
        ("We haven't moved to Globex yet, but Acme is on notice.", Stage.AT_RISK),
        ("Once we have switched to Globex, Acme can keep its price list.", Stage.AT_RISK),
    ],
)
def test_a_switch_told_as_done_makes_a_former_customer_and_a_planned_one_does_not(
    store: Store, text: str, told: Stage
) -> None:
    switches = some_labels(positive=0.01, negative=0.6, churn=0.9, reason=ChurnReason.SWITCHING)
    say(store, "ada", switches, days=1, text=text)
    assert stage(store, "ada") is told


def test_who_answers_others_and_whom_we_answered_is_seen(store: Store) -> None:
    question = say(store, "eve", ASKS, days=3, text="How do I export from Acme?", kind=Kind.QUESTION)
    say(store, "carl", PRAISE, days=2, reply_to=question, text="Settings, then Export. Acme has it all.")
    say(store, "acmehelp", None, days=1, reply_to=question, own=True, text="Right, Carl!")
    carl = find_person(store, "hackernews:carl").person
    assert {one.signal for one in carl.evidence} == {Signal.SATISFIED, Signal.HELPED, Signal.TOUCHED}
    assert carl.standing.touched == NOW - DAY
    say(store, "carl", DELIGHT, days=0.5, text="I love Acme.")
    carl = find_person(store, "hackernews:carl").person
    assert {one.signal for one in carl.evidence} >= {Signal.OWED, Signal.EXCEEDED}
    with pytest.raises(NotFound):
        find_person(store, "hackernews:acmehelp")


def test_rivals_and_talk_of_prices_are_heard(store: Store) -> None:
    say(store, "ada", PRAISE, text="Globex offers a better deal than Acme, and cloud instead of on-prem.")
    evidence = find_person(store, "hackernews:ada").person.evidence
    assert {(one.signal, one.detail) for one in evidence} >= {
        (Signal.RIVAL, "Globex"), (Signal.SHOPPING, "SaaS or on-premise"),
    }  # fmt: skip
    store.settle()
    page = store.kept_page(Sought(kind=PERSON, refs=("sign:rival",)))
    assert len(page.items) == 1


def test_a_correction_and_a_deletion_take_back_what_was_worked_out(store: Store) -> None:
    mention = say(store, "ada", LEAVES, text="Acme, what a day.")
    assert stage(store, "ada") is Stage.AT_RISK
    word = Correction(mention_id=mention.id, brand="Acme", by="bob", at=NOW, tone="positive", churn=False)
    store.correct(word)
    while rank(store, PriorityWeights(), now=NOW):
        pass
    assert stage(store, "ada") is Stage.SATISFIED


def test_time_alone_moves_people_in_the_daily_sweep(store: Store) -> None:
    say(store, "ada", LEAVES, days=1)
    say(store, "bob", PRAISE, days=1)
    later = NOW + timedelta(days=190)
    store.settle()
    assert sweep(store, now=later) == 2
    assert (stage(store, "ada"), stage(store, "bob")) == (Stage.UNKNOWN, Stage.SATISFIED)
    assert sweep(store, now=later) == 0
    assert sweep_if_due(store, now=later)
    assert not sweep_if_due(store, now=later + timedelta(hours=23))
    assert sweep_if_due(store, now=later + timedelta(hours=24))


def test_everything_is_read_anew_where_nobody_was_known(store: Store) -> None:
    say(store, "ada", LEAVES)
    store.drop_all(store.kept(PERSON))
    store.settle()
    sweep_if_due(store, now=NOW)
    assert stage(store, "ada") is Stage.AT_RISK


def test_an_account_follows_its_people_and_a_repeat_changes_nothing(store: Store) -> None:
    plan = plan_import(store, [b"key,name,renewal\numbrella,Umbrella,2026-06-01\n"])
    save_import(store, plan, file="t", actor="ada", now=NOW)
    mention = say(store, "ada", PRAISE, days=3)
    stored = find_person(store, "hackernews:ada")
    person = replace(stored.person, account="umbrella", seat=Seat.SPONSOR)
    store.keep_all([person_item(person, version=stored.version, by="bob", now=NOW)])
    refresh_account(store, "umbrella", now=NOW)
    assert find_account(store, "umbrella").account.standing.stage is Stage.SATISFIED
    say(store, "ada", ANGRY, days=2)
    say(store, "ada", LEAVES, days=1)
    account = find_account(store, "umbrella").account
    assert (account.standing.stage, account.people) == (Stage.AT_RISK, 1)
    assert account.standing.because[0].why == "somebody who decides is at risk"
    assert [one.signal for one in account.missed] == [Signal.UNHAPPY, Signal.UNHAPPY]
    assert [one.mention_id for one in account.seen] == [mention.id]
    assert store.kept_page(Sought(kind=ACCOUNT, states=("at_risk",))).items
    assert moves_of(store, ACCOUNT, "umbrella")[0].after is Stage.AT_RISK
    before = list(store.all_kept())
    watch = store.watches()[0]
    assert follow(store, store.thread(mention.thread_id), watch, now=NOW + DAY) == 0
    assert list(store.all_kept()) == before


def test_a_persons_word_counts_until_it_is_taken_back_and_needs_a_reason(store: Store) -> None:
    say(store, "ada", LEAVES)
    key = find_person(store, "hackernews:ada").person.key
    with pytest.raises(InputError, match="say why"):
        override(store, PERSON, key, Stage.LOYAL, reason=" ", actor="bob", now=NOW)
    override(store, PERSON, key, Stage.LOYAL, reason="They told us on the phone.", actor="bob", now=NOW + DAY)
    say(store, "ada", LEAVES)
    standing = find_person(store, "hackernews:ada").person.standing
    assert (standing.stage, standing.judged) == (Stage.LOYAL, Stage.AT_RISK)
    assert moves_of(store, PERSON, key)[0].reason == "They told us on the phone."
    override(store, PERSON, key, None, reason="That was last year.", actor="bob", now=NOW + 2 * DAY)
    assert stage(store, "ada") is Stage.AT_RISK


def test_many_people_in_one_thread_and_the_one_without_a_name(store: Store) -> None:
    head = say(store, Author(), PRAISE)
    for number in range(12):
        say(store, f"u{number}", PRAISE, reply_to=head)
    store.settle()
    assert store.kept_counts(Sought(kind=PERSON)) == {"satisfied": 12}
    assert len(list(store.kept_page(Sought(kind=MOVE)).items)) == 12
    assert rebuild(store, now=NOW) == 1
    assert move_item(moves_of(store, PERSON, find_person(store, "hackernews:u1").person.key)[0]).due > NOW

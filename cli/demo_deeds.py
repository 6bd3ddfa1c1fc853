"""What the demo's team did: plays and their results, goals with measurements, a reference programme."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import islice

from core.advocacy import Answer, Lead, Programme, Standing
from core.customers import Account, Outcome
from core.kept import Sought
from core.plays import Grade, Result
from core.ports import Store
from crawlers.replay.corpus import Corpus
from engage import advocates, goals, plays
from engage.customers import ACCOUNT, account_of, walk

ACTOR = "earful up"
STEPS = ("Call the sponsor", "Fix what they named first", "Show the figures", "Agree on the next term")
TITLES = ("Answer what waited too long", "A named contact for a quarter", "Board clinic on site")
TAGS = ("logistics, wall screens", "retail, imports", "healthcare, permissions", "food, alerts")


def do_deeds(store: Store, corpus: Corpus, *, now: datetime) -> None:
    """Let the team have done something, so that no page of the demo is empty."""
    accounts = [account_of(item).account for item in walk(store, Sought(kind=ACCOUNT))]
    _plays(store, accounts, now)
    _goals(store, accounts, now)
    _programme(store, corpus, now)


def _plays(store: Store, accounts: Sequence[Account], now: datetime) -> None:
    kept = [one for one in accounts if one.contract.outcome in (Outcome.RENEWED, Outcome.EXPANDED)]
    lost = [one for one in accounts if one.contract.outcome is Outcome.LOST and one.contract.renewal]
    still = [one for one in accounts if one.contract.outcome is Outcome.OPEN]
    for number, account in enumerate((*kept[:4], *lost[-3:])):
        began = now - timedelta(days=85 - 9 * number)
        play = plays.start(store, account.key, TITLES[number % len(TITLES)], owner=account.contract.owner,
                           steps=STEPS, due=None, actor=ACTOR, now=began)  # fmt: skip
        saved = account.contract.outcome is not Outcome.LOST
        sure = saved and number % 2 == 0
        plays.end(
            store, play.key, Result.SAVED if saved else Result.LOST,
            grade=Grade.CONFIRMED if sure else Grade.CLAIMED, value=account.contract.value or 0.0,
            hours=6.0 + 3 * number, proof="the signed renewal" if sure else "", actor=ACTOR,
            now=began + timedelta(days=20),
        )  # fmt: skip
    for number, account in enumerate(still[:3]):
        due = (now + timedelta(days=14 + 7 * number)).date()
        play = plays.start(store, account.key, TITLES[number], owner=account.contract.owner, steps=STEPS,
                           due=due, actor=ACTOR, now=now - timedelta(days=5))  # fmt: skip
        plays.tick(store, play.key, 0, actor=ACTOR, now=now - timedelta(days=2))


def _goals(store: Store, accounts: Sequence[Account], now: datetime) -> None:
    due = (now + timedelta(days=120)).date()
    wanted = [("", "Hours until our first reply", "hours", 60.0, 12.0, (48.0, 30.0))]
    wanted += [
        (one.key, "Boards that people open every day", "boards", 2.0, 10.0, (4.0, 7.0))
        for one in accounts[:3]
    ]
    for account, title, unit, baseline, target, measured in wanted:
        goal = goals.set_goal(store, title, account=account, unit=unit, baseline=baseline, target=target,
                              due=due, owner="mina", actor=ACTOR, now=now - timedelta(days=90))  # fmt: skip
        for number, value in enumerate(measured):
            goals.measure(
                store, goal.key, value, said="", actor=ACTOR, now=now - timedelta(days=60 - 30 * number)
            )


def _programme(store: Store, corpus: Corpus, now: datetime) -> None:
    fans = (one for one in corpus.people if one.stage == "advocate" and one.account)
    for number, writer in enumerate(islice(fans, 4)):
        found = advocates.find(
            store, f"{writer.source}:{writer.handle}", actor=ACTOR, now=now - timedelta(days=80)
        )
        key = found.person
        if number == 0:
            continue  # found, and not yet approached
        advocates.change(store, key, Standing.APPROACHED, programme=Programme.REFERENCE, tags=TAGS[number],
                         actor=ACTOR, now=now - timedelta(days=70))  # fmt: skip
        asked = advocates.ask(
            store, key, "Half an hour with a prospect", actor=ACTOR, now=now - timedelta(days=65)
        )
        if number > 1:
            advocates.answer(store, asked.key, Answer.YES, actor=ACTOR, now=now - timedelta(days=60))
            sent = advocates.refer(
                store, key, f"A friend of {writer.name}", actor=ACTOR, now=now - timedelta(days=50)
            )
            if number == 2:  # noqa: PLR2004 — one of them was won
                advocates.close(store, sent.key, Lead.WON, 12_000.0, actor=ACTOR, now=now - timedelta(days=9))

"""Customers who need attention: renewals, silence from us, new ones, those who left well, fans who wait."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from core.clock import from_iso
from core.customers import FIRST_DAYS, Account, Outcome, Person, day_begin
from core.kept import Kept, KeptPage, Order, Sought
from core.ports import Store
from core.stages import GOOD, Evidence, Signal, Stage
from engage.customers import ACCOUNT, PERSON, account_of, outline_of, person_of, saying, walk

#: Renewals shown: from those just past to those a year ahead.
BEHIND, AHEAD = timedelta(days=30), timedelta(days=365)
NEGLECTED_DAYS = 90
#: A word of ours so shortly before a renewal is a word about the renewal.
NEAR = timedelta(days=60)
RENEWS_EVERY = timedelta(days=365.25)
#: What of an account tells when we spoke with it.
WORDS = ("touches", "contacts")
#: People whose words about rivals are looked at, the newest, and for how long they count.
HEARD_PEOPLE, RIVALS_COUNT = 400, timedelta(days=180)


@dataclass(frozen=True, kw_only=True, slots=True)
class Renewal:
    """An account and the days left until it renews."""

    account: Account
    days: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Neglected:
    """An account that we left alone."""

    account: Account
    #: Days since the last word of ours; None for never.
    days: int | None
    #: All that we ever said came shortly before a renewal.
    only_near_renewal: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class RivalWord:
    """Somebody named a rival."""

    person: Person
    evidence: Evidence
    rival: str
    tone: str
    #: What they said of us in the same breath, where anything.
    of_us: str


def renewals(store: Store, *, now: datetime, within: timedelta = AHEAD) -> list[Renewal]:
    """Return accounts that renew soon, or just did without anybody saying how it went, soonest first."""
    items = walk(store, _renewing(now, within))
    return [found for item in items if (found := _renewal(item, now)) is not None]


def renewals_page(
    store: Store, *, now: datetime, after: str | None = None, limit: int = 25
) -> tuple[list[Renewal], str | None]:
    """Return a page of `renewals`, and where the next one begins."""
    page = store.kept_page(_renewing(now, AHEAD), limit=limit, after=after)
    return [found for item in page.items if (found := _renewal(item, now)) is not None], page.next


def _renewing(now: datetime, within: timedelta) -> Sought:
    return Sought(kind=ACCOUNT, since=now - BEHIND, until=now + within, order=Order.SOONEST)


def _renewal(item: Kept, now: datetime) -> Renewal | None:
    account = account_of(item).account
    day, outcome = account.contract.renewal, account.contract.outcome
    if day is None or outcome is Outcome.LOST or (outcome is not Outcome.OPEN and day < now.date()):
        return None
    return Renewal(account=account, days=(day - now.date()).days)


def neglected(
    store: Store, *, now: datetime, days: int = NEGLECTED_DAYS, limit: int | None = None
) -> tuple[list[Neglected], int]:
    """Return accounts that heard nothing from us for so long, or only before a renewal, and their number.

    Those worth most come first; with a `limit` only so many are returned.
    """
    found = []
    for item in walk(store, Sought(kind=ACCOUNT)):
        contract, standing = _part(item, "contract"), _part(item, "standing")
        touched = standing.get("touched")
        lately = isinstance(touched, str) and now - from_iso(touched) < timedelta(days=days)
        # Read whole only where that can change the answer: most accounts need no more than these two fields.
        near = lately and "renewal" in contract and only_near_renewal(outline_of(item, *WORDS))
        if contract.get("outcome") != Outcome.LOST and (near or not lately):
            value = contract.get("value")
            found.append((-value if isinstance(value, int | float) else 0.0, item.key, item))
    found.sort(key=lambda one: one[:2])
    return [_neglected(item, now) for *_, item in found[:limit]], len(found)


def _part(item: Kept, name: str) -> Mapping[str, object]:
    part = item.body.get(name)
    return part if isinstance(part, Mapping) else {}


def _neglected(item: Kept, now: datetime) -> Neglected:
    account = account_of(item).account
    touched = account.standing.touched
    since = None if touched is None else (now - touched).days
    return Neglected(account=account, days=since, only_near_renewal=only_near_renewal(account))


def only_near_renewal(account: Account) -> bool:
    """Tell whether every word of ours came in the sixty days before a renewal."""
    words = [*account.touches, *(one.at for one in account.contacts)]
    if account.contract.renewal is None or not words:
        return False
    due = day_begin(account.contract.renewal)
    # Renewals of earlier years fell on the same day.
    return all((due - word) % RENEWS_EVERY <= NEAR for word in words)


def first_days(store: Store, *, now: datetime) -> list[Account]:
    """Return accounts in their first 90 days, the newest first."""
    since = (now - FIRST_DAYS).date()
    found = [
        account_of(item).account
        for item in walk(store, Sought(kind=ACCOUNT))
        if str(_part(item, "contract").get("start", "")) >= since.isoformat()
    ]
    started = [one for one in found if one.contract.start and one.contract.start <= now.date()]
    return sorted(started, key=lambda one: (one.contract.start or since, one.key), reverse=True)


def win_back(store: Store, *, limit: int = 100) -> list[Person]:
    """Return people who left and spoke well of the days with us, the latest heard first."""
    sought = Sought(kind=PERSON, states=(Stage.FORMER.value,), order=Order.LATEST)
    people = [person_of(item).person for item in store.kept_page(sought, limit=limit * 3).items]
    return [one for one in people if any(said.signal in GOOD for said in one.evidence)][:limit]


def owed(store: Store, *, after: str | None = None, limit: int = 50) -> KeptPage:
    """Return a page of advocates and loyal people whose good words nobody of us answered."""
    return store.kept_page(owed_fans(), limit=limit, after=after)


def owed_fans() -> Sought:
    """Return what finds them."""
    states = (Stage.ADVOCATE.value, Stage.LOYAL.value)
    return Sought(kind=PERSON, states=states, refs=(f"sign:{Signal.OWED}",), order=Order.LATEST)


def rival_words(store: Store, *, now: datetime) -> list[RivalWord]:
    """Return who named which rival and how, newest first, among those heard last."""
    sought = Sought(kind=PERSON, refs=(f"sign:{Signal.RIVAL}",), order=Order.LATEST)
    found = []
    for item in store.kept_page(sought, limit=HEARD_PEOPLE).items:
        there = _mentions(item, Signal.RIVAL, now)
        if there:
            person = saying(item, lambda one: one.get("mention_id") in there)  # noqa: B023 — called at once
            found += [word for word in _words(person) if now - word.evidence.at <= RIVALS_COUNT]
    return sorted(found, key=lambda word: word.evidence.at, reverse=True)


def _mentions(item: Kept, signal: Signal, now: datetime) -> set[object]:
    """Return the mentions in which somebody gave a sign lately, by the day."""
    since, said = (now - RIVALS_COUNT).date().isoformat(), item.body.get("evidence")
    return {
        one["mention_id"]
        for one in (said if isinstance(said, list) else ())
        if one["signal"] == signal and one["at"] >= since
    }


def _words(person: Person) -> Iterator[RivalWord]:
    of_us: dict[str, str] = defaultdict(str)
    for one in person.evidence:
        if one.signal in GOOD:
            of_us[one.mention_id] = "positive"
        elif one.signal in (Signal.UNHAPPY, Signal.LEAVING, Signal.LEFT):
            of_us[one.mention_id] = "negative"
    for one in person.evidence:
        if one.signal is Signal.RIVAL:
            rival, _, tone = one.detail.partition(": ")
            yield RivalWord(person=person, evidence=one, rival=rival, tone=tone, of_us=of_us[one.mention_id])


def shoppers(store: Store, *, now: datetime, limit: int = 100) -> list[tuple[Person, Evidence]]:
    """Return who talks about other offers, renegotiation, or SaaS for on-premise, newest first."""
    sought = Sought(kind=PERSON, refs=(f"sign:{Signal.SHOPPING}",), order=Order.LATEST)
    items = store.kept_page(sought, limit=limit).items
    people = [saying(item, lambda one: one.get("signal") == Signal.SHOPPING) for item in items]
    found = [(one, said) for one in people for said in one.evidence]
    fresh = [pair for pair in found if now - pair[1].at <= RIVALS_COUNT]
    return sorted(fresh, key=lambda pair: pair[1].at, reverse=True)


def win_loss(words: Sequence[RivalWord]) -> dict[str, dict[str, list[RivalWord]]]:
    """Return comparisons by rival: `won` where we were praised or they blamed, `lost` the other way round."""
    told: dict[str, dict[str, list[RivalWord]]] = defaultdict(lambda: {"won": [], "lost": [], "open": []})
    for word in words:
        ours = {"positive": 1, "negative": -1}.get(word.of_us, 0)
        theirs = {"positive": 1, "negative": -1}.get(word.tone, 0)
        kind = "won" if ours > theirs else "lost" if ours < theirs else "open"
        told[word.rival][kind].append(word)
    return dict(sorted(told.items(), key=lambda pair: -sum(map(len, pair[1].values()))))


def period(now: datetime, days: int) -> tuple[datetime, datetime, datetime]:
    """Return the beginning of the period before, of this one, and its end."""
    end = now.astimezone(UTC)
    return end - timedelta(days=2 * days), end - timedelta(days=days), end

"""Promises: how soon we answer, counted in working hours from the moment of the post."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from core.errors import Conflict, InputError
from core.kept import Kept
from core.ports import Store
from core.thread import Status, Thread
from core.zones import zone_of

KIND, KEY = "setting", "promises"
#: From these points of priority on, a thread is urgent, or important.
URGENT, IMPORTANT = 55.0, 30.0
LONGEST = 24.0 * 30
MAX_TIERS, LONGEST_TIER = 20, 200
#: Fields of the hours by priority, of a policy and of a promise to a tier.
PRIORITIES = ("urgent", "important", "other")
#: A breach is told beforehand: when this share of the time, or less, is left.
WARN = 0.25
#: A calendar of this many days holds every promise; a policy without a working day is refused.
DAYS = 400
RETURNED = "triage.return"


class Standing(enum.StrEnum):
    """Name how a promise stands."""

    KEPT = "kept"
    SOON = "soon"
    LATE = "late"


@dataclass(frozen=True, kw_only=True, slots=True)
class TierPromise:
    """What customers of one tier are promised; None is what everybody is promised at that priority."""

    tier: str
    urgent: float | None = None
    important: float | None = None
    other: float | None = None

    @property
    def hours(self) -> tuple[float, ...]:
        """The hours that are told."""
        return tuple(each for each in (self.urgent, self.important, self.other) if each is not None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """What a team promises."""

    #: Working hours until the first answer, by priority.
    urgent: float = 4.0
    important: float = 8.0
    other: float = 24.0
    #: An assigned thread that nobody touches for so many working hours is free again; 0 for never.
    give_back: float = 8.0
    #: Working hours, in a time zone by its name.
    opens: str = "09:00"
    closes: str = "17:00"
    zone: str = "UTC"
    #: Monday is 0.
    days: tuple[int, ...] = (0, 1, 2, 3, 4)
    #: Promises to customers of a tier; they go before those to everybody.
    tiers: tuple[TierPromise, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a policy under which no time passes.

        Raises:
            InputError: it says what is wrong.
        """
        hours = (self.urgent, self.important, self.other)
        if not all(0 < each <= LONGEST for each in hours) or not 0 <= self.give_back <= LONGEST:
            raise InputError(f"a promise lies between 0 and {LONGEST:.0f} working hours")
        self._check_tiers()
        if not self.days or not set(self.days) <= set(range(7)):
            raise InputError("choose at least one working day")
        try:
            if time.fromisoformat(self.opens) >= time.fromisoformat(self.closes):
                raise InputError("the day opens before it closes")
        except ValueError:
            raise InputError("write hours such as 09:00") from None
        zone_of(self.zone)

    def _check_tiers(self) -> None:
        names = [each.tier.casefold() for each in self.tiers]
        if len(names) > MAX_TIERS or not all(0 < len(name) <= LONGEST_TIER for name in names):
            raise InputError(
                f"a promise to a tier names it, in at most {LONGEST_TIER} characters; {MAX_TIERS} at most"
            )
        if len(set(names)) < len(names):
            raise InputError("each tier is promised something once")
        if any(not each.hours for each in self.tiers):
            raise InputError("write hours beside each tier, or take its name away")
        if not all(0 < each <= LONGEST for tier in self.tiers for each in tier.hours):
            raise InputError(f"a promise lies between 0 and {LONGEST:.0f} working hours")

    @property
    def shortest(self) -> float:
        """The fewest working hours that anybody is promised."""
        return min(self.urgent, self.important, self.other, *(min(tier.hours) for tier in self.tiers))

    def to_tier(self, tier: str) -> TierPromise | None:
        """Return what a tier is promised; None where it is what everybody is."""
        name = tier.strip().casefold()
        return next((each for each in self.tiers if each.tier.casefold() == name), None)

    def hours(self, points: float, tier: str = "") -> float:
        """Return the working hours promised at a priority: to a customer's tier, else to everybody."""
        own = self.to_tier(tier)
        if points >= URGENT:
            told, usual = own and own.urgent, self.urgent
        elif points >= IMPORTANT:
            told, usual = own and own.important, self.important
        else:
            told, usual = own and own.other, self.other
        return told or usual

    def due(self, since: datetime, points: float, tier: str = "") -> datetime:
        """Return when an answer to what was said at `since` is due."""
        return self.after(since, timedelta(hours=self.hours(points, tier)))

    def after(self, since: datetime, span: timedelta) -> datetime:
        """Return the moment at which so much working time has passed since a moment."""
        zone = ZoneInfo(self.zone)
        day = since.astimezone(zone).date()
        moment = since
        for _ in range(DAYS):
            opens, closes = self._bounds(datetime.combine(day, time(), tzinfo=zone))
            begin = max(moment, opens)
            if day.weekday() in self.days and begin < closes:
                if span <= closes - begin:
                    return begin + span
                span -= closes - begin
            day += timedelta(days=1)
        return moment + timedelta(days=DAYS)

    def _bounds(self, day: datetime) -> tuple[datetime, datetime]:
        """Return when a day opens and closes; in UTC, so that a change of the clocks is no hour of work."""
        ends = (datetime.combine(day.date(), time.fromisoformat(each), tzinfo=day.tzinfo)
                for each in (self.opens, self.closes))  # fmt: skip
        opens, closes = (end.astimezone(UTC) for end in ends)
        return opens, closes


@dataclass(frozen=True, kw_only=True, slots=True)
class Promise:
    """When an answer is due, and how that stands now."""

    due: datetime
    #: From when on it is nearly broken.
    warned: datetime
    standing: Standing
    #: The tier to which this was promised; empty where it is what everybody is.
    tier: str = ""


def promise(
    policy: Policy, since: datetime | None, points: float, *, tier: str = "", now: datetime
) -> Promise | None:
    """Return how the promise to a customer of a tier, or to anybody, stands; None where nobody waits."""
    if since is None:
        return None
    due = policy.due(since, points, tier)
    warned = policy.after(since, timedelta(hours=policy.hours(points, tier) * (1 - WARN)))
    own = policy.to_tier(tier)
    return Promise(
        due=due,
        warned=warned,
        standing=Standing.LATE if now >= due else Standing.SOON if now >= warned else Standing.KEPT,
        tier=own.tier if own and policy.hours(points, tier) != policy.hours(points) else "",
    )


def stored_policy(store: Store) -> Kept | None:
    """Return what the team promised, as it is kept; None where it promised nothing."""
    return next((item for item in store.kept(KIND) if item.key == KEY), None)


def policy_of(item: Kept | None) -> Policy | None:
    """Return a kept policy; None for none, and for what another version of Earful wrote."""
    return read_policy(item.body) if item and item.body.get("on", True) else None


def read_policy(body: Mapping[str, object]) -> Policy | None:
    """Return a policy out of plain values, None where they are none."""
    days, tiers = body.get("days"), body.get("tiers")
    try:
        return Policy(
            urgent=float(str(body["urgent"])),
            important=float(str(body["important"])),
            other=float(str(body["other"])),
            give_back=float(str(body["give_back"])),
            opens=str(body["opens"]),
            closes=str(body["closes"]),
            zone=str(body["zone"]),
            days=tuple(int(str(day)) for day in days) if isinstance(days, (list, tuple)) else (),
            tiers=tuple(map(_read_tier, tiers)) if isinstance(tiers, (list, tuple)) else (),
        )
    except (AttributeError, KeyError, ValueError, InputError):
        return None


def _read_tier(body: Mapping[str, object]) -> TierPromise:
    told = {name: float(str(body[name])) for name in PRIORITIES if body.get(name) is not None}
    return TierPromise(tier=str(body["tier"]), **told)


def save_policy(store: Store, policy: Policy, *, on: bool, version: int, actor: str, now: datetime) -> None:
    """Store what the team promises.

    Raises:
        Conflict: somebody saved another policy first.
    """
    body = {**asdict(policy), "days": list(policy.days), "tiers": list(map(asdict, policy.tiers)), "on": on}
    store.keep(Kept(kind=KIND, key=KEY, body=body, by=actor, at=now, version=version))


def give_back_untouched(store: Store, thread: Thread, policy: Policy | None, *, now: datetime) -> bool:
    """Free a thread that somebody has and nobody touches, while a person waits; tell whether it was."""
    triage = thread.triage
    if policy is None or not policy.give_back or triage.assignee is None or triage.status is not Status.OPEN:
        return False
    ours = max((s.mention.published_at for s in thread.mentions if s.own), default=None)
    if ours and all(s.mention.published_at <= ours for s in thread.matched):
        return False
    last = next(iter(store.audit(target=f"thread:{thread.id}", limit=1)), None)
    if last is None or now < policy.after(last.at, timedelta(hours=policy.give_back)):
        return False
    try:
        store.triage(thread.id, replace(triage, assignee=None), actor="earful", action=RETURNED, now=now)
    except Conflict:  # somebody touched it this very moment
        return False
    return True

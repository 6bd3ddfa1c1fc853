"""Promises: how soon we answer, counted in working hours from the moment of the post."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from core.errors import Conflict, InputError
from core.kept import Kept
from core.ports import Store
from core.thread import Status, Thread

KIND, KEY = "setting", "promises"
#: From these points of priority on, a thread is urgent, or important.
URGENT, IMPORTANT = 55.0, 30.0
LONGEST = 24.0 * 30
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

    def __post_init__(self) -> None:
        """Refuse a policy under which no time passes.

        Raises:
            InputError: it says what is wrong.
        """
        hours = (self.urgent, self.important, self.other)
        if not all(0 < each <= LONGEST for each in hours) or not 0 <= self.give_back <= LONGEST:
            raise InputError(f"a promise lies between 0 and {LONGEST:.0f} working hours")
        if not self.days or not set(self.days) <= set(range(7)):
            raise InputError("choose at least one working day")
        try:
            if time.fromisoformat(self.opens) >= time.fromisoformat(self.closes):
                raise InputError("the day opens before it closes")
        except ValueError:
            raise InputError("write hours such as 09:00") from None
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise InputError(f"there is no time zone {self.zone!r}; one is Europe/Prague") from None

    def hours(self, points: float) -> float:
        """Return the working hours promised at a priority."""
        return self.urgent if points >= URGENT else self.important if points >= IMPORTANT else self.other

    def due(self, since: datetime, points: float) -> datetime:
        """Return when an answer to what was said at `since` is due."""
        return self.after(since, timedelta(hours=self.hours(points)))

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
    standing: Standing


def promise(policy: Policy, since: datetime | None, points: float, *, now: datetime) -> Promise | None:
    """Return how a thread's promise stands; None where nobody waits."""
    if since is None:
        return None
    due = policy.due(since, points)
    if now >= due:
        return Promise(due=due, standing=Standing.LATE)
    soon = policy.after(since, timedelta(hours=policy.hours(points) * (1 - WARN)))
    return Promise(due=due, standing=Standing.SOON if now >= soon else Standing.KEPT)


def stored_policy(store: Store) -> Kept | None:
    """Return what the team promised, as it is kept; None where it promised nothing."""
    return next((item for item in store.kept(KIND) if item.key == KEY), None)


def policy_of(item: Kept | None) -> Policy | None:
    """Return a kept policy; None for none, and for what another version of Earful wrote."""
    return read_policy(item.body) if item and item.body.get("on", True) else None


def read_policy(body: Mapping[str, object]) -> Policy | None:
    """Return a policy out of plain values, None where they are none."""
    days = body.get("days")
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
        )
    except (KeyError, ValueError, InputError):
        return None


def save_policy(store: Store, policy: Policy, *, on: bool, version: int, actor: str, now: datetime) -> None:
    """Store what the team promises.

    Raises:
        Conflict: somebody saved another policy first.
    """
    body = {**asdict(policy), "days": list(policy.days), "on": on}
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

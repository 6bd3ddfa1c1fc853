"""Rules: what the team wants to be told of, by which way, and when. Pure but for keeping them."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from core.clock import from_iso, iso
from core.errors import InputError
from core.kept import Kept
from core.ports import Store
from core.zones import zone_of

KIND = "rule"
MAX_NAME, MAX_QUERY, MAX_TARGET, MAX_RULES = 60, 512, 1_000, 50
#: What a rule looks at is at most this old, so that a new source's past is no news.
WINDOW = timedelta(days=3)
#: The first match waits so long for others, and for its labels.
GROUP_WAIT = timedelta(minutes=1)
DAY, WEEK = timedelta(days=1), timedelta(days=7)


class When(enum.StrEnum):
    """Name what makes a rule tell."""

    #: Something is said that it looks for.
    SAID = "said"
    #: A promise to somebody who waits is nearly broken, in a thread that it looks for.
    SOON = "soon"
    #: Such a promise is broken.
    LATE = "late"


class Every(enum.StrEnum):
    """Name how often a rule may tell."""

    FIVE_MINUTES = "5m"
    QUARTER = "15m"
    HOUR = "1h"
    FOUR_HOURS = "4h"
    DAY = "day"
    WEEK = "week"

    @property
    def span(self) -> timedelta:
        """The least time between two messages."""
        return _SPANS[self]


_SPANS = {
    Every.FIVE_MINUTES: timedelta(minutes=5),
    Every.QUARTER: timedelta(minutes=15),
    Every.HOUR: timedelta(hours=1),
    Every.FOUR_HOURS: timedelta(hours=4),
    Every.DAY: DAY,
    Every.WEEK: WEEK,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """When to tell whom of what."""

    key: str
    name: str
    when: When = When.SAID
    #: In the query language; where the rule follows another, as that was when the rule was saved.
    query: str
    #: Key of the view of the queue, or of the saved search, that it follows; empty for none.
    follows: str = ""
    #: Key of the connection by which it tells.
    way: str
    #: Whom: addresses for e-mail; empty where the connection says it all.
    target: str = ""
    every: Every = Every.HOUR
    #: When the message of a day or week is written, and the quiet hours, in a time zone by its name.
    hour: str = "08:00"
    zone: str = "UTC"
    #: Nothing is told from … to …; both empty for never.
    quiet_from: str = ""
    quiet_to: str = ""
    silenced_until: datetime | None = None
    on: bool = True
    #: What was seen before this is not told.
    since: datetime
    version: int = 0

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises:
            InputError: it says what is wrong.
        """
        name = " ".join(self.name.split())
        object.__setattr__(self, "name", name)
        if not name or len(name) > MAX_NAME:
            raise InputError(f"an alert's name has 1 to {MAX_NAME} characters")
        if not self.query.strip() or len(self.query) > MAX_QUERY:
            raise InputError(f"write what to look for, in 1 to {MAX_QUERY} characters")
        if not self.way:
            raise InputError("choose by which way to tell; an admin connects one under Connections")
        if len(self.target) > MAX_TARGET:
            raise InputError(f"at most {MAX_TARGET:,} characters say whom to tell")
        if bool(self.quiet_from) is not bool(self.quiet_to):
            raise InputError("quiet hours have a beginning and an end")
        zone_of(self.zone)
        try:
            for written in (self.hour, self.quiet_from or "00:00", self.quiet_to or "00:00"):
                time.fromisoformat(written)
        except ValueError:
            raise InputError("a time is written 08:00") from None

    @property
    def window(self) -> timedelta:
        """How old a match may be."""
        return max(WINDOW, self.every.span + DAY)

    def quiet(self, now: datetime) -> bool:
        """Tell whether nothing is said at this moment."""
        if self.silenced_until and now < self.silenced_until:
            return True
        if not self.quiet_from or self.quiet_from == self.quiet_to:
            return False
        local = now.astimezone(ZoneInfo(self.zone)).time()
        begin, end = time.fromisoformat(self.quiet_from), time.fromisoformat(self.quiet_to)
        return begin <= local < end if begin < end else local >= begin or local < end

    def may_tell(self, last: datetime | None, now: datetime) -> bool:
        """Tell whether it is time, when the last message was written at `last`."""
        if not self.on or self.quiet(now):
            return False
        if self.every.span < DAY:
            return last is None or now >= last + self.every.span
        turn = self._turn(now)
        return (last or self.since) < turn

    def _turn(self, now: datetime) -> datetime:
        """Return the newest moment, up to now, at which the message of a day or week is written."""
        zone, hour = ZoneInfo(self.zone), time.fromisoformat(self.hour)
        day = now.astimezone(zone).date()
        while True:
            turn = datetime.combine(day, hour, tzinfo=zone).astimezone(UTC)
            # A week's message comes on Monday.
            if turn <= now and (self.every is Every.DAY or day.weekday() == 0):
                return turn
            day -= DAY


def messages(rule: Rule, moments: Iterable[datetime]) -> int:
    """Return how many messages a rule would have made of matches at these moments."""
    told, last, waiting = 0, None, replace(rule, since=datetime(1970, 1, 1, tzinfo=UTC), silenced_until=None)
    ordered = sorted(moments)
    for position, moment in enumerate(ordered):
        if last is not None and moment <= last:
            continue
        at = _next_turn(waiting, last, moment)
        last, told = at, told + 1
        if position == len(ordered) - 1:
            break
    return told


def _next_turn(rule: Rule, last: datetime | None, moment: datetime) -> datetime:
    """Return when a match at `moment` is told."""
    step = timedelta(minutes=5) if rule.every.span < DAY else timedelta(minutes=30)
    at = moment + GROUP_WAIT
    for _ in range(int(2 * WEEK / step)):
        if rule.may_tell(last or moment, at) if rule.every.span >= DAY else rule.may_tell(last, at):
            return at
        at += step
    return at


def rules(store: Store) -> Sequence[Rule]:
    """Return every rule, by name."""
    found = [rule for item in store.kept(KIND) if (rule := _read(item))]
    return sorted(found, key=lambda rule: (rule.name.casefold(), rule.key))


def rule_of(store: Store, key: str) -> Rule | None:
    """Return one rule; None where it is no more."""
    return next((rule for rule in rules(store) if rule.key == key), None)


def save_rule(store: Store, rule: Rule, *, actor: str, now: datetime) -> Rule:
    """Store a rule whose `version` is the stored one.

    Raises:
        InputError: there are too many.
        Conflict: somebody saved another version first.
    """
    if not rule.version and len(store.kept(KIND)) >= MAX_RULES:
        raise InputError(f"there are {MAX_RULES} alerts already; remove one first")
    kept = store.keep(
        Kept(kind=KIND, key=rule.key, body=_written(rule), by=actor, at=now, version=rule.version)
    )
    return replace(rule, version=kept.version)


def remove_rule(store: Store, key: str, *, actor: str, now: datetime) -> None:
    """Take a rule away; what it has written and not sent yet is refused by the sender."""
    store.drop(KIND, key, actor=actor, now=now)


def _written(rule: Rule) -> Mapping[str, object]:
    names = ("name", "query", "follows", "way", "target", "hour", "zone", "quiet_from", "quiet_to", "on")
    return {
        **{name: getattr(rule, name) for name in names},
        "when": rule.when.value,
        "every": rule.every.value,
        "silenced_until": iso(rule.silenced_until) if rule.silenced_until else "",
        "since": iso(rule.since),
    }


def _read(item: Kept) -> Rule | None:
    """Return a kept thing as a rule; None for what another version of Earful wrote."""
    body = item.body
    texts = {
        name: str(body.get(name) or "")
        for name in ("name", "query", "follows", "way", "target", "zone", "quiet_from", "quiet_to")
    }
    try:
        return Rule(
            key=item.key,
            **texts,
            when=When(str(body.get("when") or When.SAID)),
            hour=str(body.get("hour") or "08:00"),
            every=Every(str(body["every"])),
            silenced_until=from_iso(str(body["silenced_until"])) if body.get("silenced_until") else None,
            on=body.get("on") is True,
            since=from_iso(str(body["since"])),
            version=item.version,
        )
    except (KeyError, ValueError, InputError):
        return None

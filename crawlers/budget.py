"""What a service lets us ask or spend in a day, counted in the store so that a restart forgets nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo

from core.clock import Clock
from core.errors import InputError, SourceBusy
from core.ports import MentionStore
from core.source import Cursor
from core.watch import SourceSettings

#: Stands for all watches in the store's cursors: a budget belongs to the key, not to a watch.
EVERY_WATCH = ""
#: Most names kept of what was counted in a day.
MAX_NAMED = 20_000


@dataclass(kw_only=True)
class Budget:
    """Counts what one source uses in a day of the service's own time zone."""

    store: MentionStore
    clock: Clock
    source: str
    #: What is counted, as the cursor's name: `spent`, `searches`.
    name: str
    #: Most of it in a day.
    limit: float
    #: Said when it is used up, such as `the day's 100 searches`.
    title: str
    zone: tzinfo
    #: The day is used evenly: no earlier than its time has come may a share of the budget be used.
    even: bool = False
    _day: str = ""
    _used: float = 0.0
    _named: dict[str, None] = field(default_factory=dict)

    def check(self, wanted: float = 1.0, *, evenly: bool = False) -> None:
        """Return where `wanted` more may be used now; `evenly`: no more than the day is old.

        Raises:
            SourceBusy: it may not; `until` is when it may.
        """
        self._turn()
        now = self.clock.now().astimezone(self.zone)
        morning = now.replace(hour=0, minute=0, second=0, microsecond=0)
        evening = (morning + timedelta(days=1, hours=12)).replace(hour=0)
        if self._used + wanted > self.limit + 1e-9:
            raise SourceBusy(f"{self.title} are used up", until=evening)
        due = morning + (evening - morning) * (self._used / self.limit) if self.even or evenly else morning
        if due > now:
            raise SourceBusy(f"{self.title} are spread over the day", until=due)

    def use(self, amount: float = 1.0) -> None:
        """Count what was used."""
        self._turn()
        self._used += amount
        self._save()

    def use_named(self, names: Iterable[str], each: float) -> None:
        """Count things that cost once a day each, however often they come."""
        self._turn()
        fresh = [name for name in dict.fromkeys(names) if name not in self._named]
        if fresh:
            self._named.update(dict.fromkeys(fresh[: max(0, MAX_NAMED - len(self._named))]))
            self._used += each * len(fresh)
            self._save()

    def _turn(self) -> None:
        """Begin a day with what the store knows of it."""
        day = f"{self.clock.now().astimezone(self.zone):%Y-%m-%d}"
        if day == self._day:
            return
        kept = self.store.cursor(EVERY_WATCH, self.source, self.name)
        value = kept.value if kept and kept.value.get("day") == day else {}
        used, named = value.get("used"), value.get("named")
        self._day = day
        self._used = float(used) if isinstance(used, int | float) else 0.0
        self._named = dict.fromkeys(map(str, named)) if isinstance(named, list) else {}

    def _save(self) -> None:
        value = {"day": self._day, "used": self._used, "named": list(self._named)}
        cursor = Cursor(watch_id=EVERY_WATCH, source=self.source, stream=self.name, value=value)
        self.store.put([], now=self.clock.now(), cursor=cursor)


def midnight_after(moment: datetime, zone: tzinfo) -> datetime:
    """Return when the next day begins in a time zone."""
    local = moment.astimezone(zone)
    return (local + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)


def requests_budget(store: MentionStore, clock: Clock, source: str, limit: int) -> Budget:
    """Return the operator's own limit on the requests to a source in a UTC day."""
    title = f"the {limit:,} requests a day that `daily_requests` allows"
    return Budget(
        store=store, clock=clock, source=source, name="requests", limit=limit, title=title, zone=UTC
    )


def daily_requests(settings: SourceSettings) -> int | None:
    """Return how many requests a day a watch allows; None for any number.

    Raises:
        InputError: the setting is no whole number from 1 up.
    """
    return _count(settings, "daily_requests")


def pages_per_run(settings: SourceSettings) -> int | None:
    """Return how many pages of one list a crawl may read; None for the source's own number.

    Raises:
        InputError: the setting is no whole number from 1 up.
    """
    return _count(settings, "pages_per_run")


def spent_today(store: MentionStore, source: str, now: datetime) -> float:
    """Return what a source that costs money was paid today, as its own budget counts it."""
    kept = store.cursor(EVERY_WATCH, source, "spent")
    used = kept.value.get("used") if kept and kept.value.get("day") == f"{now:%Y-%m-%d}" else 0.0
    return round(float(used), 4) if isinstance(used, int | float) else 0.0


def _count(settings: SourceSettings, name: str) -> int | None:
    value = settings.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InputError(f"`{name}` is a whole number from 1 up, not {value!r}")
    return value

"""How a source is doing after a crawl: a pure function of how it was doing and what happened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from core.errors import EarfulError, EgressRefused, SourceBlocked, SourceBusy, SourceChanged, SourceGone
from core.mention import Mention
from core.source import PutCount, SourceState, SourceStatus

#: Crawls in a row without any item, after some with items, that make a source suspect (FAULTS A3 30).
SILENT_CRAWLS = 3
#: A source that failed for so long is called dead; it is still tried, once a day.
DEAD_AFTER = timedelta(days=3)
#: First pause after a failed crawl, after a refusal, and the longest; each doubles with every failure.
FIRST_PAUSE, REFUSED_PAUSE, LONGEST_PAUSE = timedelta(minutes=5), timedelta(hours=1), timedelta(hours=24)
#: How many failures are told in one reason.
TOLD = 3


@dataclass(kw_only=True)
class Outcome:
    """What one crawl of one source for one watch came to."""

    watch_id: str
    source: str
    requests: int = 0
    #: Items in the answers, wanted or not.
    items: int = 0
    #: Answers that said "not modified".
    unchanged_answers: int = 0
    count: PutCount = field(default_factory=PutCount)
    newest_at: datetime | None = None
    #: Streams that were to be read, and those that failed: name → why.
    streams: int = 0
    failures: dict[str, EarfulError] = field(default_factory=dict)
    #: Said although nothing failed, such as a back-fill that goes on next time.
    notes: list[str] = field(default_factory=list)
    #: Times that may be incomplete, in plain words.
    gaps: list[str] = field(default_factory=list)
    #: Stored items that were looked at again.
    rechecked: int = 0
    #: What the service charged today, in US dollars.
    usd: float = 0.0
    #: Requests taken off the day's budget so far.
    budgeted: int = 0


@dataclass(kw_only=True)
class Gap:
    """Notices when a list ends before it comes to what was read the last time: what lies between is lost."""

    #: Ids that were read before.
    known: frozenset[str]
    #: When all was read the last time.
    since: datetime | None
    _met: bool = False
    _oldest: datetime | None = None

    def passed(self, mentions: Sequence[Mention]) -> None:
        """Take a page."""
        self._met = self._met or any(mention.id in self.known for mention in mentions)
        dated = [mention.published_at for mention in mentions if mention.published_known]
        self._oldest = min(filter(None, (self._oldest, *dated)), default=None)

    def told(self, stream: str) -> list[str]:
        """Return what to say at the end of the list; nothing where there is no gap."""
        if not self.known or self._met or not self.since or not self._oldest or self._oldest <= self.since:
            return []
        return [f"{self.since:%Y-%m-%d %H:%M} to {self._oldest:%Y-%m-%d %H:%M} UTC: {stream} shows no more"]


def after(before: SourceState, outcome: Outcome, now: datetime) -> SourceState:
    """Return how the source is doing now."""
    count, day = outcome.count, f"{now.astimezone(UTC):%Y-%m-%d}"
    told = replace(
        before,
        days={**before.days, day: before.days.get(day, 0) + count.new},
        today=day,
        requests_today=outcome.requests + (before.requests_today if before.today == day else 0),
        usd_today=outcome.usd,
        rechecked=outcome.rechecked,
        gaps=(*before.gaps, *outcome.gaps),
        last_try_at=now,
        requests=outcome.requests,
        new=count.new,
        changed=count.changed,
        unchanged=count.unchanged,
        errors=len(outcome.failures),
        total_new=before.total_new + count.new,
        newest_at=max(filter(None, (before.newest_at, outcome.newest_at)), default=None),
    )
    if outcome.failures:
        return _failed(told, outcome, now)
    empty = 0 if outcome.items else before.empty_crawls + (not outcome.unchanged_answers)
    told = replace(told, last_success_at=now, failures=0, until=None, empty_crawls=empty)
    if empty >= SILENT_CRAWLS and told.total_new:
        reason = (
            f"{empty} crawls in a row brought no item at all, though earlier ones brought {told.total_new}; "
            "open the source in a browser and see whether it changed"
        )
        return replace(told, status=SourceStatus.SUSPECT, reason=reason)
    return replace(told, status=SourceStatus.OK, reason="; ".join(outcome.notes))


def _failed(told: SourceState, outcome: Outcome, now: datetime) -> SourceState:
    failures = list(outcome.failures.values())
    partly = len(failures) < outcome.streams
    told = replace(
        told,
        status=_status(failures),
        reason=_reason(outcome),
        failures=0 if partly else told.failures + 1,
        last_success_at=now if partly else told.last_success_at,
        # The streams that work are read on time; those that do not keep their own time in their cursors.
        until=None if partly else _until(failures, told.failures, now),
    )
    since = told.last_success_at or told.last_try_at
    if not partly and told.failures > 1 and since and now - since > DEAD_AFTER:
        reason = f"nothing since {since:%Y-%m-%d}: {told.reason}"
        return replace(told, status=SourceStatus.DEAD, reason=reason, until=now + LONGEST_PAUSE)
    return told


def _status(failures: Sequence[EarfulError]) -> SourceStatus:
    if any(isinstance(error, SourceBlocked | EgressRefused) for error in failures):
        return SourceStatus.BLOCKED
    if all(isinstance(error, SourceGone) for error in failures):
        return SourceStatus.DEAD
    if any(isinstance(error, SourceChanged) for error in failures):
        return SourceStatus.SUSPECT
    return SourceStatus.BACKING_OFF


def _until(failures: Sequence[EarfulError], earlier: int, now: datetime) -> datetime:
    """Return when to try again after every stream failed: when the first of them may be asked."""
    said: list[datetime] = [e.until for e in failures if isinstance(e, SourceBusy) and e.until]
    if len(said) == len(failures):
        return min(said)
    blocked = all(isinstance(error, SourceBlocked | SourceGone | EgressRefused) for error in failures)
    pause = (REFUSED_PAUSE if blocked else FIRST_PAUSE) * 2 ** min(earlier, 10)
    own: datetime = now + min(pause, LONGEST_PAUSE)
    return min([own, *said])


def _reason(outcome: Outcome) -> str:
    """Return what failed, each cause once with the lists that it kept from us."""
    told: dict[str, list[str]] = {}
    for stream, error in outcome.failures.items():
        told.setdefault(str(error), []).append(stream)
    parts = [_cause(message, streams, outcome.streams) for message, streams in list(told.items())[:TOLD]]
    more = [f"and {len(told) - TOLD} more"] if len(told) > TOLD else []
    return "; ".join(parts + more)


def _cause(message: str, streams: Sequence[str], of: int) -> str:
    if len(streams) >= of:
        # All that this source reads: naming its lists would say nothing more.
        return message
    named = ", ".join(streams[:TOLD]) + (" …" if len(streams) > TOLD else "")
    return f"{message} ({len(streams)} of {of} failed: {named})"

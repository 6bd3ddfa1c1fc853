"""The histogram as numbers that a template draws. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from core.labels import Tone
from core.query import And, Last, Node, Published
from core.search import Bucket
from web.i18n import later

#: Widths of one bar that people can name, smallest first.
STEPS = {
    timedelta(hours=1): later("hour"),
    timedelta(hours=6): later("6 hours"),
    timedelta(days=1): later("day"),
    timedelta(days=7): later("week"),
    timedelta(days=30): later("30 days"),
    timedelta(days=365): later("year"),
}
MAX_BARS = 60
#: Drawing surface in SVG units; the picture scales to its column.
WIDTH, HEIGHT = 720.0, 96.0
GAP = 2.0
ORDER = (Tone.NEGATIVE, Tone.NEUTRAL, Tone.POSITIVE)


@dataclass(frozen=True, slots=True)
class Part:
    """A coloured stretch of a bar."""

    kind: str
    y: float
    height: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """One bar, with the time it stands for."""

    start: datetime
    end: datetime
    count: int
    tones: dict[str, int]
    x: float
    width: float
    parts: tuple[Part, ...]
    #: True for a bar whose time is not over yet.
    partial: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """The time that a histogram shows, and the width of its bars.

    Both ends are in the zone that the bars begin by: one distance from UTC for the whole picture, that of its
    end, because bars of equal width cannot follow a change of the clocks.
    """

    start: datetime
    end: datetime
    step: timedelta

    @property
    def zone_name(self) -> str:
        """The distance from UTC in words."""
        return self.end.tzname() or "UTC"

    @property
    def step_name(self) -> str:
        """The width of a bar in words."""
        return STEPS[self.step]


def window(node: Node, *, oldest: datetime, newest: datetime, now: datetime, zone: tzinfo = UTC) -> Window:
    """Return the time to show: what the query asks for, else from the oldest to the newest hit."""
    start, end = _limits(node, now)
    start, end = start or oldest, end or max(newest, min(now, newest + timedelta(days=1)))
    end = max(end, start + timedelta(hours=1))
    step = next((step for step in STEPS if (end - start) / step <= MAX_BARS - 2), max(STEPS))
    start = max(start, end - step * (MAX_BARS - 2))
    first = _floor(start, step, timezone(end.astimezone(zone).utcoffset() or timedelta(0)))
    bars = -(-(end - first) // step)
    return Window(start=first, end=first + bars * step, step=step)


def bars(buckets: Sequence[Bucket], shown: Window, *, now: datetime) -> list[Bar]:
    """Return the bars, scaled to the highest; they begin in the zone of `shown`."""
    top = max((bucket.count for bucket in buckets), default=0) or 1
    slot, step, zone = WIDTH / max(1, len(buckets)), shown.step, shown.start.tzinfo
    return [
        Bar(
            start=bucket.start.astimezone(zone),
            end=bucket.start.astimezone(zone) + step,
            count=bucket.count,
            tones={tone.value: bucket.tones.get(tone.value, 0) for tone in ORDER},
            x=round(index * slot + GAP / 2, 2),
            width=round(max(1.0, slot - GAP), 2),
            parts=_parts(bucket, top),
            partial=bucket.start <= now < bucket.start + step,
        )
        for index, bucket in enumerate(buckets)
    ]


def _parts(bucket: Bucket, top: int) -> tuple[Part, ...]:
    """Stack the tones upwards from the foot, unhappy ones first, the unlabelled on top."""
    counts = [(tone.value, bucket.tones.get(tone.value, 0)) for tone in ORDER]
    counts.append(("unlabelled", max(0, bucket.count - sum(count for _, count in counts))))
    foot, parts = HEIGHT, []
    for kind, count in counts:
        height = HEIGHT * count / top
        if height > 0:
            foot -= height
            parts.append(Part(kind, round(foot, 2), round(height, 2)))
    return tuple(parts)


def _limits(node: Node, now: datetime) -> tuple[datetime | None, datetime | None]:
    start: datetime | None = None
    end: datetime | None = None
    for part in node.nodes if isinstance(node, And) else (node,):
        if isinstance(part, Last):
            start, end = now - part.span, now
        elif isinstance(part, Published):
            start, end = part.after or start, part.before or end
    return start, end


def _floor(then: datetime, step: timedelta, zone: timezone) -> datetime:
    """Return the last whole step before a moment; weeks begin on Monday."""
    monday = datetime(1970, 1, 5, tzinfo=zone)
    return monday + (then - monday) // step * step

"""CPU and wall time of the same act, done by Earful and by hand in turns."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field


@dataclass
class Timer:
    """Seconds of CPU and of wall time for each side."""

    own: list[tuple[float, float]] = field(default_factory=list)
    raw: list[tuple[float, float]] = field(default_factory=list)

    def both(self, own: Callable[[], object], raw: Callable[[], object]) -> None:
        """Do both once."""
        self.own.append(timed(own))
        self.raw.append(timed(raw))

    def __add__(self, other: Timer) -> Timer:
        """Return all measurements together."""
        return Timer(self.own + other.own, self.raw + other.raw)

    def told(self, *, wall: bool = False) -> dict[str, float]:
        """Return percentiles in milliseconds, and ratios to the baseline with a 95 % interval.

        Ratios are of CPU time, which other programs on the machine disturb least; of `wall` time where
        the work is done in another process.
        """
        place = 1 if wall else 0
        own, raw = [one[place] for one in self.own], [one[place] for one in self.raw]
        waited, waited_raw = [one[1] for one in self.own], [one[1] for one in self.raw]
        low, high = interval(own, raw, 0.95)
        told = {
            "p50_ms": ms(percentile(waited, 0.5)),
            "p95_ms": ms(percentile(waited, 0.95)),
            "raw_p50_ms": ms(percentile(waited_raw, 0.5)),
            "raw_p95_ms": ms(percentile(waited_raw, 0.95)),
        }
        if not wall:
            told |= {
                "p50_cpu_ms": ms(percentile(own, 0.5)),
                "p95_cpu_ms": ms(percentile(own, 0.95)),
                "raw_p50_cpu_ms": ms(percentile(raw, 0.5)),
                "raw_p95_cpu_ms": ms(percentile(raw, 0.95)),
            }
        return told | {
            "ratio_p50": round(ratio(own, raw, 0.5), 2),
            "ratio_p95": round(ratio(own, raw, 0.95), 2),
            "ratio_p95_low": round(low, 2),
            "ratio_p95_high": round(high, 2),
        }


def timed(act: Callable[[], object]) -> tuple[float, float]:
    """Return the seconds of CPU and of wall time that `act` took."""
    cpu, wall = time.process_time(), time.perf_counter()
    act()
    return time.process_time() - cpu, time.perf_counter() - wall


def percentile(values: Sequence[float], part: float) -> float:
    """Return the value that `part` of all lie under."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def ratio(own: Sequence[float], raw: Sequence[float], part: float) -> float:
    """Return how many times as long ours takes at a percentile."""
    return percentile(own, part) / max(percentile(raw, part), 1e-6)


def interval(own: Sequence[float], raw: Sequence[float], part: float) -> tuple[float, float]:
    """Return the 95 % interval of `ratio`, from 200 resamples of the same pairs."""
    rnd = random.Random(7)  # noqa: S311 — resampling, not secrets
    drawn = []
    for _ in range(200):
        places = rnd.choices(range(len(own)), k=len(own))
        drawn.append(ratio([own[i] for i in places], [raw[i] for i in places], part))
    return percentile(drawn, 0.025), percentile(drawn, 0.975)


def ms(seconds: float) -> float:
    """Return milliseconds to the microsecond."""
    return round(seconds * 1000, 3)


def together(timers: Iterable[Timer]) -> Timer:
    """Return all measurements of several timers as one."""
    return sum(timers, Timer())

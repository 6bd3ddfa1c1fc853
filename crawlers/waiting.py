"""When to ask again: what `Retry-After` and the reset headers of services mean. Pure functions."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from core.clock import as_utc
from crawlers.page import time_of

#: No service is waited for longer than this, whatever it says (FAULTS A3 21: "10 years").
LONGEST = timedelta(hours=24)
#: Waited after a refusal that names no time.
UNSAID = timedelta(seconds=60)
#: A wait is lengthened by up to this share, never shortened: many clients then do not come back at once.
JITTER = 0.1
#: First pause between two tries of a failing server; doubles with each.
PAUSE = timedelta(seconds=1)
#: The largest number that can be seconds from now; a larger one is seconds since 1970 (services use both).
_SECONDS_FROM_NOW = 10**9

#: Headers of services that count requests in windows: how many are left, and when the next window begins.
WINDOWS = (
    ("x-ratelimit-remaining", "x-ratelimit-reset"),
    ("ratelimit-remaining", "ratelimit-reset"),
    ("x-rate-limit-remaining", "x-rate-limit-reset"),
)


def wait_until(headers: Mapping[str, str], now: datetime) -> datetime:
    """Return the moment before which a service that said 429 or 503 is not asked again.

    Args:
        headers: of the answer, names in lower case.
        now: when it came.
    """
    said = retry_after(headers.get("retry-after"), now)
    for _, reset in WINDOWS if said is None else ():
        said = said or reset_at(headers.get(reset), now)
    wait = (said - now) if said else UNSAID
    return now + min(max(wait, timedelta()), LONGEST)


def retry_after(value: str | None, now: datetime) -> datetime | None:
    """Return what a `Retry-After` means: seconds or an HTTP date; None for neither."""
    if value is None:
        return None
    value = value.strip()
    seconds = _number(value)
    if seconds is not None:
        return now + timedelta(seconds=min(seconds, LONGEST.total_seconds()))
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, IndexError, OverflowError):
        return None
    return as_utc(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def reset_at(value: str | None, now: datetime) -> datetime | None:
    """Return what a reset header means: seconds from now, seconds since 1970 or an ISO date."""
    if value is None:
        return None
    seconds = _number(value.strip())
    if seconds is None:
        return time_of(value.strip())
    return time_of(seconds) if seconds >= _SECONDS_FROM_NOW else now + timedelta(seconds=seconds)


def jittered(wait: timedelta) -> timedelta:
    """Return a wait made up to a tenth longer."""
    return wait * (1 + random.uniform(0, JITTER))  # noqa: S311 - spreads load, guards nothing


def pause(tries: int) -> timedelta:
    """Return the pause before another try after `tries` failures."""
    return jittered(PAUSE * 2 ** (tries - 1))


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return max(number, 0.0) if math.isfinite(number) else None

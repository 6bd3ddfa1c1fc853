"""Read the value after a field's colon."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from core.clock import as_utc
from core.labels import ChurnReason, Intent, Tone
from core.query import Between, Last, Node, OneOf, Published
from core.thread import Status

#: Values of `is:`; the first five are statuses of the thread.
IS_VALUES = (*(status.value for status in Status), "unanswered", "mine", "pinned", "duplicate", "context")
HAS_VALUES = ("note", "reply", "link", "rating", "correction")
#: Fields that take any text.
FREE_FIELDS = (
    "author",
    "source",
    "lang",
    "watch",
    "product",
    "rival",
    "assignee",
    "tag",
    "account",
    "url",
    "thread",
)
STAGES = ("unknown", "at_risk", "satisfied", "loyal", "advocate", "former")

#: Fields with a closed list of values.
CLOSED_FIELDS: dict[str, tuple[str, ...]] = {
    "is": IS_VALUES,
    "has": HAS_VALUES,
    "status": tuple(status.value for status in Status),
    "stage": STAGES,
    "sentiment": tuple(tone.value for tone in Tone),
    "intent": tuple(intent.value for intent in Intent),
    "churn": ("yes", "no", *(reason.value for reason in ChurnReason)),
}
TIME_FIELDS = ("after", "before", "last")
FIELD_NAMES = frozenset({"title", "text", *FREE_FIELDS, *CLOSED_FIELDS, *TIME_FIELDS})
#: Fields that may be asked toward another brand with `@`.
BRAND_FIELDS = frozenset({"sentiment", "churn", "intent"})

NUMBER = r"\d+(?:\.\d+)?|\.\d+"
COMPARISON = re.compile(rf"(>=|<=|>|<)\s*({NUMBER})$")
BRACKETS = re.compile(rf"\[\s*({NUMBER}|\*)\s+TO\s+({NUMBER}|\*)\s*\]?$", re.IGNORECASE)
SPAN = re.compile(r"(\d{1,5})(h|d|w|m|y)$", re.IGNORECASE)
DAYS = {"h": 1 / 24, "d": 1, "w": 7, "m": 30, "y": 365}
#: A hundred years: longer spans would leave the calendar.
MAX_DAYS = 36_500
VALUE_PART = re.compile(r'"([^"]*)"?|([^",]+)')


class FieldError(Exception):
    """Say why a field's value cannot be read."""


def read_field(name: str, brand: str | None, value: str) -> Node:
    """Read `name:value`, toward `brand` where one was named.

    Raises:
        FieldError: the value is not one that the field knows.
    """
    if brand and name not in BRAND_FIELDS:
        raise FieldError(f"only sentiment, churn and intent can be asked toward a brand, not {name}")
    if name in TIME_FIELDS:
        return _time(name, value.strip('"'))
    if name == "churn" and value[0] in "<>[":
        return _range(name, brand, value)
    values = [(quoted or bare).strip() for quoted, bare in VALUE_PART.findall(value)]
    values = [part for part in values if part]
    if not values:
        raise FieldError(f"{name}: needs a value")
    if name in CLOSED_FIELDS:
        return OneOf(name, tuple(_closed(name, part) for part in values), brand)
    return OneOf(name, tuple(values), brand)


def _closed(name: str, value: str) -> str:
    """Return the field's value that `value` names, whole or by its beginning (`neg`)."""
    known = CLOSED_FIELDS[name]
    folded = value.casefold()
    if folded in known:
        return folded
    begins = [word for word in known if word.startswith(folded)]
    if len(begins) != 1:
        raise FieldError(f"{name}: knows {', '.join(known)}, not {value!r}")
    return begins[0]


def _range(name: str, brand: str | None, value: str) -> Node:
    if match := COMPARISON.match(value):
        sign, number = match.group(1), _share(name, match.group(2))
        if sign[0] == ">":
            return Between(name, number, None, low_counts="=" in sign, brand=brand)
        return Between(name, None, number, high_counts="=" in sign, brand=brand)
    if match := BRACKETS.match(value):
        low, high = (None if end == "*" else _share(name, end) for end in match.groups())
        if low is not None and high is not None and low > high:
            raise FieldError(f"{name}: a range goes from the smaller number to the larger, not {value}")
        if low is None and high is None:
            return Between(name, 0.0, None, brand=brand)
        return Between(name, low, high, brand=brand)
    raise FieldError(f"{name}: takes >0.7, <=0.3 or [0.3 TO 0.7], not {value!r}")


def _share(name: str, number: str) -> float:
    if float(number) > 1:
        raise FieldError(f"{name}: is a probability from 0 to 1, not {number}; write 0.7 for 70 %")
    return float(number)


def _time(name: str, value: str) -> Node:
    if name == "last":
        match = SPAN.match(value)
        if match is None:
            raise FieldError(f"last: takes a number and h, d, w, m or y, such as 7d, not {value!r}")
        days = min(int(match.group(1)) * DAYS[match.group(2).lower()], MAX_DAYS)
        return Last(timedelta(days=days), value.lower())
    try:
        moment = datetime.fromisoformat(value)
        # Dates without a zone are UTC days; the page shows other zones, the language does not guess them.
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else as_utc(moment)
    except ValueError:
        raise FieldError(f"{name}: takes a date such as 2026-01-31, not {value!r}") from None
    return Published(after=moment) if name == "after" else Published(before=moment)

"""What an account did before anything was decided: seven behaviours, from what its people said. Pure."""

from __future__ import annotations

import enum
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

#: Behaviours are measured over so long before the window in which an outcome may fall.
LOOK_BACK = timedelta(days=180)
#: Length of such a window; nothing said inside it counts for it.
WINDOW = timedelta(days=60)
#: Accounts are first judged when they have been listened to for so long.
WATCHED_FIRST = timedelta(days=90)
MONTH = timedelta(days=30)


class Behaviour(enum.StrEnum):
    """Name what is observed of an account."""

    MENTIONS = "mentions"
    TONE = "tone"
    ANSWERED = "answered"
    WAIT = "wait"
    SILENCE = "silence"
    RIVALS = "rivals"
    SHIPPED = "shipped"


#: By how much a behaviour must differ for one hazard ratio: units that people can name.
STEPS: Mapping[Behaviour, float] = {
    Behaviour.MENTIONS: 1.0,  # mention a month
    Behaviour.TONE: 0.5,  # from -1 to +1 is the whole scale
    Behaviour.ANSWERED: 0.1,  # ten points of the share of questions answered
    Behaviour.WAIT: 24.0,  # hours
    Behaviour.SILENCE: 30.0,  # days
    Behaviour.RIVALS: 1.0,  # mention a month
    Behaviour.SHIPPED: 1.0,  # request
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Word:
    """Something that somebody of an account said."""

    at: datetime
    #: P(positive) - P(negative) toward us; None where no label tells.
    tone: float | None = None
    question: bool = False
    #: When anybody answered it, and when one of us spoke after it in its thread.
    answered_at: datetime | None = None
    replied_at: datetime | None = None
    #: Rivals that it names.
    rivals: int = 0
    #: When we said that what it asks for is there; None for no request, or none yet.
    shipped_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Watched:
    """An account over the time in which it could be heard."""

    key: str
    begin: datetime
    #: When it was lost; else the last moment that is known of it.
    end: datetime
    lost: bool
    words: tuple[Word, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One account over one window: what it did before, and whether it was lost inside. Days since `begin`."""

    key: str
    start: float
    stop: float
    lost: bool
    #: What was seen; what could not be seen (no question, no reply) is left out.
    values: Mapping[Behaviour, float]


def rows_of(accounts: Iterable[Watched]) -> list[Row]:
    """Return every account's windows, one after another; those heard for too short a time have none."""
    found = []
    for account in accounts:
        opens = account.begin + WATCHED_FIRST
        while opens < account.end:
            closes = min(opens + WINDOW, account.end)
            found.append(
                Row(
                    key=account.key,
                    start=_days(opens - account.begin),
                    stop=_days(closes - account.begin),
                    lost=account.lost and closes == account.end,
                    values=behaviours(account, before=opens),
                )
            )
            opens = closes
    return found


def behaviours(account: Watched, *, before: datetime) -> dict[Behaviour, float]:
    """Return what an account did until `before`; nothing later counts, a later answer neither."""
    since = max(account.begin, before - LOOK_BACK)
    months = max((before - since) / MONTH, 1.0)
    words = [word for word in account.words if since <= word.at < before]
    values = {
        Behaviour.MENTIONS: len(words) / months,
        Behaviour.TONE: _trend(words, middle=since + (before - since) / 2),
        Behaviour.SILENCE: _days(before - max((word.at for word in words), default=since)),
        Behaviour.RIVALS: sum(word.rivals for word in words) / months,
        Behaviour.SHIPPED: float(sum(_by(word.shipped_at, before) for word in words)),
    }
    questions = [word for word in words if word.question]
    if questions:
        values[Behaviour.ANSWERED] = sum(_by(word.answered_at, before) for word in questions) / len(questions)
    waits = [_days(word.replied_at - word.at) * 24 for word in words
             if word.replied_at is not None and word.replied_at < before]  # fmt: skip
    if waits:
        values[Behaviour.WAIT] = statistics.median(waits)
    return values


def _trend(words: Sequence[Word], *, middle: datetime) -> float:
    """Return how much friendlier the later half is than the earlier one; 0 where either is silent."""
    early = [word.tone for word in words if word.tone is not None and word.at < middle]
    late = [word.tone for word in words if word.tone is not None and word.at >= middle]
    return statistics.fmean(late) - statistics.fmean(early) if early and late else 0.0


def _by(moment: datetime | None, before: datetime) -> bool:
    return moment is not None and moment < before


def _days(span: timedelta) -> float:
    return span / timedelta(days=1)

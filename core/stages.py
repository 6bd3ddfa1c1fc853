"""Where a customer stands, worked out from what they said: pure rules, each with the quotes behind it.

A mention becomes *evidence* (`core.evidence` reads it): signs of satisfaction, of expectations exceeded, of
public recommendation, of answering others' questions, of discontent, of leaving. From all evidence of one
person, the stage before and the present moment, `judge` tells the stage:

former
    said that they left or have gone over to another, and did not come back with good words on two later days
at_risk
    said in the last 182 days that they leave or look around, with no good words on two later days since;
    or complaints outweigh good words by 2.5 (half-life 90 days; they stay at risk down to 1.25)
advocate
    loyal or positively surprised, and recommended or helped others in public twice within a year, at least
    once a recommendation (or helped three times); stays with one such act a year
loyal
    good words on three days, the first and last 90 days apart or more, and a score of 2 (stays down to 1.2)
satisfied
    a score of 0.5 (stays down to 0.25)
unknown
    everything else

The score adds up good words (1), surprise and public acts (2 each) less complaints (1), each halved every
180 days. The lower threshold for staying (hysteresis) keeps people from flickering between two stages. A
churn signal expires after 182 days without a new one. What was said after `now` counts for nothing.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

HALF_LIFE = timedelta(days=180)
SOUR_HALF_LIFE = timedelta(days=90)
CHURN_LIVES = timedelta(days=182)
ACTS_COUNT = timedelta(days=365)
DURABLE = timedelta(days=90)
DURABLE_DAYS = 3
#: Enter at the first, stay down to the second.
SATISFIED_AT = (0.5, 0.25)
LOYAL_AT = (2.0, 1.2)
SOUR_AT = (2.5, 1.25)
ADVOCATE_ACTS = (2, 1)
HELPS = 3
#: Good words on so many later days take back what was said about leaving.
RETURNS = 2
#: Why somebody is at risk who talks about leaving; their account is, too.
LEAVES = "talks about leaving"
#: Quotes shown with a reason.
QUOTES = 3


class Stage(enum.StrEnum):
    """Name a person's or an account's place."""

    UNKNOWN = "unknown"
    AT_RISK = "at_risk"
    SATISFIED = "satisfied"
    LOYAL = "loyal"
    ADVOCATE = "advocate"
    FORMER = "former"


#: From the worst news to the best; an account's people are summed up along it.
HEIGHT = {Stage.UNKNOWN: 0, Stage.SATISFIED: 1, Stage.LOYAL: 2, Stage.ADVOCATE: 3}


class Signal(enum.StrEnum):
    """Name what a mention is a sign of."""

    SATISFIED = "satisfied"
    #: Expectations exceeded.
    EXCEEDED = "exceeded"
    RECOMMENDED = "recommended"
    #: Answered somebody else's question.
    HELPED = "helped"
    UNHAPPY = "unhappy"
    #: Asked for what is not there.
    WISHED = "wished"
    LEAVING = "leaving"
    LEFT = "left"
    #: Named a rival; `detail` is its name and tone.
    RIVAL = "rival"
    #: Talks about renegotiating, or about SaaS instead of on-premise; `detail` tells which.
    SHOPPING = "shopping"
    #: We answered them.
    TOUCHED = "touched"
    #: Good words that nobody of us answered.
    OWED = "owed"


GOOD = frozenset({Signal.SATISFIED, Signal.EXCEEDED, Signal.RECOMMENDED, Signal.HELPED})
PUBLIC = frozenset({Signal.RECOMMENDED, Signal.HELPED})
WEIGHTS = {
    Signal.SATISFIED: 1.0,
    Signal.EXCEEDED: 2.0,
    Signal.RECOMMENDED: 2.0,
    Signal.HELPED: 2.0,
    Signal.UNHAPPY: -1.0,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """One sign in one mention: where it stands, characters `start` to `end` of the mention's `said`."""

    signal: Signal
    mention_id: str
    thread_id: str
    at: datetime
    start: int = 0
    end: int = 0
    #: A churn reason, a rival's name …
    detail: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Because:
    """Why somebody stands where they do, with the quotes behind it."""

    why: str
    quotes: tuple[Evidence, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """A stage with its reasons."""

    stage: Stage
    score: float = 0.0
    because: tuple[Because, ...] = ()


class Step(enum.StrEnum):
    """Name what moves a customer on from where they stand."""

    LISTEN = "listen"
    PROOF_OF_VALUE = "proof_of_value"
    COMMUNITY = "community"
    LEADERSHIP = "leadership"
    THANK = "thank"
    WIN_BACK = "win_back"


#: What is suggested next, by stage.
NEXT = {
    Stage.UNKNOWN: Step.LISTEN,
    Stage.AT_RISK: Step.PROOF_OF_VALUE,
    Stage.SATISFIED: Step.COMMUNITY,
    Stage.LOYAL: Step.LEADERSHIP,
    Stage.ADVOCATE: Step.THANK,
    Stage.FORMER: Step.WIN_BACK,
}


def judge(evidence: Iterable[Evidence], *, before: Stage, now: datetime) -> Verdict:
    """Return where a person stands at `now`, who stood at `before` until then."""
    said = sorted((one for one in evidence if one.at <= now), key=lambda one: (one.at, one.mention_id))
    score = round(sum(WEIGHTS.get(one.signal, 0.0) * _left_of(one.at, HALF_LIFE, now) for one in said), 4)
    trouble = _trouble(said, before, now)
    if trouble is not None:
        stage, because = trouble
        return Verdict(stage=stage, score=score, because=(because,))
    good = [one for one in said if one.signal in GOOD]
    durable = _durable(good, score, before)
    acts = _acts(good, before, durable=durable is not None, score=score, now=now)
    if acts is not None:
        return Verdict(stage=Stage.ADVOCATE, score=score, because=(acts, *([durable] if durable else [])))
    if durable is not None:
        return Verdict(stage=Stage.LOYAL, score=score, because=(durable,))
    if good and score >= SATISFIED_AT[before in HEIGHT and HEIGHT[before] >= 1]:
        why = Because(why="said good things", quotes=_newest(good))
        return Verdict(stage=Stage.SATISFIED, score=score, because=(why,))
    return Verdict(stage=Stage.UNKNOWN, score=score)


def _trouble(said: Sequence[Evidence], before: Stage, now: datetime) -> tuple[Stage, Because] | None:
    left = [one for one in said if one.signal is Signal.LEFT]
    if left and not _returned(said, left[-1].at):
        return Stage.FORMER, Because(why="said that they left", quotes=_newest(left))
    leaving = [one for one in said if one.signal is Signal.LEAVING and now - one.at <= CHURN_LIVES]
    if leaving and not _returned(said, leaving[-1].at):
        return Stage.AT_RISK, Because(why=LEAVES, quotes=_newest(leaving))
    sour = sum(
        _left_of(one.at, SOUR_HALF_LIFE, now) * (1 if one.signal is Signal.UNHAPPY else -1)
        for one in said
        if one.signal is Signal.UNHAPPY or one.signal in GOOD
    )
    if sour >= SOUR_AT[before is Stage.AT_RISK]:
        unhappy = [one for one in said if one.signal is Signal.UNHAPPY]
        return Stage.AT_RISK, Because(why="complaints outweigh good words", quotes=_newest(unhappy))
    return None


def _returned(said: Sequence[Evidence], since: datetime) -> bool:
    days = {one.at.date() for one in said if one.signal in GOOD and one.at > since}
    return len(days) >= RETURNS


def _durable(good: Sequence[Evidence], score: float, before: Stage) -> Because | None:
    days = {one.at.date() for one in good}
    stays = before in (Stage.LOYAL, Stage.ADVOCATE)
    if len(days) < DURABLE_DAYS or good[-1].at - good[0].at < DURABLE or score < LOYAL_AT[stays]:
        return None
    months = round((good[-1].at - good[0].at) / timedelta(days=30.4))
    return Because(
        why=f"good words on {len(days)} days over {months} months", quotes=(good[0], *_newest(good)[:2])
    )


def _acts(
    good: Sequence[Evidence], before: Stage, *, durable: bool, score: float, now: datetime
) -> Because | None:
    stays = before is Stage.ADVOCATE
    surprised = any(one.signal is Signal.EXCEEDED for one in good) and score >= LOYAL_AT[stays]
    if not durable and not surprised:
        return None
    public = [one for one in good if one.signal in PUBLIC and now - one.at <= ACTS_COUNT]
    acts = {one.mention_id for one in public}
    if len(acts) < ADVOCATE_ACTS[stays]:
        return None
    recommended = any(one.signal is Signal.RECOMMENDED for one in public)
    if not stays and not recommended and len(acts) < HELPS:
        return None
    return Because(why="speaks for us or helps others in public", quotes=_newest(public))


def _newest(said: Sequence[Evidence]) -> tuple[Evidence, ...]:
    return tuple(reversed(said[-QUOTES:]))


def _left_of(at: datetime, half_life: timedelta, now: datetime) -> float:
    return float(0.5 ** ((now - at) / half_life))

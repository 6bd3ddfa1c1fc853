"""Priority: how much a thread needs us, as a sum of reasons that a person can check.

Each reason adds `weight × strength` points, strength from 0 to 1. The strengths:

    churn       P(churn toward the product) from 0.35 up, of the matched mention where it is highest
    negative    P(negative toward the product) minus P(positive), of the matched mention where it is highest
    unanswered  hours since the oldest matched mention without a later word of ours: 1 - 2^(-h/12);
                only while the thread is open or snoozed
    question    P(question), bug: P(bug), purchase: P(purchase interest); of the unanswered mentions
    reach       log10 of followers and reactions of the most visible matched mention, full at 100,000
    heat        posts within the last day, full at 20
    repeat      the same author in several matched mentions of the thread, full at 4
    customer    somebody of an account that is known: half, and full at 100,000 a year
    rival       a rival named beside churn intent, or beside unanswered purchase interest
    praise      taken off where the product is praised and nobody asks anything
    irrelevant  most is taken off where the mentions read like what people marked "not about us"

Two things weaken them. All but heat and praise fade with the thread's age: they halve with every 30 days
(`half_life_days`) since its newest matched mention, so that today's outage goes before last season's
farewell. And churn, negative and rival keep four tenths (`answered`) of their strength for a mention that
already has an answer of ours: somebody is on it, and who waits goes first.

Time only ever comes in through `now`, so the same stored facts and the same moment give the same points.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.labels import Intent, Labels, Span, Tone
from core.settings import PriorityWeights
from core.thread import Correction, Priority, Reason, ReasonSpan, Status, StoredMention, Thread

#: Below this, a churn probability is noise: most texts are not about leaving.
CHURN_FLOOR = 0.35
#: Half of the waiting points are there after this many hours.
WAITING_HALF = 12.0
#: Reach and heat at which their strength is full.
FULL_REACH = 100_000
FULL_HEAT = 20
FULL_REPEAT = 4
#: What an account is worth a year from which on its strength is full.
FULL_WORTH = 100_000
#: From this share of full reach on, a mention is seen by many (about 1,000 people).
MANY = 0.6
#: Reasons under this many points are noise to the reader and left out.
SMALLEST = 0.5
#: Below this freshness a reason says how old it is.
OLD = 0.7
#: Under this probability of being about the product at all, a thread goes down.
DOUBTFUL = 0.3
#: In these a person waits for us; in the others it is their turn, or nothing is left to do.
OURS_TO_ACT = (Status.OPEN, Status.SNOOZED)


@dataclass(frozen=True, kw_only=True, slots=True)
class Customer:
    """The account that somebody in a thread belongs to."""

    name: str
    tier: str = ""
    #: A year; None for not known.
    value: float | None = None


@dataclass(frozen=True, slots=True)
class _Case:
    """What the reasons are worked out from."""

    thread: Thread
    product: str
    now: datetime
    weights: PriorityWeights
    #: The matched mentions that still stand.
    live: Sequence[StoredMention]
    #: Ids of those without a later word of ours.
    waiting: frozenset[str]
    customer: Customer | None

    @property
    def age(self) -> timedelta:
        """Time since the newest matched mention."""
        return max(timedelta(0), self.now - max(stored.mention.published_at for stored in self.live))

    @property
    def fresh(self) -> float:
        """Strength that is left at this age."""
        return float(2 ** (-(self.age / timedelta(days=1)) / self.weights.half_life_days))

    def standing(self, stored: StoredMention) -> float:
        """Return how much one mention still counts."""
        return self.fresh * (1.0 if stored.mention.id in self.waiting else self.weights.answered)

    def labelled(self) -> Iterator[tuple[StoredMention, Labels]]:
        """Yield the mentions that have labels toward the product, with these."""
        for stored in self.live:
            labels = product_labels(stored, self.product)
            if labels is not None and labels.not_labelled is None:
                yield stored, labels

    def correction(self, stored: StoredMention) -> Correction | None:
        """Return the newest word of a person against a mention's labels."""
        said = [
            correction
            for correction in self.thread.corrections
            if correction.mention_id == stored.mention.id and correction.brand == self.product
        ]
        # Of two at the same moment the later one in the list counts.
        return max(reversed(said), key=lambda correction: correction.at, default=None)

    def strongest(self, p: Callable[[StoredMention, Labels], float]) -> _Strongest | None:
        """Return the labelled mention where `p`, weakened by its standing, is highest."""
        found = [_Strongest(stored, labels, p(stored, labels)) for stored, labels in self.labelled()]
        return max(found, key=lambda one: one.p * self.standing(one.stored), default=None)

    def when(self) -> str:
        """Return how old a faded reason is, to stand at its end."""
        return f", {_duration(self.age / timedelta(hours=1))} ago" if self.fresh < OLD else ""


@dataclass(frozen=True, slots=True)
class _Strongest:
    stored: StoredMention
    labels: Labels
    p: float


def prioritise(
    thread: Thread,
    *,
    product: str,
    now: datetime,
    weights: PriorityWeights,
    customer: Customer | None = None,
) -> Priority:
    """Work out a thread's priority toward `product` at `now`; `customer` is the account behind it."""
    live = [stored for stored in thread.matched if not stored.mention.deleted]
    if thread.triage.not_about_us or not live:
        return Priority()
    waiting = frozenset(stored.mention.id for stored in unanswered(thread))
    case = _Case(thread, product, now, weights, live, waiting, customer)
    reasons = [
        *_churn(case),
        *_rival(case),
        *_negative(case),
        *_unanswered(case),
        *_asked(case),
        *_reach(case),
        *_heat(case),
        *_repeat(case),
        *_customer(case),
        *_praise(case),
    ]
    reasons += _irrelevant(case, sum(reason.points for reason in reasons))
    kept = [reason for reason in reasons if abs(reason.points) >= SMALLEST]
    return Priority(reasons=tuple(sorted(kept, key=lambda reason: -reason.points)))


def _irrelevant(case: _Case, points: float) -> Iterator[Reason]:
    said = [labels.relevance for _, labels in case.labelled() if labels.relevance is not None]
    if said and max(said) < DOUBTFUL:
        why = f"reads like what was marked “not about us”: {max(said):.0%} about {case.product}"
        yield Reason(points=-points * (1 - max(said)), why=why)


def unanswered(thread: Thread) -> list[StoredMention]:
    """Return the matched mentions with no later word of ours in the thread, oldest first."""
    ours = [
        stored.mention.published_at for stored in thread.mentions if stored.own and not stored.mention.deleted
    ]
    last = max(ours, default=None)
    waiting = [
        stored
        for stored in thread.matched
        if not stored.mention.deleted and (last is None or stored.mention.published_at > last)
    ]
    return sorted(waiting, key=lambda stored: stored.mention.published_at)


def product_labels(stored: StoredMention, product: str) -> Labels | None:
    """Return the labels of a mention toward `product`, where it has an answer."""
    return next((labels for labels in stored.mention.labels if labels.brand == product), None)


def _churn(case: _Case) -> Iterator[Reason]:
    best = case.strongest(lambda stored, labels: _leaving(case, stored, labels))
    if best is None or best.p < CHURN_FLOOR:
        return
    correction = case.correction(best.stored)
    if correction is not None and correction.churn:
        why = f"leaving, says {correction.by}"
    else:
        reason = best.labels.churn.reason if best.labels.churn else None
        words = f" ({reason.value.replace('_', ' ')})" if reason else ""
        why = f"may be leaving{words}: {best.p:.0%}"
    yield Reason(
        points=case.weights.churn * best.p * case.standing(best.stored),
        why=why + case.when(),
        span=_span(best.stored, best.labels.churn_spans),
    )


def _leaving(case: _Case, stored: StoredMention, labels: Labels) -> float:
    """Return P(churn), 0 where it is noise; a person's word goes before the model's."""
    correction = case.correction(stored)
    if correction is not None and correction.churn is not None:
        return 1.0 if correction.churn else 0.0
    p = labels.churn.p if labels.churn else 0.0
    return p if p >= CHURN_FLOOR else 0.0


def _rival(case: _Case) -> Iterator[Reason]:
    def choosing(stored: StoredMention, labels: Labels) -> float:
        if not _rivals(case, stored):
            return 0.0
        buying = (
            labels.intents.get(Intent.PURCHASE_INTEREST, 0.0) if stored.mention.id in case.waiting else 0.0
        )
        return max(_leaving(case, stored, labels), buying if buying >= CHURN_FLOOR else 0.0)

    best = case.strongest(choosing)
    if best is not None:
        points = case.weights.rival * best.p * case.standing(best.stored)
        yield Reason(points=points, why=f"names {', '.join(_rivals(case, best.stored))}")


def _rivals(case: _Case, stored: StoredMention) -> list[str]:
    """Return the other brands that a mention is known to name: it has an answer toward each of them."""
    return sorted({labels.brand for labels in stored.mention.labels} - {case.product, ""})


def _negative(case: _Case) -> Iterator[Reason]:
    best = case.strongest(lambda stored, labels: _unhappiness(labels, case.correction(stored)))
    if best is None or best.p <= 0:
        return
    correction = case.correction(best.stored)
    if correction is not None and correction.tone is not None:
        why = f"unhappy with {case.product}, says {correction.by}"
    else:
        why = f"unhappy with {case.product}: {best.p:.0%}"
    yield Reason(
        points=case.weights.negative * best.p * case.standing(best.stored),
        why=why + case.when(),
        span=_span(best.stored, best.labels.sentiment_spans),
    )


def _unhappiness(labels: Labels, correction: Correction | None) -> float:
    if correction is not None and correction.tone is not None:
        return 1.0 if correction.tone == Tone.NEGATIVE else 0.0
    return labels.sentiment.negative - labels.sentiment.positive if labels.sentiment else 0.0


def _unanswered(case: _Case) -> Iterator[Reason]:
    waiting = unanswered(case.thread)
    if not waiting or case.thread.triage.status not in OURS_TO_ACT:
        return
    hours = max(0.0, (case.now - waiting[0].mention.published_at) / timedelta(hours=1))
    yield Reason(
        points=case.weights.unanswered * (1 - 2 ** (-hours / WAITING_HALF)) * case.fresh,
        why=f"unanswered for {_duration(hours)}",
    )


def _asked(case: _Case) -> Iterator[Reason]:
    asked = [labels for stored, labels in case.labelled() if stored.mention.id in case.waiting]
    for intent, weight, why in (
        (Intent.QUESTION, case.weights.question, "asks a question"),
        (Intent.BUG, case.weights.bug, "reports a bug"),
        (Intent.PURCHASE_INTEREST, case.weights.purchase, "thinks of buying"),
    ):
        p = max((labels.intents.get(intent, 0.0) for labels in asked), default=0.0)
        if p >= CHURN_FLOOR:
            yield Reason(points=weight * p * case.fresh, why=why)


def _reach(case: _Case) -> Iterator[Reason]:
    seen = max(
        (stored.mention.author.followers or 0) + 10 * stored.mention.engagement.total for stored in case.live
    )
    strength = min(1.0, math.log10(1 + seen) / math.log10(1 + FULL_REACH))
    why = "seen by many" if strength > MANY else "some reach"
    yield Reason(points=case.weights.reach * strength * case.fresh, why=why)


def _heat(case: _Case) -> Iterator[Reason]:
    day_ago = case.now - timedelta(days=1)
    posts = sum(1 for stored in case.thread.mentions if stored.mention.published_at >= day_ago)
    if posts > 1:
        yield Reason(
            points=case.weights.heat * min(1.0, posts / FULL_HEAT), why=f"{posts} posts in the last day"
        )


def _repeat(case: _Case) -> Iterator[Reason]:
    authors = Counter(_author(stored) for stored in case.live if stored.mention.author.handle)
    for author, times in authors.most_common(1):
        if times > 1:
            strength = min(1.0, times / FULL_REPEAT)
            yield Reason(
                points=case.weights.repeat * strength * case.fresh, why=f"{author} wrote {times} times"
            )


def _customer(case: _Case) -> Iterator[Reason]:
    if case.customer is None:
        return
    worth = math.log10(1 + (case.customer.value or 0.0)) / math.log10(1 + FULL_WORTH)
    tier = f", {case.customer.tier}" if case.customer.tier else ""
    yield Reason(
        points=case.weights.customer * (1 + min(1.0, worth)) / 2 * case.fresh,
        why=f"{case.customer.name} is a customer{tier}",
    )


def _praise(case: _Case) -> Iterator[Reason]:
    labelled = list(case.labelled())
    if labelled and all(_praises(labels, case.correction(stored)) for stored, labels in labelled):
        asks = max(labels.intents.get(Intent.QUESTION, 0.0) for _, labels in labelled)
        yield Reason(points=-case.weights.praise * (1 - asks), why=f"only praise for {case.product}")


def _praises(labels: Labels, correction: Correction | None) -> bool:
    if correction is not None and correction.tone is not None:
        return correction.tone == Tone.POSITIVE
    return labels.sentiment is not None and labels.sentiment.tone is Tone.POSITIVE


def _author(stored: StoredMention) -> str:
    return stored.mention.author.handle or stored.mention.author.name or "somebody"


def _span(stored: StoredMention, spans: tuple[Span, ...]) -> ReasonSpan | None:
    """Return the words that spoke most for a label; those that spoke against it are no reason."""
    first = next((span for span in spans if span.weight > 0), None)
    if first is None:
        return None
    return ReasonSpan(mention_id=stored.mention.id, start=first.start, end=first.end)


def _duration(hours: float) -> str:
    if hours < 1:
        return _count(round(hours * 60), "minute")
    if hours < 48:  # noqa: PLR2004
        return _count(round(hours), "hour")
    return _count(round(hours / 24), "day")


def _count(number: int, unit: str) -> str:
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"

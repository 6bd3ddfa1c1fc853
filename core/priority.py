"""Priority: how much a thread needs us, as a sum of reasons that a person can check.

Each reason adds `weight × strength` points, strength from 0 to 1. The strengths:

    churn       P(churn toward the product) from 0.35 up, of the mention where it is highest
    negative    P(negative toward the product) minus P(positive), of the matched mention where it is highest
    unanswered  hours since the oldest matched mention without a later word of ours: 1 - 2^(-h/12)
    question    P(question), bug: P(bug); of the unanswered mentions
    reach       log10 of followers and reactions of the most visible matched mention, full at 100,000
    heat        replies within the last day, full at 20
    repeat      the same author in several matched mentions of the thread, full at 4
    rival       a rival named beside churn intent or purchase interest
    praise      taken off where the product is praised and nobody asks anything

Time only ever comes in through `now`, so the same stored facts and the same moment give the same points.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
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
#: Reasons under this many points are noise to the reader and left out.
SMALLEST = 0.5


def prioritise(thread: Thread, *, product: str, now: datetime, weights: PriorityWeights) -> Priority:
    """Work out a thread's priority toward `product` at `now`."""
    if thread.triage.not_about_us or not thread.matched:
        return Priority()
    reasons = [
        *_churn(thread, product, weights),
        *_negative(thread, product, weights),
        *_unanswered(thread, now, weights),
        *_asked(thread, product, weights),
        *_reach(thread, weights),
        *_heat(thread, now, weights),
        *_repeat(thread, weights),
        *_praise(thread, product, weights),
    ]
    kept = [reason for reason in reasons if abs(reason.points) >= SMALLEST]
    return Priority(reasons=tuple(sorted(kept, key=lambda reason: -reason.points)))


def unanswered(thread: Thread) -> list[StoredMention]:
    """Return the matched mentions with no later word of ours in the thread, oldest first."""
    ours = [
        stored.mention.published_at for stored in thread.mentions if stored.own and not stored.mention.deleted
    ]
    last = max(ours, default=None)
    return [
        stored
        for stored in thread.matched
        if not stored.mention.deleted and (last is None or stored.mention.published_at > last)
    ]


def product_labels(stored: StoredMention, product: str) -> Labels | None:
    """Return the labels of a mention toward `product`, where it has an answer."""
    return next((labels for labels in stored.mention.labels if labels.brand == product), None)


def _labelled(thread: Thread, product: str) -> Iterator[tuple[StoredMention, Labels]]:
    for stored in thread.matched:
        labels = product_labels(stored, product)
        if labels is not None and labels.not_labelled is None and not stored.mention.deleted:
            yield stored, labels


def _correction(thread: Thread, stored: StoredMention, product: str) -> Correction | None:
    said = [c for c in thread.corrections if c.mention_id == stored.mention.id and c.brand == product]
    return said[-1] if said else None


def _churn(thread: Thread, product: str, weights: PriorityWeights) -> Iterator[Reason]:
    best: tuple[float, StoredMention, Labels] | None = None
    for stored, labels in _labelled(thread, product):
        correction = _correction(thread, stored, product)
        p = labels.churn.p if labels.churn else 0.0
        if correction is not None and correction.churn is not None:
            p = 1.0 if correction.churn else 0.0
        if best is None or p > best[0]:
            best = (p, stored, labels)
    if best is None or best[0] < CHURN_FLOOR:
        return
    p, stored, labels = best
    reason = labels.churn.reason if labels.churn else None
    words = f" ({reason.value.replace('_', ' ')})" if reason else ""
    yield Reason(
        points=weights.churn * p,
        why=f"{_author(stored)} may be leaving{words}: {p:.0%}",
        span=_span(stored, labels.churn_spans),
    )
    others = [label.brand for label in stored.mention.labels if label.brand and label.brand != product]
    if others:
        yield Reason(points=weights.rival * p, why=f"names {', '.join(sorted(others))}")


def _negative(thread: Thread, product: str, weights: PriorityWeights) -> Iterator[Reason]:
    best: tuple[float, StoredMention, Labels] | None = None
    for stored, labels in _labelled(thread, product):
        strength = _unhappiness(labels, _correction(thread, stored, product))
        if best is None or strength > best[0]:
            best = (strength, stored, labels)
    if best is not None and best[0] > 0:
        strength, stored, labels = best
        yield Reason(
            points=weights.negative * strength,
            why=f"{_author(stored)} is unhappy with {product}: {strength:.0%}",
            span=_span(stored, labels.sentiment_spans),
        )


def _unhappiness(labels: Labels, correction: Correction | None) -> float:
    if correction is not None and correction.tone is not None:
        return 1.0 if correction.tone == Tone.NEGATIVE else 0.0
    return labels.sentiment.negative - labels.sentiment.positive if labels.sentiment else 0.0


def _unanswered(thread: Thread, now: datetime, weights: PriorityWeights) -> Iterator[Reason]:
    waiting = unanswered(thread)
    if not waiting or thread.triage.status in (Status.RESOLVED, Status.IGNORED):
        return
    hours = max(0.0, (now - waiting[0].mention.published_at) / timedelta(hours=1))
    yield Reason(
        points=weights.unanswered * (1 - 2 ** (-hours / WAITING_HALF)),
        why=f"unanswered for {_duration(hours)}",
    )


def _asked(thread: Thread, product: str, weights: PriorityWeights) -> Iterator[Reason]:
    waiting = {stored.mention.id for stored in unanswered(thread)}
    asked = [labels for stored, labels in _labelled(thread, product) if stored.mention.id in waiting]
    for intent, weight, why in (
        (Intent.QUESTION, weights.question, "asks a question"),
        (Intent.BUG, weights.bug, "reports a bug"),
    ):
        p = max((labels.intents.get(intent, 0.0) for labels in asked), default=0.0)
        if p >= CHURN_FLOOR:
            yield Reason(points=weight * p, why=why)


def _reach(thread: Thread, weights: PriorityWeights) -> Iterator[Reason]:
    seen = max(
        (stored.mention.author.followers or 0) + 10 * stored.mention.engagement.total
        for stored in thread.matched
    )
    strength = min(1.0, math.log10(1 + seen) / math.log10(1 + FULL_REACH))
    yield Reason(points=weights.reach * strength, why="seen by many" if strength > 0.6 else "some reach")  # noqa: PLR2004


def _heat(thread: Thread, now: datetime, weights: PriorityWeights) -> Iterator[Reason]:
    day_ago = now - timedelta(days=1)
    replies = sum(1 for stored in thread.mentions if stored.mention.published_at >= day_ago)
    if replies > 1:
        yield Reason(
            points=weights.heat * min(1.0, replies / FULL_HEAT), why=f"{replies} posts in the last day"
        )


def _repeat(thread: Thread, weights: PriorityWeights) -> Iterator[Reason]:
    authors = Counter(_author(stored) for stored in thread.matched if stored.mention.author.handle)
    for author, times in authors.most_common(1):
        if times > 1:
            strength = min(1.0, times / FULL_REPEAT)
            yield Reason(points=weights.repeat * strength, why=f"{author} wrote {times} times")


def _praise(thread: Thread, product: str, weights: PriorityWeights) -> Iterator[Reason]:
    labelled = [labels for _, labels in _labelled(thread, product)]
    if not labelled:
        return
    if all(labels.sentiment and labels.sentiment.tone is Tone.POSITIVE for labels in labelled):
        asks = max(labels.intents.get(Intent.QUESTION, 0.0) for labels in labelled)
        yield Reason(points=-weights.praise * (1 - asks), why=f"only praise for {product}")


def _author(stored: StoredMention) -> str:
    return stored.mention.author.handle or stored.mention.author.name or "somebody"


def _span(stored: StoredMention, spans: tuple[Span, ...]) -> ReasonSpan | None:
    if not spans:
        return None
    return ReasonSpan(mention_id=stored.mention.id, start=spans[0].start, end=spans[0].end)


def _duration(hours: float) -> str:
    if hours < 1:
        return f"{round(hours * 60)} minutes"
    if hours < 48:  # noqa: PLR2004
        return f"{round(hours)} hours"
    return f"{round(hours / 24)} days"

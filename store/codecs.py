"""Values as both engines hold them: times as whole microseconds, labels and mappings as short JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from core.labels import Churn, ChurnReason, Intent, Labels, Sentiment, Span
from core.mention import Kind
from core.thread import Priority, Reason, ReasonSpan

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
#: Digits kept of a probability, as in the JSON contract.
PLACES = 4

# Our own texts begin with no space, which `json.loads` would look for.
_decode: Callable[[str, int], tuple[Any, int]] = vars(json.JSONDecoder())["scan_once"]

# Made once: `json.dumps` makes one for each text.
_encode = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"), sort_keys=True).encode

REASONS = list(ChurnReason)
INTENTS = list(Intent)
#: What a kind means, looked up: making one of its name costs ten times as much.
KINDS = {kind.value: kind for kind in Kind}


def storable(text: str) -> str:
    """Return `text` as both engines hold and compare it: a NUL becomes a space, a lone surrogate U+FFFD."""
    if "\x00" in text:
        text = text.replace("\x00", " ")
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def micros(moment: datetime) -> int:
    """Return `moment` as whole microseconds since 1970."""
    since = moment - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def maybe_micros(moment: datetime | None) -> int | None:
    """Return `moment` as `micros`, None for None."""
    return None if moment is None else micros(moment)


def moment(value: int) -> datetime:
    """Return the time that `micros` made a number of."""
    return EPOCH + value * MICROSECOND


def maybe_moment(value: int | None) -> datetime | None:
    """Return the time that a number means, None for None."""
    return None if value is None else moment(value)


def dumps(value: object) -> str:
    """Return plain JSON values as short text, the same for the same values."""
    return _encode(value)


def loads(text: str) -> dict[str, object]:
    """Return the JSON object that a text holds."""
    value: dict[str, object] = json.loads(text)
    return value


def labels_to_text(labels: Labels) -> str:
    """Return labels as short JSON: a tenth of a million rows' size is names, so heads are lists by place."""
    data: dict[str, object] = {"m": labels.model, "l": labels.language}
    if labels.sentiment is not None:
        tones = labels.sentiment
        data["s"] = [round(p, PLACES) for p in (tones.negative, tones.neutral, tones.positive)]
    if labels.churn is not None:
        reasons = labels.churn.reasons
        data["c"] = [
            round(labels.churn.p, PLACES),
            [[REASONS.index(reason), round(p, PLACES)] for reason, p in reasons.items()],
        ]
    if labels.intents:
        data["i"] = [[INTENTS.index(intent), round(p, PLACES)] for intent, p in labels.intents.items()]
    if labels.not_labelled is not None:
        data["n"] = labels.not_labelled
    if labels.relevance is not None:
        data["r"] = round(labels.relevance, PLACES)
    for key, spans in (("cs", labels.churn_spans), ("ss", labels.sentiment_spans)):
        if spans:
            data[key] = [[span.start, span.end, round(span.weight, PLACES)] for span in spans]
    return dumps(data)


def labels_from_text(brand: str, text: str) -> Labels:
    """Return the labels that `labels_to_text` wrote."""
    data, _ = _decode(text, 0)
    told = data.get
    sentiment, churn, intents = told("s"), told("c"), told("i")
    return Labels.restored(
        brand,
        data["m"],
        Sentiment.restored(*sentiment) if sentiment else None,
        _churn(*churn) if churn else None,
        {INTENTS[i]: p for i, p in intents} if intents else {},
        data["l"],
        told("n"),
        told("r"),
        _spans(data["cs"]) if "cs" in data else (),
        _spans(data["ss"]) if "ss" in data else (),
    )


def _churn(p: float, reasons: list[tuple[int, float]]) -> Churn:
    return Churn.restored(p, {REASONS[i]: share for i, share in reasons} if reasons else {})


def _spans(data: list[tuple[int, int, float]]) -> tuple[Span, ...]:
    return tuple(Span(start=start, end=end, weight=weight) for start, end, weight in data)


#: What `priority_to_text` writes of most threads: nobody needs us there, or nobody has looked yet.
NO_REASONS = "[]"


def priority_to_text(priority: Priority) -> str:
    """Return a priority's reasons as JSON."""
    return dumps(
        [
            [reason.points, reason.why, span and [span.mention_id, span.start, span.end]]
            for reason in priority.reasons
            for span in [reason.span]
        ]
    )


def priority_from_text(text: str) -> Priority:
    """Return the priority that `priority_to_text` wrote."""
    if text == NO_REASONS:
        return Priority()
    return Priority(
        reasons=tuple(
            Reason(
                points=points,
                why=why,
                span=ReasonSpan(mention_id=span[0], start=span[1], end=span[2]) if span else None,
            )
            for points, why, span in json.loads(text)
        )
    )


def plain(value: Mapping[str, object]) -> dict[str, object]:
    """Return a mapping as JSON would give it back."""
    return loads(dumps(dict(value)))

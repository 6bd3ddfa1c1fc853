"""Labels: a model's word about one mention, toward one brand."""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from core.errors import InputError
from core.restored import Restored

#: How far three probabilities may be from summing to one: rounding to four places, three times.
SUM_TOLERANCE = 0.01


class ChurnReason(enum.StrEnum):
    """Name why somebody leaves, as the labelling guide does."""

    CANCEL_STATED = "cancel_stated"
    SWITCHING = "switching"
    EVALUATING_ALTERNATIVES = "evaluating_alternatives"
    PRICE_OR_RENEWAL = "price_or_renewal"
    CONDITIONAL_THREAT = "conditional_threat"
    ALREADY_LEFT = "already_left"


class Intent(enum.StrEnum):
    """Name what an author wants; a text can have several."""

    QUESTION = "question"
    BUG = "bug"
    FEATURE_REQUEST = "feature_request"
    COMPLAINT = "complaint"
    PRAISE = "praise"
    RECOMMENDATION = "recommendation"
    PURCHASE_INTEREST = "purchase_interest"


class Tone(enum.StrEnum):
    """Name the three sentiments; neutral is one of them and not the absence of one."""

    NEGATIVE = "negative"
    NEUTRAL = "neutral"
    POSITIVE = "positive"


@dataclass(frozen=True, kw_only=True, slots=True)
class Sentiment(Restored):
    """Probabilities of the three tones toward the brand; they sum to one."""

    negative: float
    neutral: float
    positive: float

    def __post_init__(self) -> None:
        """Refuse numbers that are no distribution.

        Raises:
            ValueError: one is outside 0..1, or they do not sum to one.
        """
        for name in Tone:
            _probability(name.value, getattr(self, name.value))
        if abs(self.negative + self.neutral + self.positive - 1.0) > SUM_TOLERANCE:
            raise ValueError("sentiment probabilities must sum to 1")

    @property
    def tone(self) -> Tone:
        """The likeliest tone."""
        return max(Tone, key=lambda tone: (self.p(tone), tone is Tone.NEUTRAL))

    def p(self, tone: Tone) -> float:
        """Return the probability of `tone`."""
        return float(getattr(self, tone.value))


@dataclass(frozen=True, kw_only=True, slots=True)
class Churn(Restored):
    """Probability that the author leaves the brand, and of each reason given that."""

    p: float
    reasons: Mapping[ChurnReason, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse numbers outside 0..1.

        Raises:
            ValueError: a probability is outside 0..1.
        """
        _probability("churn", self.p)
        for reason, p in self.reasons.items():
            _probability(reason.value, p)

    @property
    def reason(self) -> ChurnReason | None:
        """The likeliest reason, where the model tells any."""
        return max(self.reasons, key=lambda reason: self.reasons[reason]) if self.reasons else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """Part of a text that moved a label: characters `start` to `end`, and how much it added."""

    start: int
    end: int
    weight: float

    def __post_init__(self) -> None:
        """Refuse a stretch that holds no character.

        Raises:
            ValueError: it is empty, ends before it starts, or its weight is no number.
        """
        if not 0 <= self.start < self.end:
            raise ValueError(f"a span holds at least one character, not {self.start} to {self.end}")
        if not math.isfinite(self.weight):
            raise ValueError("a span's weight is a number")


@dataclass(frozen=True, kw_only=True, slots=True)
class Labels(Restored):
    """All that one model says about one mention toward one brand.

    A head that the model does not have is None or empty, never zero. Either there are labels, or
    `not_labelled` says why there are none.
    """

    #: The brand's canonical name; empty for "what the text is about as a whole".
    brand: str
    #: `name.vN` of the model, or of the rule that refused.
    model: str
    sentiment: Sentiment | None = None
    churn: Churn | None = None
    intents: Mapping[Intent, float] = field(default_factory=dict)
    #: BCP 47 language of the text as recognised, or `und`.
    language: str = "und"
    not_labelled: str | None = None
    #: Probability that the text is about the brand at all, learnt from people's "not about us"; None until
    #: there are enough of their verdicts.
    relevance: float | None = None
    #: Words that moved the churn label, strongest first; only where it was asked to explain.
    churn_spans: tuple[Span, ...] = ()
    #: The same for the sentiment.
    sentiment_spans: tuple[Span, ...] = ()

    def __post_init__(self) -> None:
        """Refuse an answer that is none, or is two at once.

        Raises:
            ValueError: no model name, no answer at all, or labels beside a refusal.
        """
        if not self.model:
            raise ValueError("labels name the model that gave them")
        for intent, p in self.intents.items():
            _probability(intent.value, p)
        if self.relevance is not None:
            _probability("relevance", self.relevance)
        said = self.sentiment is not None or self.churn is not None or bool(self.intents)
        if said == (self.not_labelled is not None):
            raise ValueError("either labels or the reason why there are none")

    def to_json(self) -> dict[str, object]:
        """Return the labels in the shape of the JSON contract; absent heads are absent."""
        data: dict[str, object] = {"brand": self.brand, "language": self.language, "model": self.model}
        if self.not_labelled is not None:
            data["not_labelled"] = self.not_labelled
        if self.sentiment is not None:
            data["sentiment"] = {tone.value: round(self.sentiment.p(tone), 4) for tone in Tone}
        if self.churn is not None:
            data["churn"] = {
                "p": round(self.churn.p, 4),
                "reasons": {reason.value: round(p, 4) for reason, p in self.churn.reasons.items()},
            }
        if self.intents:
            data["intents"] = {intent.value: round(p, 4) for intent, p in self.intents.items()}
        if self.relevance is not None:
            data["relevance"] = round(self.relevance, 4)
        for name in ("churn_spans", "sentiment_spans"):
            spans: tuple[Span, ...] = getattr(self, name)
            if spans:
                data[name] = [[span.start, span.end, round(span.weight, 4)] for span in spans]
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> Labels:
        """Read labels back from the JSON contract.

        Raises:
            InputError: a field is missing or not of its type.
        """
        try:
            sentiment, churn = data.get("sentiment"), data.get("churn")
            return cls(
                brand=str(data.get("brand") or ""),
                model=str(data["model"]),
                language=str(data.get("language") or "und"),
                sentiment=Sentiment(**_floats(sentiment)) if sentiment is not None else None,
                churn=_churn(churn) if churn is not None else None,
                intents={Intent(name): p for name, p in _floats(data.get("intents") or {}).items()},
                not_labelled=str(data["not_labelled"]) if data.get("not_labelled") else None,
                relevance=None if data.get("relevance") is None else _floats({"p": data["relevance"]})["p"],
                churn_spans=_spans(data.get("churn_spans")),
                sentiment_spans=_spans(data.get("sentiment_spans")),
            )
        except KeyError as error:
            raise InputError(f"not labels: {error} is missing") from error
        except (TypeError, ValueError, OverflowError) as error:
            raise InputError(f"not labels: {error}") from error


def _churn(data: object) -> Churn:
    if not isinstance(data, Mapping):
        raise TypeError("churn must be an object")
    reasons = _floats(data.get("reasons") or {})
    return Churn(p=float(data["p"]), reasons={ChurnReason(name): p for name, p in reasons.items()})


def _spans(data: object) -> tuple[Span, ...]:
    if data is None:
        return ()
    if not isinstance(data, list):
        raise TypeError("spans must be a list")
    return tuple(Span(start=int(a), end=int(b), weight=float(w)) for a, b, w in data)


def _floats(data: object) -> dict[str, float]:
    if not isinstance(data, Mapping):
        raise TypeError("probabilities must be an object")
    return {str(name): float(p) for name, p in data.items()}


def _probability(name: str, p: float) -> None:
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"{name} must lie between 0 and 1, not {p}")

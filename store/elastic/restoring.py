"""Mentions and labels from the bodies of documents: the store wrote them of values that were checked then."""

from __future__ import annotations

from datetime import datetime

from core.labels import Churn, ChurnReason, Intent, Labels, Sentiment, Span
from core.mention import Author, Engagement, Mention
from store.codecs import KINDS
from store.elastic.faults import Json

#: What names mean, looked up as kinds are.
REASONS = {reason.value: reason for reason in ChurnReason}
INTENTS = {intent.value: intent for intent in Intent}


def mention_restored(data: Json, labels: tuple[Labels, ...] = ()) -> Mention:
    """Return the mention that `mention_to_json` wrote into a body, carrying `labels`."""
    author, engagement, edited = data["author"], data["engagement"], data["edited_at"]
    return Mention.restored(
        data["id"],
        data["source"],
        data["native_id"],
        KINDS[data["kind"]],
        data["url"],
        data["thread_id"],
        data["parent_id"],
        Author.restored(author["id"], author["handle"], author["name"], author["url"], author["followers"]),
        data["title"],
        data["text"],
        data["language"],
        datetime.fromisoformat(data["published_at"]),
        data.get("published_known", True),
        datetime.fromisoformat(edited) if edited else None,
        data["deleted"],
        Engagement.restored(
            engagement["score"], engagement["replies"], engagement["shares"], engagement["views"]
        ),
        data["rating"],
        labels,
    )


def labels_restored(data: Json) -> Labels:
    """Return the labels that `Labels.to_json` wrote into a body."""
    tones, churn, intents = data.get("sentiment"), data.get("churn"), data.get("intents")
    return Labels.restored(
        data["brand"],
        data["model"],
        Sentiment.restored(tones["negative"], tones["neutral"], tones["positive"]) if tones else None,
        _churn(churn) if churn else None,
        {INTENTS[name]: p for name, p in intents.items()} if intents else {},
        data["language"],
        data.get("not_labelled"),
        data.get("relevance"),
        _spans(data.get("churn_spans")),
        _spans(data.get("sentiment_spans")),
    )


def _churn(data: Json) -> Churn:
    return Churn.restored(data["p"], {REASONS[name]: p for name, p in data["reasons"].items()})


def _spans(data: list[tuple[int, int, float]] | None) -> tuple[Span, ...]:
    return tuple(Span(start=start, end=end, weight=weight) for start, end, weight in data or ())

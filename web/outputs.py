"""A view as data: JSON, JSON Lines, CSV that no spreadsheet runs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from flask import Response, stream_with_context

from core.cells import guarded
from core.clock import iso
from core.labels import Labels
from core.mention import Mention, mention_to_json
from core.search import Hit
from core.thread import Correction, Priority, StoredMention, ThreadRow, triage_to_json
from web import wording

#: Most rows of one CSV or JSON Lines; said beside the link and in the header `X-Earful-Limit`.
CSV_LIMIT = 10_000

MENTION_COLUMNS = (
    "id", "source", "published_at", "author", "title", "text", "url", "thread_id",
    "brand", "sentiment", "sentiment_p", "churn_p", "churn_reason",
)  # fmt: skip
THREAD_COLUMNS = (
    "id", "priority", "reasons", "status", "assignee", "title", "excerpt", "author", "source", "url",
    "waiting_since", "newest_at", "mentions",
)  # fmt: skip


def csv_response(name: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """Return rows as RFC 4180 CSV, written while they are read from the store."""

    def lines() -> Iterator[str]:
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\r\n")
        writer.writerow(columns)
        for row in rows:
            writer.writerow([guarded(cell) for cell in row])
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
        yield buffer.getvalue()

    response = Response(stream_with_context(lines()), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    response.headers["X-Earful-Limit"] = str(CSV_LIMIT)
    return response


def lines_response(name: str, values: Iterable[Mapping[str, object]]) -> Response:
    """Return values as JSON Lines, written while they are read from the store."""
    lines = (json.dumps(value, ensure_ascii=False) + "\n" for value in values)
    response = Response(stream_with_context(lines), mimetype="application/jsonl")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.jsonl"'
    response.headers["X-Earful-Limit"] = str(CSV_LIMIT)
    return response


def json_response(data: object) -> Response:
    """Return a value as JSON."""
    return Response(json.dumps(data, ensure_ascii=False, indent=1), mimetype="application/json")


def mention_cells(mention: Mention, labels: Labels | None) -> list[object]:
    """Return one mention as a row of `MENTION_COLUMNS`."""
    tone, churn = wording.tone_of(labels), wording.churn_of(labels)
    return [
        mention.id, mention.source, iso(mention.published_at), mention.author.handle, mention.title,
        mention.text, mention.url, mention.thread_id, labels.brand if labels else "",
        tone[0].value if tone else "", f"{tone[1]:.4f}" if tone else "",
        f"{churn[0]:.4f}" if churn else "", churn[1].value if churn and churn[1] else "",
    ]  # fmt: skip


def thread_cells(row: ThreadRow) -> list[object]:
    """Return one thread as a row of `THREAD_COLUMNS`."""
    reasons = "; ".join(f"{reason.points:+.0f} {reason.why}" for reason in row.priority.reasons)
    waiting = iso(row.waiting_since) if row.waiting_since else ""
    return [
        row.id, f"{row.priority.points:.1f}", reasons, row.triage.status.value, row.triage.assignee,
        row.title, row.excerpt, row.author, row.source, row.url, waiting, iso(row.newest_at), row.mentions,
    ]  # fmt: skip


def priority_json(priority: Priority) -> dict[str, object]:
    """Return a priority with its reasons in the shape of the JSON contract."""
    return {
        "priority": round(priority.points, 2),
        "reasons": [
            {
                "points": round(reason.points, 2),
                "why": reason.why,
                "span": {
                    "mention_id": reason.span.mention_id,
                    "start": reason.span.start,
                    "end": reason.span.end,
                }
                if reason.span
                else None,
            }
            for reason in priority.reasons
        ],
    }


def row_json(row: ThreadRow, matched: Sequence[StoredMention]) -> dict[str, object]:
    """Return one line of the queue, with its matched mentions, in the shape of the JSON contract."""
    return {
        "id": row.id,
        **priority_json(row.priority),
        **triage_to_json(row.triage),
        "labels": [labels.to_json() for labels in row.top.labels] if row.top else [],
        "correction": correction_json(row.correction) if row.correction else None,
        "mentions": [mention_to_json(stored.mention) for stored in matched],
        "mention_count": row.mentions,
        "size": row.size,
        "source": row.source,
        "title": row.title,
        "excerpt": row.excerpt,
        "author": row.author,
        "url": row.url,
        "watches": list(row.watches),
        "newest_at": iso(row.newest_at),
        "waiting_since": iso(row.waiting_since) if row.waiting_since else None,
    }


def correction_json(correction: Correction) -> dict[str, object]:
    """Return a person's word against a label."""
    return {
        "mention_id": correction.mention_id,
        "brand": correction.brand,
        "by": correction.by,
        "at": iso(correction.at),
        "tone": correction.tone,
        "churn": correction.churn,
    }


def hit_json(hit: Hit) -> dict[str, object]:
    """Return one hit: the mention as everywhere, with where it matched."""
    return {
        **mention_to_json(hit.stored.mention),
        "own": hit.stored.own,
        "context": hit.stored.context,
        "marks": {
            "title": [list(mark) for mark in hit.title_marks],
            "text": [list(m) for m in hit.text_marks],
        },
    }

"""Threads for tests of what is worked out from them."""

from __future__ import annotations

from datetime import datetime, timedelta

from core.labels import Labels
from core.mention import Author, Engagement
from core.thread import Correction, Priority, Reason, Status, StoredMention, Thread, Triage
from tests.builders import NOW, a_mention

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def said(
    *labels: Labels,
    ago: timedelta = timedelta(0),
    text: str = "Acme is down again",
    author: Author | str | None = "ada",
    own: bool = False,
    context: bool = False,
    deleted: bool = False,
    engagement: Engagement | None = None,
    now: datetime = NOW,
) -> StoredMention:
    """Something said `ago` before now."""
    mention = a_mention(
        text=text,
        author=author,
        published_at=now - ago,
        labels=labels,
        deleted=deleted,
        engagement=engagement,
        thread_id="hackernews:thread",
    )
    return StoredMention(
        mention=mention,
        revision=1,
        watches=("acme",),
        context=context,
        own=own,
        first_seen_at=mention.published_at,
    )


def a_thread(
    *mentions: StoredMention,
    status: Status = Status.OPEN,
    not_about_us: bool = False,
    corrections: tuple[Correction, ...] = (),
) -> Thread:
    """A thread of these mentions."""
    return Thread(
        id="hackernews:thread",
        source="hackernews",
        title="Acme",
        url=None,
        watches=("acme",),
        mentions=mentions,
        triage=Triage(status=status, not_about_us=not_about_us),
        corrections=corrections,
    )


def because(priority: Priority, words: str) -> list[Reason]:
    """Return the reasons that say `words`."""
    return [reason for reason in priority.reasons if words in reason.why]

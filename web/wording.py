"""Facts in words: times, numbers, labels, statuses, acts. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from core.audit import AuditRecord
from core.kept import Doing, Hold
from core.labels import ChurnReason, Intent, Labels, Tone
from core.source import SourceStatus
from core.thread import Status

#: From here on a probability counts as said.
LIKELY = 0.5

#: Icon and word of everything that a colour also tells; never the colour alone.
TONES = {
    Tone.NEGATIVE: ("frown", "Negative"),
    Tone.NEUTRAL: ("flat", "Neutral"),
    Tone.POSITIVE: ("smile", "Positive"),
}
STATUSES = {
    Status.OPEN: ("circle", "Open"),
    Status.WAITING: ("hourglass", "Waiting for them"),
    Status.SNOOZED: ("moon", "Snoozed"),
    Status.RESOLVED: ("check-circle", "Resolved"),
    Status.IGNORED: ("slash", "Ignored"),
}
SOURCE_STATUSES = {
    SourceStatus.NEW: ("circle", "Not read yet"),
    SourceStatus.OK: ("check-circle", "OK"),
    SourceStatus.SUSPECT: ("alert", "Suspect"),
    SourceStatus.BACKING_OFF: ("hourglass", "Backing off"),
    SourceStatus.BLOCKED: ("slash", "Blocked"),
    SourceStatus.DEAD: ("cross", "Dead"),
}
SOURCES = {
    "appstore": "App Store",
    "bluesky": "Bluesky",
    "discourse": "Discourse",
    "feed": "Feed",
    "github": "GitHub",
    "hackernews": "Hacker News",
    "lemmy": "Lemmy",
    "mastodon": "Mastodon",
    "reddit": "Reddit",
    "stackexchange": "Stack Exchange",
    "x": "X",
    "youtube": "YouTube",
}
ACTS = {
    "label.correct": "Label corrected",
    "note.add": "Note added",
    "note.remove": "Note removed",
    "setting.save": "Setting saved",
    "session.end": "Signed out",
    "session.start": "Signed in",
    "session.end_others": "Signed out everywhere else",
    "session.fail": "Sign-in tried",
    "source.fetch": "Fetch asked for",
    "source.pause": "Source paused",
    "source.resume": "Source resumed",
    "macro.remove": "Macro removed",
    "macro.save": "Macro saved",
    "mute.remove": "Unmuted",
    "mute.save": "Muted",
    "triage.answer": "Answered, waiting for them",
    "triage.assign": "Assigned",
    "triage.ignore": "Ignored",
    "triage.not_about_us": "Marked “not about us”",
    "triage.pin": "Pinned",
    "triage.reopen": "Reopened",
    "triage.resolve": "Resolved",
    "triage.return": "Given back untouched",
    "triage.snooze": "Snoozed",
    "triage.tag": "Tags changed",
    "triage.wait": "Waiting for them",
    "user.disable": "User disabled",
    "user.enable": "User let in again",
    "user.password": "Password chosen",
    "user.reset": "User reset",
    "view.remove": "View removed",
    "view.save": "View saved",
    "watch.save": "Watch saved",
}

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
#: From these many on, the next larger unit reads better.
FEW_HOURS, FEW_DAYS = 48, 60


def duration(span: timedelta) -> str:
    """Return a length of time in one unit: `4 min`, `3 h`, `12 d`."""
    if span < MINUTE:
        return "under a minute"
    if span < HOUR:
        return f"{span // MINUTE} min"
    if span < FEW_HOURS * HOUR:
        return f"{span // HOUR} h"
    if span < FEW_DAYS * DAY:
        return f"{span // DAY} d"
    months = span // (30 * DAY)
    return f"{months} mo" if span < 2 * 365 * DAY else f"{span // (365 * DAY)} y"


def ago(then: datetime, now: datetime) -> str:
    """Return how long ago a moment was."""
    span = now - then
    return (
        "just now"
        if timedelta(0) <= span < MINUTE
        else due(then, now)
        if span < timedelta(0)
        else f"{duration(span)} ago"
    )


def due(then: datetime, now: datetime) -> str:
    """Return how long it is until a moment."""
    return f"in {duration(then - now)}" if then > now else "now"


def moment(then: datetime) -> str:
    """Return a moment in full, with its zone named."""
    return f"{then.astimezone(UTC):%-d %b %Y, %H:%M} UTC"


def day(then: datetime) -> str:
    """Return a day."""
    return f"{then.astimezone(UTC):%-d %b %Y}"


def number(value: int) -> str:
    """Return a whole number with thousands apart."""
    return f"{value:,}"


def percent(p: float) -> str:
    """Return a probability the way a person says it; never 0 % or 100 %, which would claim certainty."""
    return "<1%" if p < 0.01 else ">99%" if p > 0.99 else f"{p:.0%}"  # noqa: PLR2004


def plain(name: str) -> str:
    """Return an inner name as words: `feature_request` becomes `feature request`."""
    return name.replace("_", " ")


def source(name: str) -> str:
    """Return a source's name as people know it."""
    return SOURCES.get(name, name.replace("_", " ").capitalize())


def is_language(tag: str | None) -> bool:
    """Tell whether a source's language tag is one that a browser knows: two letters, perhaps a region."""
    return bool(tag and re.fullmatch(r"[a-z]{2}(-[A-Za-z0-9]{2,8})?", tag))


def tone_of(labels: Labels | None) -> tuple[Tone, float] | None:
    """Return the likeliest tone and its probability."""
    if labels is None or labels.sentiment is None:
        return None
    return labels.sentiment.tone, labels.sentiment.p(labels.sentiment.tone)


def tone_look(name: str) -> tuple[str, str]:
    """Return icon and word of a tone that a person named."""
    return TONES[Tone(name)]


def churn_of(labels: Labels | None) -> tuple[float, ChurnReason | None] | None:
    """Return the churn probability and its likeliest reason."""
    if labels is None or labels.churn is None:
        return None
    return labels.churn.p, labels.churn.reason


def intents_of(labels: Labels | None) -> Sequence[tuple[Intent, float]]:
    """Return the intents that are likely, likeliest first."""
    if labels is None:
        return ()
    likely = [(intent, p) for intent, p in labels.intents.items() if p >= LIKELY]
    return sorted(likely, key=lambda pair: -pair[1])


def holding(hold: Hold) -> str:
    """Return what somebody does with a thread just now."""
    match hold.doing:
        case Doing.VIEWING:
            return f"{hold.user} is here"
        case Doing.REPLYING:
            return f"{hold.user} is replying"
        case Doing.TAKEN:
            return f"{hold.user} has it until {hold.until.astimezone(UTC):%H:%M} UTC"


def act(record: AuditRecord) -> str:
    """Return what an audit record says was done."""
    if record.action.startswith("undo:"):
        return "Undone"
    if record.action == "triage.assign":
        assignee = record.after.get("assignee")
        return f"Assigned to {assignee}" if assignee else "Unassigned"
    if record.action == "triage.pin":
        return "Pinned" if record.after.get("pinned") else "Unpinned"
    if record.action.startswith(("user.add.", "user.role.")):
        return f"Made {record.action.rpartition('.')[2]}"
    return ACTS.get(record.action, plain(record.action.rpartition(".")[2]).capitalize())

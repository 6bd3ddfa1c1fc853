"""Facts in words: times, numbers, labels, statuses, acts. Pure but for who reads: language, time zone."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from datetime import date as a_day
from datetime import datetime, timedelta

from babel.dates import format_date, format_skeleton
from babel.numbers import format_decimal, format_percent

from core.audit import AuditRecord
from core.kept import Doing, Hold
from core.labels import ChurnReason, Intent, Labels, Tone
from core.search import Count
from core.source import SourceStatus
from core.thread import Status
from core.token import Scope
from core.user import Role
from core.work import WorkState
from web.i18n import _, later, locale
from web.own import zone, zone_name

#: From here on a probability counts as said.
LIKELY = 0.5

#: Icon and word of everything that a colour also tells; never the colour alone.
TONES = {
    Tone.NEGATIVE: ("frown", later("Negative")),
    Tone.NEUTRAL: ("flat", later("Neutral")),
    Tone.POSITIVE: ("smile", later("Positive")),
}
STATUSES = {
    Status.OPEN: ("circle", later("Open")),
    Status.WAITING: ("hourglass", later("Waiting for them")),
    Status.SNOOZED: ("moon", later("Snoozed")),
    Status.RESOLVED: ("check-circle", later("Resolved")),
    Status.IGNORED: ("slash", later("Ignored")),
}
SOURCE_STATUSES = {
    SourceStatus.NEW: ("circle", later("Not read yet")),
    SourceStatus.OK: ("check-circle", later("OK")),
    SourceStatus.SUSPECT: ("alert", later("Suspect")),
    SourceStatus.BACKING_OFF: ("hourglass", later("Backing off")),
    SourceStatus.BLOCKED: ("slash", later("Blocked")),
    SourceStatus.DEAD: ("cross", later("Dead")),
}
SOURCES = {
    "appstore": "App Store",
    "bluesky": "Bluesky",
    "discourse": "Discourse",
    "feed": later("Feed"),
    "github": "GitHub",
    "hackernews": "Hacker News",
    "lemmy": "Lemmy",
    "mastodon": "Mastodon",
    "reddit": "Reddit",
    "stackexchange": "Stack Exchange",
    "x": "X",
    "youtube": "YouTube",
}
ROLES = {
    Role.ADMIN: later("Admin"),
    Role.AGENT: later("Agent"),
    Role.MARKETER: later("Marketer"),
    Role.VIEWER: later("Viewer"),
}
SCOPES = {
    Scope.FEED: later("Feed of"),
    Scope.READ: later("Read"),
    Scope.TRIAGE: later("Triage"),
    Scope.ADMIN: later("Admin"),
}
#: What the audit log is filtered by: beginnings of actions.
AUDITED = {
    "triage": later("Threads: status, owner, tags"),
    "note": later("Notes"),
    "label": later("Corrections of labels"),
    "watch": later("Watches"),
    "source": later("Sources"),
    "user": later("People who sign in"),
    "session": later("Signing in and out"),
    "token": later("Tokens"),
    "search": later("Saved searches"),
    "view": later("Views of the queue"),
    "setting": later("Settings"),
}
MUTED = {
    "author": later("author"),
    "source": later("source"),
    "thread": later("thread"),
    "word": later("word"),
}
WORK_STATES = {
    WorkState.WAITING: later("waiting"),
    WorkState.RUNNING: later("running"),
    WorkState.DONE: later("done"),
    WorkState.FAILED: later("failed"),
}
ACTS = {
    "connection.save": later("Account connected"),
    "account.remove": later("Connection disconnected"),
    "label.correct": later("Label corrected"),
    "note.add": later("Note added"),
    "note.remove": later("Note removed"),
    "reply.again": later("Reply tried again"),
    "setting.save": later("Setting saved"),
    "rule.remove": later("Alert removed"),
    "rule.save": later("Alert saved"),
    "session.end": later("Signed out"),
    "session.start": later("Signed in"),
    "session.end_others": later("Signed out everywhere else"),
    "session.fail": later("Sign-in tried"),
    "source.fetch": later("Fetch asked for"),
    "source.pause": later("Source paused"),
    "source.resume": later("Source resumed"),
    "macro.remove": later("Macro removed"),
    "macro.save": later("Macro saved"),
    "mute.remove": later("Unmuted"),
    "mute.save": later("Muted"),
    "search.remove": later("Saved search removed"),
    "search.save": later("Saved search saved"),
    "team.remove": later("Team removed"),
    "team.save": later("Team saved"),
    "token.remove": later("Token ended"),
    "token.save": later("Token made"),
    "triage.answer": later("Answered, waiting for them"),
    "triage.assign": later("Assigned"),
    "triage.ignore": later("Ignored"),
    "triage.not_about_us": later("Marked “not about us”"),
    "triage.pin": later("Pinned"),
    "triage.reopen": later("Reopened"),
    "triage.resolve": later("Resolved"),
    "triage.return": later("Given back untouched"),
    "triage.snooze": later("Snoozed"),
    "triage.tag": later("Tags changed"),
    "triage.wait": later("Waiting for them"),
    "user.disable": later("User disabled"),
    "user.enable": later("User let in again"),
    "user.password": later("Password chosen"),
    "user.reset": later("User reset"),
    "view.remove": later("View removed"),
    "view.save": later("View saved"),
    "watch.save": later("Watch saved"),
}

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
#: From these many on, the next larger unit reads better.
FEW_HOURS, FEW_DAYS = 48, 60


def duration(span: timedelta) -> str:
    """Return a length of time in one unit: `4 min`, `3 h`, `12 d`."""
    if span < MINUTE:
        return _("under a minute")
    if span < HOUR:
        return _("%(n)s min", n=span // MINUTE)
    if span < FEW_HOURS * HOUR:
        return _("%(n)s h", n=span // HOUR)
    if span < FEW_DAYS * DAY:
        return _("%(n)s d", n=span // DAY)
    if span < 2 * 365 * DAY:
        return _("%(n)s mo", n=span // (30 * DAY))
    return _("%(n)s y", n=span // (365 * DAY))


def ago(then: datetime, now: datetime) -> str:
    """Return how long ago a moment was."""
    span = now - then
    if span < timedelta(0):
        return due(then, now)
    return _("just now") if span < MINUTE else _("%(span)s ago", span=duration(span))


def due(then: datetime, now: datetime) -> str:
    """Return how long it is until a moment."""
    return _("in %(span)s", span=duration(then - now)) if then > now else _("now")


def moment(then: datetime) -> str:
    """Return a moment in full, with its zone named."""
    return _("%(day)s, %(time)s %(zone)s", day=day(then), time=_clock(then), zone=zone_name(then))


def day(then: datetime) -> str:
    """Return the day that a moment lies in, where the reader is."""
    return date(then.astimezone(zone()))


def date(then: datetime) -> str:
    """Return the day that stands in a moment as it is written, for days that are the same everywhere."""
    return _date(then.date() if isinstance(then, datetime) else then, str(locale()))


def number(value: int) -> str:
    """Return a whole number with thousands apart."""
    return _number(value, str(locale()))


# A page of a search says about 400 numbers and days, most of them twice; Babel takes 25 µs for each.
@functools.lru_cache(maxsize=4_096)
def _number(value: int, language: str) -> str:
    return format_decimal(value, locale=language)


@functools.lru_cache(maxsize=4_096)
def _date(then: a_day, language: str) -> str:
    return format_date(then, "medium", locale=language)


def amount(count: Count) -> str:
    """Return a count; one that is estimated, or only a lower bound, says so."""
    if count.about:
        return figure(count.value, exact=False)
    return number(count.value) + ("" if count.exact else "+")


def figure(value: int, *, exact: bool) -> str:
    """Return a whole number; an estimate is marked, and rounded to what a sample can tell."""
    if exact:
        return number(value)
    places = 10 ** max(0, len(str(value)) - 2)
    return f"≈ {number((value + places // 2) // places * places)}"


def percent(p: float) -> str:
    """Return a probability the way a person says it; never 0 % or 100 %, which would claim certainty."""
    if p < 0.01:  # noqa: PLR2004
        return "<" + format_percent(0.01, locale=locale())
    if p > 0.99:  # noqa: PLR2004
        return ">" + format_percent(0.99, locale=locale())
    return format_percent(round(p, 2), locale=locale())


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
            return _("%(name)s is here", name=hold.user)
        case Doing.REPLYING:
            return _("%(name)s is replying", name=hold.user)
        case Doing.TAKEN:
            until = f"{_clock(hold.until)} {zone_name(hold.until)}"
            return _("%(name)s has it until %(time)s", name=hold.user, time=until)


def act(record: AuditRecord) -> str:
    """Return what an audit record says was done."""
    if record.action.startswith("undo:"):
        return _("Undone")
    if record.action == "triage.assign":
        assignee = record.after.get("assignee")
        return _("Assigned to %(name)s", name=assignee) if assignee else _("Unassigned")
    if record.action == "triage.pin":
        return _("Pinned") if record.after.get("pinned") else _("Unpinned")
    if record.action.startswith(("user.add.", "user.role.")):
        return _("Made %(role)s", role=record.action.rpartition(".")[2])
    return ACTS.get(record.action, plain(record.action.rpartition(".")[2]).capitalize())


def _clock(then: datetime) -> str:
    return format_skeleton("Hm", then.astimezone(zone()), locale=locale())

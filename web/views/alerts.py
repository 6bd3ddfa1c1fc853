"""`/settings/alerts`: what the team is told of, previewed, tested and logged; `/alerts/…`: what one told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from flask import Blueprint, abort, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from core.errors import ConfigError, Conflict, InputError, NotFound, SendError
from core.thread import StoredMention
from engage import alerting
from engage.promises import policy_of, stored_policy
from engage.rules import MAX_QUERY, Every, Rule, When, messages, remove_rule, rule_of, rules, save_rule
from engage.saved_searches import SavedSearch, saved_searches
from engage.views import SavedView, views_of
from web.i18n import _, later
from web.own import zone
from web.services import now, outbound, services, the_store
from web.sessions import actor
from web.tokens import new_id
from web.ways import alert_ways, checked_target

blueprint = Blueprint("alerts", __name__)

EVERY = {
    Every.FIVE_MINUTES: later("At most every 5 minutes"),
    Every.QUARTER: later("At most every 15 minutes"),
    Every.HOUR: later("At most every hour"),
    Every.FOUR_HOURS: later("At most every 4 hours"),
    Every.DAY: later("Once a day"),
    Every.WEEK: later("Once a week, on Monday"),
}
WHEN = {
    When.SAID: later("Something is said"),
    When.SOON: later("A promise to somebody is nearly broken"),
    When.LATE: later("A promise to somebody is broken"),
}
#: Messages of a rule shown in its log, and mentions of one message on a page.
LOG, SHOWN = 30, 200
EXAMPLES = 5
SILENCES = {f"{hours}h": timedelta(hours=hours) for hours in (1, 8, 24, 168)}
TEXTS = ("name", "query", "follows", "way", "target", "hour", "zone", "quiet_from", "quiet_to")


@dataclass(frozen=True, kw_only=True, slots=True)
class Preview:
    """What a rule would have told in the last 30 days."""

    count: int
    messages: int
    #: Days with matches, and how many each had.
    days: Sequence[tuple[date, int]]
    examples: Sequence[StoredMention]


@blueprint.get("/settings/alerts")
def show() -> Response:
    """Show every rule with what it told last."""
    store = the_store()
    told = {rule.key: next(iter(alerting.alerts_of(store, rule.key, limit=1)), None) for rule in rules(store)}
    page = render_template(
        "settings/alerts.html", rules=rules(store), told=told, every=EVERY, whens=WHEN, ways=alert_ways(),
        count=alerting.count_of, present=now(),
    )  # fmt: skip
    return make_response(page)


@blueprint.get("/settings/alerts/edit")
def edit() -> Response:
    """Show the form of a new rule, or of one there is."""
    key = request.args.get("key", "")
    rule = rule_of(the_store(), key) if key else None
    if key and rule is None:
        raise NotFound("there is no such alert; somebody may have removed it")
    return _form(_written(rule) if rule else {**_fresh(), **_asked()}, rule=rule)


@blueprint.post("/settings/alerts/preview")
def preview() -> Response:
    """Show what the rule in the form would have told, before it is saved."""
    try:
        rule = _read()
    except InputError as error:
        return _form(request.form, error=str(error), status=400)
    return _form(request.form, rule=rule, seen=_preview(rule))


@blueprint.post("/settings/alerts/save")
def save() -> Response:
    """Store a rule."""
    try:
        rule = save_rule(the_store(), _read(), actor=actor(), now=now())
    except InputError as error:
        return _form(request.form, error=str(error), status=400)
    except Conflict:
        told = _("Somebody saved this alert first; open it again.")
        return _form(request.form, error=told, status=409)
    return redirect(url_for(".edit", key=rule.key, saved=1), code=303)


@blueprint.post("/settings/alerts/test")
def test() -> Response:
    """Send a test message now."""
    rule = _known(request.form.get("key", ""))
    settings = services().settings
    alert = alerting.test_alert(rule, address=settings.address, now=now())
    try:
        alerting.deliver(rule, settings.data_dir, outbound(), alert)
    except (SendError, InputError, ConfigError) as error:
        told = _("The test did not arrive: %(why)s.", why=str(error))
        return _form(_written(rule), rule=rule, error=told, status=409)
    return redirect(url_for(".edit", key=rule.key, tested=1), code=303)


@blueprint.post("/settings/alerts/silence")
def silence() -> Response:
    """Tell nothing for a while, or again; what comes meanwhile is told in one message afterwards."""
    rule = _known(request.form.get("key", ""))
    span = request.form.get("span", "")
    if span and span not in SILENCES:
        abort(400)
    until = now() + SILENCES[span] if span else None
    save_rule(the_store(), replace(rule, silenced_until=until), actor=actor(), now=now())
    return redirect(url_for(".edit", key=rule.key), code=303)


@blueprint.post("/settings/alerts/remove")
def remove() -> Response:
    """Take a rule away."""
    remove_rule(the_store(), request.form.get("key", ""), actor=actor(), now=now())
    return redirect(url_for(".show"), code=303)


@blueprint.post("/settings/alerts/again")
def again() -> Response:
    """Try a message once more that did not go out."""
    rule = _known(request.form.get("key", ""))
    item_id = request.form.get("item", "")
    if not item_id.startswith(f"alert:{rule.key}:"):
        abort(400)
    the_store().send_again(item_id, now=now())
    return redirect(url_for(".edit", key=rule.key), code=303)


@blueprint.get("/alerts/<rule>/<number>")
def told(rule: str, number: str) -> Response:
    """Show exactly the mentions that one message was about."""
    store = the_store()
    item = next(iter(store.outbox(ids=[f"alert:{rule}:{number}"], limit=1)), None)
    if item is None:
        raise NotFound("there is no such message")
    known = rule_of(store, rule)
    page = render_template(
        "settings/alert_told.html", rule=known, item=item, count=alerting.count_of(item),
        found=alerting.mentions_of(store, item, SHOWN),
    )  # fmt: skip
    return make_response(page)


def _known(key: str) -> Rule:
    rule = rule_of(the_store(), key)
    if rule is None:
        raise NotFound("there is no such alert; somebody may have removed it")
    return rule


def _fresh() -> dict[str, str]:
    return {
        "when": When.SAID.value,
        "every": Every.HOUR.value,
        "hour": "08:00",
        "zone": str(zone()),
        "on": "yes",
    }


def _asked() -> dict[str, str]:
    """Return what a link from the queue or the search fills in."""
    key = request.args.get("follows", "")
    named = next((one for one in _followed() if one.key == key), None)
    if named:
        return {"follows": key, "name": named.title, "query": named.query}
    if request.args.get("when") in (When.SOON, When.LATE):
        titles = {When.SOON: _("Promises nearly broken"), When.LATE: _("Promises broken")}
        when = When(request.args["when"])
        return {"when": when.value, "name": titles[when], "query": "is:open", "every": Every.QUARTER.value}
    return {"query": request.args.get("q", "")[:MAX_QUERY]}


def _followed() -> Sequence[SavedView | SavedSearch]:
    """Return the views and saved searches that an alert can follow."""
    store = the_store()
    return [*views_of(store, actor()), *saved_searches(store, actor())]


def _read() -> Rule:
    """Read a rule out of the form.

    Raises:
        InputError: it cannot be one.
    """
    form = request.form
    key, version = form.get("key", ""), form.get("version", default=0, type=int)
    old = rule_of(the_store(), key) if key and version else None
    if form.get("when", When.SAID.value) not in list(When):
        raise InputError(_("choose what to tell of"))
    if form.get("every", "") not in list(Every):
        raise InputError(_("choose how often to tell"))
    values = {name: form.get(name, "").strip() for name in TEXTS}
    values["target"] = checked_target(values["way"], values["target"])
    return Rule(
        key=key or new_id(),
        **values,
        when=When(form.get("when", When.SAID.value)),
        every=Every(form.get("every", "")),
        silenced_until=old.silenced_until if old else None,
        on=form.get("on") == "yes",
        since=old.since if old else now(),
        version=version,
    )


def _preview(rule: Rule) -> Preview:
    store = the_store()
    said = rule.when is When.SAID
    matches = alerting.matches(store, rule, alerting.PREVIEW, now=now())
    found = [one.stored for one in matches]
    moments = [one.stored.mention.published_at if said else one.at for one in matches]
    days = Counter(moment.date() for moment in moments)
    return Preview(
        count=len(found),
        messages=messages(rule, moments),
        days=sorted(days.items(), reverse=True),
        examples=found[:EXAMPLES],
    )


def _written(rule: Rule) -> dict[str, str]:
    texts = {name: str(getattr(rule, name)) for name in TEXTS}
    more = {"key": rule.key, "version": str(rule.version), "every": rule.every.value}
    more["when"] = rule.when.value
    return texts | more | ({"on": "yes"} if rule.on else {})


def _form(
    written: Mapping[str, str],
    *,
    rule: Rule | None = None,
    seen: Preview | None = None,
    error: str = "",
    status: int = 200,
) -> Response:
    stored = rule if rule and rule.version else None
    page = render_template(
        "settings/alert.html",
        written=written,
        rule=stored,
        seen=seen,
        log=alerting.alerts_of(the_store(), stored.key, limit=LOG) if stored else (),
        count=alerting.count_of,
        ways=alert_ways(),
        every=EVERY,
        whens=WHEN,
        promising=policy_of(stored_policy(the_store())) is not None,
        followed=_followed(),
        silences=SILENCES,
        present=now(),
        fresh_key=new_id(),
        error=error,
    )
    return make_response(page, status)

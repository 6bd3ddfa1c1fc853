"""`/settings/keys`: credentials of sources, for admins: entered here, tried at once, never shown again."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.exceptions import Forbidden
from werkzeug.wrappers import Response

from core.errors import ConfigError, InputError
from core.user import Role
from core.work import Work
from web.i18n import _
from web.services import now, services, the_store
from web.sessions import actor, signed

blueprint = Blueprint("keys", __name__)

#: Tries that are told below the forms.
TOLD = 6


@blueprint.before_request
def _admins_only() -> None:
    if signed().user.role is not Role.ADMIN:
        raise Forbidden(_("Only an admin sees which keys are set."))


@blueprint.get("/settings/keys")
def show() -> Response:
    """Show which credentials are set, and what each absent one would add."""
    return _page()


@blueprint.post("/settings/keys")
def save() -> Response:
    """Keep a credential, and ask for the one request that tries it."""
    source, field, host = (request.form.get(name, "").strip() for name in ("source", "field", "server"))
    name = f"{field}@{host.lower()}" if host else field
    try:
        services().keys.save(source, name, request.form.get("value", ""))
    except (ConfigError, InputError) as error:
        return _page(error=str(error), wrong=source, status=400)
    store, moment = the_store(), now()
    store.record(actor=actor(), action="source.key", target=f"source:{source}:{name}", now=moment)
    form = next(one for one in services().sources() if one.name == source)
    at = f"@{host.lower()}" if host else ""
    if all(f"{one}{at}" in services().keys.names().get(source, ()) for one in form.keys):
        payload = {"source": source, "host": host.lower()}
        work_id = f"test_key:{source}:{host.lower()}:{moment:%Y%m%d%H%M%S}"
        store.request_work(
            Work(id=work_id, kind="test_key", payload=payload, requested_by=actor(), at=moment)
        )
    return redirect(url_for(".show", saved=source), code=303)


def _page(*, error: str = "", wrong: str = "", status: int = 200) -> Response:
    try:
        names = services().keys.names()
    except ConfigError as broken:
        names, error = {}, error or str(broken)
    page = render_template(
        "settings/keys.html",
        forms=[form for form in services().sources() if form.keys],
        places_of=lambda source, field: [
            name.partition("@")[2] for name in names.get(source, ()) if name.partition("@")[0] == field
        ],
        tries=[work for work in the_store().work(limit=40) if work.kind == "test_key"][:TOLD],
        saved=request.args.get("saved", ""),
        error=error,
        wrong=wrong,
    )
    return make_response(page, status)

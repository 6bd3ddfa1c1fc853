"""`/settings/teams`: people who take threads together."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from core.errors import Conflict, InputError
from core.user import Team
from engage.teams import remove_team, save_team, teams, waiting_for
from web.i18n import _
from web.services import now, the_store
from web.sessions import actor

blueprint = Blueprint("teams", __name__)


@blueprint.get("/settings/teams")
def show() -> Response:
    """Show every team, each as a form for admins."""
    return _page()


@blueprint.post("/settings/teams")
def save() -> Response:
    """Store a team."""
    form = request.form
    team = Team(
        name=form.get("name", "").strip(),
        people=tuple(form.getlist("people")),
        version=form.get("version", default=0, type=int),
    )
    try:
        save_team(the_store(), team, actor=actor(), now=now())
    except InputError as error:
        return _page(team, str(error), 400)
    except Conflict:
        return _page(error=_("Somebody saved this team first; it stands below as it is now."), status=409)
    return redirect(url_for(".show", saved=1), code=303)


@blueprint.post("/settings/teams/remove")
def remove() -> Response:
    """Take a team away."""
    try:
        remove_team(the_store(), request.form.get("name", ""), actor=actor(), now=now())
    except InputError as error:
        return _page(error=str(error), status=409)
    return redirect(url_for(".show"), code=303)


def _page(refused: Team | None = None, error: str = "", status: int = 200) -> Response:
    store = the_store()
    stored = teams(store)
    page = render_template(
        "settings/teams.html",
        teams=[refused if refused and team.name == refused.name else team for team in stored],
        fresh=refused if refused and not refused.version else Team(name="", people=()),
        waiting={team.name: waiting_for(store, team.name, now=now()) for team in stored},
        people=[user.name for user in store.users() if not user.disabled],
        saved="saved" in request.args,
        error=error,
    )
    return make_response(page, status)

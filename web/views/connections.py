"""`/settings/connections`: the connections that replies and alerts go out with, for admins."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.exceptions import Forbidden
from werkzeug.wrappers import Response

from core.errors import ConfigError, EarfulError, InputError, SendError
from core.user import Role
from engage.channel import Channel, Connection, ReplyChannel, channel_of, channels
from engage.connections import FILE_NAME, connect, connections, disconnect, read_connection
from web.i18n import _
from web.services import now, outbound, services, the_store
from web.sessions import actor, signed

blueprint = Blueprint("connections", __name__)


@blueprint.before_request
def _admins_only() -> None:
    if signed().user.role is not Role.ADMIN:
        raise Forbidden(_("Only an admin sees which connections are connected."))


@blueprint.get("/settings/connections")
def show() -> Response:
    """Show what is connected, and the form of the channel that is chosen."""
    return _page()


@blueprint.post("/settings/connections")
def save() -> Response:
    """Test an account with one request, and keep it where it is good."""
    data_dir = services().settings.data_dir
    try:
        channel = channel_of(request.form.get("channel", ""))
        link = read_connection(channel, request.form, connections(data_dir))
        connect(the_store(), data_dir, link, outbound(), actor=actor(), now=now())
    except InputError as error:
        return _page(error=str(error), status=400)
    except SendError as error:
        return _page(error=_("Nothing was kept: %(why)s.", why=str(error)), status=400)
    except ConfigError as error:
        return _page(error=str(error), status=409)
    return redirect(url_for(".show", connected=link.key), code=303)


@blueprint.post("/settings/connections/test")
def test() -> Response:
    """Ask once more whether an account is good."""
    key = request.form.get("key", "")
    link = next((one for one in _known()[0] if one.key == key), None)
    if link is None:
        return _page(error=_("That account is no longer connected."), status=404)
    try:
        channel_of(link.channel).check(link, outbound())
    except EarfulError as error:
        return _page(error=f"{channel_of(link.channel).title}: {error}.", status=409)
    return redirect(url_for(".show", tested=link.key), code=303)


@blueprint.post("/settings/connections/remove")
def remove() -> Response:
    """Forget an account."""
    try:
        disconnect(
            the_store(), services().settings.data_dir, request.form.get("key", ""), actor=actor(), now=now()
        )
    except ConfigError as error:
        return _page(error=str(error), status=409)
    return redirect(url_for(".show"), code=303)


def _known() -> tuple[Sequence[Connection], str]:
    """Return the connections, or none and why they cannot be read."""
    try:
        return connections(services().settings.data_dir), ""
    except ConfigError as error:
        return (), str(error)


def _page(*, error: str = "", status: int = 200) -> Response:
    known, fault = _known()
    chosen = channels().get(request.values.get("channel", ""))
    page = render_template(
        "settings/connections.html",
        connections=[(one, channels()[one.channel]) for one in known],
        answering=_by(replies=True),
        telling=_by(replies=False),
        chosen=chosen,
        written={name: value for name, value in request.form.items() if not _secret(chosen, name)},
        file_name=FILE_NAME,
        connected=request.args.get("connected", ""),
        tested=request.args.get("tested", ""),
        error=error or fault,
    )
    return make_response(page, status)


def _by(*, replies: bool) -> Sequence[Channel]:
    found = [one for one in channels().values() if isinstance(one, ReplyChannel) is replies]
    return sorted(found, key=lambda channel: channel.title)


def _secret(chosen: Channel | None, name: str) -> bool:
    """Tell whether a field's value must not be written back into the page."""
    return chosen is None or any(one.name == name and one.secret for one in chosen.fields)

"""Ways by which the team is told, as the forms of alerts and reports offer them."""

from __future__ import annotations

from collections.abc import Sequence

from core.errors import ConfigError, InputError
from engage.channel import AlertChannel, Connection, channel_of
from engage.connections import connections
from web.i18n import _
from web.services import services


def alert_ways() -> Sequence[tuple[Connection, AlertChannel]]:
    """Return the connections that alerts and reports can go by."""
    try:
        found = connections(services().settings.data_dir)
    except ConfigError:  # the connections page says what is wrong
        return ()
    pairs = [(link, channel_of(link.channel)) for link in found]
    return [(link, channel) for link, channel in pairs if isinstance(channel, AlertChannel)]


def checked_target(way: str, target: str) -> str:
    """Return whom to tell by a way, in its usual form.

    Raises:
        InputError: there is no such way, or it does not know such a target.
    """
    channel = next((channel for link, channel in alert_ways() if link.key == way), None)
    if channel is None:
        raise InputError(_("choose by which way to tell; an admin connects one under Connections"))
    return channel.check_target(target) if channel.target else ""

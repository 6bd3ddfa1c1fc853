"""The team's connections: entered in the settings or given by the environment, and shown to nobody.

`EARFUL_CONNECTION_MASTODON_SERVER` and `EARFUL_CONNECTION_MASTODON_TOKEN` are one connection; what stands in
the environment wins over the file and is not changed by the pages.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from core.errors import Conflict, InputError
from core.mention import Mention
from core.ports import Store
from engage import secrets
from engage.channel import Channel, Connection, ReplyChannel, channel_of, channels
from engage.outbound import Outbound

FILE_NAME = "connections.toml"
PREFIX = "EARFUL_CONNECTION_"
HEADER = "Written by Earful's settings page. Keep it to yourself: mode 0600."
#: Beside the fields of a channel: who the other side said that we are.
WHO = "who"
MAX_CONNECTIONS = 50


def connections(data_dir: Path, environment: Mapping[str, str] | None = None) -> Sequence[Connection]:
    """Return every connection, by key.

    Raises:
        ConfigError: others may read the file, or it is not of its form.
    """
    found = {
        key: _connection(key, values)
        for key, values in secrets.read(data_dir / FILE_NAME).items()
        if key.partition("@")[0] in channels()
    }
    for link in _from_environment(os.environ if environment is None else environment):
        found[link.key] = link
    return [found[key] for key in sorted(found)]


def connection_of(data_dir: Path, key: str) -> Connection | None:
    """Return one connection; None where it is no more."""
    return next((one for one in connections(data_dir) if one.key == key), None)


def answering_with(found: Sequence[Connection], to: Mention | None) -> Connection | None:
    """Return the connection that a mention can be answered with, or None."""
    if to is None:
        return None
    for link in found:
        channel = channels().get(link.channel)
        if isinstance(channel, ReplyChannel) and channel.takes(link, to):
            return link
    return None


def read_connection(channel: Channel, written: Mapping[str, str], known: Sequence[Connection]) -> Connection:
    """Read a connection out of a form; a secret left empty stays, where all else is the same.

    Raises:
        InputError: a field is missing or cannot be.
    """
    plain = {one.name: (written.get(one.name, "").strip() or one.usual) for one in channel.fields}
    place = channel.place(plain)
    old = next((one for one in known if (one.channel, one.place) == (channel.name, place)), None)
    # A secret goes to the server that it was entered for, and to no other.
    if old and any(old.value(one.name) != plain[one.name] for one in channel.fields if not one.secret):
        old = None
    values = {}
    for one in channel.fields:
        value = plain[one.name] or (old.value(one.name) if old and one.secret else "")
        if value or one.needed:
            values[one.name] = secrets.checked(value, f"{one.label} of {channel.title}")
    return Connection(channel=channel.name, place=place, values=values)


def connect(
    store: Store, data_dir: Path, link: Connection, out: Outbound, *, actor: str, now: datetime
) -> Connection:
    """Test a connection, keep it where it is good, and let every watch know our own handle.

    Raises:
        SendError: the test failed; nothing is kept.
        InputError: there are too many.
    """
    who = channel_of(link.channel).check(link, out)
    tested = replace(link, who=who)
    tables = secrets.read(data_dir / FILE_NAME)
    if link.key not in tables and len(tables) >= MAX_CONNECTIONS:
        raise InputError(f"{MAX_CONNECTIONS} accounts are connected already; take one away first")
    tables[link.key] = {**link.values, WHO: who}
    secrets.write(data_dir / FILE_NAME, tables, header=HEADER)
    store.record(actor=actor, action="connection.save", target=f"connection:{link.key}", now=now)
    channel = channel_of(link.channel)
    if isinstance(channel, ReplyChannel):
        _know_ourselves(store, channel, tested, actor=actor, now=now)
    return tested


def disconnect(store: Store, data_dir: Path, key: str, *, actor: str, now: datetime) -> None:
    """Forget a connection."""
    tables = secrets.read(data_dir / FILE_NAME)
    if tables.pop(key, None) is not None:
        secrets.write(data_dir / FILE_NAME, tables, header=HEADER)
        store.record(actor=actor, action="connection.remove", target=f"connection:{key}", now=now)


def _know_ourselves(
    store: Store, channel: ReplyChannel, link: Connection, *, actor: str, now: datetime
) -> None:
    """Name our handles in every watch, so that our replies are known as ours when they are read."""
    for watch in store.watches():
        unknown = [one for one in channel.handles(link) if not watch.is_own(channel.source, one)]
        if not unknown:
            continue
        handles = (*watch.own_handles, *(f"{channel.source}:{one}" for one in unknown))
        # Somebody may edit it this very moment, or its list be full; the settings of the watch show it.
        with contextlib.suppress(Conflict, InputError):
            store.save_watch(replace(watch, own_handles=handles), actor=actor, now=now)


def _connection(key: str, values: Mapping[str, str]) -> Connection:
    channel, _, place = key.partition("@")
    fields = {name: value for name, value in values.items() if name != WHO}
    return Connection(channel=channel, place=place, values=fields, who=values.get(WHO, ""))


def _from_environment(environment: Mapping[str, str]) -> Sequence[Connection]:
    found = []
    for channel in channels().values():
        start = f"{PREFIX}{channel.name.upper()}_"
        values = {
            one.name: environment.get(f"{start}{one.name.upper()}", "").strip() or one.usual
            for one in channel.fields
        }
        if any(f"{start}{one.name.upper()}" in environment for one in channel.fields):
            found.append(
                Connection(channel=channel.name, place=channel.place(values), values=values, fixed=True)
            )
    return found

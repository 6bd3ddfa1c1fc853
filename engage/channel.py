"""What a channel is: a way by which something of ours leaves. A new one is one file in `engage.channels`."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar
from urllib.parse import urlsplit

from core.errors import InputError
from core.mention import Mention
from core.tokens import token_texts
from engage.outbound import Outbound

#: Longest address of a server.
MAX_SERVER = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """One thing that is needed to connect an account."""

    name: str
    label: str
    #: Never shown again once it was entered.
    secret: bool = False
    help: str = ""
    #: What stands in the form at first; taken where the field is left empty.
    usual: str = ""
    #: Whether it may be left empty.
    needed: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Connection:
    """An account of the team's, or a mail server, or the address of a webhook."""

    channel: str
    #: Tells accounts of one channel apart: a server, a room; never a secret.
    place: str
    #: Everything that was entered; never shown, not even by accident.
    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    #: Who we are there, as the other side said when it was tested.
    who: str = ""
    #: True for one out of the environment, which the pages cannot change.
    fixed: bool = False

    @property
    def key(self) -> str:
        """Its name: the channel, and the place where there is one."""
        return f"{self.channel}@{self.place}" if self.place else self.channel

    def value(self, name: str) -> str:
        """Return one value; empty where it was not entered."""
        return self.values.get(name, "")


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """A reply on its way."""

    #: The same on each try.
    id: str
    to: Mention
    text: str
    #: When it was written.
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One mention as an alert tells of it."""

    id: str
    source: str
    author: str
    text: str
    #: Where it was written, and its thread here.
    url: str
    link: str
    #: Tone and churn in words.
    labels: str
    at: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Fact:
    """A figure of a report in words, and the page that shows what is behind it."""

    words: str
    link: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Alert:
    """A message to the team: what a rule found, or a report."""

    #: The same on each try.
    id: str
    rule: str
    title: str
    #: How many mentions it is about; `lines` are the first of them.
    count: int
    #: Figures about all of them, in one line.
    summary: str
    lines: Sequence[Line]
    #: The page that shows exactly these.
    link: str
    at: datetime
    test: bool = False
    #: A report's figures; an alert has none.
    facts: Sequence[Fact] = ()


class Channel(ABC):
    """A way by which something of ours leaves."""

    name: ClassVar[str]
    title: ClassVar[str]
    fields: ClassVar[Sequence[Field]]

    @abstractmethod
    def place(self, values: Mapping[str, str]) -> str:
        """Return what tells this account from others of the channel.

        Raises:
            InputError: a value cannot be.
        """

    @abstractmethod
    def check(self, link: Connection, out: Outbound) -> str:
        """Ask whether the credentials are good, without telling anybody anything; return who we are there.

        Raises:
            SendError: they are not, or the other side does not answer.
        """


class ReplyChannel(Channel):
    """A source on which an account of ours can answer."""

    #: Most characters of one reply.
    limit: ClassVar[int]
    #: The source whose mentions it answers.
    source: ClassVar[str]

    def takes(self, link: Connection, to: Mention) -> bool:
        """Tell whether a mention can be answered with an account."""
        del link
        return to.source == self.source

    def handles(self, link: Connection) -> Sequence[str]:
        """Return the handles under which the source shows what we write."""
        return [link.who] if link.who else []

    @abstractmethod
    def find(self, link: Connection, out: Outbound, reply: Reply) -> str | None:
        """Return the address of a reply that is there already, from a try whose answer was lost.

        Raises:
            SendError: that cannot be told now.
        """

    @abstractmethod
    def reply(self, link: Connection, out: Outbound, reply: Reply) -> str:
        """Post a reply; return its address.

        Raises:
            SendRefused: it will not be taken.
            SendLater: it cannot be taken now, or may have been without our hearing of it.
        """


class AlertChannel(Channel):
    """A way to tell the team."""

    #: What a rule says about whom to tell; None where the account says it all.
    target: ClassVar[Field | None] = None

    @abstractmethod
    def deliver(self, link: Connection, out: Outbound, alert: Alert, target: str) -> str:
        """Tell the team; return a word about it for the log.

        Raises:
            SendRefused: it will not be taken.
            SendLater: it cannot be taken now.
        """

    def check_target(self, target: str) -> str:
        """Return a target in its usual form.

        Raises:
            InputError: it cannot be one.
        """
        return target.strip()


def server_of(written: str) -> str:
    """Return the address of a server out of what a person wrote: `social.example`, or a whole address.

    Raises:
        InputError: it is none.
    """
    written = written.strip().rstrip("/")
    parts = urlsplit(written if "://" in written else f"https://{written}")
    try:
        good = (
            parts.scheme in ("http", "https") and parts.hostname and (parts.port or 1) and not parts.username
        )
    except ValueError:
        good = False
    if not good or any(sign.isspace() for sign in written) or len(written) > MAX_SERVER:
        raise InputError("write the server as social.example or https://social.example")
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path}"


def same_words(one: str, other: str) -> bool:
    """Tell whether two texts say the same, however a service writes quotes, links and white space."""
    return token_texts(one) == token_texts(other)


@functools.cache
def channels() -> Mapping[str, Channel]:
    """Return every channel by name: each module of `engage.channels` has one, named `channel`."""
    package = importlib.import_module("engage.channels")
    found: dict[str, Channel] = {}
    for module in pkgutil.iter_modules(package.__path__):
        channel = importlib.import_module(f"engage.channels.{module.name}").channel
        if not isinstance(channel, Channel):
            raise TypeError(f"engage/channels/{module.name}.py needs a Channel named `channel`")
        found[channel.name] = channel
    return found


def channel_of(name: str) -> Channel:
    """Return a channel.

    Raises:
        InputError: there is none of that name.
    """
    found = channels().get(name)
    if found is None:
        raise InputError(f"there is no channel {name!r}; there are {', '.join(sorted(channels()))}")
    return found

"""The dial guard: every TCP connection of the crawler is checked by the IP that it goes to.

Scrapy's HTTP/1.1 handler reaches a server through Twisted endpoints, and these, for plain HTTP and for TLS
alike, through `reactor.connectTCP` with an address that is resolved already. Checking there leaves nothing
to rebinding DNS, redirects or odd spellings of an address; a check of the URL would (Miniflux v2#4092).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Protocol

from scrapy.crawler import Crawler

from core.egress import Egress
from core.errors import ConfigError

#: Their value would make a proxy the only address that is dialled, and the guard blind.
PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


class _Reactor(Protocol):
    """The part of a Twisted reactor that dials."""

    def connectTCP(  # noqa: N802 - Twisted's name
        self, host: str, port: int, *args: object, **kwargs: object
    ) -> object:
        """Dial."""
        ...


def install(reactor: _Reactor, egress: Egress) -> None:
    """Let `reactor` dial only what `egress` allows; a later call puts its rule in place of the earlier."""
    dial = getattr(reactor.connectTCP, "unguarded", reactor.connectTCP)

    def guarded(host: str, port: int, *args: object, **kwargs: object) -> object:
        egress.check(host, port)
        return dial(host, port, *args, **kwargs)

    guarded.unguarded = dial  # type: ignore[attr-defined]  # found again by the next install
    reactor.connectTCP = guarded  # type: ignore[method-assign]  # this is the guard


def refuse_proxy(environment: Mapping[str, str] | None = None) -> None:
    """Return where the environment names no proxy.

    Raises:
        ConfigError: it names one.
    """
    variables = os.environ if environment is None else environment
    named = sorted({name for name in variables if name.upper() in PROXY_VARIABLES and variables[name]})
    if named:
        raise ConfigError(
            f"{', '.join(named)} names a proxy, which would hide from Earful which addresses are dialled; "
            "unset it, or say --allow-proxy (EARFUL_ALLOW_PROXY=1) where the proxy guards private addresses"
        )


class DialGuard:
    """The extension that installs the guard; without a rule of the operator's, the public web only."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> DialGuard:
        """Install the guard, as soon as Scrapy has a reactor."""
        from twisted.internet import reactor  # noqa: PLC0415 - importing it earlier would install another one

        rule = crawler.settings.get("EARFUL_EGRESS")
        install(reactor, rule if isinstance(rule, Egress) else Egress())
        return cls()

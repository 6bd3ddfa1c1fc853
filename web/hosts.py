"""Which Host headers are answered: only names that lead here, or a foreign page could speak to us."""

from __future__ import annotations

import ipaddress
import re

from flask import Flask, Request
from werkzeug.exceptions import SecurityError
from werkzeug.routing import MapAdapter
from werkzeug.wsgi import get_host

from core.settings import Settings

_BRACKETED = re.compile(r"(\[[0-9a-f:.]+\])(?::\d{1,5})?", re.IGNORECASE)


class HostApp(Flask):
    """An application that answers to its own hosts, IPv6 addresses among them.

    werkzeug 3.1 cuts the names of `TRUSTED_HOSTS` at their first colon, so that `[::1]` never is one of them.
    """

    #: Names without a port.
    hosts: tuple[str, ...] = ()

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Refuse a foreign Host where Flask itself would; called by Flask.

        Raises:
            SecurityError: the Host is not one of ours.
        """
        if request is not None:
            found = _BRACKETED.fullmatch(request.headers.get("Host", ""))
            if found is None:
                get_host(request.environ, self.hosts)
            elif found[1].lower() not in self.hosts:
                raise SecurityError(f"Host {found[1]} is not trusted.")
        return super().create_url_adapter(request)


def hosts_of(settings: Settings) -> tuple[str, ...]:
    """Return the Host headers that are answered.

    A server bound to every address cannot know its names, so there the caller names them; the address
    itself is no name that a browser would send.
    """
    hosts = {"127.0.0.1", "localhost", "[::1]", *settings.trusted_hosts}
    try:
        bound = ipaddress.ip_address(settings.host)
    except ValueError:
        hosts.add(settings.host)
    else:
        if not bound.is_unspecified:
            hosts.add(f"[{bound}]" if isinstance(bound, ipaddress.IPv6Address) else str(bound))
    return tuple(sorted(hosts))

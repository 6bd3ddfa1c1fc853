"""Which Host headers are answered: only names that lead here, or a foreign page could speak to us."""

from __future__ import annotations

import ipaddress
import re

from flask import Request
from werkzeug.sansio.utils import get_host
from werkzeug.utils import cached_property

from core.settings import Settings

_BRACKETED = re.compile(r"(\[[0-9a-f:.]+\])(?::\d{1,5})?", re.IGNORECASE)


class HostRequest(Request):
    """A request whose Host may be an IPv6 address.

    werkzeug 3.1 cuts the names that it trusts at their first colon, so that `[::1]` never is one of them.
    """

    @cached_property
    def host(self) -> str:
        """The Host that was asked for.

        Raises:
            SecurityError: it is not one of ours.
        """
        asked = self.headers.get("Host", "")
        found = _BRACKETED.fullmatch(asked)
        if found and found[1].lower() in (self.trusted_hosts or ()):
            return get_host(self.scheme, asked, self.server)
        return get_host(self.scheme, self.headers.get("Host"), self.server, self.trusted_hosts)


def hosts_of(settings: Settings) -> list[str]:
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
    return sorted(hosts)

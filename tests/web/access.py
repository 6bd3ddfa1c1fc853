"""Every route of the application with an address that exists, and who may use it.

A new blueprint is added to `RIGHTS`; until it is, `test_access.py` fails.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from flask import Flask
from werkzeug.routing import Rule

from tests.web.world import ANGRY, RULE, SEARCH

#: Values of the arguments of addresses; a new argument gets one here.
VALUES = {
    "thread_id": ANGRY,
    "watch_id": "acme",
    "person_id": "hackernews:ada",
    "account_id": "acme",
    "mention_id": ANGRY,
    "token": "x",
    "key": SEARCH,
    "filename": "mark.svg",
    "form": "json",
    "work_id": "draft:1",
    "name": "resolve",
    "what": "reset",
    "rule": RULE,
    "number": "1",
}
EVERYBODY = frozenset({"guest", "viewer", "marketer", "agent", "admin"})
SIGNED = EVERYBODY - {"guest"}
WORKS = SIGNED - {"viewer"}
AGENTS = WORKS - {"marketer"}
MARKETERS = WORKS - {"agent"}
ADMIN = frozenset({"admin"})
NOBODY: frozenset[str] = frozenset()
#: By blueprint: who reads, who changes. `api` and `feeds` answer to tokens alone, whatever the session.
RIGHTS = {
    "static": (EVERYBODY, NOBODY),
    "sign_in": (EVERYBODY, EVERYBODY),
    "health": (EVERYBODY, NOBODY),
    "home": (SIGNED, NOBODY),
    "help": (SIGNED, NOBODY),
    "api": (NOBODY, NOBODY),
    "feeds": (NOBODY, NOBODY),
    "threads": (SIGNED, WORKS),
    "triage": (SIGNED, WORKS),
    "views": (SIGNED, WORKS),
    "presence": (SIGNED, SIGNED),
    "search": (SIGNED, NOBODY),
    "searches": (SIGNED, WORKS),
    "completing": (SIGNED, NOBODY),
    "people": (SIGNED, WORKS),
    "accounts": (SIGNED, WORKS),
    "renewals": (SIGNED, NOBODY),
    "rivals": (SIGNED, NOBODY),
    "matches": (SIGNED, WORKS),
    "imports": (SIGNED, WORKS),
    "advocates": (SIGNED, WORKS),
    "plays": (SIGNED, WORKS),
    "goals": (SIGNED, WORKS),
    "macros": (SIGNED, AGENTS),
    "mutes": (SIGNED, AGENTS),
    "team": (SIGNED, NOBODY),
    "reports": (SIGNED, WORKS),
    "report_mail": (SIGNED, WORKS),
    "retention": (SIGNED, WORKS),
    "alerts": (SIGNED, WORKS),
    "settings": (SIGNED, SIGNED),
    "tokens": (SIGNED, SIGNED),
    "watches": (SIGNED, ADMIN),
    "sources": (SIGNED, ADMIN),
    "weights": (SIGNED, ADMIN),
    "promises": (SIGNED, ADMIN),
    "privacy": (SIGNED, ADMIN),
    "teams": (SIGNED, ADMIN),
    "connections": (ADMIN, ADMIN),
    "users": (ADMIN, ADMIN),
    "keys": (ADMIN, ADMIN),
    "audit": (ADMIN, NOBODY),
}
#: Endpoints that differ from their blueprint.
EXCEPTIONS = {
    "presence.check_out": (NOBODY, AGENTS),
    "triage.answer": (NOBODY, AGENTS),
    "triage.answer_again": (NOBODY, AGENTS),
    "triage.mute": (NOBODY, AGENTS),
    "advocates.act": (NOBODY, MARKETERS),
    "mutes.teach": (NOBODY, ADMIN),
}
SAFE = frozenset({"GET", "HEAD"})
#: Pages of somebody whom the small world does not know; `test_customers.py` opens them.
ELSEWHERE = frozenset({"advocates.one"})


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one address."""

    endpoint: str
    method: str
    address: str

    @property
    def blueprint(self) -> str:
        return self.endpoint.partition(".")[0]

    @property
    def may(self) -> frozenset[str]:
        """Who may use it.

        Raises:
            KeyError: nobody has said so yet.
        """
        reads, changes = EXCEPTIONS.get(self.endpoint) or RIGHTS[self.blueprint]
        return reads if self.method in SAFE else changes


def routes(app: Flask, *methods: str) -> list[Route]:
    """Return every route for every one of `methods`, all of them where none is named."""
    adapter = app.url_map.bind("localhost")
    return [
        Route(rule.endpoint, method, adapter.build(rule.endpoint, values))
        for rule in app.url_map.iter_rules()
        for values in _values(rule)
        for method in sorted((rule.methods or set()) - {"OPTIONS"})
        if not methods or method in methods
    ]


def pages(app: Flask) -> list[str]:
    """Return the address of every page that a signed-in admin can open."""
    data = (".json", ".csv", ".jsonl", ".atom")
    found = [
        route.address
        for route in routes(app, "GET")
        if "admin" in route.may
        and route.blueprint not in {"static", "health", "home"}
        and not route.address.endswith(data)
        and not route.endpoint.startswith(("completing.", "presence.", "threads.mention"))
        and route.blueprint != "sign_in"
        and route.endpoint not in ELSEWHERE
    ]
    return list(dict.fromkeys(found))


def _values(rule: Rule) -> Iterator[dict[str, str]]:
    """Yield arguments for a rule: every choice where it names them, else a value that exists."""
    choices = {
        name: [choice.strip(" '\"") for choice in listed.split(",")]
        for listed, name in re.findall(r"<any\(([^)]*)\):(\w+)>", rule.rule)
    }
    names = sorted(rule.arguments)
    for combined in itertools.product(*(choices.get(name) or [VALUES[name]] for name in names)):
        yield dict(zip(names, combined, strict=True))

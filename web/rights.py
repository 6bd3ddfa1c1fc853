"""Who may change what: one table for the gate before every request and for what the pages offer. Pure.

Everybody who is signed in reads everything but the admins' own pages. A viewer changes only their own things.
Agents and marketers work on threads and customers alike; only agents speak through our accounts and settle
things for everybody at once, and only marketers look after the reference programme. An admin does all.
"""

from __future__ import annotations

from core.user import Role

#: Blueprints that answer without a session; `api` and `feeds` ask for a token instead.
PUBLIC = frozenset({"sign_in", "health", "api", "feeds", None})
#: Blueprints in which everybody changes only their own things.
OWN = frozenset({"sign_in", "settings", "presence", "tokens"})
#: Blueprints whose changes need an admin.
ADMIN_ONLY = frozenset(
    {"keys", "watches", "sources", "users", "weights", "promises", "privacy", "connections", "teams"}
)
#: An act on everything that matches a view; not a route of its own.
ACT_ON_ALL = "triage.act_on_all"
#: Endpoints and blueprints with the role that changes things there; an endpoint goes before its blueprint.
WORK = {
    "triage.answer": Role.AGENT,
    "triage.answer_again": Role.AGENT,
    "triage.mute": Role.AGENT,
    ACT_ON_ALL: Role.AGENT,
    "presence.check_out": Role.AGENT,
    "mutes": Role.AGENT,
    "macros": Role.AGENT,
    "mutes.teach": Role.ADMIN,
    "advocates.act": Role.MARKETER,
}


def may(role: Role, endpoint: str) -> bool:
    """Tell whether a role changes things at an endpoint."""
    blueprint = endpoint.partition(".")[0]
    needed = WORK.get(endpoint) or WORK.get(blueprint)
    if role is Role.ADMIN or (needed is None and blueprint in OWN):
        return True
    if role is Role.VIEWER or blueprint in ADMIN_ONLY:
        return False
    return needed is None or role is needed


def refusal(role: Role, endpoint: str) -> str:
    """Return what somebody is told who may not."""
    if role is Role.VIEWER:
        return "You can look at everything and change nothing; ask an admin for another role."
    needed = WORK.get(endpoint) or WORK.get(endpoint.partition(".")[0])
    if needed in (Role.AGENT, Role.MARKETER):
        return f"Only {needed.value}s and admins do this; ask an admin for another role."
    return "Only an admin changes this."

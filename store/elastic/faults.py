"""What an Elasticsearch server answers when it refuses, said so that a person knows what to do."""

from __future__ import annotations

from typing import Any, TypeAlias

from core.errors import ConfigError, EarfulError, StoreCorrupt, StoreError, StoreReadOnly, StoreUnavailable

#: JSON objects at the server's border; everything else here is typed.
Json: TypeAlias = dict[str, Any]

UNAUTHORISED, FORBIDDEN, MISSING, NOT_ACCEPTABLE, CLASH, TOO_LARGE, BUSY = 401, 403, 404, 406, 409, 413, 429
SERVER_FAULT = 500


class Clash(Exception):
    """Somebody wrote the document first; never leaves this package."""


class Busy(Exception):
    """The server asks to send this again later; never leaves this package."""


def explained(status: int, body: object, where: str, prefix: str) -> EarfulError | Clash | Busy:  # noqa: PLR0911
    """Return the error that says what an answer means for the store at `where`."""
    kind, reason = said(body)
    blocked = cluster_block(kind, reason, where)
    if blocked is not None:
        return blocked
    match status:
        case 401:
            return ConfigError(
                f"{where} refuses the user name, password or API key; correct them in the store's address "
                "or in EARFUL_ELASTICSEARCH_PASSWORD / EARFUL_ELASTICSEARCH_API_KEY"
            )
        case 403:
            return ConfigError(
                f"{where} does not let this user do that; give it the index privileges "
                f"manage, read and write on {prefix}-* ({reason})"
            )
        case 409:
            return Clash(reason)
        case 429:
            return Busy(reason)
        case 406:
            return too_old(where)
        case _ if kind in ("index_not_found_exception", "alias_not_found"):
            return lost(reason, prefix)
        case _ if kind == "media_type_header_exception":
            return too_old(where)
        case _ if status >= SERVER_FAULT:
            return StoreUnavailable(f"{where} cannot answer now ({reason or status}); try again")
        case _:
            return StoreError(f"{where} refused: {reason or status}")


def said(body: object) -> tuple[str, str]:
    """Return the type and the reason of an error in an answer, down to its root."""
    error = body.get("error") if isinstance(body, dict) else None
    if isinstance(error, str):
        return "", error
    if not isinstance(error, dict):
        return "", ""
    causes = error.get("root_cause") or []
    root = causes[0] if causes and isinstance(causes[0], dict) else error
    inner = error.get("caused_by")
    why = f": {inner.get('reason')}" if isinstance(inner, dict) and inner.get("reason") else ""
    return str(root.get("type", "")), f"{root.get('reason', '')}{why}"


def cluster_block(kind: str, reason: str, where: str) -> StoreReadOnly | StoreUnavailable | None:
    """Return what a block on the index or the cluster means; None where there is none."""
    if kind != "cluster_block_exception":
        return None
    if "flood" in reason or "disk usage exceeded" in reason or "read-only-allow-delete" in reason:
        return StoreReadOnly(
            f"the disk of {where} is nearly full, so it takes no writes; make room and it goes on by itself, "
            "nothing stored is lost"
        )
    if "state not recovered" in reason or "no master" in reason:
        return StoreUnavailable(f"{where} is still starting; try again in a minute")
    return StoreReadOnly(
        f"{where} takes no writes: {reason}; lift the block (index.blocks.* or cluster.blocks.*), "
        "nothing stored is lost"
    )


def too_old(where: str) -> ConfigError:
    """Return the error for a server that we do not speak to."""
    return ConfigError(f"{where} is no Elasticsearch 8 or 9; update the server, or name another store")


def lost(reason: str, prefix: str) -> StoreCorrupt:
    """Return the error for an index that is gone."""
    index = next((name for name in INDEX_NAMES if f"{prefix}-{name}" in reason), "")
    what = {"mentions": "all mentions", "threads": "threads and their triage", "audit": "the audit"}.get(
        index, "users, watches and cursors"
    )
    return StoreCorrupt(
        f"the index {prefix}-{index or '*'} with {what} is gone from the server; "
        "restore it from the last backup; the other indices are untouched"
    )


INDEX_NAMES = ("mentions", "threads", "audit", "office", "dead")

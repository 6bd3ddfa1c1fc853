"""Our indices: what stands in them, how they are made, and which version of each is in use."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from core.errors import StoreError, StoreTooNew
from store.elastic.connection import MAKING_SECONDS, Server
from store.elastic.faults import Json

KEYWORD: Json = {"type": "keyword"}
LONG: Json = {"type": "long"}
BOOL: Json = {"type": "boolean"}
EXACT: Json = {"type": "text", "analyzer": "whitespace", "index_options": "positions"}
STEM: Json = {"type": "text", "analyzer": "whitespace", "index_options": "freqs"}

#: What of a thread stands on each of its mentions too, so that one query answers for both.
SHARED: Json = {
    "thread": KEYWORD,
    "status": KEYWORD,
    "snoozed_until": LONG,
    "assignee": KEYWORD,
    "assignee_key": KEYWORD,
    "tags": KEYWORD,
    "tag_keys": KEYWORD,
    "pinned": BOOL,
    "noted": BOOL,
}

MAPPINGS: dict[str, Json] = {
    "mentions": SHARED
    | {
        "id": KEYWORD,
        "source": KEYWORD,
        "published": LONG,
        "title": EXACT,
        "text": EXACT,
        "title_stem": STEM,
        "text_stem": STEM,
        "lang": KEYWORD,
        "url": KEYWORD,
        "author": KEYWORD,
        "author_keys": KEYWORD,
        "watches": KEYWORD,
        "context": BOOL,
        "own": BOOL,
        "deleted": BOOL,
        "linked": BOOL,
        "rated": BOOL,
        "corrected": BOOL,
        "unanswered": BOOL,
        "replied": BOOL,
        # Toward the products of its watches: the highest churn in ten-thousandths, all of them, and words.
        "risk": LONG,
        "risks": LONG,
        "tones": KEYWORD,
        "churns": KEYWORD,
        "intents": KEYWORD,
        # Toward each brand: `brand␟tone:negative`, `brand␟risk:0.7000`.
        "said": KEYWORD,
        "names_product": KEYWORD,
        "names_rival": KEYWORD,
        # Of wanted labels: the models that answered, and the same with the brand.
        "answers": KEYWORD,
        "answered": KEYWORD,
        "simhash": LONG,
        "near": KEYWORD,
        "duplicate_of": KEYWORD,
        "original_published": LONG,
    },
    "threads": SHARED
    | {
        "matched": LONG,
        "newest": LONG,
        "waiting_since": LONG,
        "points": {"type": "double"},
        "ranked_at": LONG,
        "stale": BOOL,
        "note_ids": KEYWORD,
        "pending": BOOL,
    },
    "audit": {"number": LONG, "target": KEYWORD, "act": KEYWORD},
    "office": {
        "kind": KEYWORD,
        "key": KEYWORD,
        "state": KEYWORD,
        "due": LONG,
        "until": LONG,
        "number": LONG,
        "pending": BOOL,
        "refs": KEYWORD,
    },
    "dead": {"at": LONG},
}

#: Counts the changes of each mapping; another number makes a new index behind the same alias.
VERSIONS = {"mentions": 1, "threads": 1, "audit": 1, "office": 1, "dead": 1}

SETTINGS: Json = {
    "number_of_shards": 1,
    "refresh_interval": "1s",
    "translog.durability": "request",
    "mapping.total_fields.limit": 200,
}


def concrete(server: Server, name: str, version: int) -> str:
    """Return the name of one version of an index."""
    return f"{server.alias(name)}-v{version}"


def create(server: Server, name: str, version: int, *, alias: bool = True) -> None:
    """Make one version of an index; harmless where it is there."""
    body: Json = {
        "settings": {"index": SETTINGS | {"number_of_replicas": server.address.replicas}},
        "mappings": {
            "dynamic": "strict",
            # What is only searched is made from the body and need not be kept twice.
            "_source": {"includes": ["body"]},
            "properties": MAPPINGS[name] | {"body": {"type": "object", "enabled": False}},
        },
    }
    if alias:
        body["aliases"] = {server.alias(name): {}}
    try:
        server.request("PUT", f"/{concrete(server, name, version)}", body, seconds=MAKING_SECONDS)
    except StoreError as error:
        if "already exists" not in str(error):
            raise


def in_use(server: Server) -> dict[str, int]:
    """Return the version of each index that its alias leads to; lost ones are left out.

    Raises:
        StoreTooNew: a newer Earful made one of them.
    """
    answer = server.get(f"/_alias/{server.address.prefix}-*")
    found: dict[str, int] = {}
    for index, told in answer.body.items():
        aliases = told.get("aliases", {}) if isinstance(told, dict) else {}
        for name in MAPPINGS:
            stem = f"{server.alias(name)}-v"
            if server.alias(name) in aliases and index.startswith(stem) and index[len(stem) :].isdecimal():
                found[name] = max(found.get(name, 0), int(index[len(stem) :]))
    newer = [name for name, version in found.items() if version > VERSIONS[name]]
    if newer:
        raise StoreTooNew(
            f"{server.alias(newer[0])} on {server.address.server} was written by a newer Earful; "
            "update Earful"
        )
    return found


def is_rebuilt(server: Server, name: str, blocked: str) -> bool | None:
    """Tell whether an alias has left an index that takes no writes; None while a newer one is being filled.

    A newer Earful may fill a version that this one does not know.
    """
    answer = server.get(f"/{server.alias(name)}-v*/_alias")
    leads = {index for index, told in answer.body.items() if server.alias(name) in told.get("aliases", {})}
    if blocked not in leads:
        return True
    stem = f"{server.alias(name)}-v"
    numbers = {
        int(index.removeprefix(stem)): index for index in answer.body if index.removeprefix(stem).isdecimal()
    }
    return False if numbers[max(numbers)] in leads else None


def make(server: Server, names: list[str]) -> None:
    """Make the newest version of several indices."""
    with ThreadPoolExecutor(len(names) or 1) as pool:
        list(pool.map(lambda name: create(server, name, VERSIONS[name]), names))


def grow(server: Server, name: str) -> None:
    """Add the fields that a later Earful brought; those that are there stay as they are."""
    server.put(f"/{server.alias(name)}/_mapping", {"properties": MAPPINGS[name]})

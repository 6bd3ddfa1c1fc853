"""The address of an Elasticsearch store, taken apart."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from core.errors import ConfigError

SCHEMES = ("elasticsearch+http", "elasticsearch+https")
FORM = "elasticsearch+http://HOST:9200/PREFIX"
#: Variables that keep secrets out of command lines and process lists.
API_KEY = "EARFUL_ELASTICSEARCH_API_KEY"
PASSWORD = "EARFUL_ELASTICSEARCH_PASSWORD"  # noqa: S105 — a variable's name

#: What index names may begin with; the longest of our own endings follows.
PREFIX = re.compile(r"[a-z][a-z0-9_-]{0,99}")
OPTIONS = frozenset({"api_key", "ca_certs", "replicas"})
MAX_REPLICAS = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """Where the server is, how to sign in, and what our indices are called."""

    #: `http://host:port`, without name and password.
    server: str
    prefix: str
    user: str | None = None
    password: str | None = None
    api_key: str | None = None
    #: File of the authority that signed the server's certificate; None for the system's own.
    ca_certs: str | None = None
    #: Copies of each index on other nodes, for new indices.
    replicas: int = 0


def speaks(url: str) -> bool:
    """Tell whether an address is one of ours."""
    return url.partition("://")[0] in SCHEMES


def parse(url: str, environment: Mapping[str, str] = os.environ) -> Address:
    """Take an address apart: `elasticsearch+https://user:password@host:port/prefix?api_key=…`.

    Raises:
        ConfigError: a part is missing or impossible; the message shows the form.
    """
    parts = urlsplit(url)
    prefix = parts.path.strip("/")
    try:
        port = parts.port
    except ValueError:
        raise ConfigError(f"the port in the store's address is no number; use {FORM}") from None
    if parts.scheme not in SCHEMES or not parts.hostname:
        raise ConfigError(f"the store's address names no server; use {FORM}")
    if not PREFIX.fullmatch(prefix):
        raise ConfigError(
            f"{prefix!r} cannot begin the names of indices: a-z first, then a-z, 0-9, - and _; use {FORM}"
        )
    options = _options(parts.query)
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    scheme = parts.scheme.removeprefix("elasticsearch+")
    return Address(
        server=f"{scheme}://{host}:{port or 9200}",
        prefix=prefix,
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else environment.get(PASSWORD),
        api_key=options.get("api_key") or environment.get(API_KEY),
        ca_certs=options.get("ca_certs"),
        replicas=_replicas(options.get("replicas", "0")),
    )


def _options(query: str) -> dict[str, str]:
    options = {name: values[-1] for name, values in parse_qs(query).items()}
    unknown = sorted(options.keys() - OPTIONS)
    if unknown:
        raise ConfigError(f"the store's address takes {', '.join(sorted(OPTIONS))}, not {unknown[0]!r}")
    return options


def _replicas(text: str) -> int:
    if not text.isdecimal() or int(text) > MAX_REPLICAS:
        raise ConfigError(f"replicas= takes a number from 0 to {MAX_REPLICAS}, not {text!r}")
    return int(text)

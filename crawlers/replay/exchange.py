"""What the replay server is asked, and what it answers, as plain values."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

#: A value that JSON can write.
Json = None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]


@dataclass(frozen=True, kw_only=True)
class Request:
    """One GET: the path's parts below the service's prefix, and what came with it."""

    #: `http://127.0.0.1:PORT` as the client addressed it.
    base: str
    #: Decoded path parts.
    path: tuple[str, ...]
    query: Mapping[str, Sequence[str]] = field(default_factory=dict)
    #: Header names in lower case.
    headers: Mapping[str, str] = field(default_factory=dict)

    def get(self, name: str, default: str = "") -> str:
        """Return the last value of a query parameter."""
        values = self.query.get(name)
        return values[-1] if values else default

    def number(self, name: str, default: int) -> int:
        """Return a query parameter as a whole number; `default` where it is absent or none."""
        text = self.get(name)
        return int(text) if text.isascii() and text.isdigit() else default


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One response."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def json_answer(data: Json, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """Return `data` as a JSON response."""
    body = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
    return Answer(
        status=status,
        body=body,
        headers={"Content-Type": "application/json; charset=utf-8", **(headers or {})},
    )

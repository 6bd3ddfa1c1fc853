"""One answer of a service, narrowed once: text, JSON objects, and the refusals that look like answers."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeAlias

from scrapy.http import Response, TextResponse

from core.clock import as_utc
from core.errors import SourceBlocked, SourceBusy, SourceChanged, SourceError, SourceGone
from core.mention import clean_text
from crawlers.refusals import QUOTE, refuse_page

Json: TypeAlias = bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"] | None
JsonObject: TypeAlias = Mapping[str, Json]

#: Statuses that refuse us rather than fail.
REFUSALS = frozenset({401, 402, 403, 407, 451})
GONE = frozenset({404, 410})
TOO_MANY, UNAVAILABLE, NOT_MODIFIED = 429, 503, 304
OK_FROM, OK_BELOW, REFUSED_FROM, ERRORS_FROM = 200, 300, 400, 500

_BROKEN = re.compile("[\x00\ud800-\udfff]")
#: How much of a refusal's body is looked at, in bytes.
_TOP = 4_000


def narrow(response: Response) -> TextResponse:
    """Return an answer as text, whatever its Content-Type says.

    Raises:
        SourceError: its status says that it is none; the class says which kind.
    """
    check_status(response)
    return as_text(response)


def as_text(response: Response) -> TextResponse:
    """Return an answer as text, whatever its status and its Content-Type say."""
    if isinstance(response, TextResponse):
        return response
    return TextResponse(
        url=response.url,
        status=response.status,
        headers=response.headers,
        body=response.body,
        request=response.request,
        encoding="utf-8",
    )


def check_status(response: Response) -> None:
    """Return where a status stands for an answer.

    Raises:
        SourceBlocked: the service refuses us.
        SourceGone: what we asked for is no more.
        SourceBusy: the service asks us to wait.
        SourceError: it failed, or sent us somewhere we do not go.
    """
    status, host = response.status, host_of(response.url)
    if OK_FROM <= status < OK_BELOW or status == NOT_MODIFIED:
        return
    if status in REFUSALS:
        raise SourceBlocked(f"{host} refuses us with {status}{_said(response)}")
    if status in GONE:
        raise SourceGone(f"{response.url.partition('?')[0]} is not there ({status}{_said(response)})")
    if status in (TOO_MANY, UNAVAILABLE):
        raise SourceBusy(f"{host} asks us to wait ({status})")
    if status < ERRORS_FROM:
        raise SourceError(f"{host} answered {status}, which leads nowhere we go{_said(response)}")
    raise SourceError(f"{host} failed with {status}; it is tried again at the next crawl")


def host_of(url: str) -> str:
    """Return the host of an address, with its port where that is not the usual one; empty for none."""
    match = re.match(r"(https?)://(?:[^/@?#]*@)?(\[[^\]]*\]|[^/:?#]+)(?::(\d+))?", url, re.IGNORECASE)
    if match is None:
        return ""
    usual = {"http": "80", "https": "443"}[match[1].lower()]
    return match[2].lower() + (f":{match[3]}" if match[3] and match[3] != usual else "")


def read_json(page: TextResponse, expected: str) -> Json:
    """Return the page as JSON.

    Raises:
        SourceError: it is a web page, or a refusal in words; the class says which kind.
        SourceChanged: it is something else.
    """
    try:
        # Bytes, not `page.text`: JSON is UTF-8 whatever a header says, and one bad byte loses one character.
        found: Json = json.loads(page.body.decode("utf-8-sig", "replace"))
    except RecursionError:
        raise SourceChanged(f"nested too deep; {expected}") from None
    except ValueError:
        refuse_page(page)
        raise SourceChanged(f"no JSON; {expected}") from None
    return found


def _said(response: Response) -> str:
    """Return the service's own message, where a refusal carries a JSON one."""
    try:
        data = json.loads(response.body[:_TOP])
    except (ValueError, RecursionError):
        return ""
    message = data.get("error") or data.get("message") if isinstance(data, dict) else None
    return f": {message[:QUOTE]!r}" if isinstance(message, str) else ""


def object_of(value: Json) -> JsonObject:
    """Return a JSON object, or an empty one where the value is something else."""
    return value if isinstance(value, Mapping) else {}


def list_of(value: Json) -> Sequence[Json]:
    """Return a JSON list, or an empty one where the value is something else."""
    return value if isinstance(value, list) else []


def text_of(value: Json) -> str | None:
    """Return a text that is not blank, or None; what no store can hold (NUL, lone surrogates) is replaced."""
    if not isinstance(value, str):
        return None
    text = clean_text(value) if _BROKEN.search(value) else value
    return text if text.strip() else None


def id_of(value: Json) -> str | None:
    """Return an id, which services write as a number or as a text."""
    if isinstance(value, bool) or value is None:
        return None
    return str(value) if isinstance(value, int) else text_of(value)


def int_of(value: Json) -> int | None:
    """Return a whole number, or None."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def sum_of(data: JsonObject, *names: str) -> int | None:
    """Return the sum of those fields that are whole numbers; None where none is."""
    told = [number for name in names if (number := int_of(data.get(name))) is not None]
    return sum(told) if told else None


def time_of(value: Json) -> datetime | None:
    """Return the moment that an ISO text or a number of seconds since 1970 names; None where it names none.

    A text without a zone is taken for UTC, as every service here means it.
    """
    try:
        if isinstance(value, str):
            moment = datetime.fromisoformat(value)
            return as_utc(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        pass
    return None

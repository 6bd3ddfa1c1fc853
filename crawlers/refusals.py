"""Answers that are none: error bodies, block pages and refusals in words, whatever service sends them.

A source that meets a shape it does not know hands it to `unknown`, which tells a refusal (no mentions, no
fault of ours) from a service that changed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from scrapy.http import TextResponse

from core.errors import EarfulError, SourceBlocked, SourceBusy, SourceChanged, SourceError, SourceGone

if TYPE_CHECKING:
    from crawlers.page import Json, JsonObject

#: A page that says one of these near its top is no answer of the service: anti-bot pages, log-in walls and
#: server errors come with status 200 too (seen: the recordings under `web/`).
_BLOCK_PAGE = re.compile(
    r"just a moment|attention required|captcha|are you (?:a )?(?:human|robot)|verify (?:that )?you are"
    r"|access (?:to this page has been )?denied|blocked|forbidden|too many requests|unusual traffic"
    r"|enable javascript|cloudflare|bad gateway|service unavailable|gateway time-?out|internal server error"
    r"|under maintenance|log ?in|sign ?in|consent|not found|unauthori[sz]ed",
    re.IGNORECASE,
)
_HTML = re.compile(
    r"\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body|title|h1|meta|script|noscript|center|p|div)\b",
    re.IGNORECASE | re.DOTALL,
)
#: How storage services and proxies write an error in XML.
_XML_ERROR = re.compile(r"\s*(?:<\?xml[^>]*\?>)?\s*<(?:\w+:)?errors?\b.{0,2000}", re.IGNORECASE | re.DOTALL)
_TITLE = re.compile(r"<(?:title|h1)[^>]*>([^<]{0,300})", re.IGNORECASE)
_TAG = re.compile(r"<[^>]*>")
#: What servers and proxies say in plain text.
_REFUSAL = re.compile(
    r"too many requests|rate.?limit|retry later|slow down|forbidden|denied|unauthori[sz]ed|not found"
    r"|error code:? *\d|bad gateway|unavailable|time[d-]? ?out|upstream|internal server error|allowlist"
    r"|blocked|temporarily|overloaded|log ?in|sign ?in",
    re.IGNORECASE,
)
_GONE = re.compile(
    r"not[ _-]?found|couldn?t[ _]find|could not (?:find|locate)|does not exist|deleted|no such|gone|removed",
    re.IGNORECASE,
)
_BUSY = re.compile(
    r"too many|rate.?limit|throttl|limit (?:reached|exceeded)|limit_error|quota|cap exceeded|try again"
    r"|retry later|slow down|abuse detection",
    re.IGNORECASE,
)
#: Fields in which services write what went wrong, the weightiest first.
_FIELDS = (
    "error", "errors", "error_name", "error_description", "error_message", "errorMessage", "message",
    "detail", "reason", "fault",
)  # fmt: skip
#: Fields that tell a message only beside a code that is an error's.
_WEAK = ("title", "description", "statusText", "msg")
_CODES = ("status", "code", "statusCode", "error", "error_code", "error_id")
_NO = ("error", "errors", "fail", "failed", "failure")
#: How much of a page is looked at for the words of a block page, in characters.
_TOP = 4_000
#: Longest plain text that can be a refusal, and longest part of a message that is passed on.
_SHORT, QUOTE = 600, 200
_NOT_FOUND, _GONE_FOR_EVER, _TOO_MANY, _ERRORS, _BEYOND = 404, 410, 429, 400, 600


def refuse_page(page: TextResponse) -> None:
    """Return where a body that has not the form of an answer is no refusal either.

    Raises:
        SourceGone: it says that something is not there.
        SourceBusy: it says that we ask too much.
        SourceBlocked: it is a web page, or says anything else.
    """
    top = page.text[:_TOP]
    if _HTML.match(top):
        title = _TITLE.search(top)
        words = _BLOCK_PAGE.search(title[1] if title else top) or _BLOCK_PAGE.search(top)
        told = words.group() if words else title[1].strip() if title else "untitled"
        raise SourceBlocked(f"a web page instead of an answer: {told!r}")
    if _XML_ERROR.match(top):
        raise _error(" ".join(_TAG.sub(" ", top).split()), None)
    if len(page.text) <= _SHORT and not re.search(r"[<{\x00\ufffd]", top) and _REFUSAL.search(top):
        raise _error(" ".join(top.split()), None)


def refuse_error(data: JsonObject) -> None:
    """Return where an object carries no error in any of the forms that services write one.

    Raises:
        SourceGone: the message says that something is not there.
        SourceBusy: it says that we ask too much.
        SourceBlocked: it says anything else.
    """
    code = next(filter(None, (_code(data.get(name)) for name in _CODES)), None)
    failed = code is not None or data.get("success") is False or data.get("ok") is False
    failed = failed or data.get("status") in _NO
    told = [text for name in _FIELDS for text in _texts(data.get(name))]
    if failed:
        told += [text for name in _WEAK for text in _texts(data.get(name))]
        told = told or [f"error {code or data.get('status') or 'without words'}"]
    if told:
        raise _error(" ".join(dict.fromkeys(told)), code)


def unknown(data: Json, expected: str) -> SourceError:
    """Return what to raise for an answer of no known shape: its refusal, or that the service changed."""
    if isinstance(data, dict):
        try:
            refuse_error(data)
        except SourceError as error:
            return error
        told = f"an object with {', '.join(sorted(data)[:8]) or 'nothing in it'}"
    elif isinstance(data, list):
        first = data[0] if data else None
        named = f"things with {', '.join(sorted(first)[:8])}" if isinstance(first, dict) else "something else"
        told = f"a list of {named}"
    else:
        told = f"a JSON {type(data).__name__}"
    return SourceChanged(f"{told}; {expected}")


def refusal_of(look: Callable[[], object]) -> EarfulError | None:
    """Return the refusal that looking at an answer raises; None for none, and for a shape that is unknown."""
    try:
        look()
    except SourceChanged:
        return None
    except EarfulError as error:
        return error
    return None


def _code(value: Json) -> int | None:
    """Return a status that means an error; None for any other number, and for what is none."""
    number = value if isinstance(value, int) and not isinstance(value, bool) else 0
    return number if _ERRORS <= number < _BEYOND else None


def _texts(value: Json, depth: int = 3) -> Iterator[str]:
    """Yield the messages in a field: a text, an object with one, or a list of either."""
    if isinstance(value, str) and value.strip():
        yield value.strip()[:QUOTE]
    elif isinstance(value, dict) and depth:
        for name in (*_FIELDS, *_WEAK, "type", "status"):
            yield from _texts(value.get(name), depth - 1)
    elif isinstance(value, list) and depth:
        for one in value[:3]:
            yield from _texts(one, depth - 1)


def _error(message: str, code: int | None) -> SourceError:
    said = f"the service says {message[:QUOTE]!r}"
    if code in (_NOT_FOUND, _GONE_FOR_EVER) or (code is None and _GONE.search(message)):
        return SourceGone(said)
    if code == _TOO_MANY or _BUSY.search(message):
        return SourceBusy(said)
    return SourceBlocked(said)

"""A child process that parses feeds: `python -m crawlers.feed_child`, spoken to over its pipes.

It imports feedparser once, then forks for each feed, so that limits of processor time and memory hold for
that one feed and a parser that dies takes nothing with it. Frames both ways: 4 bytes of length, then JSON
(in: a header line, then the feed's bytes).
"""

from __future__ import annotations

import calendar
import io
import json
import os
import re
import resource
import select
import signal
import struct
import sys
import time
from collections.abc import Mapping
from typing import IO, Any

import feedparser

#: Seconds of processor time for one feed (FAULTS A3 15: ≤ 5 s).
CPU_SECONDS = 5
#: Seconds until a feed that waits instead of working is ended.
WALL_SECONDS = 15.0
#: Memory of the fork beyond what this process has, in bytes (≤ 300 MB resident in all).
MEMORY = 256 * 1024 * 1024
#: Most entries taken from one feed.
MAX_ENTRIES = 5_000
_REFERENCE = re.compile(rb"&#(?:[xX]([0-9a-fA-F]{1,8})|(\d+));?")
_SURROGATES = (0xD800, 0xDFFF)
HEADER = struct.Struct(">I")


def main() -> None:
    """Answer feeds until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    feedparser.parse(io.BytesIO(b"<rss><channel><item><pubDate>1 May 2026</pubDate></item></channel></rss>"))
    asked, told = sys.stdin.buffer, sys.stdout.buffer
    while (frame := read_frame(asked)) is not None:
        write_frame(told, _limited(frame))


def read_frame(stream: IO[bytes]) -> bytes | None:
    """Return the next frame; None at the end."""
    head = stream.read(HEADER.size)
    if len(head) < HEADER.size:
        return None
    (size,) = HEADER.unpack(head)
    body = stream.read(size)
    return body if len(body) == size else None


def write_frame(stream: IO[bytes], body: bytes) -> None:
    """Write one frame."""
    stream.write(HEADER.pack(len(body)) + body)
    stream.flush()


def _limited(frame: bytes) -> bytes:
    """Parse in a fork with limits; return its answer, or why there is none."""
    readable, writable = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(readable)
        _parse_and_exit(frame, writable)
    os.close(writable)
    answer, ended = _drain(readable, time.monotonic() + WALL_SECONDS)
    os.close(readable)
    if not ended:
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if ended and os.waitstatus_to_exitcode(status) == 0 and answer:
        return answer
    code = os.waitstatus_to_exitcode(status)
    why = signal.Signals(-code).name if code < 0 else f"exit code {code}"
    return json.dumps({"ended": f"its parser was ended ({why}): too deep, too big or too slow"}).encode()


def _drain(readable: int, deadline: float) -> tuple[bytes, bool]:
    parts: list[bytes] = []
    while (left := deadline - time.monotonic()) > 0:
        ready, _, _ = select.select([readable], [], [], left)
        if ready:
            part = os.read(readable, 1 << 16)
            if not part:
                return b"".join(parts), True
            parts.append(part)
    return b"".join(parts), False


def _parse_and_exit(frame: bytes, writable: int) -> None:
    """Parse, write the answer and leave without the parent's clean-up."""
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
        resource.setrlimit(resource.RLIMIT_AS, (_size() + MEMORY,) * 2)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        header, _, body = frame.partition(b"\n")
        try:
            answer = json.dumps(parse(body, json.loads(header))).encode()
        except (ValueError, TypeError, AttributeError, KeyError, IndexError) as error:
            answer = json.dumps({"ended": f"it is broken ({type(error).__name__}: {error})"[:200]}).encode()
        with os.fdopen(writable, "wb") as pipe:
            pipe.write(answer)
        os._exit(0)
    except BaseException:  # noqa: BLE001 - whatever it was, this fork ends here and the parent says so
        os._exit(1)


def _size() -> int:
    """Return this process's address space in bytes."""
    try:
        with open("/proc/self/statm", encoding="ascii") as statm:  # noqa: PTH123 - before pathlib's buffers
            return int(statm.read().split()[0]) * resource.getpagesize()
    except OSError:
        # No /proc (macOS): a figure above what Python with feedparser maps.
        return 512 * 1024 * 1024


def parse(body: bytes, header: Mapping[str, str]) -> dict[str, object]:
    """Return a feed as plain values: `kind` (empty for no feed), `title`, `link`, `language`, `entries`."""
    if body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{":
        return _json_feed(body)
    try:
        found = _xml_feed(body, header)
    except (ValueError, TypeError, AttributeError, KeyError, IndexError):
        # feedparser 6.0.14's strict half dies of some broken feeds (16 of 300 mutants); its tolerant half,
        # without character references that name no character, reads them as far as they go.
        feedparser.api._XML_AVAILABLE = False  # noqa: SLF001 - there is no public switch, and the fork ends
        found = _xml_feed(_REFERENCE.sub(_character, body), header)
    feed = found.get("feed", {})
    return {
        "kind": found.get("version") or ("rss" if found.get("entries") else ""),
        "title": feed.get("title"),
        "link": feed.get("link"),
        "language": feed.get("language"),
        "entries": [_entry(_plain(entry)) for entry in found.get("entries", [])[:MAX_ENTRIES]],
    }


def _xml_feed(body: bytes, header: Mapping[str, str]) -> Mapping[str, Any]:
    # Bytes in a buffer: feedparser takes a bare string for a file name or an address and would fetch it.
    found: Mapping[str, Any] = feedparser.parse(
        io.BytesIO(body),
        response_headers={"content-location": header.get("url", ""), **_content_type(header)},
        sanitize_html=False,
        resolve_relative_uris=False,
    )
    return found


def _character(match: re.Match[bytes]) -> bytes:
    """Return a numeric character reference, or U+FFFD's where it names no character."""
    number = int(match[1], 16) if match[1] else int(match[2][:10])
    valid = 0 < number < _SURROGATES[0] or _SURROGATES[1] < number <= sys.maxunicode
    return match.group() if valid else b"&#xFFFD;"


def _content_type(header: Mapping[str, str]) -> dict[str, str]:
    kind = header.get("content_type", "")
    # A server's `text/html` or `text/plain` without a charset says nothing about the encoding of a feed.
    return {"content-type": kind} if "charset" in kind.lower() else {}


def _plain(entry: dict[str, object]) -> dict[str, object]:
    """Return an entry as a plain dict: feedparser's own answers `published` where only `updated` stands."""
    return dict(dict.items(entry))


def _entry(entry: Mapping[str, object]) -> dict[str, object]:
    person = entry.get("author_detail")
    person = person if isinstance(person, Mapping) else {}
    html, is_html = _content(entry)
    answers = entry.get("thr_in-reply-to")
    return {
        "id": entry.get("id"),
        "link": entry.get("link"),
        "title": entry.get("title"),
        "html": html,
        "is_html": is_html,
        "author": person.get("name") or entry.get("author") or person.get("email"),
        "author_url": person.get("href"),
        "published": _stamp(entry.get("published_parsed") or entry.get("created_parsed")),
        "updated": _stamp(entry.get("updated_parsed")),
        "language": _language(entry),
        "answers": answers.get("ref") if isinstance(answers, Mapping) else None,
    }


def _content(entry: Mapping[str, object]) -> tuple[str, bool]:
    """Return the fullest text of an entry, and whether it is markup."""
    content = entry.get("content")
    told = [part for part in content if part.get("value")] if isinstance(content, list) else []
    told.sort(key=lambda part: "html" not in str(part.get("type")))
    if not told:
        detail = entry.get("summary_detail")
        told = [detail] if isinstance(detail, Mapping) and detail.get("value") else []
    if not told:
        return str(entry.get("summary") or ""), True
    return str(told[0]["value"]), told[0].get("type") != "text/plain"


def _language(entry: Mapping[str, object]) -> str | None:
    for name in ("content", "summary_detail", "title_detail"):
        detail = entry.get(name)
        detail = detail[0] if isinstance(detail, list) and detail else detail
        language = detail.get("language") if isinstance(detail, Mapping) else None
        if isinstance(language, str) and language:
            return language
    return None


def _stamp(parsed: object) -> int | None:
    if not isinstance(parsed, time.struct_time):
        return None
    try:
        return calendar.timegm(parsed)
    except (ValueError, OverflowError):
        return None


def _json_feed(body: bytes) -> dict[str, object]:
    data = json.loads(body.decode("utf-8-sig", "replace"))
    items = data.get("items")
    if not isinstance(items, list):
        return {"kind": "", "keys": sorted(data)[:8], "entries": []}
    return {
        "kind": "json",
        "title": data.get("title"),
        "link": data.get("home_page_url"),
        "language": data.get("language"),
        "entries": [_json_entry(item) for item in items[:MAX_ENTRIES] if isinstance(item, dict)],
    }


def _json_entry(item: Mapping[str, object]) -> dict[str, object]:
    authors = item.get("authors")
    person = authors[0] if isinstance(authors, list) and authors else item.get("author")
    person = person if isinstance(person, Mapping) else {}
    html = item.get("content_html")
    return {
        "id": item.get("id"),
        "link": item.get("url") or item.get("external_url"),
        "title": item.get("title"),
        "html": html or item.get("content_text") or item.get("summary") or "",
        "is_html": bool(html),
        "author": person.get("name"),
        "author_url": person.get("url"),
        "published": item.get("date_published"),
        "updated": item.get("date_modified"),
        "language": item.get("language"),
        "answers": None,
    }


if __name__ == "__main__":
    main()

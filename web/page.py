"""What every template has at hand: filters, addresses of assets, and who is looking."""

from __future__ import annotations

import functools
import hashlib
from datetime import datetime
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

from flask import Flask, current_app, request, url_for

from core.clock import iso
from core.errors import StoreError
from web import customer_words, i18n, wording
from web.rights import may
from web.services import now
from web.sessions import Signed, csrf_token, maybe_signed

STATIC = Path(__file__).parent / "static"
THEMES = ("system", "light", "dark")

#: What a template may be handed.
Context: TypeAlias = dict[str, object]


def install(app: Flask) -> None:
    """Teach Jinja the filters and names that the templates use."""
    app.jinja_env.filters.update(
        ago=lambda moment: wording.ago(moment, now()),
        waited=lambda moment: wording.duration(now() - moment),
        due=lambda moment: wording.due(moment, now()),
        moment=wording.moment,
        day=wording.day,
        date=wording.date,
        iso=iso,
        number=wording.number,
        amount=wording.amount,
        figure=wording.figure,
        percent=wording.percent,
        href=safe_href,
        act=wording.act,
        plain=wording.plain,
        lang=wording.is_language,
        called=customer_words.called,
        why=customer_words.why,
    )
    app.jinja_env.globals.update(asset=asset, words=wording, crm=customer_words)
    app.context_processor(_context)


@functools.lru_cache(maxsize=64)
def _digest(name: str, modified: float) -> str:
    del modified  # part of the key only
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:10]


def asset(name: str) -> str:
    """Return the address of a static file; it changes whenever the file does."""
    return url_for("static", filename=name, v=_digest(name, (STATIC / name).stat().st_mtime))


def safe_href(address: str | None) -> str | None:
    """Return `address` if a browser may open it: http and https only, with a host."""
    if not address or any(ord(character) <= ord(" ") for character in address):
        return None
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    return address if parts.scheme.lower() in ("http", "https") and parts.hostname else None


def theme() -> str:
    """Return the colours that the reader chose; `system` follows their machine."""
    chosen = request.cookies.get("earful_theme", "")
    return chosen if chosen in THEMES else THEMES[0]


def single_keys() -> bool:
    """Tell whether single letters are shortcuts (WCAG 2.1.4: they can be turned off)."""
    return request.cookies.get("earful_keys", "on") != "off"


def _context() -> Context:
    """Return what the frame of every page shows. It must work while the store is away."""
    try:
        signed: Signed | None = maybe_signed()
        csrf = csrf_token()
    except StoreError:
        signed, csrf = None, ""
    language = i18n.locale()
    return {
        "signed": signed,
        "csrf": csrf,
        "theme": theme(),
        "lang": str(language).replace("_", "-"),
        "text_direction": language.text_direction,
        "single_keys": single_keys(),
        "may": lambda endpoint: signed is not None and may(signed.user.role, endpoint),
        "here": request.blueprint or "",
        "present": _present(),
        "pages": current_app.view_functions,
    }


def _present() -> datetime:
    return now()

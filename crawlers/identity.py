"""When two entries are one: addresses in one form, and the words beside them. Pure.

Feeds re-issue ids, move from http to https, hang tracking onto links, and link to AMP or mobile pages.
An address alone proves nothing (a status page links every entry to itself), so the words have to agree.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from core.mention import Mention

#: Parameters that say where a reader came from, not what is read.
_TRACKING = re.compile(
    r"utm_\w+|(?:fb|g|ms|yc|tw|dc|igsh|mc_e|li_fat_)(?:cl)?id|gbraid|wbraid|mc_[ce]id|igshid|igsh|ref|ref_src|"
    r"ref_url|referrer|source|cmpid|campaign_id|at_medium|at_campaign|ns_\w+|_hs(?:enc|mi)|spm|s_kwcid|share|"
    r"smid|smtyp|ocid|ftag|guccounter|amp|outputtype",
    re.IGNORECASE,
)
#: Hosts that show the same page for other devices.
_OTHER_HOST = re.compile(r"^(?:www|m|mobile|amp|touch|wap)\.(?=[^.]+\.)")
_AMP_PATH = re.compile(r"/amp(?=/|$)|\.amp(?=\.html?$|$)|(?<=/)amp/", re.IGNORECASE)
#: Copies of AMP pages: the address itself stands in the path.
_CACHE = re.compile(r"^/(?:[cvi]|amp)/(s/)?(.+)$")
_CACHE_HOSTS = ("cdn.ampproject.org", "bing-amp.com")
#: Shorter words agree by chance.
_ENOUGH = 60


def canonical_url(url: str) -> str:
    """Return an address in the form that all its variants share; empty where it names no page of its own."""
    try:
        parts = urlsplit(url.strip())
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return ""
    if parts.scheme.lower() not in ("http", "https") or not host:
        return ""
    cached = _CACHE.match(parts.path)
    if cached and (host.endswith(_CACHE_HOSTS) or (host.startswith("www.google.") and "/amp/" in parts.path)):
        return canonical_url(f"https://{unquote(cached[2])}")
    host = _OTHER_HOST.sub("", host) + (f":{port}" if port not in (None, 80, 443) else "")
    path = _AMP_PATH.sub("", parts.path).rstrip("/")
    kept = sorted(
        (name, value)
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
        if not _TRACKING.fullmatch(name)
    )
    query = f"?{urlencode(kept)}" if kept else ""
    # What stands behind `#` is a place on a page, except where scripts make pages of it.
    fragment = f"#{parts.fragment}" if parts.fragment.startswith(("!", "/")) else ""
    return f"{host}{path}{query}{fragment}" if path or query or fragment else ""


def keys(mention: Mention) -> Iterator[str]:
    """Yield what an entry can be known by beside its id: its address, and its words on its host."""
    link = canonical_url(mention.url or "")
    if link:
        yield f"link {mention.source} {link}"
    if len(mention.said) >= _ENOUGH:
        host = link.partition("/")[0] or mention.id.split(":")[1]
        digest = hashlib.blake2b(_words(mention.said).encode("utf-8", "replace"), digest_size=16).hexdigest()
        yield f"said {mention.source} {host} {digest}"


def agree(one: Mention, other: Mention) -> bool:
    """Tell whether two entries with a key in common say the same: the same headline, or the same words."""
    if one.title and other.title and _words(one.title) == _words(other.title):
        return True
    return _words(one.said) == _words(other.said)


def _words(text: str) -> str:
    return " ".join(text.casefold().split())

"""The watches that `up` makes by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from core.errors import NotFound
from core.ports import Store
from core.watch import Brand, Watch, watch_id
from crawlers import default_sources
from crawlers.replay import DEMO_WATCH
from crawlers.replay.corpus import load_corpus, shift_to

#: Who changed a watch, in the audit.
ACTOR = "earful up"
SHIFT_KEY = "demo.shift_days"


def product_watch(store: Store, product: str, rivals: Sequence[str], *, now: datetime) -> Watch:
    """Return the watch for a product, made with all keyless sources where there is none.

    Rivals that the watch does not have yet are added; nothing that a person set is taken away.
    """
    name = watch_id(product)
    try:
        stored = store.watch(name)
    except NotFound:
        brand = Brand(name=product)
        stored = Watch(id=name, product=brand, sources=default_sources(brand))
    known = {brand.name.casefold() for brand in stored.brands}
    added = tuple(Brand(name=rival) for rival in rivals if rival.casefold() not in known)
    if stored.version and not added:
        return stored
    return store.save_watch(replace(stored, rivals=(*stored.rivals, *added)), actor=ACTOR, now=now)


def demo_watch(store: Store, *, now: datetime) -> None:
    """Store the demo's watch unless it is there; a person's changes to it stay."""
    try:
        store.watch(DEMO_WATCH.id)
    except NotFound:
        store.save_watch(DEMO_WATCH, actor=ACTOR, now=now)


def shift_days(store: Store, *, now: datetime) -> int:
    """Return by how many days the demo's dates are moved: decided at the first start, kept ever after."""
    return int(store.remember(SHIFT_KEY, str(shift_to(load_corpus(), now))))

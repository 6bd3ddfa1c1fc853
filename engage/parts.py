"""What is wrong with a part of Earful that has no page of its own, told where people look."""

from __future__ import annotations

from datetime import datetime

from core.kept import Kept
from core.ports import Store

KIND = "part"
#: Who tells.
EARFUL = "earful"


def tell(store: Store, part: str, trouble: str, *, now: datetime) -> None:
    """Note what is wrong with a part, in plain words; an empty text says that it is well again."""
    stored = store.kept_one(KIND, part)
    if stored is None and not trouble:
        return
    if stored is not None and not trouble:
        store.drop_all([stored])
        return
    version = stored.version if stored else 0
    item = Kept(kind=KIND, key=part, body={"trouble": trouble}, by=EARFUL, at=now, version=version)
    store.keep_all([item])


def troubles(store: Store) -> list[str]:
    """Return what is wrong, by part."""
    return [str(item.body["trouble"]) for item in store.kept(KIND)]

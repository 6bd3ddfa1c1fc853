"""Make one store hold what another holds, kind by kind, by comparing them in order.

Nothing is remembered between two runs: what is there already and the same is passed over, so a run that
was killed is finished by running again, and the last pass is the proof that nothing differs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from core.errors import ConfigError
from core.ports import Store
from core.records import KINDS, Record, RecordSource

#: Records that are loaded together.
STEP = 500
#: Passes after which a source that keeps changing is left as it is.
PASSES = 5
#: Remembers what a store and its copies are called.
IDENTITY = "store.identity"

#: Told a kind, how many of its records are compared, and how many there are.
Progress = Callable[[str, int, int], None]


def silent(kind: str, done: int, total: int) -> None:
    """Tell nobody."""


@dataclass(slots=True)
class Pass:
    """What one comparison found and mended, by kind."""

    compared: dict[str, int] = field(default_factory=dict)
    loaded: dict[str, int] = field(default_factory=dict)
    discarded: dict[str, int] = field(default_factory=dict)

    @property
    def changes(self) -> int:
        """How many records differed."""
        return sum(self.loaded.values()) + sum(self.discarded.values())


def is_empty(store: RecordSource) -> bool:
    """Tell whether a store holds nothing that anybody would miss."""
    return not any(store.tally(kind) for kind in ("watch", "mention", "kept", "user", "audit"))


def identity_of(source: RecordSource) -> str | None:
    """Return the name that a store has once it was moved or backed up."""
    return next((str(one.body["value"]) for one in source.dump("memo") if one.key == IDENTITY), None)


def claim(source: RecordSource, target: Store) -> None:
    """Make sure that what `target` holds is an older state of `source`, or nothing.

    Raises:
        ConfigError: it holds something else, which would be taken away.
    """
    identity = identity_of(source)
    if is_empty(target):
        target.remember(IDENTITY, identity or "")
    elif identity is None or identity_of(target) != identity:
        raise ConfigError(
            "the store to fill belongs to another Earful; name an empty one "
            "(another file, or another prefix at the end of the address)"
        )
    for mine, theirs in _pairs(source.dump("audit"), target.dump("audit")):
        if theirs is not None and (mine is None or mine.body["hash"] != theirs.body["hash"]):
            raise ConfigError(
                "people have worked in the store to fill since it was copied, so it is the newer one; "
                "nothing was changed"
            )


def make_equal(source: RecordSource, target: Store, *, progress: Progress = silent) -> Pass:
    """Bring `target` to what `source` holds; return what differed."""
    found = Pass()
    for kind in KINDS:
        _kind(source, target, kind, found, progress)
    return found


def refill(source: RecordSource, target: Store, kinds: Sequence[str], *, progress: Progress = silent) -> None:
    """Put kinds that `target` lost back into it; the others stay as they are."""
    for kind in kinds:
        _kind(source, target, kind, Pass(), progress)


def _kind(source: RecordSource, target: Store, kind: str, found: Pass, progress: Progress) -> None:
    waiting: list[Record] = []
    extra: list[str] = []
    total, done = source.tally(kind), 0
    found.loaded[kind] = found.discarded[kind] = 0
    for mine, theirs in _pairs(source.dump(kind), target.dump(kind)):
        if mine is None:
            assert theirs is not None  # noqa: S101 — a pair has at least one side
            extra.append(theirs.key)
        elif theirs is None or theirs.digest != mine.digest:
            waiting.append(mine)
        done += mine is not None
        if len(waiting) == STEP:
            target.load(waiting)
            found.loaded[kind] += len(waiting)
            waiting = []
        if done % STEP == 0:
            progress(kind, done, max(total, done))
    target.load(waiting)
    target.discard(kind, extra)
    found.loaded[kind] += len(waiting)
    found.discarded[kind] = len(extra)
    found.compared[kind] = done
    progress(kind, done, done)


def _pairs(mine: Iterator[Record], theirs: Iterator[Record]) -> Iterator[tuple[Record | None, Record | None]]:
    """Walk two ordered streams together; None where one side has no such key."""
    one, other = next(mine, None), next(theirs, None)
    while one is not None or other is not None:
        if other is None or (one is not None and one.place < other.place):
            yield one, None
            one = next(mine, None)
        elif one is None or other.place < one.place:
            yield None, other
            other = next(theirs, None)
        else:
            yield one, other
            one, other = next(mine, None), next(theirs, None)

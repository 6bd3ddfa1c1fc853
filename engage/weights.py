"""The weights of the priority, as the team set them, and what another setting would move."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime

from core.errors import ConfigError, InputError, NotFound
from core.kept import Kept
from core.ports import Store
from core.priority import prioritise
from core.query import OneOf
from core.search import Search
from core.settings import PriorityWeights
from engage.behind import customer_of

KIND, KEY = "setting", "weights"
#: Threads at the head of the queue that a preview works out anew; further down, nobody looks.
LOOKED_AT = 150
#: What one page shows: who enters it is seen earlier.
FIRST_PAGE = 25
HEAVIEST = 100.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Move:
    """One thread in its old and its new place, from 1."""

    thread_id: str
    title: str
    before: int
    after: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Preview:
    """What other weights would do to the head of the queue."""

    looked_at: int
    #: Those that change place, the farthest first.
    moves: Sequence[Move]

    @property
    def risen(self) -> int:
        """How many would come onto the first page."""
        return sum(move.after <= FIRST_PAGE < move.before for move in self.moves)


def stored_weights(store: Store) -> Kept | None:
    """Return what the team set, or None."""
    return next((item for item in store.kept(KIND) if item.key == KEY), None)


def weights_of(item: Kept | None, default: PriorityWeights) -> PriorityWeights:
    """Return the weights in force: the team's, else those of the installation."""
    if item is None:
        return default
    known = {each.name for each in fields(PriorityWeights)}
    said = {name: value for name, value in item.body.items() if name in known}
    try:
        return PriorityWeights(
            **{**asdict(default), **{name: _number(value) for name, value in said.items()}}
        )
    except (ConfigError, InputError):  # written by another version; the queue must go on
        return default


def read_weights(written: Mapping[str, str]) -> PriorityWeights:
    """Read weights out of a form.

    Raises:
        InputError: one is no number, or would turn the order round.
    """
    values = {each.name: _number(written.get(each.name, "")) for each in fields(PriorityWeights)}
    over = [n for n, value in values.items() if value > HEAVIEST and n != "half_life_days"]
    if over:
        raise InputError(f"{over[0].replace('_', ' ')}: a weight is at most {HEAVIEST:.0f}")
    try:
        return PriorityWeights(**values)
    except ConfigError as error:
        raise InputError(str(error)) from None


def save_weights(store: Store, weights: PriorityWeights, *, version: int, actor: str, now: datetime) -> None:
    """Store the team's weights; every open thread is ranked anew soon after.

    Raises:
        Conflict: somebody saved others first.
    """
    store.keep(Kept(kind=KIND, key=KEY, body=asdict(weights), by=actor, at=now, version=version))


def preview(store: Store, weights: PriorityWeights, *, now: datetime) -> Preview:
    """Return how the head of the queue would change."""
    rows = store.queue(Search(node=OneOf("is", ("open",)), now=now), limit=LOOKED_AT).rows
    products = {watch.id: watch.product.name for watch in store.watches()}
    points: dict[str, float] = {}
    for row in rows:
        try:
            thread = store.thread(row.id)
        except NotFound:  # erased since the list was made
            continue
        product = next((products[name] for name in thread.watches if name in products), "")
        customer = customer_of(store, thread)
        found = prioritise(thread, product=product, now=now, weights=weights, customer=customer)
        points[row.id] = found.points
    before = [row for row in rows if row.id in points]
    after = sorted(before, key=lambda row: (not row.triage.pinned, -points[row.id], row.id))
    places = {row.id: place for place, row in enumerate(after, 1)}
    moves = [
        Move(thread_id=row.id, title=row.title, before=place, after=places[row.id])
        for place, row in enumerate(before, 1)
        if places[row.id] != place
    ]
    return Preview(
        looked_at=len(before), moves=sorted(moves, key=lambda move: -abs(move.before - move.after))
    )


def _number(value: object) -> float:
    try:
        return float(str(value).strip().replace(",", "."))
    except ValueError:
        raise InputError("write a number in every field") from None

"""Send many writes at once, and answer for each of them.

An item that the server is too busy for (429, 503) is sent again alone, after a pause that doubles each
time; one that somebody wrote first (409) is the caller's to look at; one that the server can never take
(other 4xx) is kept as a dead letter with the reason, so that it blocks nobody and is not lost.
"""

from __future__ import annotations

import enum
import hashlib
import re
import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from core.errors import StoreError, StoreReadOnly, StoreUnavailable
from store.elastic import indices
from store.elastic.connection import Answer, Server, dumps
from store.elastic.faults import BUSY, CLASH, MISSING, SERVER_FAULT, TOO_LARGE, Busy, Json, said

#: Most bytes and items of one request.
MAX_BYTES, MAX_ITEMS = 4_000_000, 1_000
#: The first pause, what each next one is multiplied by, and how many there are: 0.5 s to 16 s, 31 s in all.
PAUSE, GROWTH, TRIES = 0.5, 2.0, 6
#: How the server calls the block under which an index is made anew.
WRITE_BLOCK = "index write (api)"
BLOCKED = re.compile(r"index \[([^\]]+)\] blocked")
#: Where dead letters lie.
DEAD = "dead"
#: Longest reason kept, in characters.
MAX_REASON = 2_000

#: What is kept of an answer; where a document stands now only of one that is written alone: of a thousand
#: it would be most of the answer.
KEPT = "errors,items.*.status,items.*.error"
PLACED = f"{KEPT},items.*._seq_no,items.*._primary_term"


class Outcome(enum.Enum):
    """Name what became of one write."""

    DONE = enum.auto()
    #: Somebody wrote it first.
    CLASH = enum.auto()
    #: It was not there to be removed.
    MISSING = enum.auto()
    #: The server can never take it; it lies among the dead letters.
    DEAD = enum.auto()


class Written(NamedTuple):
    """What became of one write, and what the next compare-and-set needs where it is done."""

    outcome: Outcome
    seq: int = -1
    term: int = 0


class Action(NamedTuple):
    """One write of one document."""

    #: `create`, `index` or `delete`.
    op: str
    #: Which of our indices.
    name: str
    id: str
    source: Json | None = None
    #: For compare-and-set: the concrete index, sequence number and term that were read.
    place: str | None = None
    seq: int | None = None
    term: int | None = None

    def lines(self, server: Server) -> bytes:
        """Return the item as a bulk request holds it."""
        head: Json = {"_id": self.id, "_index": self.place or server.alias(self.name)}
        if self.place is None:
            # Without it a lost index would come back empty, with a mapping that the server guesses.
            head["require_alias"] = True
        if self.seq is not None:
            head |= {"if_seq_no": self.seq, "if_primary_term": self.term}
        line = dumps({self.op: head})
        return line if self.source is None else line + b"\n" + dumps(self.source)


class Sender:
    """Send writes to one server."""

    def __init__(self, server: Server, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self.server = server
        self.sleep = sleep

    def send(self, actions: Sequence[Action], *, refresh: bool = False) -> list[Outcome]:
        """Send writes; return what became of each, in order; raises as `deliver` does."""
        return [written.outcome for written in self.deliver(actions, refresh=refresh)]

    def deliver(self, actions: Sequence[Action], *, refresh: bool = False) -> list[Written]:
        """Send writes; return what became of each, in order; of one alone also how it stands now.

        Raises:
            StoreUnavailable: the server stayed busy, or went away; what was written stays written.
            StoreReadOnly: it takes no writes.
        """
        outcomes: list[Written | None] = [None] * len(actions)
        waiting = [(place, action.lines(self.server)) for place, action in enumerate(actions)]
        dead: list[tuple[Action, str]] = []
        pause = PAUSE
        for left in reversed(range(TRIES + 1)):
            again = []
            for chunk in _chunks(waiting):
                again += self._chunk(chunk, actions, outcomes, dead, refresh=refresh)
            waiting = again
            if not waiting:
                break
            if not left:
                raise StoreUnavailable(f"{self.server.address.server} is too busy to write; try again later")
            self.sleep(pause)
            pause *= GROWTH
        for name in {action.name for action in actions}:
            self.server.touch(name)
        self._bury(dead)
        return [outcome or Written(Outcome.DONE) for outcome in outcomes]

    def _chunk(
        self,
        chunk: list[tuple[int, bytes]],
        actions: Sequence[Action],
        outcomes: list[Written | None],
        dead: list[tuple[Action, str]],
        *,
        refresh: bool,
    ) -> list[tuple[int, bytes]]:
        """Send one request; return the items that must be sent again."""
        params = {"filter_path": PLACED if len(actions) == 1 else KEPT} | (
            {"refresh": "true"} if refresh else {}
        )
        answer = self.server.lines("/_bulk", [line for _, line in chunk], **params)
        if answer.status == BUSY:
            return chunk
        if answer.status == TOO_LARGE and len(chunk) > 1:
            half = len(chunk) // 2
            return [
                item
                for piece in (chunk[:half], chunk[half:])
                for item in self._chunk(piece, actions, outcomes, dead, refresh=refresh)
            ]
        if answer.status >= 300:  # noqa: PLR2004 — anything but success
            error = self.server.explained(answer)
            raise StoreUnavailable(str(error)) if isinstance(error, Busy) else error
        again = []
        for item, result in zip(chunk, answer.body["items"], strict=True):
            ((_, told),) = result.items()
            outcome = self._judge(told, actions[item[0]])
            if outcome is None:
                again.append(item)
                continue
            outcomes[item[0]] = Written(outcome, told.get("_seq_no", -1), told.get("_primary_term", 0))
            if outcome is Outcome.DEAD:
                dead.append((actions[item[0]], said(told)[1] or str(told["status"])))
        return again

    def _judge(self, told: Json, action: Action) -> Outcome | None:
        """Return what became of one item, None for "send it again"."""
        status = int(told["status"])
        if status < 300:  # noqa: PLR2004 — success
            return Outcome.DONE
        if status == CLASH:
            return Outcome.CLASH
        if status == MISSING and "error" not in told:
            return Outcome.MISSING
        error = self.server.explained(Answer(status, told))
        if isinstance(error, Busy) or (status >= SERVER_FAULT and isinstance(error, StoreUnavailable)):
            return None
        if isinstance(error, StoreReadOnly) and WRITE_BLOCK in str(error):
            return self._blocked(action, error)
        if status == 400 and type(error) is StoreError:  # noqa: PLR2004 — the document itself is refused
            return Outcome.DEAD
        raise error

    def _blocked(self, action: Action, error: StoreReadOnly) -> Outcome | None:
        """Return what a blocked write means while its index is made anew; None for "send it again".

        Raises:
            StoreReadOnly: somebody else blocks the index.
        """
        blocked = BLOCKED.search(str(error))
        rebuilt = indices.is_rebuilt(self.server, action.name, blocked[1]) if blocked else False
        if rebuilt is False:
            raise error
        return Outcome.CLASH if rebuilt and action.place is not None else None

    def _bury(self, dead: Sequence[tuple[Action, str]]) -> None:
        """Keep what the server refused, once per document and text."""
        if not dead:
            return
        letters = []
        for action, reason in dead:
            if action.name == DEAD:
                raise StoreError(f"{self.server.address.server} refuses even a dead letter: {reason}")
            body = {"op": action.op, "name": action.name, "id": action.id, "source": action.source}
            body["reason"] = reason[:MAX_REASON]
            letter = hashlib.blake2b(f"{action.name}/{action.id}".encode(), digest_size=16).hexdigest()
            letters.append(Action("index", DEAD, letter, {"body": body}))
        self.send(letters)


def _chunks(waiting: Sequence[tuple[int, bytes]]) -> Iterator[list[tuple[int, bytes]]]:
    chunk: list[tuple[int, bytes]] = []
    size = 0
    for item in waiting:
        if chunk and (size + len(item[1]) > MAX_BYTES or len(chunk) >= MAX_ITEMS):
            yield chunk
            chunk, size = [], 0
        chunk.append(item)
        size += len(item[1])
    if chunk:
        yield chunk

"""The store port. Two engines stand behind it; both pass `tests/store/contract`.

The port promises order and idempotence, not transactions across records: each method either happens
as a whole or not at all, a repeated call with the same arguments changes nothing, and what one call
wrote is what the next call of any process reads back by id. Searches see it after `settle()`.

Every method raises `StoreUnavailable` when the engine does not answer and `StoreReadOnly` when it
takes no writes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from core.audit import AuditRecord
from core.keeping import CustomerStore, DeskStore
from core.query import Node
from core.records import RecordStore
from core.search import Bucket, Count, FacetValue, Page, QueuePage, QueueSort, Search, Sort
from core.source import Cursor, Found, PutCount, SourceState
from core.thread import Correction, Note, Priority, StoredMention, Thread, Triage
from core.upkeep import Upkeep
from core.user import Session, SignInLink, User
from core.watch import Watch
from core.work import Answer, OutboxItem, Unlabelled, Work


class WatchStore(Protocol):
    """Keep watches."""

    def watches(self) -> list[Watch]:
        """Return all watches, by id."""
        ...

    def watch(self, watch_id: str) -> Watch:
        """Return one watch.

        Raises:
            NotFound: there is none of that id.
        """
        ...

    def save_watch(self, watch: Watch, *, actor: str, now: datetime) -> Watch:
        """Store a watch whose `version` is the stored one (0 for a new one); return it with the next version.

        Writes the audit record `watch.save`. Earlier versions stay readable in the audit. A brand that a
        new version adds makes label work for every mention of that watch.

        Raises:
            Conflict: somebody saved another version first.
        """
        ...


class MentionStore(Protocol):
    """Keep mentions and where each spider stands."""

    def put(self, found: Sequence[Found], *, now: datetime, cursor: Cursor | None = None) -> PutCount:
        """Store a batch, then the cursor, as one act: the cursor is never ahead of the mentions before it.

        A mention already stored with the same content hash counts as unchanged (engagement and author
        figures are brought up to date all the same); other content makes a new revision, keeping
        `first_seen_at`; `deleted` empties the text of every revision and leaves a tombstone that a later,
        older copy cannot undo. A context mention that later matches becomes a mention, never the reverse.
        A reply to a thread that is `waiting`, or a new matched mention in a `resolved` or snoozed one,
        opens the thread again (own replies do not).
        """
        ...

    def cursor(self, watch_id: str, source: str, stream: str) -> Cursor | None:
        """Return where a spider's stream stands; None for never read."""
        ...

    def mention(self, mention_id: str) -> StoredMention:
        """Return one mention with its labels.

        Raises:
            NotFound: there is none of that id.
        """
        ...

    def mentions(self) -> Iterator[StoredMention]:
        """Yield every mention with its labels, context included, by id; for export, checks and moves."""
        ...

    def revisions(self, mention_id: str) -> list[StoredMention]:
        """Return every revision of a mention, oldest first, without labels."""
        ...

    def published(
        self,
        watch_id: str,
        source: str,
        *,
        start: datetime,
        end: datetime,
        limit: int,
        after: str | None = None,
    ) -> list[StoredMention]:
        """Return what a watch keeps of a source and was published from `start` to before `end`.

        Context and own mentions are included, deleted ones are not. In order of publication, those of one
        second in any order that stays; `after` is the id of the last one of the page before this.
        """
        ...

    def source_states(self) -> list[SourceState]:
        """Return how every source of every watch is doing, by watch and source."""
        ...

    def save_source_state(self, state: SourceState) -> None:
        """Store how a source is doing; whether it is paused stays as it is stored, where it is."""
        ...

    def pause_source(self, watch_id: str, source: str, *, paused: bool) -> None:
        """Pause a source or let it go on, whatever a crawl stores of it meanwhile."""
        ...


class LabelStore(Protocol):
    """Be the list of what is to be labelled, and keep the answers."""

    def lease_unlabelled(
        self, model: str, *, limit: int, owner: str, lease: timedelta, now: datetime
    ) -> list[Unlabelled]:
        """Claim up to `limit` (mention revision, brand) pairs that have no answer of `model`.

        Pairs of one watch: the product for every mention that is no context and not our own, and each
        rival that the text names. Another owner gets a pair only after the lease ran out. Newest first.
        """
        ...

    def put_labels(self, answers: Sequence[Answer], *, now: datetime) -> int:
        """Store answers and end their leases; return how many were stored.

        An answer for a revision that is no longer the newest is dropped. Labels of another model toward
        the same brand are replaced.
        """
        ...

    def backlog(self, model: str) -> int:
        """Return how many (mention revision, brand) pairs have no answer of `model`."""
        ...

    def correct(self, correction: Correction) -> None:
        """Store a person's word against a label; the newest word counts in searches and priorities.

        Writes the audit record `label.correct`.
        """
        ...


class ThreadStore(Protocol):
    """Keep threads and what people decided about them."""

    def thread(self, thread_id: str) -> Thread:
        """Return a thread with its mentions, labels, notes and corrections.

        Raises:
            NotFound: there is none of that id.
        """
        ...

    def threads_to_rank(self, *, limit: int, older_than: datetime) -> list[str]:
        """Return ids of threads whose priority is out of date.

        Those that changed since they were ranked come first, then open ones ranked before `older_than`
        (waiting time grows), then snoozed ones whose time has come.
        """
        ...

    def save_priority(self, thread_id: str, priority: Priority, *, sequence: int, now: datetime) -> None:
        """Store a priority made from a thread at `sequence`; dropped where the thread has changed since.

        A snoozed thread whose time has come is opened.
        """
        ...

    def queue(
        self,
        search: Search,
        *,
        sort: QueueSort = QueueSort.PRIORITY,
        limit: int = 50,
        after: str | None = None,
    ) -> QueuePage:
        """Return threads with at least one matched mention that `search` finds.

        Pinned threads come first in every order. `is:` words about status and assignee look at the thread.
        """
        ...

    def queue_counts(self, searches: Sequence[Search]) -> list[Count]:
        """Return how many threads each search has in the queue, in one call: the figures of all views."""
        ...

    def matched(self, thread_ids: Sequence[str]) -> Mapping[str, Sequence[StoredMention]]:
        """Return the matched mentions of threads, not our own, oldest first; an unknown id has none."""
        ...

    def triage(
        self, thread_id: str, change: Triage, *, actor: str, action: str, now: datetime
    ) -> tuple[Triage, AuditRecord]:
        """Store a triage whose `version` is the stored one; return it with the next version, and the record.

        Raises:
            NotFound: there is no such thread.
            Conflict: somebody changed it first; `fresh` is the thread's triage now.
        """
        ...

    def add_note(self, note: Note) -> None:
        """Add a note to a thread, with its audit record `note.add`; the same id twice is one note."""
        ...

    def remove_note(self, note_id: str, *, actor: str, now: datetime) -> None:
        """Take a note away, with its audit record `note.remove` that keeps the text."""
        ...

    def stale_threads(self, *, before: datetime, limit: int) -> list[str]:
        """Return threads that are not pinned and whose mentions were all published before a moment."""
        ...

    def tags(self) -> list[str]:
        """Return every tag in use, by name."""
        ...


class SearchStore(Protocol):
    """Search over mentions. Context mentions are found only with `is:context`."""

    def search(
        self, search: Search, *, sort: Sort = Sort.NEW, limit: int = 50, after: str | None = None
    ) -> Page:
        """Return a page of hits with highlights."""
        ...

    def count(self, search: Search, *, roughly: bool = False) -> Count:
        """Return how many mentions a search finds.

        `roughly` lets a sample stand for very many, as old as a minute: for pages, read by eye.
        """
        ...

    def counts(self, search: Search, among: Sequence[Node]) -> list[Count]:
        """Return how many of a search's hits each of some queries finds, in one pass over the hits."""
        ...

    def facets(
        self, search: Search, fields: Sequence[str], *, limit: int = 20
    ) -> dict[str, list[FacetValue]]:
        """Return the commonest values of each field among the hits, most first, then by value.

        Fields: source, product, rival, sentiment, churn, intent, lang, status, assignee, tag, author, watch.
        `sentiment` counts the likeliest tone toward the product, `churn` the values `yes` (p ≥ 0.5) and `no`.
        Among very many hits a sample may stand for all, as old as a minute: its values are not `exact`.
        """
        ...

    def histogram(self, search: Search, *, step: timedelta, start: datetime, end: datetime) -> list[Bucket]:
        """Return hits per `step` from `start` (inclusive) to `end` (exclusive), empty bars included.

        At most 1,000 bars. Among very many hits a sample may stand for all, as old as a minute: such bars
        are not `exact`.
        """
        ...

    def settle(self) -> None:
        """Wait until all that was written is searchable."""
        ...


class OfficeStore(Protocol):
    """Keep users, sessions, audit, work requests and the outbox."""

    def users(self) -> list[User]:
        """Return all users, by name."""
        ...

    def save_user(self, user: User) -> None:
        """Store a user under their name."""
        ...

    def save_session(self, session: Session) -> None:
        """Store a session under its token hash."""
        ...

    def session(self, token_hash: str) -> Session | None:
        """Return a session, or None where there is none."""
        ...

    def end_session(self, token_hash: str) -> None:
        """Forget a session."""
        ...

    def sessions(self, user: str) -> list[Session]:
        """Return a user's sessions, newest use first."""
        ...

    def end_sessions(self, user: str, *, besides: str | None = None) -> int:
        """Forget a user's sessions, all or all but the one with the token hash `besides`; return how many."""
        ...

    def save_sign_in_link(self, link: SignInLink) -> None:
        """Store a link that signs in once."""
        ...

    def use_sign_in_link(self, token_hash: str, *, now: datetime) -> SignInLink | None:
        """Return a link that is still good and forget it, as one act; None where it is not good."""
        ...

    def audit(
        self, *, target: str | None = None, limit: int = 100, before: int | None = None
    ) -> list[AuditRecord]:
        """Return audit records, newest first; `before` is an id to page on from."""
        ...

    def record(self, *, actor: str, action: str, target: str, now: datetime) -> AuditRecord:
        """Write an audit record for an act that changes nothing else here, such as a sign-in."""
        ...

    def request_work(self, work: Work) -> None:
        """Store a request; the same id twice is one request."""
        ...

    def claim_work(self, *, owner: str, lease: timedelta, now: datetime) -> Work | None:
        """Claim the oldest waiting request, or a running one whose lease ran out."""
        ...

    def finish_work(self, work_id: str, *, failed: bool = False, outcome: str = "") -> None:
        """Say what came of a request."""
        ...

    def work(self, *, limit: int = 50) -> list[Work]:
        """Return requests, newest first."""
        ...

    def post(self, items: Sequence[OutboxItem]) -> int:
        """Put items into the outbox; return how many were not there before."""
        ...

    def claim_outbox(self, *, owner: str, lease: timedelta, limit: int, now: datetime) -> list[OutboxItem]:
        """Claim unsent items that are due, oldest first."""
        ...

    def sent(self, item_id: str, *, now: datetime, outcome: str = "") -> None:
        """Say that an item went out, and what the other side answered; the first word stays."""
        ...

    def not_sent(self, item_id: str, *, error: str, retry_at: datetime | None) -> None:
        """Say why an item did not go out and when to try again; None for not before `send_again`."""
        ...

    def send_again(self, item_id: str, *, now: datetime) -> None:
        """Let an unsent item be tried at once, given up or not."""
        ...

    def withdraw(self, item_id: str) -> bool:
        """Take an item out that nobody has claimed yet, or that was given up; tell whether it is out."""
        ...

    def outbox(
        self, *, ids: Sequence[str] | None = None, prefix: str = "", limit: int = 100
    ) -> list[OutboxItem]:
        """Return items, sent ones too, the last posted first: of `ids`, or whose id begins with `prefix`."""
        ...

    def remember(self, key: str, value: str) -> str:
        """Store `value` under `key` unless there is one; return the stored one (the first wins)."""
        ...


class Store(
    WatchStore,
    MentionStore,
    LabelStore,
    ThreadStore,
    SearchStore,
    OfficeStore,
    DeskStore,
    CustomerStore,
    RecordStore,
    Upkeep,
    Protocol,
):
    """Everything one engine does."""

    def close(self) -> None:
        """End all connections; a second call does nothing."""
        ...

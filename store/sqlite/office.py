"""Users, sessions, audit, work requests, outbox and small facts."""

# The SQL here is put together from our own names; every value is bound.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from core.audit import AuditRecord
from core.user import Role, Session, SignInLink, User
from core.work import OutboxItem, Work, WorkState
from store.chain import Row
from store.codecs import dumps, loads, maybe_moment, micros, moment
from store.sqlite import ledger
from store.sqlite.part import Part


class Accounts(Part):
    """Keep users, sessions and the audit."""

    def users(self) -> list[User]:
        """Return all users, by name."""
        with self.database.read() as link:
            return link.rows(
                _user, "SELECT name, role, created_at, password_hash, disabled FROM user ORDER BY name"
            )

    def save_user(self, user: User) -> None:
        """Store a user under their name."""
        with self.database.write() as link:
            link.run(
                "INSERT OR REPLACE INTO user (name, role, created_at, password_hash, disabled) "
                "VALUES (?, ?, ?, ?, ?)",
                user.name,
                user.role.value,
                micros(user.created_at),
                user.password_hash,
                user.disabled,
            )

    def save_session(self, session: Session) -> None:
        """Store a session under its token hash."""
        with self.database.write() as link:
            link.run(
                "INSERT OR REPLACE INTO session (token_hash, user, created_at, last_seen_at) "
                "VALUES (?, ?, ?, ?)",
                session.token_hash,
                session.user,
                micros(session.created_at),
                micros(session.last_seen_at),
            )

    def session(self, token_hash: str) -> Session | None:
        """Return a session, or None where there is none."""
        with self.database.read() as link:
            return link.one(
                _session,
                "SELECT token_hash, user, created_at, last_seen_at FROM session WHERE token_hash = ?",
                token_hash,
            )

    def end_session(self, token_hash: str) -> None:
        """Forget a session."""
        with self.database.write() as link:
            link.run("DELETE FROM session WHERE token_hash = ?", token_hash)

    def sessions(self, user: str) -> list[Session]:
        """Return a user's sessions, newest use first."""
        sql = (
            "SELECT token_hash, user, created_at, last_seen_at FROM session "
            "WHERE user = ? ORDER BY last_seen_at DESC, token_hash"
        )
        with self.database.read() as link:
            return link.rows(_session, sql, user)

    def end_sessions(self, user: str, *, besides: str | None = None) -> int:
        """Forget a user's sessions, all or all but one; return how many."""
        with self.database.write() as link:
            link.run("DELETE FROM session WHERE user = ? AND token_hash IS NOT ?", user, besides)
            return link.changes()

    def save_sign_in_link(self, link: SignInLink) -> None:
        """Store a link that signs in once."""
        with self.database.write() as connection:
            connection.run(
                "INSERT OR REPLACE INTO sign_in_link (token_hash, user, expires_at) VALUES (?, ?, ?)",
                link.token_hash,
                link.user,
                micros(link.expires_at),
            )

    def use_sign_in_link(self, token_hash: str, *, now: datetime) -> SignInLink | None:
        """Return a link that is still good and forget it; None where it is not good."""
        with self.database.write() as link:
            found = link.one(
                _sign_in_link,
                "DELETE FROM sign_in_link WHERE token_hash = ? RETURNING token_hash, user, expires_at",
                token_hash,
            )
            link.run("DELETE FROM sign_in_link WHERE expires_at <= ?", micros(now))
        return found if found is not None and found.expires_at > now else None

    def audit(
        self, *, target: str | None = None, limit: int = 100, before: int | None = None
    ) -> list[AuditRecord]:
        """Return audit records, newest first; `before` is an id to page on from."""
        sql = f"SELECT {ledger.COLUMNS} FROM audit WHERE id < ?"
        newest = before if before is not None else 1 << 62
        with self.database.read() as link:
            if target is None:
                rows = link.rows(Row, f"{sql} ORDER BY id DESC LIMIT ?", newest, limit)
            else:
                rows = link.rows(Row, f"{sql} AND target = ? ORDER BY id DESC LIMIT ?", newest, target, limit)
        return [row.record() for row in rows]

    def record(self, *, actor: str, action: str, target: str, now: datetime) -> AuditRecord:
        """Write an audit record for an act that changes nothing else here."""
        with self.database.write() as link:
            return ledger.write(link, actor=actor, action=action, target=target, now=now).record()

    def remember(self, key: str, value: str) -> str:
        """Store `value` under `key` unless there is one; return the stored one."""
        # Our own facts, such as the version of the analysis, stand beside under names without this sign.
        name = f"={key}"
        with self.database.write() as link:
            link.run("INSERT OR IGNORE INTO memo (key, value) VALUES (?, ?)", name, value)
            return link.one(str, "SELECT value FROM memo WHERE key = ?", name) or value


WORK = "id, kind, payload, requested_by, at, state, outcome"
CLAIM_WORK = f"""
UPDATE work SET state = 'running', lease_owner = ?, lease_until = ? WHERE number = (
    SELECT number FROM work
    WHERE state IN ('waiting', 'running') AND (state = 'waiting' OR lease_until <= ?)
    ORDER BY at, number LIMIT 1
) RETURNING {WORK}
"""
ITEM = "id, channel, payload, due_at, attempts, last_error, sent_at, outcome, given_up"
OUTBOX = f"SELECT {ITEM} FROM outbox WHERE substr(id, 1, length(?)) = ? ORDER BY number DESC LIMIT ?"
OUTBOX_IDS = f"""
SELECT {ITEM} FROM outbox WHERE id IN (SELECT value FROM json_each(?)) ORDER BY number DESC LIMIT ?
"""
CLAIM_ITEMS = f"""
UPDATE outbox SET lease_owner = ?, lease_until = ?, attempts = attempts + 1 WHERE number IN (
    SELECT number FROM outbox
    WHERE sent_at IS NULL AND given_up = 0 AND due_at <= ? AND (lease_until IS NULL OR lease_until <= ?)
    ORDER BY due_at, number LIMIT ?
) RETURNING number, {ITEM}
"""


class Desk(Part):
    """Keep work requests and the outbox."""

    def request_work(self, work: Work) -> None:
        """Store a request; the same id twice is one request."""
        with self.database.write() as link:
            link.run(
                f"INSERT OR IGNORE INTO work ({WORK}) VALUES (?, ?, ?, ?, ?, ?, ?)",
                work.id,
                work.kind,
                dumps(dict(work.payload)),
                work.requested_by,
                micros(work.at),
                work.state.value,
                work.outcome,
            )

    def claim_work(self, *, owner: str, lease: timedelta, now: datetime) -> Work | None:
        """Claim the oldest waiting request, or a running one whose lease ran out."""
        with self.database.write() as link:
            return link.one(_work, CLAIM_WORK, owner, micros(now + lease), micros(now))

    def finish_work(self, work_id: str, *, failed: bool = False, outcome: str = "") -> None:
        """Say what came of a request."""
        state = WorkState.FAILED if failed else WorkState.DONE
        with self.database.write() as link:
            link.run(
                "UPDATE work SET state = ?, outcome = ?, lease_until = NULL WHERE id = ?",
                state.value,
                outcome,
                work_id,
            )

    def work(self, *, limit: int = 50) -> list[Work]:
        """Return requests, newest first."""
        with self.database.read() as link:
            return link.rows(_work, f"SELECT {WORK} FROM work ORDER BY at DESC, number DESC LIMIT ?", limit)

    def post(self, items: Sequence[OutboxItem]) -> int:
        """Put items into the outbox; return how many were not there before."""
        new = 0
        with self.database.write() as link:
            for item in items:
                link.run(
                    "INSERT OR IGNORE INTO outbox (id, channel, payload, due_at, attempts, last_error) "
                    "VALUES (?, ?, ?, ?, ?, ?)",
                    item.id,
                    item.channel,
                    dumps(dict(item.payload)),
                    micros(item.due_at),
                    item.attempts,
                    item.last_error,
                )
                new += link.changes()
        return new

    def claim_outbox(self, *, owner: str, lease: timedelta, limit: int, now: datetime) -> list[OutboxItem]:
        """Claim unsent items that are due, oldest first; each claim counts as an attempt."""
        with self.database.write() as link:
            found = link.rows(
                lambda number, *row: (row[3], number, _item(*row)),
                CLAIM_ITEMS,
                owner,
                micros(now + lease),
                micros(now),
                micros(now),
                limit,
            )
        return [item for _, _, item in sorted(found, key=lambda one: one[:2])]

    def sent(self, item_id: str, *, now: datetime, outcome: str = "") -> None:
        """Say that an item went out, and what the other side answered; the first word stays."""
        with self.database.write() as link:
            link.run(
                "UPDATE outbox SET sent_at = ?, outcome = ?, given_up = 0, lease_until = NULL "
                "WHERE id = ? AND sent_at IS NULL",
                micros(now),
                outcome,
                item_id,
            )

    def not_sent(self, item_id: str, *, error: str, retry_at: datetime | None) -> None:
        """Say why an item did not go out and when to try again; None for not before `send_again`."""
        with self.database.write() as link:
            link.run(
                "UPDATE outbox SET last_error = ?, due_at = coalesce(?, due_at), given_up = ?, "
                "lease_until = NULL WHERE id = ? AND sent_at IS NULL",
                error,
                micros(retry_at) if retry_at else None,
                int(retry_at is None),
                item_id,
            )

    def send_again(self, item_id: str, *, now: datetime) -> None:
        """Let an unsent item be tried at once, given up or not."""
        with self.database.write() as link:
            link.run(
                "UPDATE outbox SET due_at = ?, given_up = 0 WHERE id = ? AND sent_at IS NULL",
                micros(now),
                item_id,
            )

    def withdraw(self, item_id: str) -> bool:
        """Take an item out that nobody has claimed yet, or that was given up; tell whether it is out."""
        with self.database.write() as link:
            link.run(
                "DELETE FROM outbox WHERE id = ? AND sent_at IS NULL AND (attempts = 0 OR given_up = 1)",
                item_id,
            )
            return link.changes() > 0

    def outbox(
        self, *, ids: Sequence[str] | None = None, prefix: str = "", limit: int = 100
    ) -> list[OutboxItem]:
        """Return items, sent ones too, the last posted first: of `ids`, or whose id begins with `prefix`."""
        with self.database.read() as link:
            if ids is not None:
                return link.rows(_item, OUTBOX_IDS, dumps(list(ids)), limit)
            return link.rows(_item, OUTBOX, prefix, prefix, limit)


def _user(name: str, role: str, created_at: int, password_hash: str | None, disabled: int) -> User:
    return User(
        name=name,
        role=Role(role),
        created_at=moment(created_at),
        password_hash=password_hash,
        disabled=bool(disabled),
    )


def _session(token_hash: str, user: str, created_at: int, last_seen_at: int) -> Session:
    return Session(
        token_hash=token_hash, user=user, created_at=moment(created_at), last_seen_at=moment(last_seen_at)
    )


def _sign_in_link(token_hash: str, user: str, expires_at: int) -> SignInLink:
    return SignInLink(token_hash=token_hash, user=user, expires_at=moment(expires_at))


def _work(  # noqa: PLR0917 — the columns of a row
    work_id: str, kind: str, payload: str, requested_by: str, at: int, state: str, outcome: str
) -> Work:
    return Work(
        id=work_id,
        kind=kind,
        payload=loads(payload),
        requested_by=requested_by,
        at=moment(at),
        state=WorkState(state),
        outcome=outcome,
    )


def _item(  # noqa: PLR0917 — the columns of a row
    item_id: str,
    channel: str,
    payload: str,
    due_at: int,
    attempts: int,
    last_error: str,
    sent_at: int | None,
    outcome: str,
    given_up: int,
) -> OutboxItem:
    return OutboxItem(
        id=item_id,
        channel=channel,
        payload=loads(payload),
        due_at=moment(due_at),
        attempts=attempts,
        last_error=last_error,
        sent_at=maybe_moment(sent_at),
        outcome=outcome,
        given_up=bool(given_up),
    )

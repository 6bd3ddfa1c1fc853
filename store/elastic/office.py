"""Users, sessions, the audit and small facts."""

from __future__ import annotations

from datetime import datetime

from core.audit import AuditRecord
from core.user import Role, Session, SignInLink, User
from store.codecs import micros, moment, storable
from store.elastic import facts, ledger
from store.elastic.bulk import Action, Outcome
from store.elastic.documents import read
from store.elastic.faults import Json
from store.elastic.ledger import Ledger
from store.elastic.part import Part
from store.elastic.telling import written_down


class Accounts(Part):
    """Keep users, sessions and the audit."""

    ledger: Ledger

    def users(self) -> list[User]:
        """Return all users, by name."""
        found = [_user(doc.body) for doc in facts.listed(self.documents, "user")]
        return sorted(found, key=lambda user: user.name)

    def save_user(self, user: User) -> None:
        """Store a user under their name."""
        body: Json = {
            "name": user.name,
            "role": user.role.value,
            "created_at": micros(user.created_at),
            "password_hash": user.password_hash,
            "disabled": user.disabled,
        }
        facts.save(self.documents, *user_doc(body))

    def save_session(self, session: Session) -> None:
        """Store a session under its token hash."""
        body: Json = {
            "token_hash": session.token_hash,
            "user": session.user,
            "created_at": micros(session.created_at),
            "last_seen_at": micros(session.last_seen_at),
        }
        self.documents.write([Action("index", facts.NAME, *session_doc(body))])

    def session(self, token_hash: str) -> Session | None:
        """Return a session, or None where there is none."""
        doc = self.documents.get(facts.NAME, facts.fact_key("session", token_hash))
        if doc is None:
            return None
        return _session(doc.body)

    def sessions(self, user: str) -> list[Session]:
        """Return a user's sessions, newest use first."""
        self.server.refresh(facts.NAME)
        name = storable(user)
        parts: list[Json] = [{"term": {"kind": "session"}}, {"term": {"key": name[: facts.LONGEST_KEY]}}]
        hits = self.documents.scan(facts.NAME, {"bool": {"filter": parts}}, [{"_doc": "asc"}])
        found = [_session(read(facts.NAME, hit).body) for hit in hits]
        mine = sorted((one for one in found if one.user == name), key=lambda one: one.token_hash)
        return sorted(mine, key=lambda one: one.last_seen_at, reverse=True)

    def end_sessions(self, user: str, *, besides: str | None = None) -> int:
        """Forget a user's sessions, all or all but one; return how many."""
        ids = [
            facts.fact_key("session", one.token_hash)
            for one in self.sessions(user)
            if one.token_hash != besides
        ]
        return self.documents.write([Action("delete", facts.NAME, one) for one in ids]).count(Outcome.DONE)

    def end_session(self, token_hash: str) -> None:
        """Forget a session."""
        self.documents.write([Action("delete", facts.NAME, facts.fact_key("session", token_hash))])

    def save_sign_in_link(self, link: SignInLink) -> None:
        """Store a link that signs in once."""
        until = micros(link.expires_at)
        body: Json = {"token_hash": link.token_hash, "user": link.user, "expires_at": until}
        self.documents.write([Action("index", facts.NAME, *link_doc(body))])

    def use_sign_in_link(self, token_hash: str, *, now: datetime) -> SignInLink | None:
        """Return a link that is still good and forget it; only one removal of what was read can win."""
        doc = self.documents.get(facts.NAME, facts.fact_key("link", token_hash))
        won = doc is not None and self.documents.write([doc.removed()])[0] is Outcome.DONE
        self._forget_links(now)
        if doc is None or not won:
            return None
        body = doc.body
        link = SignInLink(
            token_hash=body["token_hash"], user=body["user"], expires_at=moment(body["expires_at"])
        )
        return link if link.expires_at > now else None

    def _forget_links(self, now: datetime) -> None:
        parts: list[Json] = [{"term": {"kind": "link"}}, {"range": {"until": {"lte": micros(now)}}}]
        hits = self.documents.scan(facts.NAME, {"bool": {"filter": parts}}, [{"until": "asc"}], limit=1_000)
        self.documents.write([Action("delete", facts.NAME, read(facts.NAME, hit).id) for hit in hits])

    def audit(
        self, *, target: str | None = None, limit: int = 100, before: int | None = None
    ) -> list[AuditRecord]:
        """Return audit records, newest first; `before` is an id to page on from."""
        return self.ledger.records(target=target, limit=limit, before=before)

    def record(self, *, actor: str, action: str, target: str, now: datetime) -> AuditRecord:
        """Write an audit record for an act that changes nothing else here."""
        return written_down(self.ledger, ledger.act(actor=actor, action=action, target=target, now=now))

    def remember(self, key: str, value: str) -> str:
        """Store `value` under `key` unless there is one; return the stored one."""
        wanted = storable(value)
        doc_id, source = memo_doc({"key": key, "value": wanted})
        if self.documents.write([Action("create", facts.NAME, doc_id, source)])[0] is Outcome.DONE:
            return wanted
        doc = self.documents.get(facts.NAME, doc_id)
        return str(doc.body["value"]) if doc else wanted


def user_doc(body: Json) -> tuple[str, Json]:
    """Return the id and the document of a user."""
    return facts.fact_key("user", body["name"]), facts.fact("user", body["name"], body)


def session_doc(body: Json) -> tuple[str, Json]:
    """Return the id and the document of a session; lists are of one user's."""
    return facts.fact_key("session", body["token_hash"]), facts.fact("session", body["user"], body)


def link_doc(body: Json) -> tuple[str, Json]:
    """Return the id and the document of a sign-in link."""
    doc_id = facts.fact_key("link", body["token_hash"])
    return doc_id, facts.fact("link", "", body, until=body["expires_at"])


def memo_doc(body: Json) -> tuple[str, Json]:
    """Return the id and the document of a small fact."""
    return facts.fact_key("memo", body["key"]), facts.fact("memo", body["key"], body)


def _session(body: Json) -> Session:
    return Session(
        token_hash=body["token_hash"],
        user=body["user"],
        created_at=moment(body["created_at"]),
        last_seen_at=moment(body["last_seen_at"]),
    )


def _user(body: Json) -> User:
    return User(
        name=body["name"],
        role=Role(body["role"]),
        created_at=moment(body["created_at"]),
        password_hash=body["password_hash"],
        disabled=body["disabled"],
    )

"""People and accounts as data, the same fields in JSON and CSV."""

from __future__ import annotations

from core.bodies import body_of
from core.clock import iso
from core.customers import Account, Person, Standing
from web.quotes import evidence_json

ACCOUNT_COLUMNS = (
    "key", "name", "stage", "since", "score", "why", "value", "renewal", "owner", "tier", "people", "domains",
    "start", "outcome", "last_heard", "last_touched", "value_before", "value_since",
)  # fmt: skip
PERSON_COLUMNS = (
    "key", "name", "handles", "stage", "since", "score", "why", "account", "seat", "followers", "last_heard",
    "last_touched",
)  # fmt: skip


def account_cells(account: Account) -> list[object]:
    """Return an account as a row of `ACCOUNT_COLUMNS`."""
    contract, standing = account.contract, account.standing
    return [
        account.key, contract.name, standing.stage.value, _moment(standing, "since"), f"{standing.score:.2f}",
        _why(standing), contract.value, contract.renewal, contract.owner, contract.tier, account.people,
        " ".join(contract.domains), contract.start, contract.outcome.value, _moment(standing, "seen"),
        _moment(standing, "touched"), contract.value_before, contract.value_since,
    ]  # fmt: skip


def person_cells(person: Person) -> list[object]:
    """Return a person as a row of `PERSON_COLUMNS`."""
    standing = person.standing
    handles = " ".join(f"{handle.source}:{handle.name}" for handle in person.handles)
    return [
        person.key, person.shown, handles, standing.stage.value, _moment(standing, "since"),
        f"{standing.score:.2f}", _why(standing), person.account, person.seat.value, person.followers,
        _moment(standing, "seen"), _moment(standing, "touched"),
    ]  # fmt: skip


def account_json(account: Account) -> dict[str, object]:
    """Return an account as data."""
    cells = dict(zip(ACCOUNT_COLUMNS, account_cells(account), strict=True))
    contract = account.contract
    return cells | {
        "score": account.standing.score,
        "domains": list(contract.domains),
        "start": contract.start.isoformat() if contract.start else None,
        "renewal": contract.renewal.isoformat() if contract.renewal else None,
        "value_since": contract.value_since.isoformat() if contract.value_since else None,
        "values": [body_of(one) for one in account.values],
        **_standing_json(account.standing),
        "value_seen": [evidence_json(one) for one in account.seen],
        "value_missed": [evidence_json(one) for one in account.missed],
    }


def person_json(person: Person) -> dict[str, object]:
    """Return a person as data."""
    cells = dict(zip(PERSON_COLUMNS, person_cells(person), strict=True))
    return cells | {
        "score": person.standing.score,
        "handles": [{"source": handle.source, "handle": handle.name} for handle in person.handles],
        **_standing_json(person.standing),
        "evidence": [evidence_json(one) for one in person.evidence],
    }


def _standing_json(standing: Standing) -> dict[str, object]:
    word = standing.override
    return {
        "reasons": [
            {"why": one.why, "quotes": [evidence_json(quote) for quote in one.quotes]}
            for one in standing.because
        ],
        "judged": standing.judged.value,
        "override": {"stage": word.stage.value, "reason": word.reason, "by": word.by, "at": iso(word.at)}
        if word
        else None,
    }


def _moment(standing: Standing, name: str) -> str:
    moment = getattr(standing, name)
    return iso(moment) if moment else ""


def _why(standing: Standing) -> str:
    if standing.override:
        return standing.override.reason
    return "; ".join(one.why for one in standing.because)

"""`/settings/audit`: who did what, for admins. Records are never changed and never removed."""

from __future__ import annotations

from flask import Blueprint, make_response, render_template, request, url_for
from werkzeug.exceptions import Forbidden
from werkzeug.wrappers import Response

from core.audit import AuditRecord
from core.clock import iso
from core.user import Role
from web import outputs
from web.audit_log import Asked, page_of
from web.formats import wanted
from web.services import the_store
from web.sessions import signed

blueprint = Blueprint("audit", __name__)

PAGE = 50
COLUMNS = ("id", "at", "actor", "action", "target", "before", "after")


@blueprint.before_request
def _admins_only() -> None:
    if signed().user.role is not Role.ADMIN:
        raise Forbidden("Only an admin reads the audit log.")


@blueprint.get("/settings/audit")
@blueprint.get("/settings/audit.<any(json,csv):form>")
def show(form: str = "") -> Response:
    """Show what was done, newest first, by whom, what and to what."""
    asked = Asked(
        actor=request.args.get("actor", "").strip(),
        action=request.args.get("action", "").strip(),
        target=request.args.get("target", "").strip(),
    )
    before = request.args.get("before", type=int)
    match wanted(form, "json", "csv"):
        case "csv":
            found = page_of(the_store(), asked, limit=outputs.CSV_LIMIT, before=before)
            return outputs.csv_response("audit", COLUMNS, map(_cells, found.records))
        case "json":
            found = page_of(the_store(), asked, limit=PAGE, before=before)
            following = url_for(".show", form="json", **asked.args(found.next)) if found.next else None
            return outputs.json_response({"records": [*map(_as_json, found.records)], "next": following})
        case _:
            found = page_of(the_store(), asked, limit=PAGE, before=before)
            users = [user.name for user in the_store().users()]
            return make_response(
                render_template("settings/audit.html", asked=asked, page=found, users=users, first=not before)
            )


def _as_json(record: AuditRecord) -> dict[str, object]:
    return {
        "id": record.id,
        "at": iso(record.at),
        "actor": record.actor,
        "action": record.action,
        "target": record.target,
        "before": dict(record.before),
        "after": dict(record.after),
    }


def _cells(record: AuditRecord) -> list[object]:
    return [_as_json(record)[name] for name in COLUMNS]

"""What stands behind a figure: a long list page by page, and the accounts also whole as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from flask import Response, make_response, render_template, request

from core.customers import Account
from core.revenue import Revenue
from web import outputs
from web.customer_data import ACCOUNT_COLUMNS, account_cells, account_json
from web.formats import wanted

T = TypeVar("T")

#: Rows on one page.
PAGE = 25
WORTH_COLUMNS = ("value_then", "value_now", "then_told")


@dataclass(frozen=True, kw_only=True, slots=True)
class Part(Generic[T]):
    """One page of a list that is worked out anew for each page."""

    items: Sequence[T]
    #: Of the whole list.
    count: int
    #: Give it back as `after` for the next page; None on the last.
    next: int | None


def part_of(found: Sequence[T]) -> Part[T]:
    """Return the page of a list that the address asks for, the first where there is no such page."""
    after = request.args.get("after", default=0, type=int)
    start = after if 0 <= after < len(found) else 0
    end = start + PAGE
    return Part(items=found[start:end], count=len(found), next=end if end < len(found) else None)


def accounts_behind(
    found: Sequence[Account],
    form: str,
    *,
    asked: Mapping[str, object],
    title: str = "",
    worth: Mapping[str, Revenue] | None = None,
) -> Response:
    """Return the accounts behind a figure: a page of them, or all as data.

    Args:
        found: all accounts behind the figure.
        form: what the address asks for by its suffix.
        asked: the arguments of the address, for the next page and the exports.
        title: what the figure is about.
        worth: by account, its value then and now, where the figure is about a period.
    """
    worth = worth or {}
    more = WORTH_COLUMNS if worth else ()
    match wanted(form, "json", "csv"):
        case "json":
            return outputs.json_response([account_json(one) | _worth(worth.get(one.key)) for one in found])
        case "csv":
            rows = ((one, _worth(worth.get(one.key))) for one in found)
            cells = ([*account_cells(one), *(told.get(name) for name in more)] for one, told in rows)
            return outputs.csv_response("accounts", (*ACCOUNT_COLUMNS, *more), cells)
    together = sum(row.then for row in worth.values()), sum(row.now for row in worth.values())
    return make_response(
        render_template(
            "reports/accounts.html",
            part=part_of(found),
            title=title,
            revenue=worth,
            together=together,
            asked=asked,
        )
    )


def _worth(row: Revenue | None) -> dict[str, object]:
    return {"value_then": row.then, "value_now": row.now, "then_told": not row.assumed} if row else {}

"""`/complete.json`: how a query can go on."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flask import Blueprint, jsonify, request
from werkzeug.wrappers import Response

from core.query import Everything
from core.query_parser import MAX_LENGTH
from core.search import Search
from engage.teams import assignable
from web.completing import complete
from web.services import now, the_store
from web.sessions import mine

blueprint = Blueprint("completing", __name__)

#: Values of a field that only the mentions know.
COUNTED = frozenset({"author", "lang"})
MOST = 50


@blueprint.get("/complete.json")
def show() -> Response:
    """Return suggestions for the end of `q`."""
    found = complete(request.args.get("q", "")[:MAX_LENGTH], _values)
    return jsonify(
        suggestions=[{"label": each.label, "text": each.text, "start": each.start} for each in found]
    )


def _values(name: str) -> Sequence[str]:
    store = the_store()
    if name in COUNTED:
        search = Search(node=Everything(), now=now(), mine=mine())
        return [found.value for found in store.facets(search, [name], limit=MOST)[name]]
    known: dict[str, Callable[[], Sequence[str]]] = {
        "source": lambda: sorted({state.source for state in store.source_states()}),
        "assignee": lambda: assignable(store),
        "tag": store.tags,
        "watch": lambda: [watch.id for watch in store.watches()],
        "product": lambda: [watch.product.name for watch in store.watches()],
        "rival": lambda: sorted({rival.name for watch in store.watches() for rival in watch.rivals}),
    }
    return known[name]() if name in known else ()

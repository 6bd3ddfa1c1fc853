"""`/people/SOURCE:HANDLE`: what one handle on one source said."""

from __future__ import annotations

from flask import Blueprint, abort, make_response, render_template, request
from werkzeug.wrappers import Response

from core.query import OneOf
from core.search import Search, Sort
from web import outputs
from web.conversation import product_labels
from web.formats import wanted
from web.queue_view import both
from web.services import now, the_store
from web.sessions import actor

blueprint = Blueprint("people", __name__)

PAGE = 50


@blueprint.get("/people/<id:person_id>")
def show(person_id: str) -> Response:
    """Show the mentions of one handle."""
    source, _, handle = person_id.partition(":")
    if not source or not handle:
        abort(404)
    store = the_store()
    node = both(OneOf("source", (source,)), OneOf("author", (handle,)))
    search = Search(node=node, now=now(), user=actor())
    page = store.search(search, sort=Sort.NEW, limit=PAGE, after=request.args.get("after"))
    if not page.hits:
        abort(404)
    if wanted("", "json") == "json":
        return outputs.json_response({"id": person_id, "mentions": [outputs.hit_json(h) for h in page.hits]})
    products = {watch.product.name for watch in store.watches()}
    return make_response(
        render_template(
            "people/show.html",
            source=source,
            author=page.hits[0].stored.mention.author,
            page=page,
            count=store.count(search),
            labels=[product_labels(hit.stored.mention.labels, products) for hit in page.hits],
        )
    )

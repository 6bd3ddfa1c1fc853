"""`/rivals`: who names which rival, how, and who shops around."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, render_template

from core.clock import iso
from engage.attention import RivalWord, rival_words, shoppers, win_loss
from web import outputs
from web.formats import wanted
from web.quotes import quoted
from web.services import now, the_store

blueprint = Blueprint("rivals", __name__)

COLUMNS = ("at", "person", "stage", "account", "rival", "tone", "of_us", "thread_id", "mention_id")
SHOWN = 50


@blueprint.get("/rivals")
@blueprint.get("/rivals.<any(json,csv):form>")
def show(form: str = "") -> Response:
    """Show what was said about rivals in the last months."""
    store = the_store()
    words = rival_words(store, now=now())
    match wanted(form, "json", "csv"):
        case "json":
            return outputs.json_response([dict(zip(COLUMNS, _cells(word), strict=True)) for word in words])
        case "csv":
            return outputs.csv_response("rivals", COLUMNS, map(_cells, words))
    shown = [(word, quote) for word in words[:SHOWN] for quote in quoted(store, [word.evidence])]
    shops = [
        (who, quote) for who, said in shoppers(store, now=now())[:SHOWN] for quote in quoted(store, [said])
    ]
    return make_response(render_template("rivals/show.html", table=win_loss(words), words=shown, shops=shops))


def _cells(word: RivalWord) -> list[object]:
    person, said = word.person, word.evidence
    return [
        iso(said.at), person.shown, person.standing.stage.value, person.account, word.rival, word.tone,
        word.of_us, said.thread_id, said.mention_id,
    ]  # fmt: skip

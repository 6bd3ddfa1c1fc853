"""What the answer box of a thread shows: whom it answers, macros, and what was said and not seen yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import request

from core.thread import Status, StoredMention, Thread
from core.watch import Watch
from engage.answering import Answer, FollowUp, answers, follow_ups, places
from engage.macros import Macro, filled, macros
from web.services import the_store
from web.sessions import actor
from web.tokens import new_id


@dataclass(frozen=True, kw_only=True, slots=True)
class AnswerBox:
    """Everything that the box needs."""

    #: The newest mention, which an answer is for.
    to: StoredMention | None
    #: What stands in the field: a macro filled in, or what was sent and refused.
    text: str
    #: True where a macro was just chosen.
    filled: bool
    macros: Sequence[Macro]
    #: Our words that no post of ours carries yet.
    unseen: Sequence[Answer]
    #: Ids of the notes that stand in the conversation.
    placed: frozenset[str]
    follow_ups: Sequence[FollowUp]
    #: Sent with the form, so that a resent form is one answer.
    id: str


def answer_box(thread: Thread, watches: Sequence[Watch]) -> AnswerBox:
    """Return the answer box of a thread."""
    ours = [watch for watch in watches if watch.id in thread.watches]
    to = max(thread.matched, key=lambda stored: stored.mention.published_at, default=None)
    found = macros(the_store())
    chosen = next((macro for macro in found if macro.key == request.args.get("macro")), None)
    product = ours[0].product.name if ours else ""
    values = places(thread, to, product=product, user=actor())
    refused = request.form.get("text", "") if request.path == "/triage/answer" else ""
    said, waits = answers(thread), thread.triage.status is Status.WAITING
    return AnswerBox(
        to=to,
        text=filled(chosen.text, values) if chosen else refused,
        filled=chosen is not None,
        macros=found,
        unseen=[each for each in said if each.seen is None and waits],
        placed=frozenset(each.note.id for each in said if waits or each.seen),
        follow_ups=follow_ups(thread, {watch.product.name for watch in ours}),
        id=new_id(),
    )

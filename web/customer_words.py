"""How customers' things are called on the pages: stages, signs, steps, seats, outcomes."""

from __future__ import annotations

from core.customers import Outcome, Seat
from core.stages import Signal, Stage, Step
from web.i18n import later

#: The blueprints that stand under Customers.
PAGES = frozenset(
    {"accounts", "people", "renewals", "rivals", "matches", "advocates", "plays", "goals", "imports"}
)
STAGES = {
    Stage.AT_RISK: ("alert", later("At risk")),
    Stage.UNKNOWN: ("circle", later("Unknown")),
    Stage.SATISFIED: ("flat", later("Satisfied")),
    Stage.LOYAL: ("smile", later("Loyal")),
    Stage.ADVOCATE: ("hand", later("Advocate")),
    Stage.FORMER: ("leave", later("Former")),
}
STEPS = {
    Step.LISTEN: later("Listen: nothing they said tells yet what they value."),
    Step.PROOF_OF_VALUE: later("Show them, in figures of their own, what they get: a proof of value."),
    Step.COMMUNITY: later("Invite them into the community, where they meet others like them."),
    Step.LEADERSHIP: later("Offer them a part: advisory board, beta group, talk with the leadership."),
    Step.THANK: later("Thank them, answer them, and ask for a reference within their limits."),
    Step.WIN_BACK: later("Ask what would bring them back, and tell them when it is there."),
}
SIGNALS = {
    Signal.SATISFIED: ("smile", later("Good words")),
    Signal.EXCEEDED: ("smile", later("Expectations exceeded")),
    Signal.RECOMMENDED: ("hand", later("Recommended us")),
    Signal.HELPED: ("message", later("Helped somebody")),
    Signal.UNHAPPY: ("frown", later("Complained")),
    Signal.WISHED: ("plus", later("Asked for something")),
    Signal.LEAVING: ("leave", later("Talks about leaving")),
    Signal.LEFT: ("leave", later("Left")),
    Signal.RIVAL: ("eye", later("Named a rival")),
    Signal.SHOPPING: ("search", later("Shops around")),
    Signal.TOUCHED: ("mark", later("We answered")),
    Signal.OWED: ("hourglass", later("Waits for our answer")),
}
SEATS = {
    Seat.USER: later("User"),
    Seat.ADMIN: later("Admin"),
    Seat.BUYER: later("Buyer"),
    Seat.SPONSOR: later("Sponsor"),
}
OUTCOMES = {
    Outcome.OPEN: later("Open"),
    Outcome.RENEWED: later("Renewed"),
    Outcome.EXPANDED: later("Expanded"),
    Outcome.SHRUNK: later("Shrunk"),
    Outcome.LOST: later("Lost"),
}

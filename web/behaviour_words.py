"""How behaviours and their effects are told on the pages."""

from __future__ import annotations

from engage.insight.behaviours import Behaviour
from engage.insight.prediction import Effect
from web.i18n import _, later

NAMES = {
    Behaviour.MENTIONS: later("How often they speak"),
    Behaviour.TONE: later("Whether they grow friendlier"),
    Behaviour.ANSWERED: later("Questions of theirs that are answered"),
    Behaviour.WAIT: later("How long they wait for our reply"),
    Behaviour.SILENCE: later("How long they have been silent"),
    Behaviour.RIVALS: later("How often they name rivals"),
    Behaviour.SHIPPED: later("Their requests that we shipped"),
}
STEPS = {
    Behaviour.MENTIONS: later("one more mention a month"),
    Behaviour.TONE: later("half a step friendlier than before"),
    Behaviour.ANSWERED: later("ten of a hundred questions more answered"),
    Behaviour.WAIT: later("one more day of waiting"),
    Behaviour.SILENCE: later("thirty more days of silence"),
    Behaviour.RIVALS: later("one more mention of a rival a month"),
    Behaviour.SHIPPED: later("one more request shipped"),
}
UNITS = {
    Behaviour.MENTIONS: later("mentions a month"),
    Behaviour.TONE: later("change of tone, from -2 to +2"),
    Behaviour.ANSWERED: later("share of questions answered"),
    Behaviour.WAIT: later("hours until our reply"),
    Behaviour.SILENCE: later("days of silence"),
    Behaviour.RIVALS: later("mentions of rivals a month"),
    Behaviour.SHIPPED: later("requests shipped"),
}


def told(effect: Effect) -> str:
    """Return one effect as a sentence."""
    step = STEPS[effect.behaviour]
    if not effect.certain:
        return _("With %(step)s, no difference that is more than chance.", step=step)
    if effect.ratio >= 1:
        return _(
            "With %(step)s, leaving is %(times)s times as likely.", step=step, times=f"{effect.ratio:.2f}"
        )
    return _(
        "With %(step)s, leaving is %(share)s %% less likely.",
        step=step,
        share=f"{100 * (1 - effect.ratio):.0f}",
    )

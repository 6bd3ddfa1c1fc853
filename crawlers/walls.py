"""Pages that stand before what was asked for: anti-bot pages, log-in walls, consent, age gates, soft 404s.

They come with status 200 too. A true article may use the same words, so words count only in a title that
says nothing else, or where hardly any other text stands around them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

#: A text shorter than this is not an article's, whatever its title says.
SHORT = 1_500
#: The same for a consent page, which says more.
LONG = 6_000
#: A text shorter than this may be a wall without a title of its own.
SHORTEST = 600
#: An article's own metadata and this much text outweigh the words of a wall.
ENOUGH = 250

_START, _END = r"(?:^|[|–—•·:-]\s*)", r"\s*(?:$|[.!?]*\s*(?:$|[|–—•·-]))"
_TITLE = re.compile(
    rf"""
    ^just\ a\ moment | ^attention\ required | ^access\ (?:to\ this\ page\ (?:has\ been|is)\ )?denied
    | ^(?:robot\ or\ human|robot\ check|human\ verification|pardon\ our\ interruption|one\ more\ step)
    | are\ you\ (?:a\ )?(?:human|robot) | prove\ (?:you're|your|that\ you|you\ are).{{0,20}}human
    | verif(?:y|ying)\ (?:that\ )?(?:you|your)\b.{{0,20}}(?:human|browser|robot|connection|identity)
    | ^checking\ (?:your\ browser|if\ the\ site) | ^ddos | ^captcha | captcha{_END}
    | {_START}security\ (?:check|verification|checkpoint|challenge){_END} | vercel\ security\ checkpoint
    | ^(?:request|you(?:'ve|\ have)?(?:\ been|\ are)?|access|connection|ip|page)\ (?:rejected|blocked)
    | {_START}blocked{_END} | ^unusual\ traffic | making\ sure\ you(?:'|’)re\ not\ a\ bot | ^whoa\ there
    | ^(?:error\s*)?(?:4[0-5]\d|50\d)(?:{_END}|\s+(?:error|bad|un|forbidden|not|page|too|internal))
    | ^(?:forbidden|unauthori[sz]ed){_END}
    | ^(?:client|bot|captcha|browser|user)\ (?:challenge|verification|check|validation){_END}
    | ^please\ wait{_END} | ^your\ request\ has\ been\ blocked | the\ request\ could\ not\ be\ satisfied
    | ^verification\ required
    | ^(?:service\ (?:temporarily\ )?unavailable|bad\ gateway|internal\ server\ error|gateway\ time-?out)
    | ^(?:an\ )?error(?:\ occurred|\ page)?{_END} | ^sorry!?\ something\ went\ wrong | ^under\ maintenance
    | ^(?:log|sign)[\ -]?(?:in|on|up)(?:\ (?:to|or|with|for|-|–|\||•|and)\b.*)?{_END} | ^join\ linkedin
    | {_START}(?:please\ )?(?:log|sign)[\ -]?(?:in|on|up)(?:\ or\ (?:log|sign)[\ -]?(?:in|up|on))?{_END}
    | ^(?:login|signin|anmelden|anmeldung|einloggen|connexion|iniciar\ sesi[oó]n|accedi|entrar){_END}
    | ^log\ (?:in|into)\b.{{0,30}}(?:facebook|instagram|twitter|x|linkedin) | authwall
    | (?:^|\b)age\ (?:verification|check|gate|restricted){_END} | ^(?:confirm|verify)\ your\ age
    | {_START}(?:404|(?:oops[!,.]*\ )?(?:this\ |that\ |the\ )?(?:page|article|post|file|site)
        \ (?:is\ |was\ )?(?:not|can(?:'|’)?t\ be|cannot\ be|could\ not\ be|couldn(?:'|’)t\ be|no\ longer)
        \ (?:found|available|exists?)|(?:page\ )?not\ found){_END}
    | {_START}(?:seite\ (?:wurde\ )?nicht\ gefunden|page\ introuvable|page\ non\ trouv[ée]e
        |pagina\ non\ trovata|p[áa]gina\ n(?:o|ão)\ encontrada|pagina\ niet\ gevonden
        |nie\ znaleziono(?:\ strony)?|страница\ не\ найдена
        |ページが見つかりません|页面不存在|找不到网页){_END}
    | ^(?:this\ )?(?:page|content|video|item)\ (?:is\ )?(?:un|not\ |no\ longer\ )available
    | ^javascript\ is\ (?:not\ available|disabled|required) | ^(?:please\ )?enable\ (?:javascript|cookies)
    | ^subscribe\ to\ (?:read|continue)
    """,
    re.IGNORECASE | re.VERBOSE,
)
#: Consent pages: these say a lot.
_CONSENT = re.compile(
    rf"""
    ^before\ you\ continue | ^bevor\ sie\ (?:zu|mit|fort) | ^avant\ (?:de\ continuer|d(?:'|’)acc)
    | ^antes\ de\ (?:ir|continuar) | ^prima\ di\ continuare | ^voordat\ je\ (?:verder|door)
    | {_START}(?:cookie|privacy|your\ privacy)\ ?(?:consent|settings|choices|preferences|wall){_END}
    | privacy\ gate{_END}
    | ^we\ (?:value|respect|care\ about)\ your\ privacy
    | ^(?:consent|einwilligung|zustimmung|cookies?){_END} | part\ of\ the\ yahoo\ family
    | yahoo\ markenfamilie | fait\ partie\ de\ la\ famille.{{0,20}}yahoo
    | ^manage\ (?:your\ )?(?:cookies|consent|privacy)
    """,
    re.IGNORECASE | re.VERBOSE,
)
_SAID = re.compile(
    r"""
    verify\ (?:that\ )?you(?:\ are|'re|’re)\ (?:a\ )?(?:human|not) | (?:not|are\ you)\ a\ robot
    | enable\ (?:javascript|cookies|js)\b | javascript\ is\ (?:not\ available|disabled|required)
    | requires\ javascript | checking\ your\ browser | complete\ the\ (?:security\ check|captcha) | captcha
    | (?:access|permission)\b.{0,40}\bdenied | you(?:'ve|’ve|\ have)\ been\ blocked | unusual\ traffic
    | automated\ (?:access|requests|traffic|queries) | create\ an\ account\ to
    | (?:log|sign)\ ?in\ (?:to\ (?:continue|see|view|read|access)|or\ (?:sign|create))
    | you\ must\ (?:be\ logged|log|sign)\ ?in | please\ (?:log|sign)\ in | join\ (?:now\ )?to\ (?:see|view)
    | (?:accept|agree\ to)\ (?:all\ )?(?:the\ use\ of\ )?cookies
    | we\ (?:and\ our\ \d*\ ?partners\ )?use\ cookies | subscribe\ to\ (?:continue|read|keep)
    | (?:of|the)\ legal\ (?:drinking\ )?age\b
    | you\ (?:are|must\ be)\ (?:over|at\ least|older\ than)\ (?:18|21)\b | enter\ your\ (?:birth\ ?date|age)\b
    | page\ (?:you(?:'re|’re|\ are|\ were|\ requested)?.{0,40})?(?:could\ )?not\ (?:be\ )?found
    | page\ (?:you.{0,40})?does(?:\ not|n['’]t)\ exist | reference\ (?:id|\#)\s*[:\#]?\s*[\w.]{6,} | ray\ id
    """,
    re.IGNORECASE | re.VERBOSE,
)
#: What the makers of anti-bot pages leave in the markup. Some stand in true pages too, beside a text.
_MARKS = re.compile(
    r"_cf_chl_opt|cf-browser-verification|cf-challenge|/cdn-cgi/challenge-platform/h/|captcha-delivery\.com|px-captcha"
    r"|_Incapsula_Resource|awsWafCookieDomainList|gokuProps|/\.within\.website/x/cmd/anubis|sgcaptcha|ddos-guard"
    r"|KPSDK|kpsdk|geetest|hcaptcha\.com/1|recaptcha/(?:api|enterprise)|sec-if-cpt|akam/\d+/pixel|bm-verify|distil_r_captcha"
    r"|challenges\.cloudflare\.com|FriendlyCaptcha|perimeterx",
)
_PASSWORD = re.compile(r"""<input[^>]{0,300}type\s*=\s*["']?password""", re.IGNORECASE)
_PLACE = re.compile(
    r"^/(?:[\w-]{0,20}/)?(?:login|log-in|signin|sign-in|signup|authwall|consent|cookie-?wall|agecheck|age-gate|captcha"
    r"|blocked|accounts?/login|uas/login|checkpoint|sorry)(?:[/.]|$)",
    re.IGNORECASE,
)
_HOST = re.compile(
    r"^(?:consent|guce|login|signin|accounts|auth|sso|captcha|geo\.captcha-delivery)\.", re.IGNORECASE
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """What a page shows, as far as it tells a wall from what was asked for."""

    #: The page's title and first headings.
    titles: tuple[str, ...]
    #: Its main text.
    text: str
    #: Its markup.
    markup: str
    #: Where it came from.
    url: str
    #: True where its own metadata call it an article, a discussion or the like.
    described: bool


def wall_in(shown: Shown) -> str | None:
    """Return what stands before the page that was asked for, in words; None for nothing."""
    length = len(shown.text)
    parts = urlsplit(shown.url)
    if _HOST.search(parts.hostname or "") or _PLACE.search(parts.path):
        return f"a page under {parts.hostname}{parts.path}"
    if shown.described and length >= ENOUGH:
        return None
    for title in (" ".join(title.split()) for title in shown.titles):
        if (length < SHORT and _TITLE.search(title)) or (length < LONG and _CONSENT.search(title)):
            return f"a page titled {title[:100]!r}"
    return _silent(shown) if length < SHORTEST else None


def _silent(shown: Shown) -> str | None:
    """Return what a page with hardly any text is, where its markup or its few words tell."""
    if mark := _MARKS.search(shown.markup):
        return f"an anti-bot page ({mark.group()})"
    if _PASSWORD.search(shown.markup):
        return "a log-in form"
    said = _SAID.search(shown.text)
    return f"a page that says {said.group()[:100]!r}" if said else None

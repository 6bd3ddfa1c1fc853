"""Take every page of a running Earful at 390 and 1280 px, light and dark, into a directory.

    ./earful up --demo &
    python -m tests.web.screens http://127.0.0.1:8710/sign-in/… docs/screens

The pages are those that links lead to from the queue on, one for each route, so that a new page is taken too.
"""

from __future__ import annotations

import base64
import os
import sys
import tempfile
from collections import Counter, deque
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from playwright.sync_api import sync_playwright
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from core.settings import Settings
from store import open_store
from web import create_app

WIDTHS = {390: 844, 1280: 860}
THEMES = ("light", "dark")
#: Of WebP, 0 to 100: text stays sharp, and all pictures together stay below 6 MB.
QUALITY = 55
#: Longest picture; what lies below repeats what is above.
LONGEST = 1_800
#: Addresses of one route that are tried before it is left out.
TRIES = 3
#: States of pages that no link leads to.
STATES = {
    "search-misread": "/search?q=churn:maybe",
    "search-nothing": "/search?q=nosuchword",
    "missing": "/nowhere",
}
#: Leads out, changes something, or is no page.
LEFT_OUT = ("sign_in", "health", "static", "api", "feeds")


def endpoint_finder() -> Any:
    """Return a function from a path to the endpoint that answers it, or to None."""
    with tempfile.TemporaryDirectory() as directory:
        store = open_store(f"sqlite:///{directory}/empty.db")
        adapter = create_app(store, Settings()).url_map.bind("localhost")
        store.close()

    def find(path: str) -> str | None:
        try:
            return str(adapter.match(path)[0])
        except (HTTPException, RequestRedirect):
            return None

    return find


def addresses(page: Any, base: str) -> dict[str, str]:
    """Return the first address found of every page, by a name made from its route."""
    find, found, waiting = endpoint_finder(), dict[str, str](), deque(["/threads"])
    seen, tries = set(waiting), Counter[str]()
    while waiting:
        path = waiting.popleft()
        endpoint = find(urlsplit(path).path)
        if endpoint is None or endpoint.startswith(LEFT_OUT):
            continue
        name = endpoint.replace(".", "-").replace("_", "-")
        tries[name] += 1
        if name in found or tries[name] > TRIES:
            continue
        answer = page.goto(base + path)
        if "text/html" not in answer.headers.get("content-type", "") or answer.status != 200:
            continue
        found[name] = path
        links = page.eval_on_selector_all("a[href]", "links => links.map(a => a.getAttribute('href'))")
        for link in links:
            target = urlsplit(urljoin(base + path, str(link)))
            wanted = target.path + (f"?{target.query}" if target.query else "")
            if (
                f"{target.scheme}://{target.netloc}" == base
                and wanted not in seen
                and not _is_data(target.path)
            ):
                seen.add(wanted)
                waiting.append(wanted)
    return {**found, **STATES}


def _is_data(path: str) -> bool:
    return path.endswith((".json", ".csv", ".jsonl", ".atom"))


def take(page: Any, file: Path) -> None:
    """Write what a page shows as a WebP picture."""
    session = page.context.new_cdp_session(page)
    height = page.evaluate("document.documentElement.scrollHeight")
    size = {"x": 0, "y": 0, "scale": 1, "width": page.viewport_size["width"], "height": min(height, LONGEST)}
    shot = session.send(
        "Page.captureScreenshot",
        {"format": "webp", "quality": QUALITY, "captureBeyondViewport": True, "clip": size},
    )
    file.write_bytes(base64.b64decode(shot["data"]))
    session.detach()


def main(link: str, directory: Path) -> None:
    """Take all pictures, in the place of those that were there."""
    base = "{0.scheme}://{0.netloc}".format(urlsplit(link))
    with sync_playwright() as playwright:
        path = os.environ.get("EARFUL_CHROMIUM", "/usr/bin/chromium")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        page.goto(link)
        state = page.context.storage_state()
        pages = addresses(page, base)
        directory.mkdir(parents=True, exist_ok=True)
        for old in [*directory.glob("*.png"), *directory.glob("*.webp")]:
            old.unlink()
        for width, height in WIDTHS.items():
            for theme in THEMES:
                context = browser.new_context(
                    storage_state=state,
                    color_scheme=theme,
                    reduced_motion="reduce",
                    viewport={"width": width, "height": height},
                )
                shown = context.new_page()
                for name, address in {**pages, "sign-in": "/sign-in"}.items():
                    if name == "sign-in":
                        context.clear_cookies()
                    shown.goto(base + address)
                    take(shown, directory / f"{name}-{width}-{theme}.webp")
                context.close()
        browser.close()
    size = sum(file.stat().st_size for file in directory.glob("*.webp"))
    print(f"{len(pages) + 1} pages, {size / 1e6:.1f} MB: {', '.join(pages)}")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))

"""Crawls in processes of their own, for a reactor runs once: a plan a line in, a process id and a result out.

Scrapy is imported once (1 s) and each crawl is a fork. A plan may shorten the time limit and replace the
dial itself, so that nothing leaves loopback.
"""

from __future__ import annotations

import json
import os
import resource
import socket
import sys
import traceback
from datetime import timedelta
from typing import Any

from core.clock import SetClock, SystemClock, from_iso
from core.mention import mention_to_json
from core.ports import Store
from core.settings import Settings
from crawlers import runner, waiting
from crawlers import settings as scrapy_settings
from crawlers.health import Outcome
from crawlers.keys import Keys
from crawlers.trial import try_key, try_source
from store import open_store


def main() -> None:
    """Fork for each plan."""
    for line in sys.stdin:
        readable, writable = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(readable)
            _run_and_exit(json.loads(line), writable)
        os.close(writable)
        print(json.dumps({"pid": child}), flush=True)
        with os.fdopen(readable, "rb") as pipe:
            told = pipe.read()
        _, status = os.waitpid(child, 0)
        print(told.decode() or json.dumps({"died": status}), flush=True)


def _run_and_exit(plan: dict[str, Any], writable: int) -> None:
    try:
        told = json.dumps(run(plan))
    except BaseException:  # noqa: BLE001 - whatever it was, the test shows it
        told = json.dumps({"died": traceback.format_exc()})
    with os.fdopen(writable, "w") as pipe:
        pipe.write(told)
    os._exit(0)


def run(plan: dict[str, Any]) -> dict[str, Any]:
    """Run one plan."""
    scrapy_settings.DOWNLOAD_TIMEOUT = plan.get("timeout", scrapy_settings.DOWNLOAD_TIMEOUT)
    waiting.PAUSE = timedelta(seconds=plan.get("pause", 0.05))
    dialled = _record_dials() if plan.get("record_dials") else []
    if names := plan.get("names"):
        _resolve(names)
    outcomes: dict[str, Outcome] = {}
    store = open_store(plan["store"])
    try:
        if trial := plan.get("trial"):
            return _try(store, plan, trial)
        states = runner.crawl(
            store,
            runner.Plan(
                settings=Settings(
                    host_delay=plan.get("host_delay", 0),
                    budgets=plan.get("budgets", {}),
                    allow_networks=tuple(plan.get("allow", ())),
                ),
                keys=Keys(plan.get("keys", {})),
                sources=plan.get("sources", []),
                since=timedelta(days=plan["since_days"]) if plan.get("since_days") else None,
                base_urls=plan.get("base_urls", {}),
                clock=SetClock(from_iso(plan["now"])) if plan.get("now") else SystemClock(),
                progress=lambda outcome: outcomes.update({outcome.source: outcome}),
            ),
        )
        return {
            "states": [
                {
                    "source": state.source,
                    "status": state.status.value,
                    "reason": state.reason,
                    "until": state.until.timestamp() if state.until else None,
                    "requests": state.requests,
                    "new": state.new,
                    "changed": state.changed,
                    "unchanged": state.unchanged,
                    "errors": state.errors,
                    "rechecked": state.rechecked,
                    "gaps": list(state.gaps),
                    "requests_today": state.requests_today,
                }
                for state in states
            ],
            "failures": {
                stream: [type(error).__name__, str(error)]
                for outcome in outcomes.values()
                for stream, error in outcome.failures.items()
            },
            "mentions": {
                stored.mention.id: mention_to_json(stored.mention)
                | {"context": stored.context, "own": stored.own, "revision": stored.revision}
                for stored in store.mentions()
            },
            "dialled": dialled,
            "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        }
    finally:
        store.close()


def _try(store: Store, plan: dict[str, Any], trial: str) -> dict[str, Any]:
    """Ask once, for the store's one watch or for a key's sake."""
    asked = runner.Plan(settings=Settings(), base_urls=plan["base_urls"], keys=Keys(plan.get("keys", {})))
    if plan.get("for_key"):
        answer = try_key(store, asked, trial, "")
    else:
        answer = try_source(store, asked, trial, store.watches()[0])
    told = [type(answer.error).__name__, asked.keys.hide(str(answer.error))] if answer.error else []
    return {"states": [{"items": answer.items, "matches": answer.matches, "error": told}]}


def _resolve(names: dict[str, str]) -> None:
    """Let names lead to addresses, as a name server would say."""
    from scrapy.utils.reactor import install_reactor  # noqa: PLC0415

    install_reactor(scrapy_settings.TWISTED_REACTOR)
    from twisted.internet import reactor  # noqa: PLC0415
    from twisted.internet._resolver import GAIResolver  # noqa: PLC0415

    def lead(host: str, *rest: Any) -> list[Any]:
        return socket.getaddrinfo(names.get(host, host), *rest)

    reactor.installNameResolver(GAIResolver(reactor, reactor.getThreadPool, lead))


def _record_dials() -> list[list[object]]:
    """Replace the reactor's dial, under the guard: loopback is dialled, all else only written down."""
    from scrapy.utils.reactor import install_reactor  # noqa: PLC0415

    install_reactor(scrapy_settings.TWISTED_REACTOR)
    from twisted.internet import error, reactor  # noqa: PLC0415

    dial, dialled = reactor.connectTCP, []

    def record(host: str, port: int, *args: object, **kwargs: object) -> object:
        dialled.append([host, port])
        if not host.startswith("127."):
            raise error.ConnectionRefusedError
        return dial(host, port, *args, **kwargs)

    reactor.connectTCP = record
    return dialled


if __name__ == "__main__":
    main()

"""`python -m crawlers.replay`: serve the bundled corpus on 127.0.0.1, or count it."""

from __future__ import annotations

import argparse
import signal
import sys
from types import FrameType

from core.clock import SystemClock, from_iso
from crawlers.replay.check import counts, faults
from crawlers.replay.corpus import load_corpus, shift_to
from crawlers.replay.server import Desk, Faults, ReplayServer


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit code."""
    asked = _parser().parse_args(arguments)
    corpus = load_corpus(past=not asked.recent)
    if asked.check:
        wrong = faults(corpus)
        sys.stdout.write("\n".join([*counts(corpus), *wrong]) + "\n")
        return 1 if wrong else 0
    anchor = from_iso(asked.anchor) if asked.anchor else SystemClock().now()
    days = asked.shift_days if asked.shift_days is not None else shift_to(corpus, anchor)
    desk = Desk(
        corpus=corpus.shifted(days),
        faults=Faults(fail_every=asked.fail_every, delay=asked.delay),
        federated_ids=asked.federated_ids,
    )
    return _serve(desk, asked.port)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m crawlers.replay", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--shift-days", type=int, help="move every date by so many whole days")
    parser.add_argument("--anchor", help="ISO time that the newest post stands shortly before; default: now")
    parser.add_argument("--recent", action="store_true", help="serve the written half year alone")
    parser.add_argument("--fail-every", type=int, help="fail every Nth request: 429 and 500 in turn")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--federated-ids", action="store_true", help="copies on other servers have other ids")
    parser.add_argument(
        "--check", action="store_true", help="print counts of the corpus and what is wrong with it"
    )
    return parser


def _serve(desk: Desk, port: int) -> int:
    try:
        server = ReplayServer(desk, port)
    except OSError as error:
        sys.stderr.write(
            f"port {port} on 127.0.0.1 is not free ({error.strerror}); choose another with --port\n"
        )
        return 2
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    with server:
        sys.stdout.write(f"replay server on {server.base}\n")
        sys.stdout.flush()
        server.serve_forever(poll_interval=0.1)
    return 0


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


if __name__ == "__main__":
    raise SystemExit(main())

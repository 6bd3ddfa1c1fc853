"""`earful up`: everything at once, in one command."""

from __future__ import annotations

import dataclasses
import fcntl
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import click
from rich.console import Console

from cli.children import Child
from cli.crawling import due
from cli.demo_story import tell_story
from cli.scheduling import Scheduler, hints
from cli.serve import ensure_free
from cli.watching import demo_watch, product_watch, shift_days
from core.clock import SystemClock
from core.errors import ConfigError, StoreUnavailable
from core.ports import Store
from core.query import Everything, OneOf
from core.search import Search
from core.settings import Settings
from engage.access import sign_in_link
from nlp import model_name
from store import open_store

DEMO_DIR = Path("earful-demo")
#: Between two looks at what is due.
TICK_SECONDS = 1.0
#: A port that an earlier Earful has just left may need this long to be free.
PORT_PATIENCE_SECONDS = 5.0
#: Between two progress lines where no terminal can redraw one.
PLAIN_PROGRESS_SECONDS = 5.0


@click.command("up")
@click.argument("product", required=False)
@click.option("--rival", "rivals", multiple=True, help="A competitor; may be given several times.")
@click.option("--demo", is_flag=True, help="Show an invented product's customers, read from this machine.")
@click.option("--recent", is_flag=True, hidden=True, help="With --demo: the last half year of it alone.")
@click.option("--host", help="Address to serve the pages on.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to serve the pages on.")
@click.pass_context
def command(
    ctx: click.Context,
    product: str | None,
    rivals: tuple[str, ...],
    *,
    demo: bool,
    recent: bool,
    host: str | None,
    port: int | None,
) -> None:
    """Listen for PRODUCT: read public places, label, rank, and serve the pages until Ctrl-C.

    Without PRODUCT it goes on with the watches there are.
    """
    settings: Settings = ctx.obj
    if demo and (product or rivals):
        raise ConfigError("--demo brings its own product and rivals; leave them out, or leave out --demo")
    if rivals and not product:
        raise ConfigError("--rival needs the product it is a rival of: earful up PRODUCT --rival NAME")
    if demo and settings.data_dir == Settings().data_dir:
        settings = dataclasses.replace(settings, data_dir=DEMO_DIR)
    settings = dataclasses.replace(settings, host=host or settings.host, port=port or settings.port)
    with ExitStack() as stack:
        stack.enter_context(only_one(settings.data_dir))
        _wait_for_port(settings)
        store = open_store(settings.database_url)
        stack.callback(store.close)
        if product:
            product_watch(store, product, rivals, now=SystemClock().now())
        Up(store, settings, demo=demo, recent=recent).run()


@contextmanager
def only_one(data_dir: Path) -> Iterator[None]:
    """Hold a data directory, made with mode 0700, for one `up` at a time.

    Raises:
        ConfigError: it cannot be written, or another Earful holds it.
    """
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (data_dir / "up.lock").open("a+")
    except OSError as error:
        raise ConfigError(
            f"cannot write to {data_dir} ({(error.strerror or str(error)).lower()}); "
            "choose another directory with --data"
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            raise ConfigError(
                f"Earful already runs on {data_dir} (process {lock.read().strip() or 'unknown'}); "
                "stop that one first, or choose another directory with --data"
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def _wait_for_port(settings: Settings) -> None:
    """Return when the port is free; children of a killed `up` hold it for a moment."""
    patience = time.monotonic() + PORT_PATIENCE_SECONDS
    while True:
        try:
            ensure_free(settings.host, settings.port)
        except ConfigError:
            if time.monotonic() > patience:
                raise
            time.sleep(0.2)
        else:
            return


@dataclass
class Up:
    """The supervisor: the scheduler in this process, everything else in children."""

    store: Store
    settings: Settings
    demo: bool = False
    #: The demo's written half year alone.
    recent: bool = False
    console: Console = field(default_factory=lambda: Console(stderr=True, highlight=False))
    stopping: threading.Event = field(default_factory=threading.Event)
    children: list[Child] = field(default_factory=list)
    _told: str = ""
    _told_at: float = 0.0

    def run(self) -> None:
        """Run until a signal says stop; then end the children and leave the store sound."""
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, lambda *_: self.stopping.set())
        data = ["--data", str(self.settings.data_dir)]
        base_urls = self._start_replay() if self.demo else {}
        serve = ["cli", "serve", *data, "--host", self.settings.host, "--port", str(self.settings.port)]
        self.children += [
            Child("web server", serve),
            Child("labeller", ["cli", "worker", *data]),
            Child("sender", ["cli", "send", *data]),
        ]
        if self.settings.broker:
            bases = [part for name, url in base_urls.items() for part in ("--base-url", f"{name}={url}")]
            self.children.append(Child("reader", ["cli", "worker", "--queue", "crawl", *data, *bases]))
        for child in self.children:
            if not child.running:
                child.start()
        scheduler = Scheduler(
            store=self.store,
            settings=self.settings,
            clock=SystemClock(),
            say=self.say,
            base_urls=base_urls,
            hints=hints(self.settings, self.say),
        )
        try:
            self._print_link()
            self._loop(scheduler)
        finally:
            self._stop(scheduler)

    def say(self, line: str) -> None:
        """Tell the person at the terminal one line."""
        self.console.print(f"earful: {line}", markup=False, soft_wrap=True)

    def _start_replay(self) -> dict[str, str]:
        """Start the replay server of the demo; return where it serves each source."""
        now = SystemClock().now()
        shift = shift_days(self.store, now=now)
        part = ["--recent"] if self.recent else []
        child = Child("replay server", ["crawlers.replay", "--shift-days", str(shift), *part], piped=True)
        child.start()
        line = child.output.readline().strip()
        address = line.rpartition(" ")[2]
        if not address.startswith("http://127.0.0.1:"):
            raise ConfigError(f"the replay server did not start: {line or 'it said nothing'}")
        # Started again it must be where the crawls look for it.
        child.arguments = [*child.arguments, "--port", address.rpartition(":")[2]]
        self.children.append(child)
        demo_watch(self.store, now=now)
        if not self.recent:
            tell_story(self.store, days=shift, now=now)
        return {
            "hackernews": f"{address}/hackernews",
            "mastodon": f"{address}/mastodon",
            "feed": f"{address}/feeds",
        }

    def _print_link(self) -> None:
        token = sign_in_link(self.store, now=SystemClock().now())
        host = "127.0.0.1" if self.settings.host in ("0.0.0.0", "::") else self.settings.host  # noqa: S104
        shown = f"[{host}]" if ":" in host else host
        self.say("open this link to sign in; it works once, the next start prints a new one")
        click.echo(f"http://{shown}:{self.settings.port}/sign-in/{token}")

    def _loop(self, scheduler: Scheduler) -> None:
        with self.console.status("starting …") as status:
            while not self.stopping.is_set():
                busy = False
                try:
                    busy = scheduler.tick()
                    line = self._progress(scheduler)
                except StoreUnavailable as error:
                    line = f"the store does not answer ({error}); trying again"
                for child in self.children:
                    told = child.keep_alive()
                    if told:
                        self.say(told)
                status.update(line)
                self._tell_plainly(line)
                self.stopping.wait(0.05 if busy else TICK_SECONDS)

    def _progress(self, scheduler: Scheduler) -> str:
        search = Search(node=Everything(), now=SystemClock().now())
        mentions = self.store.count(search).value
        waiting = self.store.queue(
            dataclasses.replace(search, node=OneOf("is", ("open",))), limit=1
        ).total.value
        to_label = self.store.backlog(model_name(self.settings.model_dir))
        steps = [
            self._read(scheduler),
            f"{mentions} mentions",
            f"{to_label} to label" if to_label else "all labelled",
            f"{waiting} open threads",
        ]
        return " · ".join(steps)

    def _read(self, scheduler: Scheduler) -> str:
        """Return what is being read."""
        if scheduler.crawling:
            return f"reading {', '.join(scheduler.crawling)}"
        waiting = scheduler.hints is not None and due(self.store, SystemClock().now())
        return "workers are reading" if waiting else "all sources read"

    def _tell_plainly(self, line: str) -> None:
        """Print progress as lines where the output is a file or a log."""
        now = time.monotonic()
        if self.console.is_terminal or line == self._told or now - self._told_at < PLAIN_PROGRESS_SECONDS:
            return
        self._told, self._told_at = line, now
        self.say(line)

    def _stop(self, scheduler: Scheduler) -> None:
        self.say("stopping; nothing is lost, the same command goes on from here")
        scheduler.stop()
        for child in self.children:
            child.stop()
        for child in self.children:
            child.wait()

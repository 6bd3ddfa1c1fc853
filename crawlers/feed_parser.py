"""Our end of the feed-parsing child: starts it once, hands it feeds, starts it again when it is gone."""

from __future__ import annotations

import json
import subprocess
import sys
import threading

from core.errors import SourceChanged
from crawlers.feed_child import WALL_SECONDS, read_frame, write_frame
from crawlers.page import JsonObject


class FeedParser:
    """Parses feeds one after the other in a child process with limits; may be called from any thread."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def parse(self, body: bytes, *, url: str = "", content_type: str = "") -> JsonObject:
        """Return a feed as plain values, as `feed_child.parse` tells them.

        Raises:
            SourceChanged: the parser was ended by its limits, or died.
        """
        header = json.dumps({"url": url, "content_type": content_type}).encode()
        with self._lock:
            try:
                answer = self._ask(header + b"\n" + body)
            except OSError:
                # The child was killed between two feeds; a fresh one is asked once more.
                self.close()
                answer = self._ask(header + b"\n" + body)
        found = json.loads(answer) if answer else {"ended": "its parser died"}
        if "ended" in found:
            raise SourceChanged(f"the feed could not be read: {found['ended']}")
        return dict(found)

    def close(self) -> None:
        """End the child; the next feed starts another."""
        child, self._child = self._child, None
        if child is None:
            return
        if child.stdin:
            child.stdin.close()
        try:
            child.wait(timeout=1)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        if child.stdout:
            child.stdout.close()

    def _ask(self, frame: bytes) -> bytes | None:
        if self._child is None or self._child.poll() is not None:
            self.close()
            self._child = subprocess.Popen(  # our own module, no shell
                [sys.executable, "-m", "crawlers.feed_child"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        child = self._child
        if child.stdin is None or child.stdout is None:
            raise OSError("the feed parser has no pipes")
        # The fork's own deadline ends a feed; this one ends a child that is itself stuck.
        timer = threading.Timer(2 * WALL_SECONDS, child.kill)
        timer.start()
        try:
            write_frame(child.stdin, frame)
            return read_frame(child.stdout)
        finally:
            timer.cancel()

"""Make an index anew behind its alias, with another mapping, while others read and write (decision 0072).

The new index is filled from the old one under the old one's own order of writes (`_seq_no` as external
version), so that filling twice, or by two processes, is filling once. Only the last look, at what was
written since and what was taken away, happens while writers wait; then the alias moves in one act.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable, Iterator, Mapping

from core.errors import StoreUnavailable
from store.elastic import indices, records, talks
from store.elastic.connection import Server, dumps
from store.elastic.documents import Doc
from store.elastic.faults import BUSY, CLASH, MISSING, Json

#: Documents copied by one request.
STEP = 500
#: Documents written since the last look that may be left for the moment when writers wait.
FEW = 500
#: Looks before writers are made to wait all the same.
LOOKS = 5
#: How long the new index remembers what was taken away of it.
REMEMBER = "1h"
#: Milliseconds for which an index stays after its alias left it.
GRACE_MS = 3_600_000


def rebuild(server: Server, name: str, old: int) -> None:
    """Bring an index from version `old` to the newest; a rebuild that was cut off goes on.

    Raises:
        StoreUnavailable: the server does not answer, or refuses part of the copy; the old index stays.
    """
    rebuilt = _Rebuild(server, name, old)
    indices.create(server, name, indices.VERSIONS[name], alias=False)
    server.put(f"/{rebuilt.new}/_settings", {"index.gc_deletes": REMEMBER})
    done = -1
    for _ in range(LOOKS):
        copied, done = rebuilt.copy_since(done)
        if copied <= FEW:
            break
    rebuilt.hold_writers(hold=True)
    try:
        rebuilt.copy_since(done)
        rebuilt.take_away()
        rebuilt.switch()
    except BaseException:
        rebuilt.hold_writers(hold=False)
        raise


def remove_old(server: Server, versions: Mapping[str, int], *, grace_ms: int = GRACE_MS) -> None:
    """Remove indices that an alias left an hour ago: nobody writes any more by what they read there."""
    answer = server.get(f"/{server.address.prefix}-*/_settings", filter_path="*.settings.index.creation_date")
    made = {index: int(told["settings"]["index"]["creation_date"]) for index, told in answer.body.items()}
    for name, version in versions.items():
        since = made.get(indices.concrete(server, name, version), 0)
        if time.time() * 1_000 - since < grace_ms:
            continue
        for older in range(1, version):
            if indices.concrete(server, name, older) in made:
                path = f"/{indices.concrete(server, name, older)}"
                server.request("DELETE", path, allowed=(MISSING,))


def behind(server: Server) -> Iterator[tuple[str, int, int]]:
    """Yield each index that is being made anew: its name, documents it lacks still, and how many there are.

    One whose rebuild was cut off counts as well, and so does a version that only a newer Earful knows.
    """
    told = server.get(f"/{server.address.prefix}-*/_alias").body
    for name in indices.MAPPINGS:
        stem = f"{server.alias(name)}-v"
        numbers = {int(one.removeprefix(stem)): one for one in told if one.removeprefix(stem).isdecimal()}
        used = [
            number for number, one in numbers.items() if server.alias(name) in told[one].get("aliases", {})
        ]
        if used and max(numbers) > max(used):
            whole, there = (_count(server, numbers[max(kind)]) for kind in (used, numbers))
            yield name, max(0, whole - there), whole


def made_anew(name: str, body: Json) -> Json | None:
    """Return the document of a body with all it is searched by; None where the body does not tell that."""
    doc = Doc(name, "", body, "", 0, 0)
    if name == "mentions":
        return records.read(doc).source()
    return talks.read(doc).source_doc() if name == "threads" else None


def _count(server: Server, index: str) -> int:
    server.post(f"/{index}/_refresh", ignore_unavailable="true")
    return int(server.get(f"/{index}/_count", ignore_unavailable="true").body["count"])


class _Rebuild:
    def __init__(self, server: Server, name: str, old: int) -> None:
        self.server = server
        self.name = name
        self.old = indices.concrete(server, name, old)
        self.new = indices.concrete(server, name, indices.VERSIONS[name])

    def copy_since(self, done: int) -> tuple[int, int]:
        """Copy what was written after a sequence number; return how many, and the last number."""
        self.server.post(f"/{self.old}/_refresh")
        count = 0
        hits = self._scan(self.old, {"range": {"_seq_no": {"gt": done}}}, whole=True)
        while step := list(itertools.islice(hits, STEP)):
            done = max(done, *(hit["_seq_no"] for hit in step))
            count += len(step)
            self._send(self._lines(step))
        return count, done

    def _scan(self, index: str, query: Json, *, whole: bool) -> Iterator[Json]:
        """Yield the hits of one of the two indices, in order of their writes."""
        after: list[object] = []
        while True:
            body: Json = {
                "query": query,
                "sort": [{"_seq_no": "asc"}],
                "size": STEP,
                "track_total_hits": False,
            }
            if whole:
                body |= {"seq_no_primary_term": True, "docvalue_fields": self._fields()}
            else:
                body["_source"] = False
            body |= {"search_after": after} if after else {}
            hits = self.server.post(f"/{index}/_search", body)["hits"]["hits"]
            yield from hits
            if len(hits) < STEP:
                return
            after = hits[-1]["sort"]

    def _fields(self) -> list[str]:
        """Return what can be read back of a document beside its body; words are made anew."""
        return [name for name, field in indices.MAPPINGS[self.name].items() if field["type"] != "text"]

    def _lines(self, hits: Iterable[Json]) -> Iterator[bytes]:
        for hit in hits:
            version = hit["_seq_no"] + 1
            head = {"_id": hit["_id"], "_index": self.new, "version": version, "version_type": "external"}
            yield dumps({"index": head})
            yield dumps(self._source(hit))

    def _source(self, hit: Json) -> Json:
        """Return the document as the new mapping wants it."""
        body = hit["_source"]["body"]
        return made_anew(self.name, body) or {**hit.get("fields", {}), "body": body}

    def _send(self, lines: Iterable[bytes]) -> None:
        answer = self.server.lines("/_bulk", lines, filter_path="errors,items.*.status,items.*.error")
        statuses = [next(iter(item.values())) for item in answer.body.get("items", [])]
        # 409: the new index has this write, or a later one; 404: what is to be taken away is not there.
        bad = [one for one in statuses if one["status"] >= 300 and one["status"] not in (CLASH, MISSING)]  # noqa: PLR2004
        if answer.status >= 300 or bad:  # noqa: PLR2004 — anything but success
            why = "it is busy" if answer.status == BUSY else str(bad[0].get("error") if bad else answer.body)
            raise StoreUnavailable(
                f"{self.new} could not be filled ({why[:500]}); the old index stays, try again"
            )

    def hold_writers(self, *, hold: bool) -> None:
        """Make writers wait, or let them go on; they try again for half a minute."""
        self.server.put(f"/{self.old}/_settings", {"index.blocks.write": hold or None})

    def take_away(self) -> None:
        """Take away from the new index what is no longer in the old one, all of which is in the new one."""
        self.server.post(f"/{self.old},{self.new}/_refresh")
        if _count(self.server, self.old) == _count(self.server, self.new):
            return
        kept = {hit["_id"] for hit in self._scan(self.old, {"match_all": {}}, whole=False)}
        there = {hit["_id"] for hit in self._scan(self.new, {"match_all": {}}, whole=False)}
        gone = sorted(there - kept)
        for start in range(0, len(gone), STEP):
            step = gone[start : start + STEP]
            self._send(dumps({"delete": {"_id": one, "_index": self.new}}) for one in step)

    def switch(self) -> None:
        """Let the alias lead to the new index; the old one stays, blocked, for those who read it."""
        alias = self.server.alias(self.name)
        actions: list[Json] = [
            {"add": {"index": self.new, "alias": alias}},
            {"remove": {"index": self.old, "alias": alias, "must_exist": False}},
        ]
        self.server.post("/_aliases", {"actions": actions})

"""How two snapshots of a knowledge base differ, document by document."""

import hashlib
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

from kb import snapshot
from kb.records import record_of
from worker.knowledge.search_service import Kind

_MAX = 500

#: A passage's line begins with its own id, which says nothing of what it holds, and then names its document.
_LINE = re.compile(rb'\{"passage_id":"[^"]*",("document_id":"([^"]*)".*)', re.S)


def changes(folder: Path, *, before: str, after: str) -> dict[str, Any]:
    """Return the documents that were `added`, `removed` and `changed` from one snapshot to another in `folder`.

    Each is a list of `{document_id, title}` by title, of at most 500, and `counts` says how many there are. No index is
    opened and no checksum made: a second for 150,000 passages.

    Raises:
        SnapshotMissing, SnapshotInvalid: one is not there any more, or cannot be read.
    """
    old, new = (_documents(folder / version) for version in (before, after))
    found = {
        "added": [id for id in new if id not in old],
        "removed": [id for id in old if id not in new],
        "changed": [id for id, (digest, _) in new.items() if id in old and old[id][0] != digest],
    }
    titles = {id: record_of({**old, **new}[id][1]).title for ids in found.values() for id in ids}
    listed = {
        name: sorted(({"document_id": id, "title": titles[id]} for id in ids), key=lambda item: item["title"])[:_MAX]
        for name, ids in found.items()
    }
    return {**listed, "counts": {name: len(ids) for name, ids in found.items()}}


def _documents(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Return of each document a digest of its passages, whatever their order, and one passage's line."""
    digests: defaultdict[bytes, int] = defaultdict(int)
    lines: dict[bytes, bytes] = {}
    for line in snapshot.lines_of(folder):
        said = _LINE.match(line)
        assert said is not None, line[:100]
        digests[said[2]] += int.from_bytes(hashlib.blake2b(said[1], digest_size=16).digest())
        lines.setdefault(said[2], line)
    return {id.decode(): (digest, lines[id]) for id, digest in digests.items()}


def answering(snapshots_folder: Path) -> Kind:
    """Return the responders for questions about changes (`search_service`); each workspace has a folder of its own."""

    def answer(*, workspace_id: str, before: str, after: str) -> dict[str, Any]:
        return changes(snapshots_folder / workspace_id, before=before, after=after)

    return answer

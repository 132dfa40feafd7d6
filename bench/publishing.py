"""How soon one new article is found in a large knowledge base, against building the whole snapshot."""

import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from tests.support.processes import valkey
from tests.support.stack import environment, prepare, services
from worker.ids import new_id
from worker.knowledge.library import NewDocument
from worker.store.tables import document, passage, vector, workspace

PASSAGES, _PER_DOCUMENT = 100_000, 4
_MAX_S = 5.0
_BATCH = 2_000


def run(models: Path) -> dict[str, Any]:
    """Fill a knowledge base by its tables, publish it, then add and remove one article as a client would."""
    with tempfile.TemporaryDirectory() as folder, valkey() as redis:
        env = environment(Path(folder), redis, models)
        prepare(env)
        with services(env) as built:
            workspace_id = built.keys.workspace()
            fill(built, workspace_id)
            whole = _timed(lambda: built.indexer.index(workspace_id))
            snapshot_cache = built.snapshot_cache
            snapshot_cache.search(workspace_id, "warm up", limit=5)
            new = NewDocument(
                title="Quokka adoption", data=b"Quokkas can be adopted on Tuesdays.", media_type="text/markdown"
            )
            began = time.perf_counter()
            made = built.library.add(workspace_id, new)
            built.indexer.index(workspace_id)
            while not _finds(snapshot_cache, workspace_id):
                time.sleep(0.05)
            added = time.perf_counter() - began
            began = time.perf_counter()
            built.library.remove(workspace_id, made["id"])
            built.indexer.index(workspace_id)
            while _finds(snapshot_cache, workspace_id):
                time.sleep(0.05)
            removed = time.perf_counter() - began
    return {
        "passages": PASSAGES,
        "whole_s": whole,
        "added_s": added,
        "removed_s": removed,
        "most_s": _MAX_S,
        "lines": [
            f"{PASSAGES:,} passages: whole snapshot {whole:.1f} s; one article more, found after {added:.2f} s "
            f"(at most {_MAX_S:.0f}), {added / whole:.2f} of it; taken away, gone after {removed:.2f} s"
        ],
    }


def _finds(snapshot_cache: Any, workspace_id: str) -> bool:
    hits = snapshot_cache.search(workspace_id, "adopt a quokka", limit=1).hits
    return bool(hits) and hits[0].record.title == "Quokka adoption"


def _timed(work: Any) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


_PASSAGE: dict[str, Any] = {"headings": [], "anchor": ""}


def _document(number: int, text: str) -> dict[str, Any]:
    """Return the row of a document that is indexed."""
    id, title = new_id("doc"), f"Article {number}"
    return {
        "id": id,
        "title": title,
        "media_type": "text/markdown",
        "source": b"",
        "digest": id,
        "text": text,
        "indexed_metadata": {"title": title, "url": None, "audience": "public", "language": "en"},
        "passages": _PER_DOCUMENT,
        "state": "indexed",
        "revision": 0,
        "attempts": 1,
        "created_at": 0,
        "updated_at": 0,
    }


def fill(built: Any, workspace_id: str) -> None:
    """Write documents with their passages and random vectors straight into the tables."""
    chance = np.random.default_rng(7)
    words = np.array("order parcel refund invoice coupon account password delivery size colour store card".split())
    model, dimensions = built.embedder.identity, built.embedder.dimensions
    for first in range(0, PASSAGES, _BATCH * _PER_DOCUMENT):
        documents, passages, vectors = [], [], []
        for number in range(first, min(PASSAGES, first + _BATCH * _PER_DOCUMENT), _PER_DOCUMENT):
            pieces = [" ".join(chance.choice(words, 80)) + f" {number + n}." for n in range(_PER_DOCUMENT)]
            new = _document(number, "\n\n".join(pieces)) | {"workspace_id": workspace_id}
            documents.append(new)
            start = 0
            for ordinal, piece in enumerate(pieces):
                digest = f"{number + ordinal:064d}"
                value = chance.standard_normal(dimensions, dtype=np.float32)
                unit = (value / np.linalg.norm(value)).tobytes()
                vectors.append({"workspace_id": workspace_id, "model": model, "digest": digest, "value": unit})
                cut = {"ordinal": ordinal, "start": start, "end": start + len(piece), "digest": digest}
                passages.append(_PASSAGE | cut | {"id": new_id("psg"), "document_id": new["id"]})
                passages[-1]["workspace_id"] = workspace_id
                start += len(piece) + 2
        with built.store.begin() as tx:
            for table, rows in ((document, documents), (passage, passages), (vector, vectors)):
                tx.execute(table.insert(), rows)
    with built.store.begin() as tx:
        tx.execute(workspace.update().values(knowledge_revision=1))

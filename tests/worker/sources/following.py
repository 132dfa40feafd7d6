"""A source that is followed through the whole product: looked at, indexed, published and searched."""

import dataclasses
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from tests.worker.knowledge.documents import CountingEmbedder
from tests.worker.sources.site import counts, last_run, look
from worker.knowledge.indexer import Indexer
from worker.knowledge.snapshot_cache import LOOK_EVERY_S, SnapshotCache
from worker.sources.runner import SourceRunner
from worker.sources.sources import Sources
from worker.store.engine import Store
from worker.store.tables import document


@dataclass(frozen=True)
class Shown:
    """A document, as it is searched."""

    title: str
    audience: str
    language: str | None
    tags: list[str]
    url: str | None


@dataclass(kw_only=True)
class Following:
    """What happens to a source, step by step."""

    store: Store
    workspace_id: str
    sources: Sources
    runner: SourceRunner
    indexer: Indexer
    counting: CountingEmbedder
    snapshots: SnapshotCache
    clock: Any
    id: str = ""

    def make(self, kind: str, location: str, **options: Any) -> tuple[int, ...]:
        """Make a source and look at it; return the counts of the look."""
        new = {"kind": kind, "location": location, "name": "wiki", **options}
        self.id = self.sources.make(self.workspace_id, new)["id"]
        look(self.runner, self.workspace_id)
        return counts(self.store)

    def again(self, **options: Any) -> tuple[int, ...]:
        """Look at it again; return the counts."""
        self.look(**options)
        return counts(self.store)

    def look(self, **options: Any) -> dict[str, Any]:
        """Look at it again; return the run, however it ended."""
        self.sources.look(self.workspace_id, self.id, **options)
        look(self.runner, self.workspace_id)
        return last_run(self.store)

    def embedded(self) -> list[str]:
        """Publish, and return the titles of the passages that were embedded for it."""
        before = len(self.counting.encoded)
        self.indexer.index(self.workspace_id)
        return sorted({text.partition("\n")[0] for text in self.counting.encoded[before:] if "\n" in text})

    def cited(self, query: str) -> list[str]:
        """Return the titles of what customers may be told, best first."""
        self.clock.now += LOOK_EVERY_S
        hits = self.snapshots.search(self.workspace_id, query, limit=20).hits
        return [hit.record.title for hit in hits if hit.record.audience == "public"]

    def shown(self) -> dict[str, Shown]:
        """Return the documents by their titles."""
        columns = [document.c[field.name] for field in dataclasses.fields(Shown)]
        with self.store.read() as connection:
            return {row.title: Shown(*row) for row in connection.execute(sa.select(*columns))}

    def text_of(self, title: str) -> str:
        """Return the text of a document that is indexed."""
        with self.store.read() as connection:
            return connection.execute(sa.select(document.c.text).where(document.c.title == title)).scalar_one()

    def left_out_of(self, title: str) -> dict[str, int]:
        """Return what its reader left out of a document that is indexed."""
        with self.store.read() as connection:
            indexed = connection.execute(
                sa.select(document.c.indexed_metadata).where(document.c.title == title)
            ).scalar_one()
        return indexed["reading"]["left_out"]

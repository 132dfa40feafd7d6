"""Turn what was found of a source's items into documents."""

from collections.abc import Sequence
from dataclasses import replace

import sqlalchemy as sa

from kb.errors import KnowledgeError
from worker.knowledge.library import DocumentMetadata, Library
from worker.sources import items
from worker.sources.items import Found
from worker.sources.protocol import Fetched, Gone, Unchanged
from worker.states import ItemOutcome
from worker.store import rows
from worker.store.engine import Store
from worker.store.tables import source_item


class Applier:
    """Writes documents, held back until their source's look ends."""

    def __init__(self, store: Store, library: Library) -> None:
        self._store = store
        self._library = library

    def apply(
        self, tx: sa.Connection, row: rows.Source, run: rows.SourceRun, found: Sequence[tuple[rows.SourceItem, Found]]
    ) -> None:
        """Write what was found of items, and count it."""
        unchanged = [item.key for item, reading in found if isinstance(reading, Unchanged)]
        outcomes, failed = [ItemOutcome.UNCHANGED] * len(unchanged), {}
        if unchanged:
            items.keep_unchanged(tx, run, unchanged)
        for item, reading in found:
            if isinstance(reading, Unchanged):
                continue
            try:
                outcome = self._outcome(tx, row, run, item, reading)
            except KnowledgeError as refused:
                outcome, reading = ItemOutcome.FAILED, str(refused)
                items.keep_outcome(tx, run.id, item, outcome)
            if isinstance(reading, str):
                failed[item.key] = reading
            outcomes.append(outcome)
        items.count(tx, run, outcomes, failed.items())

    def _outcome(
        self,
        tx: sa.Connection,
        row: rows.Source,
        run: rows.SourceRun,
        item: rows.SourceItem,
        found: Fetched | Gone | str,
    ) -> ItemOutcome:
        values: dict[str, str | None] = {}
        match found:
            case Gone():
                outcome = ItemOutcome.GONE
            case Fetched():
                outcome, values = self._put(tx, row, item, found)
            case _:
                outcome = ItemOutcome.FAILED
        items.keep_outcome(tx, run.id, item, outcome, **values)
        return outcome

    def _put(
        self, tx: sa.Connection, row: rows.Source, item: rows.SourceItem, found: Fetched
    ) -> tuple[ItemOutcome, dict[str, str | None]]:
        """Write the document of an item; return the outcome and what is kept of its version."""
        version = {"etag": found.etag, "last_modified": found.last_modified, "digest": found.digest}
        if self._is_elsewhere(tx, row, item, found):
            return ItemOutcome.GONE, {}
        if item.document_id is not None and item.digest == found.digest:
            return ItemOutcome.UNCHANGED, version
        new = replace(found.new, metadata=found.new.metadata.over(metadata_of(row)))
        document_id, changed = self._library.hold_file(tx, row.workspace_id, new)
        if item.document_id is None:
            outcome = ItemOutcome.ADDED
        else:
            outcome = ItemOutcome.CHANGED if changed else ItemOutcome.UNCHANGED
        return outcome, {**version, "document_id": document_id}

    def _is_elsewhere(self, tx: sa.Connection, row: rows.Source, item: rows.SourceItem, found: Fetched) -> bool:
        """Whether an item leads to another item of the same source, as a page that was merged into another does."""
        if found.new.url is None or found.new.url == item.key:
            return False
        other = sa.select(source_item.c.key).where(
            source_item.c.source_id == row.id,
            source_item.c.key == found.new.url,
            source_item.c.listed_run == row.run_id,
        )
        return tx.execute(other).first() is not None


def metadata_of(row: rows.Source) -> DocumentMetadata:
    """Return the metadata that documents of a source get; its name is their `source`."""
    tags = row.metadata.get("tags")
    return DocumentMetadata(
        source=row.name,
        language=row.metadata.get("language"),
        tags=None if tags is None else tuple(tags),
        audience=row.metadata.get("audience"),
    )

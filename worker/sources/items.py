"""The items of sources and what a look has found of them. Each function writes in a transaction of its caller."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from kb.readers.characters import repair
from worker.sources.protocol import Fetched, Gone, Listing, Unchanged, Unlisted
from worker.states import ItemOutcome
from worker.store import rows
from worker.store.batches import batches
from worker.store.engine import Store
from worker.store.tables import source_item, source_run
from worker.store.upsert import upsert_into

#: Reasons that are kept, one for each item that failed.
_MAX_FAILURES = 1_000

_MAX_KEY_BYTES = 2_000

#: What was found of an item: a reading, or the reason why there is none.
Found = Fetched | Unchanged | Gone | str


def of_source(source_id: str, *where: sa.ColumnElement[bool]) -> sa.Select[tuple[str | None]]:
    """Return the SELECT of the ids of a source's documents."""
    return sa.select(source_item.c.document_id).where(
        source_item.c.source_id == source_id, source_item.c.document_id.is_not(None), *where
    )


def only_of_source(source_id: str, *where: sa.ColumnElement[bool]) -> sa.Select[tuple[str | None]]:
    """Do the same without the documents that another source has as well."""
    other = source_item.alias()
    shared = sa.exists().where(other.c.document_id == source_item.c.document_id, other.c.source_id != source_id)
    return of_source(source_id, ~shared, *where)


def count_documents(tx: sa.Connection, source_id: str, *where: sa.ColumnElement[bool]) -> int:
    """Return how many documents a source has."""
    return tx.execute(sa.select(sa.func.count()).select_from(of_source(source_id, *where).subquery())).scalar_one()


def keep_listing(tx: sa.Connection, store: Store, run: rows.SourceRun, listing: Listing) -> None:
    """Write what a source lists, and which of it the run has to read: what is new, or is marked as changed."""
    of_this = source_item.c.source_id == run.source_id
    known = {
        row.key: row
        for row in tx.execute(
            sa.select(source_item.c.key, source_item.c.mark, source_item.c.digest, source_item.c.document_id).where(
                of_this
            )
        )
    }
    failed = dict(listing.failed)
    items = {}
    for key, mark in listing.items.items():
        if (readable := repair(key, Counter())) != key:
            failed[readable] = "Its name is not UTF-8."
            continue
        if len(key.encode()) > _MAX_KEY_BYTES:
            failed[key] = f"Its address has more than {_MAX_KEY_BYTES:,} bytes."
            continue
        row = known.get(key)
        is_current = row is not None and None not in (mark, row.digest, row.document_id) and row.mark == mark
        items[key] = (mark, not is_current)
    if listing.unlisted == Unlisted.READ_AGAIN:
        again = [key for key, row in known.items() if key not in items and row.document_id is not None]
        items |= dict.fromkeys(again, (None, True))
    insert = upsert_into(store, source_item)
    names = ("listed_mark", "listed_run", "pending", "outcome")
    insert = insert.on_conflict_do_update(
        index_elements=["source_id", "key"], set_={name: insert.excluded[name] for name in names}
    )
    for batch in batches(list(items.items())):
        tx.execute(insert, [_listed(run, key, mark, pending) for key, (mark, pending) in batch])
    for keys in batches(list(listing.gone)):
        left = source_item.update().where(of_this, source_item.c.key.in_(keys))
        tx.execute(left.values(pending=False, read_run=run.id, outcome=ItemOutcome.GONE))
    unread = sum(not pending for _mark, pending in items.values())
    counts = {
        "total": len(items) + len(failed),
        "complete": listing.unlisted == Unlisted.GONE,
        "cursor": None if listing.cursor is None else dict(listing.cursor),
        "unchanged": unread,
        "failures": len(failed),
        "failed": dict(list(failed.items())[:_MAX_FAILURES]),
    }
    tx.execute(source_run.update().where(source_run.c.id == run.id).values(**counts))


def _listed(run: rows.SourceRun, key: str, mark: str | None, pending: bool) -> dict[str, Any]:
    return {
        "source_id": run.source_id,
        "key": key,
        "workspace_id": run.workspace_id,
        "listed_mark": mark,
        "listed_run": run.id,
        "pending": pending,
        "outcome": None if pending else ItemOutcome.UNCHANGED,
    }


def pending(tx: sa.Connection, source_id: str, *, limit: int) -> list[rows.SourceItem]:
    """Return items that the run under way has to read."""
    waiting = sa.select(source_item).where(source_item.c.source_id == source_id, source_item.c.pending)
    found = tx.execute(waiting.order_by(source_item.c.key).limit(limit)).mappings()
    return [rows.SourceItem.from_row(row) for row in found]


def keep_outcome(tx: sa.Connection, run_id: str, item: rows.SourceItem, outcome: ItemOutcome, **values: Any) -> None:
    """Write how a run found an item, with other columns of it."""
    if outcome in (ItemOutcome.ADDED, ItemOutcome.CHANGED, ItemOutcome.UNCHANGED):
        values["mark"] = item.listed_mark
    this = (source_item.c.source_id == item.source_id, source_item.c.key == item.key)
    tx.execute(source_item.update().where(*this).values(pending=False, read_run=run_id, outcome=outcome, **values))


def keep_unchanged(tx: sa.Connection, run: rows.SourceRun, keys: Sequence[str]) -> None:
    """Write that items are as they were, in one statement."""
    values = {"pending": False, "read_run": run.id, "outcome": ItemOutcome.UNCHANGED, "mark": source_item.c.listed_mark}
    these = (source_item.c.source_id == run.source_id, source_item.c.key.in_(keys))
    tx.execute(source_item.update().where(*these).values(**values))


def count(
    tx: sa.Connection, run: rows.SourceRun, outcomes: Sequence[ItemOutcome], failed: Iterable[tuple[str, str]]
) -> None:
    """Add outcomes to the counts of a run; items that are gone are counted when they are removed."""
    columns = {
        ItemOutcome.ADDED: "added",
        ItemOutcome.CHANGED: "changed",
        ItemOutcome.UNCHANGED: "unchanged",
        ItemOutcome.FAILED: "failures",
    }
    values: dict[str, Any] = {
        name: source_run.c[name] + outcomes.count(outcome) for outcome, name in columns.items() if outcome in outcomes
    }
    reasons = dict(failed)
    if reasons:
        kept = tx.execute(sa.select(source_run.c.failed).where(source_run.c.id == run.id)).scalar() or {}
        values["failed"] = dict(list({**kept, **reasons}.items())[:_MAX_FAILURES])
    if values:
        tx.execute(source_run.update().where(source_run.c.id == run.id).values(**values))


def lost(run: rows.SourceRun) -> sa.ColumnElement[bool]:
    """Return the condition of the items that are gone by what a run has found."""
    is_said = sa.and_(source_item.c.read_run == run.id, source_item.c.outcome == ItemOutcome.GONE)
    if not run.complete:
        return is_said
    return sa.or_(is_said, source_item.c.listed_run.is_(None), source_item.c.listed_run != run.id)


def remove(tx: sa.Connection, source_id: str, which: sa.ColumnElement[bool]) -> None:
    """Forget items."""
    tx.execute(source_item.delete().where(source_item.c.source_id == source_id, which))


def forget_versions(tx: sa.Connection, source_id: str) -> None:
    """Have every item read again by the next look, whatever the source says of it."""
    values = {"etag": None, "last_modified": None, "mark": None, "digest": None}
    tx.execute(source_item.update().where(source_item.c.source_id == source_id).values(**values))

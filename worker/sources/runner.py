"""Look at the sources that are due: list, read what may have changed, remove what is gone, release it together."""

from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from time import monotonic
from typing import Any

import sqlalchemy as sa

from kb.errors import DocumentUnreadable, KnowledgeError
from worker.errors import DatabaseUnavailable
from worker.knowledge.fetching import Refused, Unreachable
from worker.knowledge.library import Library
from worker.sources import items
from worker.sources.applying import Applier
from worker.sources.items import Found
from worker.sources.looks import begin, end, is_too_much
from worker.sources.protocol import Connector, SourceThrottled, Unlisted
from worker.states import RunState, SourceState
from worker.store import rows
from worker.store.batches import batches
from worker.store.engine import Store
from worker.store.leases import RowLease, RowLeases
from worker.store.tables import UNPAUSED_SOURCE, source, source_item, source_run
from worker.telemetry import logs

log = logs.get(__name__)

#: Longer than the slowest request takes, with all the redirects that it may have.
_LEASE_MS = 300_000
_MAX_ATTEMPTS = 5

#: Documents wait to be indexed, and other sources to be looked at; a look makes room for them after this time.
_SLICE_S = 5.0

#: Items that are written together, after at most this time.
_TOGETHER, _TOGETHER_S = 16, 1.0

#: Items in a row that cannot be reached before the source is taken to be down.
_MAX_UNREACHABLE = 10

_MAX_BACKOFF_S = 4 * 3_600


class _Lost(Exception):
    """Another process looks at the source meanwhile, or it was paused or deleted."""


class SourceRunner:
    """Looks at sources. Two at once do work twice, never wrong."""

    def __init__(
        self,
        store: Store,
        library: Library,
        connect: Callable[[rows.Source], Connector],
        *,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._store = store
        self._now = store.clock.sql()
        self._library = library
        self._connect = connect
        self._clock = clock
        self._applier = Applier(store, library)
        self._leases = RowLeases(store, source, state=SourceState.RUNNING, lease_ms=_LEASE_MS)

    def sweep(self) -> tuple[str, ...]:
        """Return the workspaces in which sources are due."""
        due = sa.select(source.c.workspace_id).where(UNPAUSED_SOURCE, source.c.due_at <= self._now)
        with self._store.read() as connection:
            return tuple(dict.fromkeys(connection.execute(due).scalars()))

    def work_off(self, workspace_id: str) -> bool:
        """Look at the due sources of a workspace for some seconds; return whether any are left.

        Raises:
            DatabaseUnavailable: as it says; what was not written down is done again.
        """
        ends = self._clock() + _SLICE_S
        while (claimed := self._claim(workspace_id)) is not None:
            with logs.bound(source_id=claimed.id):
                self._look(claimed, ends)
            if self._clock() >= ends:
                return True
        return False

    def look(self, workspace_id: str, source_id: str) -> bool:
        """Look at one source for some seconds; return whether there was anything to do."""
        claimed = self._claim(workspace_id, source.c.id == source_id)
        if claimed is None:
            return False
        with logs.bound(source_id=claimed.id):
            self._look(claimed, self._clock() + _SLICE_S)
        return True

    def _claim(self, workspace_id: str, *where: sa.ColumnElement[bool]) -> rows.Source | None:
        due = (source.c.workspace_id == workspace_id, UNPAUSED_SOURCE, source.c.due_at <= self._now)
        first = sa.select(source.c.id).where(*due, *where).order_by(source.c.due_at).limit(1)
        with self._store.begin() as tx:
            found = tx.execute(first.with_for_update(skip_locked=True)).scalar()
            if found is None:
                return None
            row = rows.Source.from_row(self._leases.acquire(tx, [found])[0])
            return row if row.run_id is not None else begin(tx, row, now=self._store.now(tx))

    def _look(self, row: rows.Source, ends: float) -> None:
        """Go on with the look at a source, for at most until `ends`."""
        try:
            if row.attempts > _MAX_ATTEMPTS:
                raise DocumentUnreadable("The look ended the worker, or was put off by the source, each time.")
            with closing(self._connect(row)) as connector:
                if self._process(row, connector, ends):
                    self._finish(row)
                else:
                    self._yield(row, attempts=0)
        except SourceThrottled as asked:
            log.info("source_throttled", retry_after_s=asked.retry_after_s)
            self._yield(row, due_at=self._now + int(1_000 * max(1.0, asked.retry_after_s)))
        except KnowledgeError as failed:
            self._fail(row, str(failed))
        except (DatabaseUnavailable, _Lost) as left:
            log.warning("source_left", cause=type(left).__name__)
            if isinstance(left, DatabaseUnavailable):
                raise
        except Exception:
            log.exception("source_failed")
            self._fail(row, "The source could not be read.")

    def _process(self, row: rows.Source, connector: Connector, ends: float) -> bool:
        """List the source unless that is done, and read what is to be read; return whether that was all."""
        run = self._run_of(row)
        if run.total is None:
            self._list(row, run, connector)
        found: list[tuple[rows.SourceItem, Found]] = []
        unreachable, is_first = 0, True
        while batch := self._pending(row):
            since = self._clock()
            for item in batch:
                try:
                    found.append((item, connector.read(item)))
                    unreachable = 0
                    if is_first:  # the first may fetch a whole repository, which is worth more than one file
                        is_first, since = False, self._clock()
                        ends = max(ends, since + _SLICE_S)
                except SourceThrottled:
                    self._write(row, run, found)
                    raise
                except KnowledgeError as error:
                    found.append((item, str(error)))
                    is_down = isinstance(error, Unreachable) and not isinstance(error, Refused)
                    unreachable = unreachable + 1 if is_down else 0
                except Exception:  # one odd item of many
                    log.exception("source_item_failed", key=item.key)
                    found.append((item, "It cannot be read."))
                if self._clock() - since > _TOGETHER_S:
                    break
            self._write(row, run, found)
            if unreachable >= _MAX_UNREACHABLE:
                raise Unreachable(f"{unreachable} items in a row cannot be reached; the last: {found[-1][1]}")
            found = []
            if self._clock() >= ends:
                return False
        return True

    def _list(self, row: rows.Source, run: rows.SourceRun, connector: Connector) -> None:
        """Keep what the source lists.

        Raises:
            KnowledgeError: it fails, or lists nothing any more.
            _Lost: another process has it.
        """
        listing = connector.listing(row.cursor)
        with self._store.begin() as tx:
            self._hold(tx, row)
            if not listing.items and listing.unlisted == Unlisted.GONE and not run.accepts_loss:
                known = items.count_documents(tx, row.id)
                raise DocumentUnreadable(
                    f"It lists nothing any more. Its {known:,} documents stay." if known else "It lists nothing."
                )
            items.keep_listing(tx, self._store, run, listing)
            for keys in batches(listing.internal):
                self._library.hide(tx, row.workspace_id, items.of_source(row.id, source_item.c.key.in_(keys)))

    def _pending(self, row: rows.Source) -> list[rows.SourceItem]:
        with self._store.read() as connection:
            return items.pending(connection, row.id, limit=_TOGETHER)

    def _write(self, row: rows.Source, run: rows.SourceRun, found: Sequence[tuple[rows.SourceItem, Found]]) -> None:
        """Write what was found of some items, and keep the source for another lease; progress forgives attempts.

        Raises:
            _Lost: another process has it.
        """
        if found:
            with self._store.begin() as tx:
                self._hold(tx, row, attempts=1)
                self._applier.apply(tx, row, run, found)

    def _hold(self, tx: sa.Connection, row: rows.Source, **values: Any) -> None:
        if not self._leases.renew_in(tx, [_lease(row)], **values):
            raise _Lost

    def _run_of(self, row: rows.Source) -> rows.SourceRun:
        with self._store.read() as connection:
            found = connection.execute(sa.select(source_run).where(source_run.c.id == row.run_id)).mappings().one()
            return rows.SourceRun.from_row(found)

    def _yield(self, row: rows.Source, **values: Any) -> None:
        """Leave the look for its next slice."""
        with self._store.begin() as tx:
            self._leases.release(tx, _lease(row), **{"state": SourceState.QUEUED, "due_at": self._now, **values})

    def _finish(self, row: rows.Source) -> None:
        """Remove what is gone, unless it is too much, and release what was found, in one transaction."""
        run = self._run_of(row)
        with self._store.begin() as tx:
            self._hold(tx, row)
            known, gone = items.count_documents(tx, row.id), items.count_documents(tx, row.id, items.lost(run))
            error, state, removed = None, RunState.DONE, 0
            # What the same look has added says nothing about what was there before.
            if is_too_much(gone, known - run.added) and not run.accepts_loss:
                state = RunState.HELD
                error = f"{gone:,} of its {known:,} documents would be gone. They stay until that is accepted."
            else:
                self._library.remove_all(tx, row.workspace_id, items.only_of_source(row.id, items.lost(run)))
                items.remove(tx, row.id, items.lost(run))
                removed = gone
            self._library.release(tx, row.workspace_id, items.of_source(row.id))
            end(tx, run, state=state, error=error, now=self._store.now(tx), gone=removed)
            advances = state == RunState.DONE and not run.failures
            self._leases.release(
                tx,
                _lease(row),
                state=SourceState.IDLE,
                due_at=self._now + row.interval_s * 1_000,
                run_id=None,
                cursor=run.cursor if advances else row.cursor,
                looked_at=self._now,
                failures=0,
                error=error,
                attempts=0,
            )
        log.info("source_looked_at", state=state, added=run.added, changed=run.changed, gone=removed)

    def _fail(self, row: rows.Source, reason: str) -> None:
        """Write that a source failed as a whole: its documents stay, and it is looked at again before long."""
        backoff_s = min(row.interval_s, _MAX_BACKOFF_S, 300 * 2 ** min(row.failures, 10))
        with suppress(_Lost), self._store.begin() as tx:
            self._hold(tx, row)
            self._library.release(tx, row.workspace_id, items.of_source(row.id))
            end(tx, self._run_of(row), state=RunState.FAILED, error=reason, now=self._store.now(tx))
            self._leases.release(
                tx,
                _lease(row),
                state=SourceState.IDLE,
                due_at=self._now + backoff_s * 1_000,
                run_id=None,
                looked_at=self._now,
                failures=row.failures + 1,
                error=reason,
                attempts=0,
            )
        log.warning("source_failed", reason=reason)


def _lease(row: rows.Source) -> RowLease:
    return RowLease(id=row.id, token=row.lease_token)

"""Make, change, pause, look at and delete sources."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa

from kb.errors import DocumentUnreadable
from worker.addresses import Guard
from worker.errors import Conflict, Invalid, NotFound
from worker.ids import new_id
from worker.knowledge.library import Library
from worker.sources import items, looks
from worker.sources.folder import allowed_folder
from worker.sources.kinds import OPTIONS, WITH_TOKEN
from worker.sources.locations import check_location
from worker.sources.serializers import run_to_api, source_to_api
from worker.states import RunState, SourceKind, SourceState
from worker.store import rows
from worker.store.engine import Store
from worker.store.filters import EVERYTHING, Which, conditions
from worker.store.scope import Scope
from worker.store.tables import source, source_item, source_run

DAY_S = 24 * 3_600

_OPTIONS = ("include", "exclude", "branch", "email", "access_key")
_METADATA = ("language", "tags", "audience")
_NEEDS_TOKEN = (
    SourceKind.ZENDESK,
    SourceKind.INTERCOM,
    SourceKind.CONFLUENCE,
    SourceKind.NOTION,
    SourceKind.FRESHDESK,
)


class Sources:
    """The sources of workspaces. `roots` are the folders that sources may lie in. Safe to share between threads."""

    def __init__(self, store: Store, library: Library, guard: Guard, *, roots: Sequence[str]) -> None:
        self._store = store
        self._library = library
        self._guard = guard
        self._roots = roots
        self._now = store.clock.sql()

    def make(self, workspace_id: str, new: Mapping[str, Any]) -> dict[str, Any]:
        """Make a source, which is looked at at once, and return it.

        Raises:
            AddressRefused: its URL may not be called.
            Conflict: the name is taken.
            Invalid: an option does not fit the kind, or is missing.
        """
        kind = SourceKind(new["kind"])
        location = self._checked_location(kind, new["location"])
        options = {name: new[name] for name in _OPTIONS if new.get(name)}
        _check_options(kind, location, {**options, "token": new.get("token")})
        name = new.get("name") or (urlsplit(location).hostname or location)[:100]
        row = {
            "id": new_id("src"),
            "workspace_id": workspace_id,
            "name": name,
            "kind": kind,
            "location": location,
            "token": new.get("token"),
            "options": options,
            "metadata": {key: new[key] for key in _METADATA if key in new},
            "interval_s": new.get("interval_s", DAY_S),
            "state": SourceState.QUEUED,
            "attempts": 0,
        }
        with self._store.begin() as tx:
            self._require_free(tx, workspace_id, name)
            now = self._store.now(tx)
            tx.execute(source.insert().values(**row, due_at=now, created_at=now, updated_at=now))
        return self.show(workspace_id, row["id"])

    def change(self, workspace_id: str, id: str, new: Mapping[str, Any]) -> dict[str, Any]:
        """Change a source; when its documents change with it, they are all read again by a look that is due at once.

        Documents that become internal are not cited any more once that is published, which does not wait for the look.

        Raises:
            NotFound, Conflict, Invalid: as the others do.
        """
        with self._store.begin() as tx:
            row = rows.Source.from_row(Scope(self._store, workspace_id).lock(tx, source, id))
            if new.get("name", row.name) != row.name:
                self._require_free(tx, workspace_id, new["name"])
            options = {**row.options, **{name: new[name] for name in _OPTIONS if name in new}}
            metadata = {**row.metadata, **{key: new[key] for key in _METADATA if key in new}}
            values = {name: new[name] for name in ("name", "interval_s", "token") if name in new}
            _check_options(row.kind, row.location, {**options, "token": values.get("token", row.token)})
            values |= {"options": options, "metadata": metadata, "updated_at": self._now}
            if (values.get("name", row.name), metadata, options) != (row.name, dict(row.metadata), dict(row.options)):
                items.forget_versions(tx, id)
                values["cursor"] = None
                self._end_look(tx, row)
                values["run_id"] = None
                if row.state != SourceState.PAUSED:  # whoever looks at it now loses it: they go by the old values
                    values |= {"state": SourceState.QUEUED, "due_at": self._now, "attempts": 0}
                if metadata.get("audience") == "internal":
                    self._library.hide(tx, workspace_id, items.of_source(id))
            elif "interval_s" in values and row.state == SourceState.IDLE:
                values["due_at"] = sa.func.coalesce(source.c.looked_at, self._now) + values["interval_s"] * 1_000
            tx.execute(source.update().where(source.c.id == id).values(**values))
        return self.show(workspace_id, id)

    def _end_look(self, tx: sa.Connection, row: rows.Source) -> None:
        """End the look that is under way, if one is."""
        if row.run_id is None:
            return
        found = tx.execute(sa.select(source_run).where(source_run.c.id == row.run_id)).mappings().one()
        error = "The source was changed meanwhile."
        looks.end(tx, rows.SourceRun.from_row(found), state=RunState.FAILED, error=error, now=self._store.now(tx))

    def look(self, workspace_id: str, id: str, *, accepts_loss: bool = False) -> dict[str, Any]:
        """Have a source looked at now, unless that is under way, and return it.

        `accepts_loss` lets the look remove any number of documents.

        Raises:
            NotFound: the workspace has none with this id.
            Conflict: it is paused.
        """
        with self._store.begin() as tx:
            row = rows.Source.from_row(Scope(self._store, workspace_id).lock(tx, source, id))
            if row.state == SourceState.PAUSED:
                raise Conflict("The source is paused.")
            if row.run_id is None:
                looks.begin(tx, row, now=self._store.now(tx), accepts_loss=accepts_loss)
            elif accepts_loss:
                tx.execute(source_run.update().where(source_run.c.id == row.run_id).values(accepts_loss=True))
            if row.state != SourceState.RUNNING:
                values = {"state": SourceState.QUEUED, "due_at": self._now, "attempts": 0}
                tx.execute(source.update().where(source.c.id == id).values(**values))
        return self.show(workspace_id, id)

    def pause(self, workspace_id: str, id: str) -> dict[str, Any]:
        """Stop looking at a source, also in the middle of a look; its documents stay.

        Raises:
            NotFound: the workspace has none with this id.
        """
        with self._store.begin() as tx:
            Scope(self._store, workspace_id).lock(tx, source, id)
            self._library.release(tx, workspace_id, items.of_source(id))
            values = {"state": SourceState.PAUSED, "due_at": None, "updated_at": self._now}
            tx.execute(source.update().where(source.c.id == id).values(**values))
        return self.show(workspace_id, id)

    def resume(self, workspace_id: str, id: str) -> dict[str, Any]:
        """Look at a paused source again, at once; a look that was under way goes on.

        Raises:
            NotFound: the workspace has none with this id.
        """
        with self._store.begin() as tx:
            Scope(self._store, workspace_id).lock(tx, source, id)
            paused = (source.c.id == id, source.c.state == SourceState.PAUSED)
            values = {"state": SourceState.QUEUED, "due_at": self._now, "attempts": 0, "updated_at": self._now}
            tx.execute(source.update().where(*paused).values(**values))
        return self.show(workspace_id, id)

    def remove(self, workspace_id: str, id: str, *, with_documents: bool) -> None:
        """Delete a source and what is known of its looks; with its documents, or without.

        Documents that another source has as well stay.

        Raises:
            NotFound: the workspace has none with this id.
        """
        with self._store.begin() as tx:
            Scope(self._store, workspace_id).lock(tx, source, id)
            if with_documents:
                self._library.remove_all(tx, workspace_id, items.only_of_source(id))
            self._library.release(tx, workspace_id, items.of_source(id))
            tx.execute(source_item.delete().where(source_item.c.source_id == id))
            tx.execute(source_run.delete().where(source_run.c.source_id == id))
            tx.execute(source.delete().where(source.c.id == id))

    def page(
        self, workspace_id: str, which: Which = EVERYTHING, *, after: str | None = None, limit: int = 20
    ) -> tuple[list[dict[str, Any]], str | None]:
        """Return sources, newest first or by `sort`, and the cursor of the next page or None.

        `which` may have `state`, `kind`, `created_after` and `created_before`.
        """
        where = conditions(which, {"state": source.c.state, "kind": source.c.kind}, created=source.c.created_at)
        found, cursor = Scope(self._store, workspace_id).page(
            source, *where, after=after, limit=limit, sort=which.get("sort")
        )
        return self._to_api(map(rows.Source.from_row, found)), cursor

    def show(self, workspace_id: str, id: str) -> dict[str, Any]:
        """Return a source.

        Raises:
            NotFound: the workspace has none with this id.
        """
        return self._to_api([rows.Source.from_row(Scope(self._store, workspace_id).get(source, id))])[0]

    def id_of(self, workspace_id: str, name: str) -> str:
        """Return the id of the source with this name or id.

        Raises:
            NotFound: the workspace has none.
        """
        known = sa.select(source.c.id).where(
            source.c.workspace_id == workspace_id, sa.or_(source.c.name == name, source.c.id == name)
        )
        with self._store.read() as connection:
            found: str | None = connection.execute(known).scalar()
        if found is None:
            raise NotFound(f"There is no source {name!r}.")
        return found

    def runs(
        self, workspace_id: str, id: str, which: Which = EVERYTHING, *, after: str | None = None, limit: int = 20
    ) -> tuple[list[dict[str, Any]], str | None]:
        """Return the looks at a source, newest first or by `sort`, and the cursor of the next page or None.

        `which` may have `state`, and `created_after` and `created_before` for when they began.

        Raises:
            NotFound: the workspace has none with this id.
        """
        scope = Scope(self._store, workspace_id)
        scope.get(source, id, columns=(source.c.id,))
        where = conditions(which, {"state": source_run.c.state}, created=source_run.c.started_at)
        found, cursor = scope.page(
            source_run, source_run.c.source_id == id, *where, after=after, limit=limit, sort=which.get("sort")
        )
        return [run_to_api(rows.SourceRun.from_row(row)) for row in found], cursor

    def _to_api(self, found: Iterable[rows.Source]) -> list[dict[str, Any]]:
        """Return sources with the counts of their documents and their last looks."""
        listed = list(found)
        ids = [row.id for row in listed]
        newest = sa.select(sa.func.max(source_run.c.id)).where(source_run.c.source_id.in_(ids))
        counted = (
            sa.select(source_item.c.source_id, sa.func.count(source_item.c.document_id))
            .where(source_item.c.source_id.in_(ids))
            .group_by(source_item.c.source_id)
        )
        with self._store.read() as connection:
            last = connection.execute(
                sa.select(source_run).where(source_run.c.id.in_(newest.group_by(source_run.c.source_id)))
            ).mappings()
            runs = {row["source_id"]: rows.SourceRun.from_row(row) for row in last}
            counts = {row[0]: row[1] for row in connection.execute(counted)}
        return [source_to_api(row, documents=counts.get(row.id, 0), run=runs.get(row.id)) for row in listed]

    def _checked_location(self, kind: SourceKind, location: str) -> str:
        is_url = urlsplit(location).scheme in ("http", "https")
        if is_url and kind != SourceKind.FOLDER:
            self._guard.check_url(location, field="location")
            return location
        if kind not in (SourceKind.FOLDER, SourceKind.GIT):
            raise Invalid("Must be a URL that starts with http:// or https://.", field="location")
        try:
            return str(allowed_folder(location, self._roots))
        except DocumentUnreadable as error:
            raise Invalid(str(error), field="location") from None

    def _require_free(self, tx: sa.Connection, workspace_id: str, name: str) -> None:
        same = sa.select(source.c.id).where(source.c.workspace_id == workspace_id, source.c.name == name)
        if tx.execute(same).first() is not None:
            raise Conflict("There is a source of this name.")


def _check_options(kind: SourceKind, location: str, options: Mapping[str, Any]) -> None:
    for name in ("branch", "email", "access_key"):
        if options.get(name) and name not in OPTIONS[kind]:
            raise Invalid(f"A source of the kind {kind} has none.", field=name)
    if options.get("token") and kind not in WITH_TOKEN:
        raise Invalid(f"A source of the kind {kind} has none.", field="token")
    if not options.get("token") and kind in _NEEDS_TOKEN:
        raise Invalid(f"A source of the kind {kind} needs one.", field="token")
    if kind == SourceKind.ZENDESK and not options.get("email"):
        raise Invalid("It is needed: the e-mail address of the user that the token belongs to.", field="email")
    if kind == SourceKind.S3 and bool(options.get("token")) != bool(options.get("access_key")):
        missing = "access_key" if options.get("token") else "token"
        raise Invalid("A bucket has an access key with its secret key as the token, or neither.", field=missing)
    try:
        check_location(kind, location, has_token=bool(options.get("token")))
    except DocumentUnreadable as error:
        raise Invalid(str(error), field="location") from None

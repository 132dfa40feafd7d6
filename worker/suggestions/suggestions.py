"""Read suggestions, and edit, accept or refuse them. Nothing is published unless somebody accepts it."""

from typing import Any

import sqlalchemy as sa

from worker.errors import Conflict, NotFound
from worker.knowledge.library import NO_METADATA, DocumentMetadata, Library, NewDocument
from worker.states import SuggestionState
from worker.store.engine import Store
from worker.store.filters import EVERYTHING, Which, conditions
from worker.store.rows import Exchange, Suggestion
from worker.store.scope import Scope
from worker.store.tables import exchange, suggestion
from worker.time import to_rfc3339

#: Exchanges that a suggestion is shown with.
MAX_EXCHANGES = 20


class Suggestions:
    """The suggestions of workspaces. Safe to share between threads."""

    def __init__(self, store: Store, library: Library) -> None:
        self._store = store
        self._library = library

    def page(
        self, workspace_id: str, which: Which = EVERYTHING, *, after: str | None = None, limit: int = 20
    ) -> tuple[list[dict[str, Any]], str | None]:
        """Return suggestions without their exchanges, newest first or by `sort`, and the next cursor or None.

        `which` may have `state`, `created_after` and `created_before`.
        """
        where = conditions(which, {"state": suggestion.c.state}, created=suggestion.c.created_at)
        rows, cursor = Scope(self._store, workspace_id).page(
            suggestion, *where, after=after, limit=limit, sort=which.get("sort")
        )
        return [to_api(Suggestion.from_row(row)) for row in rows], cursor

    def most_asked(self, workspace_id: str, *, state: str, limit: int) -> list[dict[str, Any]]:
        """Return suggestions without their exchanges, most asked first."""
        wanted = (
            Scope(self._store, workspace_id)
            .select(suggestion)
            .where(suggestion.c.state == state)
            .order_by(suggestion.c.count.desc(), suggestion.c.id.desc())
            .limit(limit)
        )
        with self._store.read() as connection:
            return [to_api(Suggestion.from_row(row)) for row in connection.execute(wanted).mappings()]

    def get(self, workspace_id: str, id: str) -> dict[str, Any]:
        """Return a suggestion with the newest of its exchanges.

        Raises:
            NotFound: the workspace has none with this id.
        """
        scope = Scope(self._store, workspace_id)
        newest = (
            scope.select(exchange)
            .where(exchange.c.suggestion_id == id)
            .order_by(exchange.c.id.desc())
            .limit(MAX_EXCHANGES)
        )
        with self._store.read() as connection:
            row = scope.get_in(connection, suggestion, id)
            exchanges = [Exchange.from_row(item) for item in connection.execute(newest).mappings()]
        return {**to_api(Suggestion.from_row(row)), "exchanges": [exchange_to_api(item) for item in exchanges]}

    def edit(self, workspace_id: str, id: str, *, title: str | None = None, text: str | None = None) -> dict[str, Any]:
        """Change the draft and return the suggestion.

        Raises:
            NotFound: the workspace has none with this id.
            Conflict: it is published.
        """
        with self._store.begin() as tx:
            self._undecided(tx, workspace_id, id)
            changes = {name: value for name, value in (("title", title), ("text", text)) if value is not None}
            self._update(tx, id, **changes)
        return self.get(workspace_id, id)

    def accept(
        self,
        workspace_id: str,
        id: str,
        *,
        title: str | None = None,
        text: str | None = None,
        url: str | None = None,
        metadata: DocumentMetadata = NO_METADATA,
    ) -> dict[str, Any]:
        """Publish the draft, or the title and text that are given, as a document, and return the suggestion.

        Raises:
            NotFound: the workspace has none with this id.
            Conflict: it is published already, or has no text (after an erasure) and none is given.
            DocumentUnreadable, DocumentTooLarge: as `Library.add`.
        """
        with self._store.begin() as tx:
            row = self._undecided(tx, workspace_id, id)
            title, text = title or row.title, text or row.text
            if not text.strip():
                raise Conflict("The suggestion has no text: give one.")
            new = NewDocument(title=title, data=text.encode(), media_type="text/markdown", url=url, metadata=metadata)
            made = self._library.add_in(tx, workspace_id, new)
            decision = {"state": SuggestionState.ACCEPTED, "document_id": made["id"], "title": title, "text": text}
            self._update(tx, id, decided_at=self._store.now(tx), **decision)
        return self.get(workspace_id, id)

    def refuse(self, workspace_id: str, id: str, *, note: str | None = None) -> dict[str, Any]:
        """Keep the draft from being offered again, also when the same is asked again; return the suggestion.

        Raises:
            NotFound: the workspace has none with this id.
            Conflict: it is published.
        """
        with self._store.begin() as tx:
            self._undecided(tx, workspace_id, id)
            self._update(tx, id, state=SuggestionState.REFUSED, note=note, decided_at=self._store.now(tx))
        return self.get(workspace_id, id)

    def _undecided(self, tx: sa.Connection, workspace_id: str, id: str) -> Suggestion:
        """Lock a suggestion that is not published; one that was refused may be taken up again."""
        locked = Suggestion.from_row(Scope(self._store, workspace_id).lock(tx, suggestion, id))
        if locked.state == SuggestionState.ACCEPTED:
            raise Conflict(f"The suggestion is published as the document {locked.document_id}; change that.")
        return locked

    def _update(self, tx: sa.Connection, id: str, **values: Any) -> None:
        changed = suggestion.update().where(suggestion.c.id == id).values(updated_at=self._store.now(tx), **values)
        if not tx.execute(changed).rowcount:
            raise NotFound


def to_api(row: Suggestion) -> dict[str, Any]:
    """Return a suggestion in the form of the API."""
    return {
        "id": row.id,
        "state": row.state,
        "question": row.question,
        "title": row.title,
        "text": row.text,
        "written_by": row.written_by,
        "count": row.count,
        "document_id": row.document_id,
        "note": row.note,
        "created_at": to_rfc3339(row.created_at),
        "updated_at": to_rfc3339(row.updated_at),
        "decided_at": to_rfc3339(row.decided_at),
        "links": {
            "self": f"/v1/suggestions/{row.id}",
            **({"document": f"/v1/documents/{row.document_id}"} if row.document_id else {}),
        },
    }


def exchange_to_api(row: Exchange) -> dict[str, Any]:
    """Return an exchange in the form of the API."""
    return {
        "conversation_id": row.conversation_id,
        "message_id": row.message_id,
        "question": row.question,
        "reply": row.reply,
        "asked_at": to_rfc3339(row.asked_at),
    }

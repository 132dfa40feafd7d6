"""Files that customers attach to messages: stored with their conversation, read once, in a process of their own."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa

from kb import documents
from kb.documents import Document
from kb.errors import KnowledgeError
from kb.readers.blocks import Section
from worker.conversations import serializers
from worker.errors import Invalid, NotFound
from worker.ids import new_id
from worker.store.engine import Store
from worker.store.rows import Attachment, AttachmentFile, Conversation
from worker.store.scope import Scope
from worker.store.tables import attachment, conversation
from worker.telemetry import logs

log = logs.get(__name__)

#: Files with one message.
MAX = 10

#: Files that a visitor of the chat may upload in one conversation, and their bytes together.
MAX_OF_VISITOR = 20
MAX_BYTES_OF_VISITOR = 30 * 1024 * 1024

#: One that no message named within this time is deleted, also a visitor's.
_UNUSED_MS = 86_400_000

#: Text of one file that is looked at; a longer one is cut.
_MAX_CHARACTERS = 200_000

#: Columns without the bytes.
LISTED = [column for column in attachment.c if column.name not in ("source", "sections", "named_at")]


@dataclass(frozen=True, kw_only=True)
class Attached:
    """A file that came with a question: what it says, or why it cannot be read."""

    id: str
    name: str
    document: Document | None = None
    problem: str | None = None


def claim_for(tx: sa.Connection, conversation: Conversation, ids: Sequence[str]) -> None:
    """Attach files to a conversation, within the transaction that accepts a message with them.

    Raises:
        Invalid: the workspace has no such attachment, or it belongs to another conversation.
    """
    claimed = tx.execute(
        attachment.update()
        .where(
            attachment.c.id.in_(ids),
            attachment.c.workspace_id == conversation.workspace_id,
            sa.or_(attachment.c.conversation_id.is_(None), attachment.c.conversation_id == conversation.id),
        )
        .values(conversation_id=conversation.id, named_at=conversation.updated_at)
    )
    if claimed.rowcount != len(ids):
        raise Invalid("An attachment does not exist, or belongs to another conversation.", field="attachments")


class Attachments:
    """Keeps files, and reads them when a worker asks."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._now = store.clock.sql()

    def add(
        self, workspace_id: str, *, name: str, media_type: str, data: bytes, visitor_of: str | None = None
    ) -> dict[str, Any]:
        """Keep a file and return it as clients see it.

        `visitor_of` is the conversation whose customer uploads it with a conversation token: it belongs to that one.

        Raises:
            DocumentUnreadable: it is not what it is said to be, or empty.
            DocumentTooLarge: it is too large.
            Invalid: the visitor has uploaded too much in this conversation.
        """
        documents.check(data, media_type, images=True)
        new = {"id": new_id("att"), "workspace_id": workspace_id, "name": name, "media_type": media_type}
        with self._store.begin() as tx:
            if visitor_of is not None:
                _check_room(tx, workspace_id, visitor_of, len(data))
                new["conversation_id"] = visitor_of
            row = tx.execute(
                attachment.insert().values(**new, size=len(data), source=data, created_at=self._now).returning(*LISTED)
            )
            return serializers.attachment(Attachment.from_row(row.mappings().one()))

    def read(self, workspace_id: str, ids: Sequence[str]) -> list[Attached]:
        """Return the text of these files, in the order of `ids`. Each is read once, and its text is kept."""
        if not ids:
            return []
        statement = sa.select(attachment).where(attachment.c.id.in_(ids), attachment.c.workspace_id == workspace_id)
        with self._store.read() as connection:
            rows = {row["id"]: AttachmentFile.from_row(row) for row in connection.execute(statement).mappings()}
        return [self._read(rows[id]) for id in ids if id in rows]

    def clean_up(self, *, limit: int = 100) -> int:
        """Delete files that no message named for a day; return how many."""
        old = (
            sa.select(attachment.c.id)
            .where(attachment.c.named_at.is_(None), attachment.c.created_at <= self._now - _UNUSED_MS)
            .limit(limit)
        )
        with self._store.begin() as tx:
            return int(tx.execute(attachment.delete().where(attachment.c.id.in_(old))).rowcount)

    def _read(self, row: AttachmentFile) -> Attached:
        if row.error is not None:
            return Attached(id=row.id, name=row.name, problem=row.error)
        if row.text is not None:
            stored = row.sections or ()
            sections = tuple(Section(**{**section, "headings": tuple(section["headings"])}) for section in stored)
            document = Document(title=row.name, text=row.text, sections=sections)
            return Attached(id=row.id, name=row.name, document=document)
        try:
            found = _bounded(documents.read(row.source, media_type=row.media_type, title=row.name, is_trusted=False))
        except KnowledgeError as error:
            self._keep(row.id, error=str(error))
            return Attached(id=row.id, name=row.name, problem=str(error))
        self._keep(row.id, text=found.text, sections=[asdict(section) for section in found.sections])
        return Attached(id=row.id, name=row.name, document=found)

    def _keep(self, id: str, **values: Any) -> None:
        with self._store.begin() as tx:
            tx.execute(attachment.update().where(attachment.c.id == id).values(**values))
        log.info("attachment_read", attachment_id=id, error=values.get("error"))


def _check_room(tx: sa.Connection, workspace_id: str, conversation_id: str, size: int) -> None:
    """Raise Invalid unless a conversation takes another file of its visitor; others wait until this one is in."""
    same = sa.and_(conversation.c.id == conversation_id, conversation.c.workspace_id == workspace_id)
    tx.execute(sa.select(conversation.c.id).where(same).with_for_update())
    kept = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(attachment.c.size), 0))
    count, held = tx.execute(kept.where(attachment.c.conversation_id == conversation_id)).one()
    if count >= MAX_OF_VISITOR:
        raise Invalid(f"A conversation takes at most {MAX_OF_VISITOR} files.", field="file")
    if held + size > MAX_BYTES_OF_VISITOR:
        raise Invalid(
            f"The files of a conversation have at most {MAX_BYTES_OF_VISITOR >> 20} MiB together.", field="file"
        )


def remove(scope: Scope, conversation_id: str, attachment_id: str) -> None:
    """Delete a file that a visitor uploaded and then left out of the message.

    Raises:
        NotFound: the conversation has no such file, or a message names it.
    """
    with scope.store.begin() as tx:
        unnamed = sa.and_(
            attachment.c.id == attachment_id,
            attachment.c.workspace_id == scope.workspace_id,
            attachment.c.conversation_id == conversation_id,
            attachment.c.named_at.is_(None),
        )
        if not tx.execute(attachment.delete().where(unnamed)).rowcount:
            raise NotFound("There is no such file that no message names.")


def listed(scope: Scope, conversation_id: str) -> list[dict[str, Any]]:
    """Return the files of a conversation, oldest first, as the chat shows them: id, name, size in bytes."""
    columns = (attachment.c.id, attachment.c.name, attachment.c.size)
    of_it = scope.select(attachment, *columns).where(attachment.c.conversation_id == conversation_id)
    with scope.store.read() as connection:
        return [dict(row) for row in connection.execute(of_it.order_by(attachment.c.id).limit(1_000)).mappings()]


def _bounded(found: Document) -> Document:
    """Return a document of at most so much text, cut between sections."""
    if len(found.text) <= _MAX_CHARACTERS:
        return found
    kept = tuple(section for section in found.sections if section.end <= _MAX_CHARACTERS) or found.sections[:1]
    return Document(title=found.title, text=found.text[: kept[-1].end], sections=kept)


def file(scope: Scope, attachment_id: str) -> AttachmentFile:
    """Return an attachment with its bytes.

    Raises:
        NotFound: the workspace has none with this id.
    """
    return AttachmentFile.from_row(scope.get(attachment, attachment_id))


def get(scope: Scope, attachment_id: str) -> dict[str, Any]:
    """Return an attachment in the form of the API.

    Raises:
        NotFound: the workspace has none with this id.
    """
    row = scope.get(attachment, attachment_id, columns=LISTED)
    return serializers.attachment(Attachment.from_row(row))

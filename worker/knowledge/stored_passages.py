"""The passages of a workspace, as they go into a snapshot."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from kb.languages import language_of
from kb.passages import Passage
from kb.records import Record
from worker.store.tables import document, passage, vector


@dataclass(frozen=True, kw_only=True)
class StoredPassage:
    """A passage, its record in the snapshot, and its vector (float32) where the model has embedded it."""

    record: Record
    passage: Passage
    digest: str
    vector: bytes | None


def ids_and_documents(connection: sa.Connection, workspace_id: str) -> tuple[set[str], int]:
    """Return the ids of a workspace's passages, and the number of documents that they come from."""
    of_workspace = passage.c.workspace_id == workspace_id
    ids = set(connection.execute(sa.select(passage.c.id).where(of_workspace)).scalars())
    documents = sa.select(sa.func.count(sa.distinct(passage.c.document_id))).where(of_workspace)
    return ids, connection.execute(documents).scalar_one()


def read(
    connection: sa.Connection, workspace_id: str, *, model: str, ids: Sequence[str] | None = None
) -> Iterator[StoredPassage]:
    """Yield the passages of a workspace, or those with these ids, by document and in the order of the text."""
    languages: dict[str, str | None] = {}  # of what was indexed before languages were kept
    for row in connection.execute(_select(workspace_id, model, ids)).mappings():
        metadata = row["indexed_metadata"]
        if "language" not in metadata and row["document_id"] not in languages:
            languages[row["document_id"]] = language_of(row["text"])
        text = row["text"][row["start"] : row["end"]]
        record = Record(
            passage_id=row["id"],
            document_id=row["document_id"],
            title=metadata["title"],
            url=metadata["url"],
            headings=tuple(row["headings"]),
            anchor=row["anchor"],
            start=row["start"],
            end=row["end"],
            text=text,
            audience=metadata["audience"],
            source=metadata.get("source"),
            language=metadata["language"] if "language" in metadata else languages[row["document_id"]],
            tags=tuple(metadata.get("tags", ())),
        )
        cut = Passage(
            ordinal=row["ordinal"],
            start=row["start"],
            end=row["end"],
            text=text,
            headings=record.headings,
            anchor=row["anchor"],
            title=metadata["title"],
        )
        yield StoredPassage(record=record, passage=cut, digest=row["digest"], vector=row["value"])


def _select(workspace_id: str, model: str, ids: Sequence[str] | None) -> sa.Select[tuple[object, ...]]:
    wanted = [passage.c.workspace_id == workspace_id]
    if ids is not None:
        wanted.append(passage.c.id.in_(ids))
    same_text = sa.and_(
        vector.c.workspace_id == passage.c.workspace_id, vector.c.model == model, vector.c.digest == passage.c.digest
    )
    return (
        sa.select(passage, document.c.text, document.c.indexed_metadata, vector.c.value)
        .join_from(passage, document, document.c.id == passage.c.document_id)
        .outerjoin(vector, same_text)
        .where(*wanted)
        .order_by(passage.c.document_id, passage.c.ordinal)
    )

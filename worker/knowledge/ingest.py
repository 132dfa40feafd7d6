"""Bring files, archives and pages into the knowledge base from the command line."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import sqlalchemy as sa

from kb.documents import MEDIA_TYPES, is_text, media_type_of, media_type_of_file, title_of, url_of
from kb.errors import KnowledgeError
from worker.knowledge.archives import files_of_archive
from worker.knowledge.imports import Importer
from worker.knowledge.indexer import Indexer
from worker.knowledge.library import NO_METADATA, DocumentMetadata, Library, NewDocument
from worker.store.engine import Store
from worker.store.tables import document

_BATCH = 500

#: A name with its document, or with the reason why it is none.
Found = tuple[str, NewDocument | str]


@dataclass(kw_only=True)
class Report:
    """The results by file; `failed` gives the reason for each that failed."""

    added: int = 0
    unchanged: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    snapshot: str | None = None


def is_url(given: str) -> bool:
    """Whether an argument names something on the web."""
    return re.match(r"https?://", given) is not None


def documents_in(given: Iterable[str], importer: Importer) -> Iterator[Found]:
    """Yield the documents of files, folders, zip archives, pages and sitemaps, each with its name.

    Of folders and archives those files count that can be read by their ending, in order of name.
    """
    for source in given:
        if is_url(source):
            yield from importer.pages_at(source)
            continue
        path = Path(source)
        files = (file for file in path.rglob("*") if file.is_file() and media_type_of(file.name))
        for file in sorted(files) if path.is_dir() else [path]:
            yield from _in_file(file)


def _in_file(file: Path) -> Iterator[Found]:
    try:
        data = file.read_bytes()
        if file.suffix.lower() == ".zip":
            for name, found in files_of_archive(str(file.resolve()), data):
                yield f"{file}/{name}", found
            return
        media_type = media_type_of_file(file.name)
        if media_type is None:
            known = ", ".join((*MEDIA_TYPES, ".zip"))
            yield str(file), f"unknown kind of file; those that can be read end in {known}."
            return
        new = NewDocument(
            title=title_of(data, media_type=media_type, name=file.name),
            url=url_of(data, media_type),
            data=data,
            media_type=media_type,
            name=str(file.resolve()),
            titled=is_text(media_type),
        )
    except (KnowledgeError, OSError) as error:
        yield str(file), str(error)
    else:
        yield str(file), new


def ingest(
    given: Iterable[Found],
    *,
    workspace_id: str,
    library: Library,
    indexer: Indexer,
    store: Store,
    progress: Callable[[int, int], None],
    metadata: DocumentMetadata = NO_METADATA,
) -> Report:
    """Queue each document, index what is queued and publish; one bad file does not stop the others.

    `progress` is told of passages embedded so far and in all, document by document.
    """
    report = Report()
    names: dict[str, str] = {}
    for name, found in given:
        if isinstance(found, str):
            report.failed[name] = found
            continue
        try:
            row, changed = library.put_file(workspace_id, replace(found, metadata=metadata))
        except KnowledgeError as error:
            report.failed[name] = str(error)
            continue
        report.added += changed
        report.unchanged += not changed
        names[row["id"]] = name
    report.snapshot = indexer.index(workspace_id, progress=progress)
    ids = list(names)
    with store.read() as connection:
        for first in range(0, len(ids), _BATCH):
            failed = sa.select(document.c.id, document.c.error).where(
                document.c.workspace_id == workspace_id,
                document.c.id.in_(ids[first : first + _BATCH]),
                document.c.state == "failed",
            )
            for id, reason in connection.execute(failed):
                report.failed[names[id]] = reason
                report.added -= 1
    return report

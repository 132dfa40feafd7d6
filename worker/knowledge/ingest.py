"""Bring files into the knowledge base from the command line."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from kb.documents import MEDIA_TYPES, front_matter, media_type_of, title_of
from kb.errors import KnowledgeError
from worker.knowledge.indexer import Indexer
from worker.knowledge.library import Library, NewDocument
from worker.store.engine import Store
from worker.store.tables import document


@dataclass(kw_only=True)
class Report:
    """What became of the files; `failed` gives the reason for each that failed."""

    added: int = 0
    unchanged: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    snapshot: str | None = None


def files_in(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield files as they are given, and those of folders that can be read by their ending, in order of name."""
    for path in paths:
        if path.is_dir():
            yield from sorted(file for file in path.rglob("*") if file.is_file() and media_type_of(file.name))
        else:
            yield path


def ingest_files(
    files: list[Path],
    *,
    workspace_id: str,
    library: Library,
    indexer: Indexer,
    store: Store,
    progress: Callable[[int, int], None],
) -> Report:
    """Queue each file's document, index what is queued and publish; one bad file does not stop the others.

    `progress` is told of passages embedded so far and in all, document by document.
    """
    report = Report()
    names: dict[str, str] = {}
    for file in files:
        media_type = media_type_of(file.name)
        if media_type is None:
            report.failed[str(file)] = f"unknown kind of file; those that can be read end in {', '.join(MEDIA_TYPES)}."
            continue
        try:
            data = file.read_bytes()
            new = NewDocument(
                title=title_of(data, media_type=media_type, name=file.name),
                url=front_matter(data.decode(errors="replace")).get("url") if media_type == "text/markdown" else None,
                data=data,
                media_type=media_type,
                name=str(file.resolve()),
            )
            row, changed = library.put_file(workspace_id, new)
        except (KnowledgeError, OSError) as error:
            report.failed[str(file)] = str(error)
            continue
        report.added += changed
        report.unchanged += not changed
        names[row["id"]] = str(file)
    report.snapshot = indexer.index(workspace_id, progress=progress)
    failed = sa.select(document.c.id, document.c.error).where(
        document.c.workspace_id == workspace_id, document.c.id.in_(names), document.c.state == "failed"
    )
    with store.read() as connection:
        for id, reason in connection.execute(failed):
            report.failed[names[id]] = reason
            report.added -= 1
    return report

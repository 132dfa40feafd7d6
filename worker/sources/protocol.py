"""The protocol of connectors: list the items of a source, and read one of them."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Any, Protocol

from kb import documents
from kb.errors import DocumentUnreadable
from worker.knowledge.library import NO_METADATA, DocumentMetadata, NewDocument
from worker.store.rows import SourceItem

Json = Mapping[str, Any]

#: Items that a source may have.
MAX_ITEMS = 10_000


class SourceThrottled(DocumentUnreadable):
    """The source asks to be asked again later."""

    code = "source_throttled"

    def __init__(self, message: str, *, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Unlisted(StrEnum):
    """The treatment of items that a listing does not name: a sitemap names all, a feed only the newest.

    Of those that are read again, `Connector.read` says which are gone, also by the patterns of the source.
    """

    GONE = "gone"
    READ_AGAIN = "read_again"
    KEPT = "kept"


@dataclass(frozen=True, kw_only=True)
class Listing:
    """The items of a source.

    Args:
        items: keys, with a mark each that changes whenever the item does; None where the source has no such mark, so
            that the item has to be read.
        gone: keys that the source says are gone.
        internal: keys of what not everybody may see; their documents are internal at once, before they are read.
        failed: reasons by the name of each part of the listing that could not be read.
        cursor: what `Connector.listing` is given the next time, if this look ends well.
    """

    items: Mapping[str, str | None]
    unlisted: Unlisted
    gone: Sequence[str] = ()
    internal: Sequence[str] = ()
    failed: Mapping[str, str] = field(default_factory=dict)
    cursor: Json | None = None


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """An item as a document; `digest` changes whenever the document says something else, not with each byte."""

    new: NewDocument
    digest: str
    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, kw_only=True)
class Unchanged:
    """The source says that an item is as it was."""


@dataclass(frozen=True, kw_only=True)
class Gone:
    """An item is not there any more."""


Reading = Fetched | Unchanged | Gone


class Connector(Protocol):
    """A kind of source. Used by one thread, for some seconds; `close` ends it."""

    def listing(self, cursor: Json | None) -> Listing:
        """Return the items of the source, or those that changed since `cursor`.

        Raises:
            KnowledgeError: the source failed as a whole; with the reason.
            SourceThrottled: it is to be asked later.
        """
        ...

    def read(self, item: SourceItem) -> Reading:
        """Return an item as it is now.

        Raises:
            KnowledgeError: it could not be read this time; with the reason.
            SourceThrottled: it is to be asked later.
            Unreachable: the source may be down as a whole.
        """
        ...

    def close(self) -> None:
        """End connections."""
        ...


def fetched(
    data: bytes,
    *,
    media_type: str,
    name: str,
    file_name: str,
    url: str | None = None,
    etag: str | None = None,
    last_modified: str | None = None,
    metadata: DocumentMetadata = NO_METADATA,
    title: str | None = None,
) -> Fetched:
    """Return a document as it came.

    Args:
        name: tells the file or page from all others.
        file_name: gives a document its title that has none itself.
        url: where it can be seen; a Markdown file may name a better one.

    Raises:
        DocumentUnreadable, DocumentTooLarge: it cannot be read.
    """
    fallback = documents.title_from_name(PurePosixPath(file_name).name)
    if documents.is_text(media_type):
        content = documents.read(data, media_type=media_type, title=fallback)
        title = title or content.title
        said = repr((title, content.text, content.sections)).encode()
    else:
        documents.check(data, media_type)
        said = data
    new = NewDocument(
        title=(title or fallback)[:500],
        url=documents.url_of(data, media_type) or url,
        data=data,
        media_type=media_type,
        name=name,
        titled=title is not None,
        metadata=metadata,
    )
    digest = hashlib.sha256(said)
    digest.update(repr((new.url, metadata)).encode())
    return Fetched(new=new, digest=digest.hexdigest(), etag=etag, last_modified=last_modified)

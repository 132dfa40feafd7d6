"""The connector of Notion (version 2025-09-03 of the API): the pages that are shared with an integration."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from html import escape
from typing import Any
from urllib.parse import urlsplit

from kb.errors import DocumentTooLarge, DocumentUnreadable
from worker.knowledge.fetching import Unreachable
from worker.sources.articles import ArticlesApi, checked_listing, fetched_article, metadata_of_article, paged
from worker.sources.locations import database_of
from worker.sources.notion_blocks import Block, has_text, plain_text, rich_text, to_html
from worker.sources.pages import wanted
from worker.sources.protocol import Gone, Json, Listing, Reading, SourceThrottled
from worker.sources.web import Web
from worker.store.rows import Source, SourceItem

#: Requests a second that Notion serves an integration, on the average.
RATE = 3.0

_VERSION = "2025-09-03"
_PER_PAGE = 100

#: Notion rounds the time of a change to the minute: within it, a page may change again and look the same.
_SETTLED_S = 120

_MAX_BLOCKS = 5_000

#: Requests for one page: at three a second they end before the lease of the source does.
_MAX_REQUESTS = 600


@dataclass(kw_only=True)
class Notion:
    """Pages, and the rows of databases. A row without a text of its own says its text properties."""

    source: Source
    web: Web
    _api: ArticlesApi = field(init=False)
    _blocks: int = 0
    _requests: int = 0

    def __post_init__(self) -> None:
        parts = urlsplit(self.source.location)
        headers = {"authorization": f"Bearer {self.source.token}", "notion-version": _VERSION}
        self._api = ArticlesApi(base=f"{parts.scheme}://{parts.netloc}/v1", web=self.web, headers=headers)

    def listing(self, cursor: Json | None) -> Listing:
        """Return all pages. Notion says that its search may leave some out, so those are asked for."""
        del cursor
        items: dict[str, str | None] = {}
        failed: dict[str, str] = {}
        for path, query in self._lists():
            for page in paged(partial(self._page, path, query, failed), ""):
                if page.get("object") == "page" and not _is_gone(page) and self._is_wanted(page):
                    items[str(page["id"])] = _mark(page)
        return checked_listing(items, failed=failed)

    def read(self, item: SourceItem) -> Reading:
        """Return a page; one that only holds other pages has nothing to cite."""
        page = self._api.get(f"pages/{item.key}")
        if page is None or _is_gone(page) or not self._is_wanted(page):
            return Gone()
        self._blocks = self._requests = 0
        properties = page.get("properties") or {}
        html = to_html(self._children(item.key), self._inside)
        if not has_text(html) and not has_text(html := _texts_of(properties)):
            return Gone()
        url = page.get("public_url")
        if url is None and self.source.metadata.get("audience") == "internal":
            url = page.get("url")
        return fetched_article(
            _title(properties) or "Untitled",
            html,
            name=f"{self._api.base}#page-{item.key}",
            url=url,
            metadata=metadata_of_article(self.source, item, labels=_labels(properties)),
        )

    def close(self) -> None:
        """Close the connections."""
        self._api.close()

    def _lists(self) -> list[tuple[str, dict[str, Any]]]:
        """Return the lists that name the pages, as paths with what to ask of them."""
        id = database_of(self.source.location)
        if id is None:
            return [("search", {"filter": {"property": "object", "value": "page"}})]
        database = self._api.get(f"databases/{id}")
        if database is None or not database.get("data_sources"):
            raise DocumentUnreadable("There is no such database, or it is not shared with the integration.")
        return [(f"data_sources/{each['id']}/query", {}) for each in database["data_sources"]]

    def _page(
        self, path: str, query: Mapping[str, Any], failed: dict[str, str], cursor: str
    ) -> tuple[list[dict[str, Any]], str | None]:
        start = {"start_cursor": cursor} if cursor else {}
        found = self._api.post(path, {**query, **start, "page_size": _PER_PAGE})
        if found is None or not isinstance(found.get("results"), list):
            raise DocumentUnreadable("There is no list of pages here.")
        if (found.get("request_status") or {}).get("type") == "incomplete":
            failed[path] = "Notion lists only a part of the pages."
        return found["results"], found.get("next_cursor") if found.get("has_more") else None

    def _inside(self, block: Block) -> Iterator[Block]:
        """Yield the blocks inside a block, from where it is synced if need be; nothing where Notion refuses them."""
        original = (block.get("synced_block") or {}).get("synced_from") or {}
        for id in filter(None, (block.get("id"), original.get("block_id"))):
            try:
                found = list(self._children(str(id)))
            except (Unreachable, SourceThrottled, DocumentTooLarge):
                raise
            except DocumentUnreadable:  # a kind of block that the API does not know
                found = []
            if found:
                yield from found
                return
        yield {"type": "unsupported"}

    def _children(self, id: str) -> Iterator[Block]:
        def page(cursor: str) -> tuple[list[dict[str, Any]], str | None]:
            start = {"start_cursor": cursor} if cursor else {}
            self._requests += 1
            if self._requests > _MAX_REQUESTS:
                raise DocumentTooLarge(f"The page takes more than {_MAX_REQUESTS:,} requests to read.")
            found = self._api.get(f"blocks/{id}/children", page_size=_PER_PAGE, **start) or {}
            return found.get("results") or [], found.get("next_cursor") if found.get("has_more") else None

        for block in paged(page, ""):
            self._blocks += 1
            if self._blocks > _MAX_BLOCKS:
                raise DocumentTooLarge(f"The page has more than {_MAX_BLOCKS:,} blocks.")
            yield block

    def _is_wanted(self, page: Mapping[str, Any]) -> bool:
        return wanted(self.source.options, str(page.get("url") or ""))


def _is_gone(page: Mapping[str, Any]) -> bool:
    return any(page.get(name) for name in ("in_trash", "archived", "is_archived"))


def _mark(page: Mapping[str, Any]) -> str | None:
    """Return when a page was edited, or nothing while it may still change within that minute."""
    edited = str(page.get("last_edited_time") or "")
    try:
        is_settled = time.time() - datetime.fromisoformat(edited).timestamp() > _SETTLED_S
    except ValueError:
        return None
    return edited if is_settled else None


def _title(properties: Mapping[str, Any]) -> str:
    titles = (plain_text(each.get("title")) for each in properties.values() if each.get("type") == "title")
    return next(titles, "")


def _texts_of(properties: Mapping[str, Any]) -> str:
    """Return the text properties of a row, such as the answer in a table of questions."""
    return "".join(
        f"<p>{escape(name)}: {rich_text(each['rich_text'])}</p>"
        for name, each in properties.items()
        if each.get("type") == "rich_text" and each.get("rich_text")
    )


def _labels(properties: Mapping[str, Any]) -> list[Any]:
    return [
        option.get("name")
        for each in properties.values()
        if each.get("type") == "multi_select"
        for option in each.get("multi_select") or []
    ]

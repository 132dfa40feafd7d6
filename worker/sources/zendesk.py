"""The connector of Zendesk Guide: published articles; those for some users only are internal."""

import time
from dataclasses import dataclass, field
from typing import Any

from kb.errors import DocumentTooLarge, DocumentUnreadable
from worker.sources.articles import ArticlesApi, basic, fetched_article, internal_of, mark_of, metadata_of_article
from worker.sources.pages import wanted
from worker.sources.protocol import MAX_ITEMS, Gone, Json, Listing, Reading, Unlisted
from worker.sources.web import Web
from worker.store.rows import Source, SourceItem

_PATH = "api/v2/help_center"
_PER_PAGE = 100

#: Pages of one listing; a server that never comes to an end holds the worker up no longer.
_MAX_PAGES = MAX_ITEMS // _PER_PAGE

#: The incremental export does not name deleted articles, so all are listed this often.
_FULL_EVERY_S = 20 * 3_600


@dataclass(kw_only=True)
class Zendesk:
    """Articles in the language that they were written in. The user of the token must be an agent or administrator."""

    source: Source
    web: Web
    _api: ArticlesApi = field(init=False)

    def __post_init__(self) -> None:
        user = f"{self.source.options.get('email', '')}/token"
        headers = {"authorization": basic(user, self.source.token or "")}
        self._api = ArticlesApi(base=self.source.location, web=self.web, headers=headers)

    def listing(self, cursor: Json | None) -> Listing:
        """Return all articles, or those that changed when all were listed less than a day ago."""
        now = int(time.time())
        if cursor is not None and now - cursor["full_at"] < _FULL_EVERY_S:
            return self._changed(cursor)
        found: list[dict[str, Any]] = []
        query: dict[str, Any] = {"page[size]": _PER_PAGE}
        for _ in range(_MAX_PAGES):
            page = self._page("articles", query)
            found += page["articles"]
            meta = page.get("meta") or {}
            if not meta.get("has_more") or not page["articles"]:
                break
            query["page[after]"] = meta["after_cursor"]
        else:
            raise DocumentTooLarge(f"The help centre has more than {MAX_ITEMS:,} articles.")
        items = {str(article["id"]): _mark(article) for article in found if self._is_wanted(article)}
        cursor = {"full_at": now, "start_time": now - 60}
        return Listing(items=items, unlisted=Unlisted.GONE, internal=internal_of(items), cursor=cursor)

    def read(self, item: SourceItem) -> Reading:
        """Return an article; a draft is not there."""
        answer = self._api.get(f"{_PATH}/articles/{item.key}")
        article = None if answer is None else answer.get("article")
        if not article or article.get("draft"):
            return Gone()
        restricted = _is_restricted(article)
        return fetched_article(
            str(article.get("title") or "Untitled"),
            str(article.get("body") or ""),
            name=f"{self.source.location.rstrip('/')}#article-{item.key}",
            url=None if restricted else article.get("html_url"),
            metadata=metadata_of_article(self.source, item, is_internal=restricted, locale=article.get("locale")),
        )

    def close(self) -> None:
        """Close the connections."""
        self._api.close()

    def _changed(self, cursor: Json) -> Listing:
        """Return the articles of the incremental export since the cursor."""
        items: dict[str, str | None] = {}
        gone: list[str] = []
        start = cursor["start_time"]
        for _ in range(_MAX_PAGES):
            page = self._page("incremental/articles", {"start_time": start})
            for article in page["articles"]:
                if self._is_wanted(article):
                    items[str(article["id"])] = _mark(article)
                else:
                    gone.append(str(article["id"]))
            end = page.get("end_time") or start
            if not page.get("next_page") or end <= start:
                break
            start = end
        else:
            raise DocumentTooLarge(f"More than {MAX_ITEMS:,} articles have changed.")
        cursor = {"full_at": cursor["full_at"], "start_time": end}
        return Listing(items=items, unlisted=Unlisted.KEPT, gone=gone, internal=internal_of(items), cursor=cursor)

    def _page(self, path: str, query: Json) -> dict[str, Any]:
        page = self._api.get(f"{_PATH}/{path}", **query)
        if page is None or not isinstance(page.get("articles"), list):
            raise DocumentUnreadable("There is no help centre here.")
        return page

    def _is_wanted(self, article: dict[str, Any]) -> bool:
        return not article.get("draft") and wanted(self.source.options, str(article.get("html_url") or ""))


def _is_restricted(article: dict[str, Any]) -> bool:
    """Whether an article is for a segment of the users only, such as agents."""
    return article.get("user_segment_id") is not None or bool(article.get("user_segment_ids"))


def _mark(article: dict[str, Any]) -> str:
    return mark_of(article.get("updated_at"), is_internal=_is_restricted(article))

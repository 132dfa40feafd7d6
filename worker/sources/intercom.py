"""The connector of Intercom Articles (version 2.14 of the API): published articles."""

from dataclasses import dataclass, field
from typing import Any

from kb.errors import DocumentTooLarge, DocumentUnreadable
from worker.knowledge.library import DocumentMetadata
from worker.sources.articles import ArticlesApi, fetched_article
from worker.sources.pages import wanted
from worker.sources.protocol import MAX_ITEMS, Gone, Json, Listing, Reading, Unlisted
from worker.sources.web import Web
from worker.store.rows import Source, SourceItem

_VERSION = "2.14"
_PER_PAGE = 100


@dataclass(kw_only=True)
class Intercom:
    """Articles in the default language of the help centre. Internal articles are another resource, not read here."""

    source: Source
    web: Web
    _api: ArticlesApi = field(init=False)

    def __post_init__(self) -> None:
        headers = {"authorization": f"Bearer {self.source.token}", "intercom-version": _VERSION}
        self._api = ArticlesApi(base=self.source.location, web=self.web, headers=headers)

    def listing(self, cursor: Json | None) -> Listing:
        """Return all published articles; the API has no list of what changed."""
        del cursor
        items: dict[str, str | None] = {}
        number = 1
        while True:
            page = self._api.get("articles", page=number, per_page=_PER_PAGE)
            if page is None or not isinstance(page.get("data"), list):
                raise DocumentUnreadable("There is no list of articles here.")
            for article in page["data"]:
                if _is_published(article) and wanted(self.source.options, str(article.get("url") or "")):
                    items[str(article["id"])] = str(article.get("updated_at"))
            if len(items) > MAX_ITEMS:
                raise DocumentTooLarge(f"The help centre has more than {MAX_ITEMS:,} articles.")
            pages = page.get("pages") or {}
            if not page["data"] or number >= int(pages.get("total_pages") or 1):
                break
            number += 1
        return Listing(items=items, unlisted=Unlisted.GONE)

    def read(self, item: SourceItem) -> Reading:
        """Return an article; a draft is not there."""
        article = self._api.get(f"articles/{item.key}")
        if article is None or not _is_published(article):
            return Gone()
        return fetched_article(
            str(article.get("title") or "Untitled"),
            str(article.get("body") or ""),
            name=f"{self.source.location.rstrip('/')}#article-{item.key}",
            url=article.get("url"),
            metadata=DocumentMetadata(language=article.get("default_locale")),
        )

    def close(self) -> None:
        """Close the connections."""
        self._api.close()


def _is_published(article: dict[str, Any]) -> bool:
    return article.get("state") == "published"

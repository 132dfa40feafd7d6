"""The connector of a Chatwoot help centre: published articles, by the API of the account or by the public one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from kb.errors import DocumentUnreadable
from worker.sources.articles import ArticlesApi, checked_listing, metadata_of_article, numbered
from worker.sources.locations import portal_of
from worker.sources.pages import wanted
from worker.sources.protocol import Gone, Json, Listing, Reading, fetched
from worker.sources.web import Web
from worker.store.rows import Source, SourceItem

_PER_PAGE = 100


@dataclass(kw_only=True)
class Chatwoot:
    """Articles of a portal: in all of its languages with a token, unless the location names one."""

    source: Source
    web: Web
    _api: ArticlesApi = field(init=False)
    _public: dict[str, dict[str, Any]] | None = None

    def __post_init__(self) -> None:
        parts, token = urlsplit(self.source.location), self.source.token
        self._portal = portal_of(self.source.location, has_token=token is not None)
        self._site = f"{parts.scheme}://{parts.netloc}"
        headers = {} if token is None else {"api_access_token": token}
        self._api = ArticlesApi(base=self._site, web=self.web, headers=headers)

    def listing(self, cursor: Json | None) -> Listing:
        """Return all published articles; the API has no list of what changed."""
        del cursor
        return checked_listing({id: _mark(article) for id, article in self._all().items()})

    def read(self, item: SourceItem) -> Reading:
        """Return an article; drafts and archived ones are not there."""
        if self.source.token is None:
            self._public = self._all() if self._public is None else self._public
            article = self._public.get(item.key)
        else:
            found = self._api.get(f"{self._path()}/{item.key}") or {}
            article = found.get("payload")
        content = str((article or {}).get("content") or "")
        if article is None or not self._is_wanted(article) or not content.strip():
            return Gone()
        title = str(article.get("title") or "Untitled")
        return fetched(
            content.encode(),
            media_type="text/markdown",
            name=f"{self._site}/hc/{self._portal['portal']}#article-{item.key}",
            file_name=title,
            url=self._url(article),
            title=title,
            metadata=metadata_of_article(
                self.source, item, locale=_locale(article), labels=(article.get("meta") or {}).get("tags") or []
            ),
        )

    def close(self) -> None:
        """Close the connections."""
        self._api.close()

    def _path(self) -> str:
        portal = self._portal
        if self.source.token is None:
            return f"hc/{portal['portal']}/{portal['locale']}/articles.json"
        return f"api/v1/accounts/{portal['account']}/portals/{portal['portal']}/articles"

    def _all(self) -> dict[str, dict[str, Any]]:
        """Return the published articles by their ids."""
        return {str(article["id"]): article for article in numbered(self._page) if self._is_wanted(article)}

    def _page(self, number: int) -> list[dict[str, Any]]:
        locale = self._portal["locale"]
        found = self._api.get(
            self._path(), page=number, per_page=_PER_PAGE, **({"locale": locale} if locale is not None else {})
        )
        if found is None or not isinstance(found.get("payload"), list):
            raise DocumentUnreadable("There is no help centre here.")
        articles: list[dict[str, Any]] = found["payload"]
        return articles

    def _is_wanted(self, article: Mapping[str, Any]) -> bool:
        """Whether an article is published: the public list of older versions has drafts, too."""
        is_published = article.get("status", "published") == "published"
        locale = self._portal["locale"]
        is_here = locale is None or _locale(article) in (None, locale)
        return is_published and is_here and wanted(self.source.options, self._url(article))

    def _url(self, article: Mapping[str, Any]) -> str:
        portal = f"{self._site}/hc/{self._portal['portal']}"
        return f"{portal}/articles/{article['slug']}" if article.get("slug") else portal


def _locale(article: Mapping[str, Any]) -> str | None:
    found = article.get("locale") or (article.get("category") or {}).get("locale")
    return str(found) if found else None


def _mark(article: Mapping[str, Any]) -> str | None:
    changed = article.get("updated_at") or article.get("last_updated_at")
    return None if changed is None else str(changed)

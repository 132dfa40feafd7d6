"""The connector of Freshdesk Solutions: published articles; those in folders that not everybody sees are internal."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from kb.errors import DocumentUnreadable
from worker.sources.articles import (
    ArticlesApi,
    basic,
    checked_listing,
    fetched_article,
    mark_of,
    metadata_of_article,
    numbered,
)
from worker.sources.pages import wanted
from worker.sources.protocol import Gone, Json, Listing, Reading
from worker.sources.web import Web
from worker.store.rows import Source, SourceItem

_PER_PAGE = 100
_PUBLISHED = 2
_FOR_ALL = 1

#: Folders inside folders are read as deep as this.
_MAX_DEPTH = 10


@dataclass(kw_only=True)
class Freshdesk:
    """Articles in the primary language of the account."""

    source: Source
    web: Web
    _api: ArticlesApi = field(init=False)
    _open: dict[str, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._api = ArticlesApi(
            base=f"{self.source.location.rstrip('/')}/api/v2/solutions",
            web=self.web,
            headers={"authorization": basic(self.source.token or "", "X")},
            minute_limit="x-ratelimit-total",
        )

    def listing(self, cursor: Json | None) -> Listing:
        """Return all published articles, folder by folder; the API has no list of what changed."""
        del cursor
        items: dict[str, str | None] = {}
        for category in self._several("categories", required=True):
            for folder in self._several(f"categories/{category['id']}/folders"):
                for article, is_internal in self._articles(folder, is_internal=False, depth=0):
                    if self._is_wanted(article):
                        items[str(article["id"])] = _mark(article, is_internal)
        return checked_listing(items)

    def read(self, item: SourceItem) -> Reading:
        """Return an article; a draft is not there."""
        article = self._api.get(f"articles/{item.key}")
        if article is None or not self._is_wanted(article):
            return Gone()
        above = [level for level in article.get("hierarchy") or [] if level.get("type") == "folder"]
        folders = dict.fromkeys([str((level.get("data") or {}).get("id")) for level in above])
        is_internal = not all(map(self._is_open, {**folders, str(article.get("folder_id")): None}))
        levels = article.get("hierarchy") or [{}]
        return fetched_article(
            str(article.get("title") or "Untitled"),
            str(article.get("description") or ""),
            name=f"{self.source.location.rstrip('/')}#article-{item.key}",
            url=None if is_internal else self._url(article),
            metadata=metadata_of_article(
                self.source,
                item,
                is_internal=is_internal,
                locale=(levels[0].get("data") or {}).get("language"),
                labels=article.get("tags") or [],
            ),
        )

    def close(self) -> None:
        """Close the connections."""
        self._api.close()

    def _articles(
        self, folder: Mapping[str, Any], *, is_internal: bool, depth: int
    ) -> Iterator[tuple[dict[str, Any], bool]]:
        """Yield the articles of a folder and of those inside, with whether they are internal."""
        is_internal = is_internal or folder.get("visibility") != _FOR_ALL
        self._open[str(folder["id"])] = not is_internal
        for article in self._several(f"folders/{folder['id']}/articles"):
            yield article, is_internal
        if folder.get("sub_folders_count") and depth < _MAX_DEPTH:
            for inner in self._several(f"folders/{folder['id']}/subfolders"):
                yield from self._articles(inner, is_internal=is_internal, depth=depth + 1)

    def _several(self, path: str, *, required: bool = False) -> Iterator[dict[str, Any]]:
        return numbered(partial(self._page, path, required=required))

    def _page(self, path: str, number: int, *, required: bool) -> list[dict[str, Any]]:
        found = self._api.get_list(path, page=number, per_page=_PER_PAGE)
        if found is None and required:
            raise DocumentUnreadable("There are no Freshdesk Solutions here.")
        return found or []

    def _is_open(self, folder_id: str) -> bool:
        """Whether everybody sees a folder; one that is not there counts as closed."""
        if folder_id not in self._open:
            folder = self._api.get(f"folders/{folder_id}")
            self._open[folder_id] = folder is not None and folder.get("visibility") == _FOR_ALL
        return self._open[folder_id]

    def _is_wanted(self, article: Mapping[str, Any]) -> bool:
        return article.get("status") == _PUBLISHED and wanted(self.source.options, self._url(article))

    def _url(self, article: Mapping[str, Any]) -> str:
        return f"{self.source.location.rstrip('/')}/support/solutions/articles/{article['id']}"


def _mark(article: Mapping[str, Any], is_internal: bool) -> str:
    return mark_of(article.get("updated_at"), article.get("folder_id"), is_internal=is_internal)

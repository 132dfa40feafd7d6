"""The connector of Confluence, Cloud and Data Center: pages of a space; those with restrictions are internal."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from kb.errors import DocumentUnreadable
from worker.sources.articles import (
    ArticlesApi,
    Forbidden,
    basic,
    checked_listing,
    fetched_article,
    mark_of,
    metadata_of_article,
    paged,
)
from worker.sources.locations import site_of
from worker.sources.pages import wanted
from worker.sources.protocol import Gone, Json, Listing, Reading
from worker.sources.storage_format import to_html
from worker.sources.web import Web
from worker.store.rows import Source, SourceItem

_SEARCH = "rest/api/content/search"
_PER_PAGE = 100
_READERS = "restrictions.read.restrictions"
_ABOUT = f"version,space,ancestors,metadata.labels,{_READERS}.user,{_READERS}.group"
_READERS_OF_ONE = "restrictions.user,restrictions.group"

_Query = tuple[tuple[str, str], ...]


@dataclass(kw_only=True)
class Confluence:
    """Current pages of a space, or of all spaces but people's own; no blog posts, comments and attachments.

    With an e-mail address the token is one of Cloud, without one a personal access token of Data Center. A version does
    not change with the restrictions of a page, nor those of its children with them, so each look compares them.
    """

    source: Source
    web: Web
    _api: ArticlesApi = field(init=False)
    _restricted: dict[str, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._site, self._space = site_of(self.source.location)
        self._email, token = self.source.options.get("email"), self.source.token or ""
        authorization = basic(self._email, token) if self._email else f"Bearer {token}"
        self._api = ArticlesApi(base=self._site, web=self.web, headers={"authorization": authorization})

    def listing(self, cursor: Json | None) -> Listing:
        """Return all pages. The search that lists them may lag, so one that it leaves out is asked for."""
        del cursor
        where = f'space="{self._space}"' if self._space else "space.type=global"
        query = {"cql": f"type=page and {where} order by created", "expand": _ABOUT, "limit": str(_PER_PAGE)}
        pages = list(paged(self._page, tuple(query.items())))
        for page in pages:
            if (is_restricted := _is_restricted(page)) is not None:
                self._restricted[str(page["id"])] = is_restricted
        items = {str(page["id"]): self._mark(page) for page in pages if self._is_wanted(page)}
        return checked_listing(items)

    def read(self, item: SourceItem) -> Reading:
        """Return a page; one without text, such as a list of its children, has nothing to cite."""
        query = {"cql": f"id={item.key}", "expand": f"body.storage,{_ABOUT}", "limit": "1"}
        pages, _ = self._page(tuple(query.items()))
        if not pages:
            self._check_gone(item)
            return Gone()
        page = pages[0]
        body = to_html(str(((page.get("body") or {}).get("storage") or {}).get("value") or ""))
        if not body or not self._is_wanted(page):
            return Gone()
        is_internal = self._is_internal(page)
        labels = ((page.get("metadata") or {}).get("labels") or {}).get("results") or []
        return fetched_article(
            str(page.get("title") or "Untitled"),
            body,
            name=f"{self._site}#page-{item.key}",
            url=None if is_internal else self._url(page),
            metadata=metadata_of_article(
                self.source, item, is_internal=is_internal, labels=[label.get("name") for label in labels]
            ),
        )

    def close(self) -> None:
        """Close the connections."""
        self._api.close()

    def _page(self, query: _Query) -> tuple[list[dict[str, Any]], _Query | None]:
        """Return a page of results and the query of the next; Cloud has cursors, Data Center a start.

        The path of `next` begins at another place in each version, so only its query counts.
        """
        found = self._api.get(_SEARCH, **dict(query))
        if found is None or not isinstance(found.get("results"), list):
            raise DocumentUnreadable("There is no Confluence here.")
        following = (found.get("_links") or {}).get("next")
        return found["results"], tuple(parse_qsl(urlsplit(following).query)) if following else None

    def _check_gone(self, item: SourceItem) -> None:
        """Raise unless a page that the search does not find is not there."""
        if self._email:
            page = self._api.get(f"api/v2/pages/{item.key}")
        else:
            page = self._api.get(f"rest/api/content/{item.key}")
        if page is not None and page.get("status") == "current":
            raise DocumentUnreadable("The search of Confluence does not find it now.")

    def _is_wanted(self, page: Mapping[str, Any]) -> bool:
        space = page.get("space") or {}
        is_here = space.get("key") == self._space if self._space else space.get("type") != "personal"
        is_current = page.get("status") == "current" and page.get("type") == "page"
        return is_here and is_current and wanted(self.source.options, self._url(page))

    def _url(self, page: Mapping[str, Any]) -> str:
        return f"{self._site}{(page.get('_links') or {}).get('webui') or ''}"

    def _mark(self, page: Mapping[str, Any]) -> str:
        labels = ((page.get("metadata") or {}).get("labels") or {}).get("results") or []
        names = ",".join(sorted(str(label.get("name")) for label in labels))
        return mark_of((page.get("version") or {}).get("number"), names, is_internal=self._is_internal(page))

    def _is_internal(self, page: Mapping[str, Any]) -> bool:
        """Whether a page, or one above it, is for some people only, as far as can be told."""
        own = _is_restricted(page)
        above = [str(ancestor.get("id")) for ancestor in page.get("ancestors") or []]
        return own is not False or any(map(self._is_closed, above))

    def _is_closed(self, id: str) -> bool:
        """Whether a page above others has restrictions; one that cannot be seen counts as restricted."""
        if id not in self._restricted:
            try:
                found = self._api.get(f"rest/api/content/{id}/restriction/byOperation/read", expand=_READERS_OF_ONE)
            except Forbidden:
                found = None
            self._restricted[id] = found is None or _has_readers(found.get("restrictions")) is not False
        return self._restricted[id]


def _is_restricted(page: Mapping[str, Any]) -> bool | None:
    """Return whether a page itself has restrictions; None when that is not said."""
    read = (page.get("restrictions") or {}).get("read") or {}
    return _has_readers(read.get("restrictions"))


def _has_readers(restrictions: Any) -> bool | None:
    if not isinstance(restrictions, dict) or not {"user", "group"} <= set(restrictions):
        return None
    kinds = [restrictions["user"] or {}, restrictions["group"] or {}]
    return any(kind.get("results") or kind.get("size") for kind in kinds)

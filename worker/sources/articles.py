"""Requests to the API of a help centre: JSON, with credentials that never leave its host."""

import json
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

import httpx

from kb.errors import DocumentTooLarge, DocumentUnreadable
from worker.addresses import Caller
from worker.knowledge.fetching import NO_HEADERS, TOTAL_S, Answer, Unreachable, ask
from worker.knowledge.library import NO_METADATA, DocumentMetadata
from worker.sources.protocol import MAX_ITEMS, Fetched, Listing, Unlisted, fetched
from worker.sources.web import Web
from worker.store.rows import Source, SourceItem

Cursor = TypeVar("Cursor", bound=Hashable)

_MAX_BYTES = 50 * 1024 * 1024

#: Requests of one list; a server that never comes to an end holds the worker up no longer.
_MAX_REQUESTS = 1_000

#: Part of an account's requests that a look may use up: people and other programs need the rest.
_SHARE = 0.75

_MAX_TAGS, _MAX_TAG = 50, 100

#: How the mark of an internal article ends: no label or version has a tab.
_INTERNAL = "\tinternal"


class Forbidden(DocumentUnreadable):
    """The token may not read this."""


@dataclass(kw_only=True)
class ArticlesApi:
    """Requests to an API at `base`, at the rate of `web`.

    `minute_limit` is the header in which the API says how many requests a minute the account has.
    """

    base: str
    web: Web
    headers: Mapping[str, str]
    minute_limit: str | None = None
    _caller: Caller = field(init=False)

    def __post_init__(self) -> None:
        self._caller = Caller(self.web.guard, total_s=TOTAL_S)

    def get(self, path: str, **query: Any) -> dict[str, Any] | None:
        """Return the answer, or None when there is nothing at this path.

        Raises:
            DocumentUnreadable: it is refused, or is not JSON.
            Unreachable: the server failed.
            SourceThrottled: the server asks to wait.
        """
        return _object(self._ask(path, query))

    def get_list(self, path: str, **query: Any) -> list[dict[str, Any]] | None:
        """Return an answer that is a list. Raises as `get` does."""
        found = self._ask(path, query)
        if found is not None and not isinstance(found, list):
            raise DocumentUnreadable("The server did not answer with a JSON list.")
        return found

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the answer to a POST of JSON. Raises as `get` does."""
        return _object(self._ask(path, {}, content=json.dumps(body).encode()))

    def close(self) -> None:
        """Close the connections."""
        self._caller.close()
        self.web.close()

    def _ask(self, path: str, query: Mapping[str, Any], *, content: bytes | None = None) -> Any:
        url = f"{self.base.rstrip('/')}/{path}" + (f"?{urlencode(query)}" if query else "")
        typed = NO_HEADERS if content is None else {"content-type": "application/json"}
        headers = {**self.headers, **typed, "accept": "application/json"}
        answer = ask(
            url, caller=self._caller, check=self._check, headers=headers, max_bytes=_MAX_BYTES, content=content
        )
        self._keep_pace(answer)
        self.web.raise_if_throttled(answer)
        if answer.status in (404, 410):
            return None
        if answer.status in (401, 403):
            refused = Forbidden if answer.status == 403 else DocumentUnreadable
            raise refused(f"The server answered {answer.status}: the token is refused.")
        if answer.status != 200:
            kind = Unreachable if answer.status >= 500 else DocumentUnreadable
            raise kind(f"The server answered {answer.status}.")
        try:
            return json.loads(answer.data)
        except ValueError:
            raise DocumentUnreadable("The server did not answer with JSON.") from None

    def _keep_pace(self, answer: Answer) -> None:
        limit = answer.headers.get(self.minute_limit, "") if self.minute_limit else ""
        if limit.isdecimal() and int(limit):
            rate = _SHARE * int(limit) / 60
            self.web.rate = min(self.web.rate or rate, rate)

    def _check(self, url: str) -> None:
        if urlsplit(url).netloc != urlsplit(self.base).netloc:
            raise DocumentUnreadable("The API leads to another host.")
        self.web.guard.check_url(url)
        self.web.pause()


def _object(found: Any) -> dict[str, Any] | None:
    if found is not None and not isinstance(found, dict):
        raise DocumentUnreadable("The server did not answer with a JSON object.")
    return found


def paged(
    page: Callable[[Cursor], tuple[list[dict[str, Any]], Cursor | None]], first: Cursor
) -> Iterator[dict[str, Any]]:
    """Yield the entries of a list that comes in pages.

    Args:
        page: returns the entries at a cursor, and the cursor of the next page or None.

    Raises:
        DocumentUnreadable: the server leads in a circle.
        DocumentTooLarge: there are more entries than a source may have.
    """
    cursor: Cursor | None = first
    seen: set[Cursor] = set()
    count = 0
    while cursor is not None:
        if cursor in seen or len(seen) >= _MAX_REQUESTS:
            raise DocumentUnreadable("The list of the server never ends.")
        seen.add(cursor)
        entries, cursor = page(cursor)
        count += len(entries)
        if count > MAX_ITEMS:
            raise DocumentTooLarge(f"The source has more than {MAX_ITEMS:,} entries.")
        yield from entries


def numbered(get: Callable[[int], list[dict[str, Any]]]) -> Iterator[dict[str, Any]]:
    """Yield the entries of a list whose pages have numbers, until one says nothing new.

    A page that is shorter than was asked for need not be the last: servers cap its length. Raises as `paged` does.
    """
    known: set[Any] = set()

    def page(number: int) -> tuple[list[dict[str, Any]], int | None]:
        new = [entry for entry in get(number) if entry.get("id") not in known]
        known.update(entry.get("id") for entry in new)
        return new, number + 1 if new else None

    return paged(page, 1)


def checked_listing(items: Mapping[str, str | None], *, failed: Mapping[str, str] | None = None) -> Listing:
    """Return the listing of an API whose lists may lag or shift: an item that it leaves out is asked for by itself.

    A list of nothing at all counts as a failure of the source.
    """
    unlisted = Unlisted.READ_AGAIN if items else Unlisted.GONE
    return Listing(items=items, unlisted=unlisted, internal=internal_of(items), failed=failed or {})


def basic(user: str, password: str) -> str:
    """Return the header of Basic authentication."""
    request = next(httpx.BasicAuth(user, password).auth_flow(httpx.Request("GET", "https://host.example")))
    return request.headers["authorization"]


def fetched_article(
    title: str, body: str, *, name: str, url: str | None, metadata: DocumentMetadata = NO_METADATA
) -> Fetched:
    """Return the document of an article in HTML.

    Raises:
        DocumentUnreadable, DocumentTooLarge: it is empty, or too large.
    """
    return fetched(
        body.encode(), media_type="text/html", name=name, file_name=title, url=url, title=title, metadata=metadata
    )


def mark_of(*version: object, is_internal: bool) -> str:
    """Return the mark of an article: it changes with its version, and with its audience."""
    return " ".join(map(str, version)) + (_INTERNAL if is_internal else "")


def internal_of(items: Mapping[str, str | None]) -> list[str]:
    """Return the keys of internal articles, by their marks."""
    return [key for key, mark in items.items() if mark is not None and mark.endswith(_INTERNAL)]


def metadata_of_article(
    source: Source,
    item: SourceItem,
    *,
    is_internal: bool = False,
    locale: str | None = None,
    labels: Iterable[Any] = (),
) -> DocumentMetadata:
    """Return the metadata of an article, with its labels beside the tags of the source.

    An article that its source opens again is public again; one that somebody made internal here stays so.
    """
    audience = "internal" if is_internal else None
    if not is_internal and (item.mark or "").endswith(_INTERNAL):
        audience = source.metadata.get("audience") or "public"
    own = [label.strip()[:_MAX_TAG] for label in labels if isinstance(label, str) and label.strip()]
    tags = dict.fromkeys([*(source.metadata.get("tags") or ()), *own])
    return DocumentMetadata(language=language_of(locale), tags=tuple(tags)[:_MAX_TAGS], audience=audience)


def language_of(locale: str | None) -> str | None:
    """Return the language of a locale such as `en-us` or `pt_BR`; None for one of another form."""
    language = (locale or "").replace("_", "-").partition("-")[0].lower()
    return language if language.isascii() and language.isalpha() and 2 <= len(language) <= 3 else None

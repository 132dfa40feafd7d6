"""Requests to the API of a help centre: JSON, with credentials that never leave its host."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx

from kb.errors import DocumentUnreadable
from worker.addresses import Caller
from worker.knowledge.fetching import TOTAL_S, Unreachable, ask
from worker.knowledge.library import NO_METADATA, DocumentMetadata
from worker.sources.protocol import Fetched, fetched
from worker.sources.web import Web

_MAX_BYTES = 50 * 1024 * 1024


@dataclass(kw_only=True)
class ArticlesApi:
    """GET requests to an API at `base`, at the rate of `web`."""

    base: str
    web: Web
    headers: Mapping[str, str]
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
        url = f"{self.base.rstrip('/')}/{path}" + (f"?{urlencode(query)}" if query else "")
        headers = {**self.headers, "accept": "application/json"}
        answer = ask(url, caller=self._caller, check=self._check, headers=headers, max_bytes=_MAX_BYTES)
        self.web.raise_if_throttled(answer)
        if answer.status in (404, 410):
            return None
        if answer.status in (401, 403):
            raise DocumentUnreadable(f"The server answered {answer.status}: the token is refused.")
        if answer.status != 200:
            kind = Unreachable if answer.status >= 500 else DocumentUnreadable
            raise kind(f"The server answered {answer.status}.")
        try:
            found = json.loads(answer.data)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise DocumentUnreadable("The server did not answer with a JSON object.")
        return found

    def close(self) -> None:
        """Close the connections."""
        self._caller.close()
        self.web.close()

    def _check(self, url: str) -> None:
        if urlsplit(url).netloc != urlsplit(self.base).netloc:
            raise DocumentUnreadable("The API leads to another host.")
        self.web.guard.check_url(url)
        self.web.pause()


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

"""Polite requests to a source on the web: robots.txt, a rate, one connection, and what has not changed is not sent."""

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from protego import Protego

from kb.errors import DocumentUnreadable
from worker.addresses import AddressRefused, Caller, Guard
from worker.knowledge.fetching import HEADERS, NO_HEADERS, TOTAL_S, Answer, Page, Refused, Unreachable, ask
from worker.sources.protocol import Fetched, Gone, Reading, SourceThrottled, Unchanged, fetched
from worker.store.rows import SourceItem

_AGENT = HEADERS["user-agent"].partition("/")[0]
_ROBOTS_KEPT_S = 3_600.0
_MAX_ROBOTS_BYTES = 500 * 1024  # RFC 9309, 2.5

#: A longer pause is not slept through: the worker does something else meanwhile.
_MAX_SLEEP_S = 2.0

#: What Notion answers instead of 503.
_OVERLOADED = 529

_DEFAULT_RETRY_AFTER_S, _MAX_RETRY_AFTER_S = 60.0, 3_600.0


class Robots:
    """The rules of web servers for robots (RFC 9309), kept for an hour. Safe to share between threads."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._guard = threading.Lock()
        self._kept: dict[str, tuple[float, Protego]] = {}

    def rules(self, url: str, get: Callable[[str], Answer]) -> Protego:
        """Return the rules of the server that a URL names.

        Raises:
            Unreachable: it cannot say now, which forbids everything.
        """
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        with self._guard:
            ends, rules = self._kept.get(origin, (0.0, None))
        if rules is None or self._clock() >= ends:
            answer = get(f"{origin}/robots.txt")
            if answer.status == 429 or answer.status >= 500:
                raise Unreachable(f"robots.txt: the server answered {answer.status}.")
            text = answer.data[:_MAX_ROBOTS_BYTES].decode(errors="replace") if answer.status == 200 else ""
            rules = Protego.parse(text)
            with self._guard:
                self._kept[origin] = (self._clock() + _ROBOTS_KEPT_S, rules)
        return rules


@dataclass(kw_only=True)
class Web:
    """Requests of one source, one at a time. `rate` is in requests per second; 0: no limit."""

    guard: Guard
    robots: Robots
    rate: float
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    _next: float = 0.0

    def __post_init__(self) -> None:
        self._caller = Caller(self.guard, total_s=TOTAL_S)

    def get(self, url: str, *, headers: dict[str, str] | None = None, max_delay_s: float = math.inf) -> Answer:
        """Return the answer to a GET, after redirects.

        `max_delay_s` bounds the delay that robots.txt asks for: a listing is made of a few requests in a row.

        Raises:
            DocumentUnreadable: robots.txt forbids it, or it leads nowhere.
            Unreachable: no answer came.
            SourceThrottled: the server asks to wait, or the next request is not due for a while.
        """
        try:
            delay_s = self._allowing(url).crawl_delay(_AGENT) or 0.0
        except AddressRefused as error:
            raise Refused(str(error)) from None
        self.pause(min(max_delay_s, delay_s))
        answer = ask(url, caller=self._caller, check=self._allowing, headers=headers or NO_HEADERS)
        self.raise_if_throttled(answer)
        return answer

    def page(self, url: str, *, guard: Guard | None = None) -> Page:
        """Return a page. Raises as `get` does, and DocumentUnreadable for another status than 200."""
        del guard  # this one's is used
        answer = self.get(url, max_delay_s=_MAX_SLEEP_S)
        if answer.status != 200:
            kind = Unreachable if answer.status >= 500 else DocumentUnreadable
            raise kind(f"The server answered {answer.status}.")
        return answer.page

    def read(self, item: SourceItem) -> Reading:
        """Return the page that is an item's key, unless it is as it was.

        Raises: as `page` does.
        """
        known = {"if-none-match": item.etag, "if-modified-since": item.last_modified}
        is_known = item.document_id is not None and item.digest is not None
        headers = {name: value for name, value in known.items() if value is not None and is_known}
        answer = self.get(item.key, headers=headers)
        if answer.status == 304 and headers:
            return Unchanged()
        if answer.status in (404, 410):
            return Gone()
        if answer.status != 200:
            kind = Unreachable if answer.status >= 500 else DocumentUnreadable
            raise kind(f"The server answered {answer.status}.")
        return fetched_page(answer, name=item.key)

    @staticmethod
    def raise_if_throttled(answer: Answer) -> None:
        """Raise SourceThrottled when a server asks to wait."""
        asked = answer.headers.get("retry-after")
        if answer.status == 429 or (answer.status in (503, _OVERLOADED) and asked is not None):
            seconds = min(_MAX_RETRY_AFTER_S, _seconds(asked))
            raise SourceThrottled(f"The server answered {answer.status}.", retry_after_s=seconds)

    def close(self) -> None:
        """Close the connection."""
        self._caller.close()

    def _allowing(self, url: str) -> Protego:
        """Return the rules of the server, which allow a URL; refuse what may not be asked for."""
        self.guard.check_url(url)
        rules = self.robots.rules(url, self._robots_txt)
        if not rules.can_fetch(url, _AGENT):
            raise DocumentUnreadable("The robots.txt of the site does not allow it.")
        return rules

    def pause(self, crawl_delay_s: float = 0.0) -> None:
        """Wait until the next request is due.

        Raises:
            SourceThrottled: that is not for a while.
        """
        now = self.clock()
        if self._next > now:
            if self._next - now > _MAX_SLEEP_S:
                raise SourceThrottled("The site asks for few requests.", retry_after_s=self._next - now)
            self.sleep(self._next - now)
        self._next = max(now, self._next) + max(1 / self.rate if self.rate else 0.0, crawl_delay_s)

    def _robots_txt(self, url: str) -> Answer:
        try:
            return ask(url, caller=self._caller, check=self.guard.check_url)
        except Unreachable as error:
            raise Unreachable(f"robots.txt: {error}") from None


def fetched_page(answer: Answer, *, name: str) -> Fetched:
    """Return the document of a page that was asked for as `name`.

    Raises:
        DocumentUnreadable, DocumentTooLarge: it cannot be read.
    """
    page = answer.page
    return fetched(
        page.data,
        media_type=page.media_type,
        name=name,
        file_name=urlsplit(name).path.rstrip("/") or name,
        url=page.url,
        etag=answer.headers.get("etag"),
        last_modified=answer.headers.get("last-modified"),
    )


def _seconds(retry_after: str | None) -> float:
    """Return the seconds that a Retry-After asks to wait, which is a number or a date."""
    try:
        return max(0.0, float(retry_after or ""))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(retry_after or "").timestamp() - time.time())
    except (ValueError, TypeError):
        return _DEFAULT_RETRY_AFTER_S

"""Pages and files from the web, under the same address rules as callbacks."""

import gzip
import io
import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import httpx

from kb.documents import MAX_BYTES, MEDIA_TYPES, is_text, media_type_of
from kb.errors import DocumentTooLarge, DocumentUnreadable, KnowledgeError
from worker.addresses import AddressRefused, Caller, Guard

TOTAL_S = 20.0
_MAX_REDIRECTS = 5
_REDIRECTS = (301, 302, 303, 307, 308)
_MAX_SITEMAPS = 50
_MAX_UNWANTED = 64 * 1024
_MAX_UNPACKED = 50 * 1024 * 1024
MAX_PAGES = 1_000

#: Sent with every request.
HEADERS = {"user-agent": "Answerback-Fetch/1", "accept": "text/html, application/pdf, text/*, */*;q=0.5"}
NO_HEADERS: Mapping[str, str] = {}


class Unreachable(DocumentUnreadable):
    """The server could not be reached, or may not be."""


class Refused(Unreachable):
    """The address rules forbid the address: another one of the same source may well be fetched."""

    code = "address_refused"


class Throttled(DocumentUnreadable):
    """The server asks to wait; nothing is wrong with what was asked for."""

    code = "throttled"


@dataclass(frozen=True, kw_only=True)
class Page:
    """The content found at `url`, after redirects."""

    url: str
    media_type: str
    data: bytes


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The answer of a server at `url`, after redirects; only a 200 has `data`."""

    url: str
    status: int
    headers: Mapping[str, str]
    charset: str | None
    data: bytes

    @property
    def page(self) -> Page:
        """The page, as text in UTF-8 where it is text."""
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind == "application/xhtml+xml":
            kind = "text/html"
        if kind not in MEDIA_TYPES.values():
            kind = media_type_of(urlsplit(self.url).path) or kind
        return Page(url=self.url, media_type=kind, data=_in_utf8(self.data, kind, self.charset))


def fetch(url: str, *, guard: Guard) -> Page:
    """Fetch a URL and return its page.

    Raises:
        DocumentUnreadable: it may not be fetched, cannot be reached, or is not what can be read; with the reason.
        DocumentTooLarge: it is larger than a document may be.
    """
    with Caller(guard, total_s=TOTAL_S) as caller:
        answer = ask(url, caller=caller, check=guard.check_url)
    if answer.status != 200:
        raise DocumentUnreadable(f"The server answered {answer.status}.")
    return answer.page


def ask(
    url: str,
    *,
    caller: Caller,
    check: Callable[[str], object],
    headers: Mapping[str, str] = NO_HEADERS,
    max_bytes: int = MAX_BYTES,
    content: bytes | None = None,
) -> Answer:
    """Return the answer to a GET, or to a POST of `content`, after redirects.

    `check` refuses a URL by raising, before it is called.

    Raises:
        Unreachable: it may not be fetched, or no answer came; with the reason.
        DocumentTooLarge: it is larger than `max_bytes`.
    """
    for _ in range(_MAX_REDIRECTS + 1):
        try:
            check(url)
            method = "GET" if content is None else "POST"
            with caller.stream(method, url, headers={**HEADERS, **headers}, content=content) as answer:
                data = bytearray()
                for piece in answer.iter_bytes():  # to its end also where it is not wanted: the connection stays open
                    data += piece
                    if answer.status_code != 200 and len(data) > _MAX_UNWANTED:
                        break
                    if len(data) > max_bytes:
                        raise DocumentTooLarge(f"It has more than {max_bytes:,} bytes.")
                if answer.status_code in _REDIRECTS and "location" in answer.headers:
                    url = urljoin(url, answer.headers["location"])
                    continue
                return Answer(
                    url=url,
                    status=answer.status_code,
                    headers=answer.headers,
                    charset=answer.charset_encoding,
                    data=bytes(data) if answer.status_code == 200 else b"",
                )
        except AddressRefused as error:
            raise Refused(str(error)) from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            raise Unreachable(f"It cannot be fetched: {type(error).__name__}.") from None
    raise DocumentUnreadable(f"It leads to more than {_MAX_REDIRECTS} redirects.")


def _in_utf8(data: bytes, media_type: str, charset: str | None) -> bytes:
    """Return a text in the encoding that readers expect, when the server says that it is in another one."""
    if not is_text(media_type) or charset is None or charset.lower() in ("utf-8", "utf8"):
        return data
    try:
        return data.decode(charset).encode()
    except (LookupError, UnicodeDecodeError):  # the reader finds out by itself
        return data


@dataclass(frozen=True, kw_only=True)
class Sitemap:
    """The pages that a sitemap names, and why those of the sitemaps that it names could not be read that could not."""

    pages: tuple[str, ...]
    failed: Mapping[str, str]


def read_sitemap(url: str, *, guard: Guard, get: Callable[..., Page] = fetch, max_pages: int = MAX_PAGES) -> Sitemap:
    """Return the pages of a sitemap and of the sitemaps that it lists.

    Raises:
        DocumentUnreadable: it cannot be fetched, or is not a sitemap.
        DocumentTooLarge: it names more than `max_pages` pages, or 50 sitemaps.
    """
    pages: dict[str, None] = {}
    failed: dict[str, str] = {}
    waiting, seen = [url], {url}
    while waiting:
        address = waiting.pop(0)
        try:
            kind, named = _entries(get(address, guard=guard).data)
        except KnowledgeError as error:
            if address == url or isinstance(error, Throttled):
                raise
            failed[address] = str(error)
            continue
        if kind == "sitemapindex":
            waiting += [address for address in dict.fromkeys(named) if address not in seen]
            seen.update(named)
        else:
            pages |= dict.fromkeys(address for address in named if re.match(r"https?://", address))
        if len(pages) > max_pages or len(seen) > _MAX_SITEMAPS:
            raise DocumentTooLarge(f"The sitemap names more than {max_pages:,} pages or {_MAX_SITEMAPS} sitemaps.")
    return Sitemap(pages=tuple(pages), failed=failed)


def _entries(data: bytes) -> tuple[str, list[str]]:
    """Return the kind of a sitemap, packed or not, and what it names."""
    from lxml import etree

    try:
        if data.startswith(b"\x1f\x8b"):
            with gzip.open(io.BytesIO(data)) as file:
                data = file.read(_MAX_UNPACKED + 1)
            if len(data) > _MAX_UNPACKED:
                raise DocumentTooLarge(f"The sitemap unfolds to more than {_MAX_UNPACKED:,} bytes.")
        parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, OSError, EOFError, zlib.error, ValueError):
        raise DocumentUnreadable("It is not a sitemap.") from None
    kind = etree.QName(root).localname
    if kind not in ("sitemapindex", "urlset"):
        raise DocumentUnreadable("It is not a sitemap.")
    return kind, [(entry.text or "").strip() for entry in root.iter("{*}loc")]

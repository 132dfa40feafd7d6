"""Addresses of links in the text of documents: "return form (https://shop.example/returns)".

In this form a customer can read and follow the address in plain text, mail clients and helpdesks make it a link, and no
square bracket is taken for a citation. Search reads the text without it.
"""

import re
from urllib.parse import unquote, urljoin, urlsplit

_MAX_ADDRESS = 1_000
_IN_TEXT = re.compile(r" \((?:https?://[^\s()]+|[^\s()@]+@[^\s()@]+\.[^\s()@]+|\+?\d[\d -]{3,30}\d)\)")
_FILE_OF_MARKDOWN = re.compile(r"\.(?:md|mdx|markdown|rst)$", re.I)
#: What would end an address in running text, or a pair of brackets around it.
_UNSAFE = {" ": "%20", "(": "%28", ")": "%29", "<": "%3C", ">": "%3E", '"': "%22", "'": "%27"}


def address_of(href: str, *, base: str | None) -> str | None:
    """Return the address that a link leads to: of the web, for mail or a telephone number; None for any other.

    Args:
        href: the link's target as its page has it.
        base: the address of the page; without it, a relative target leads nowhere.
    """
    href = "".join(href.split()) if href.strip().lower().startswith("http") else href.strip()
    scheme, _, rest = href.partition(":")
    if scheme.lower() == "mailto":
        return unquote(rest.partition("?")[0]).strip() or None
    if scheme.lower() == "tel":
        return unquote(rest).strip() or None
    if not href or href.startswith("#"):
        return None
    try:
        address = urljoin(base or "", href)
        parts = urlsplit(address)
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname or len(address) > _MAX_ADDRESS:
        return None
    if base and address.partition("#")[0] == base.partition("#")[0]:
        return None
    if not urlsplit(href).netloc and _FILE_OF_MARKDOWN.search(parts.path):
        return None  # a file beside this one; the site names its page otherwise
    return "".join(_UNSAFE.get(char, char) for char in address)


def says(text: str, address: str) -> bool:
    """Whether the text of a link is its address already."""
    return _folded(address) in _folded(text) if address else True


def without_addresses(text: str) -> str:
    """Return a text without the addresses of its links."""
    return _IN_TEXT.sub("", text) if " (" in text else text


def _folded(text: str) -> str:
    if re.fullmatch(r"\+?[\d\s().-]+", text.strip()):
        return re.sub(r"\D", "", text)[-8:]
    return re.sub(r"^(?:https?://)?(?:www\.)?", "", text.strip().lower()).rstrip("/")

"""How far the sender of a mail is believed, by what the desk's own mail server found (RFC 8601).

Only `Authentication-Results` of the server that the mailbox names count: anybody can write such a header, and RFC 8601
(section 5) has the named server remove those that claim to be its own.
"""

import re
from collections.abc import Iterable
from enum import StrEnum

from worker.mailboxes.addresses import Address

_COMMENT = re.compile(r"\([^()]*\)")
_METHOD = re.compile(r"\s*([a-z0-9-]+)(?:/\d+)?\s*=\s*([a-z]+)", re.I)
_PROPERTY = re.compile(r"([a-z]+)\.([a-z0-9_-]+)\s*=\s*\"?([^\s\";]+)", re.I)
_MAX_HEADER = 10_000
_MAX_COMMENTS = 5


class Belief(StrEnum):
    """How far a sender's address is believed: proven, not known, or proven false."""

    BELIEVED = "believed"
    UNKNOWN = "unknown"
    REFUSED = "refused"


def belief(results: Iterable[str], sender: Address, *, authserv_id: str | None) -> Belief:
    """Return how far the address in `From` is believed.

    DMARC decides. Without its result, SPF or DKIM proves an address whose domain is the one that passed, or belongs to
    it; a failure of either alone proves nothing, because forwarding breaks them.

    Args:
        results: the mail's `Authentication-Results`, topmost first.
        authserv_id: of the server whose results count; without it nothing is known.
    """
    if not authserv_id:
        return Belief.UNKNOWN
    passed = False
    for header in results:
        for method, result, properties in _results(header, authserv_id):
            if method == "dmarc" and result in ("pass", "fail"):
                return Belief.BELIEVED if result == "pass" else Belief.REFUSED
            if method == "spf" and result == "pass":
                passed |= _is_aligned(properties.get("smtp.mailfrom", ""), sender.domain)
            elif method == "dkim" and result == "pass":
                domain = properties.get("header.d") or properties.get("header.i", "")
                passed |= _is_aligned(domain, sender.domain)
    return Belief.BELIEVED if passed else Belief.UNKNOWN


def _results(header: str, authserv_id: str) -> list[tuple[str, str, dict[str, str]]]:
    """Return the method, the result and the properties of each finding; none when another server wrote them."""
    text = header[:_MAX_HEADER]
    for _ in range(_MAX_COMMENTS):
        text = _COMMENT.sub(" ", text)
    server, _, rest = text.partition(";")
    if (server.split() or [""])[0].lower() != authserv_id.lower():
        return []
    found = []
    for part in rest.split(";"):
        if (match := _METHOD.match(part)) is not None:
            properties = {f"{kind}.{name}".lower(): value.lower() for kind, name, value in _PROPERTY.findall(part)}
            found.append((match[1].lower(), match[2].lower(), properties))
    return found


def _is_aligned(authenticated: str, domain: str) -> bool:
    """Whether what was authenticated, an address or a domain, is the sender's domain or belongs to the same."""
    proven = authenticated.rpartition("@")[2].strip(".").lower()
    if "." not in proven:
        return False
    return proven == domain or domain.endswith(f".{proven}") or proven.endswith(f".{domain}")

"""How far the sender of a mail is believed, by what the desk's own mail server found (RFC 8601).

Only `Authentication-Results` of the server that the mailbox names count: anybody can write such a header, and RFC 8601
(section 5) has the named server remove those that claim to be its own.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum

from worker.mailboxes.addresses import Address

_METHOD = re.compile(r"\s*([a-z0-9-]+)(?:/\d+)?\s*=\s*([a-z]+)", re.I)
_PROPERTY = re.compile(r"([a-z]+)\.([a-z0-9_-]+)\s*=\s*([^\s;]+)", re.I)

#: The parts of a header that are read as a whole: a quoted string, an escaped character, a bracket, or other text.
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|\\.|[()]|[^"\\()]+|.', re.S)
_IN_COMMENT = re.compile(r"\\.|[()]|[^\\()]+|.", re.S)

#: Quoted strings that mean the same without their quotes; any other has a placeholder.
_PLAIN = re.compile(r'"([\w.@+-]*)"', re.A)
_PLACEHOLDER = "_"
_MAX_HEADER = 10_000

#: A method, its result and the properties of what it checked.
_Finding = tuple[str, str, dict[str, str]]


class Belief(StrEnum):
    """How far a sender's address is believed: proven, not known, or proven false."""

    BELIEVED = "believed"
    UNKNOWN = "unknown"
    REFUSED = "refused"


def belief(results: Iterable[str], sender: Address, *, authserv_id: str | None) -> Belief:
    """Return how far the address in `From` is believed.

    DMARC decides. Without its result, SPF or DKIM proves an address whose domain is the one that passed, or belongs to
    it; a failure of either alone proves nothing, because forwarding breaks them. Of several results of DMARC a failure
    counts, and a pass only if it is about the domain in `From`.

    Args:
        results: the mail's `Authentication-Results`, topmost first.
        authserv_id: of the server whose results count; without it nothing is known.
    """
    if not authserv_id:
        return Belief.UNKNOWN
    found = [finding for header in results for finding in _results(header, authserv_id)]
    if any(method == "dmarc" and result == "fail" for method, result, _ in found):
        return Belief.REFUSED
    proven = (
        domain for method, result, properties in found if result == "pass" for domain in _proven(method, properties)
    )
    about_sender = any(_is_aligned(domain or sender.domain, sender.domain) for domain in proven)
    return Belief.BELIEVED if about_sender else Belief.UNKNOWN


def _proven(method: str, properties: Mapping[str, str]) -> Iterator[str]:
    """Yield the address or domain that a pass is about; an empty one for DMARC that names none."""
    if method == "dmarc":
        yield properties.get("header.from", "")
    elif method == "spf" and properties.get("smtp.mailfrom"):
        yield properties["smtp.mailfrom"]
    elif method == "dkim" and (domain := properties.get("header.d") or properties.get("header.i")):
        yield domain


def _results(header: str, authserv_id: str) -> list[_Finding]:
    """Return the findings of a header; none when another server wrote it.

    Comments and quoted strings may hold what the sender of the mail wrote, such as the local part of an address.
    Servers differ in how they escape a quote within a comment, so a pass counts only if both readings have it.
    """
    text = header[:_MAX_HEADER]
    readings = [_plain(text, _TOKEN), _plain(text, _IN_COMMENT)]
    found = [_split(text if reading is None else reading, authserv_id) for reading in readings]
    failed = [finding for findings in found for finding in findings if finding[1] == "fail"]
    if None in readings:
        return failed
    return [*failed, *(finding for finding in found[0] if finding in found[1])]


def _plain(header: str, in_comment: re.Pattern[str]) -> str | None:
    """Return a header without comments and with placeholders for quoted strings; None when one has no beginning or end.

    `in_comment` matches a piece within a comment.
    """
    made, depth, at = [], 0, 0
    while found := (in_comment if depth else _TOKEN).match(header, at):
        piece, at = found[0], found.end()
        if piece in "()":
            depth += 1 if piece == "(" else -1
        elif depth:
            continue
        elif piece.startswith(('"', "\\")):
            simple = _PLAIN.fullmatch(piece)
            made.append(_PLACEHOLDER if simple is None else simple[1])
        else:
            made.append(piece)
        if depth < 0 or piece == '"':
            return None
    return None if depth else "".join(made)


def _split(text: str, authserv_id: str) -> list[_Finding]:
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

"""Mail of a customer that a colleague forwards to the mailbox: inline, or as a mail within the mail."""

import re
from dataclasses import dataclass

from worker.mailboxes.addresses import ADDRESS, Address, parsed
from worker.mailboxes.parsing import Mail
from worker.reading.message import text_of

_FORWARDED = re.compile(r"\s*(?:fwd?|fw|wg|tr|rv|i|enc|pd|doorst|weitergeleitet)\s*:", re.I)
_FROM = re.compile(r"\s*>?\s*\*?(?:from|von|de|da|van|od)\s?:\s?\*?\s*(.{3,300})", re.I)
_FIELD = re.compile(r"\s*>?\s*\*?[A-Za-zÀ-ž' ()]{2,24}\s?:\s?\*?\s*\S")
_MAILTO = re.compile(r"\[mailto:([^\]]+)\]|<mailto:([^>]+)>", re.I)
_MAX_HEADER_LINES = 12


@dataclass(frozen=True, kw_only=True)
class Forwarded:
    """A mail of a customer as it stands in a colleague's."""

    writer: Address
    text: str


def forwarded(mail: Mail) -> Forwarded | None:
    """Return the customer's mail that a mail forwards; None when it forwards none that can be read."""
    if mail.inner is not None and mail.inner.correspondent is not None and mail.inner.text:
        return Forwarded(writer=mail.inner.correspondent, text=mail.inner.text)
    if not _FORWARDED.match(mail.subject):
        return None
    lines = text_of(mail.text).split("\n")
    for number, line in enumerate(lines):
        match = _FROM.fullmatch(line)
        writer = None if match is None else _writer(match[1])
        if writer is not None and _is_header(lines[number : number + _MAX_HEADER_LINES]):
            text = _body(lines[number:])
            return Forwarded(writer=writer, text=text) if text else None
    return None


def _writer(text: str) -> Address | None:
    plain = _MAILTO.sub(lambda match: f"<{match[1] or match[2]}>", text.replace("*", "")).strip()
    found = parsed(plain)
    if found:
        return found[-1]
    return Address(address=plain.lower()) if ADDRESS.match(plain) else None


def _is_header(lines: list[str]) -> bool:
    """Whether at least three fields stand together: `From`, and two of date, subject and recipients."""
    fields = 0
    for line in lines:
        if not line.strip(" >"):
            if fields:
                break
            continue
        fields += bool(_FIELD.match(line))
    return fields >= 3


def _body(lines: list[str]) -> str:
    """Return the text below the header, without its marks of a quote."""
    start = next((number for number, line in enumerate(lines) if not line.strip(" >")), len(lines))
    own = lines[start:]
    marked = [line for line in own if line.strip()]
    if marked and all(line.lstrip().startswith(">") for line in marked):
        own = [re.sub(r"^\s*>\s?", "", line) for line in own]
    return "\n".join(own).strip()

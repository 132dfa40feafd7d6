"""Messages and mailboxes: the subject as a heading, then the text; attachments are left out and counted."""

import re
from collections import Counter
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message

from kb.errors import DocumentUnreadable
from kb.readers import charsets
from kb.readers.blocks import Block, counted, paragraphs
from kb.readers.html import read_html

_MAX_DEPTH = 10

#: The line before each message of a mailbox ends in a time and a year (RFC 4155); text may begin with "From " too.
_FROM_LINE = re.compile(rb"(?:\A|(?<=\n))From [^\r\n]*\d{1,2}:\d{2}[^\r\n]*\d{4}[^\r\n]*\r?\n")


def read_message(data: bytes) -> Iterator[Block]:
    """Yield the blocks of a message and of those within it.

    Raises:
        DocumentUnreadable: it holds no text.
    """
    left_out: Counter[str] = Counter()
    yield from _message(message_from_bytes(data, policy=policy.compat32), 1, left_out)
    yield from counted(left_out)


def read_mailbox(data: bytes) -> Iterator[Block]:
    """Yield a section for each message of a mailbox, under its subject.

    Raises:
        DocumentUnreadable: it is no mailbox.
    """
    if not _FROM_LINE.match(data.lstrip()):
        raise DocumentUnreadable("The file is no mailbox: it does not begin with a line `From address date`.")
    left_out: Counter[str] = Counter()
    for message in _FROM_LINE.split(data.lstrip())[1:]:
        unquoted = re.sub(rb"(?m)^>(>*From )", rb"\1", message)
        yield from _message(message_from_bytes(unquoted, policy=policy.compat32), 2, left_out)
    yield from counted(left_out)


def _message(message: Message, level: int, left_out: Counter[str]) -> Iterator[Block]:
    subject = header(message, "subject")
    if subject:
        yield "heading", level, subject, ""
    yield from _part(message, level, left_out)


def _part(part: Message, level: int, left_out: Counter[str]) -> Iterator[Block]:
    kind = part.get_content_type()
    if level > _MAX_DEPTH:
        left_out["unread_parts"] += 1
        return
    if part.get_content_disposition() == "attachment":
        left_out["attachments"] += 1
        return
    if part.is_multipart():
        children = [child for child in part.get_payload() if isinstance(child, Message)]
        if kind == "multipart/alternative":
            plain = [child for child in children if child.get_content_type() == "text/plain"]
            children = [child for child in plain if part_text(child).strip()][:1] or children[-1:]
        for child in children:
            yield from (
                _message(child, level + 1, left_out) if kind == "message/rfc822" else _part(child, level + 1, left_out)
            )
    elif kind == "text/html":
        yield from read_html(part_text(part))
    elif kind.startswith("text/"):
        yield from paragraphs(part_text(part))
    else:
        left_out["images" if kind.startswith("image/") else "attachments"] += 1


def part_text(part: Message) -> str:
    """Return the text of a part that has any, whatever charset it is really in."""
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    said = part.get_content_charset()
    named = charsets.codec(said) if said else None
    if named is not None:
        try:
            return payload.decode(named)
        except UnicodeDecodeError:
            pass
    found = charsets.decode(payload)
    return found.text if found is not None else payload.decode("utf-8", "replace")


def header(message: Message, name: str) -> str:
    """Return a header with its encoded words decoded, as far as they can be."""
    raw = str(message.get(name, ""))
    try:
        words = decode_header(raw)
    except (HeaderParseError, ValueError):
        return " ".join(raw.split())
    made = []
    for word, charset in words:
        if isinstance(word, str):
            made.append(word)
            continue
        made.append(word.decode((charsets.codec(charset) if charset else None) or "utf-8", "replace"))
    return " ".join("".join(made).split())

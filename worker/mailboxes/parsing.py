"""Read a mail: whom it is from, which it answers, what it says, and what came with it.

Bounds hold before the parser sees anything, since nesting and numbers of parts cost more than their size.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import parsedate_to_datetime

from kb.readers.mail import part_text
from worker.mailboxes.addresses import Address, parsed
from worker.mailboxes.headers import words
from worker.mailboxes.reports import Report, report_of
from worker.reading.characters import clean
from worker.reading.markup import is_html, to_text

#: A larger mail is not read; its sender and subject are.
MAX_BYTES = 30_000_000

#: Parts and levels of a mail that are looked at.
_MAX_PARTS = 200
_MAX_DEPTH = 20

#: Mail with more is not parsed: the parser takes 37 µs for each part, and 0.25 µs for each line at each level.
_MAX_DELIMITERS = 5_000
_MAX_LINES_AND_LEVELS = 5_000_000

#: Characters of the text that are kept.
MAX_TEXT = 20_000
_MAX_READ = 200_000
_MAX_FILES = 10

#: Bytes of a picture within the text that is taken for a logo; a screenshot has more.
_MAX_DECORATION = 20_000
_MAX_REFERENCES = 50
_MAX_ID = 255

#: Errors of the standard library's parser about mail that it cannot read.
_UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, RecursionError, AssertionError)

_BOUNDARY = re.compile(rb"boundary\s*=", re.I)
_ID = re.compile(r"<([^<>\s]{1,2000})>")
_ENCRYPTED = ("multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime", "application/pgp-encrypted")

#: Headers that tell automatic mail, and those that say for whom a mail was.
_KEPT = (
    *("auto-submitted", "precedence", "return-path", "x-failed-recipients", "content-type", "x-autoreply"),
    *("x-autorespond", "x-autoresponse", "x-auto-reply", "x-auto-response-suppress", "x-spam-flag"),
)
_RECIPIENTS = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-forwarded-to")


@dataclass(frozen=True, kw_only=True)
class File:
    """A file that came with a mail."""

    name: str
    media_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Mail:
    """A mail as it was read.

    Attributes:
        key: a digest of what makes it this mail, by whatever way it came.
        message_id: without brackets; empty when it has none.
        references: ids of the mail that it answers, nearest first.
        recipients: addresses that it was delivered to, as the servers on its way noted.
        inner: a mail that was forwarded in it, as a part of its own.
        report: on the delivery of a mail of ours.
        problem: why its text could not be read; its headers could.
    """

    key: str
    message_id: str
    references: tuple[str, ...] = ()
    sender: Address | None = None
    reply_to: Address | None = None
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    recipients: tuple[str, ...] = ()
    subject: str = ""
    date: int | None = None  # Unix seconds
    headers: Mapping[str, str] = field(default_factory=dict)
    authentication: tuple[str, ...] = ()
    text: str = ""
    files: tuple[File, ...] = ()
    inner: "Mail | None" = None
    report: Report | None = None
    problem: str | None = None

    @property
    def correspondent(self) -> Address | None:
        """Whom an answer goes to: `Reply-To`, else `From`."""
        return self.reply_to or self.sender


def parse(data: bytes) -> Mail:
    """Read a mail. Never fails: what cannot be read is a `problem` of a mail without text."""
    problem = _too_much(data)
    if problem is None:
        try:
            return _read(message_from_bytes(data, policy=policy.compat32), data)
        except _UNREADABLE as error:  # whatever the parser makes of it: the headers, or a human, are left
            problem = clean(f"{type(error).__name__}: {error}")[:200]
    key = hashlib.sha256(data).hexdigest()
    try:
        head = BytesHeaderParser(policy=policy.compat32).parsebytes(data[:100_000])
        return _mail(head, key=key, text="", problem=problem)
    except _UNREADABLE:
        return Mail(key=key, message_id="", problem=problem)


def _too_much(data: bytes) -> str | None:
    if len(data) > MAX_BYTES:
        return f"It is larger than {MAX_BYTES // 1_000_000} MB."
    levels = 1 + len(_BOUNDARY.findall(data))
    if data.count(b"\n--") > _MAX_DELIMITERS or data.count(b"\n") * levels > _MAX_LINES_AND_LEVELS:
        return "It has too many nested parts."
    return None


def _read(message: Message, data: bytes, *, depth: int = 0) -> Mail:
    parts = _Parts()
    _collect(message, parts, depth=depth)
    text = clean("\n\n".join(filter(None, (text.strip() for text in parts.texts)))[:_MAX_READ])
    mail = _mail(
        message,
        key="",
        text=text,
        problem="It is encrypted." if parts.is_encrypted and not text else None,
        files=tuple(parts.files[:_MAX_FILES]),
        inner=_read(parts.inner, b"", depth=depth + 1) if parts.inner is not None and depth < 2 else None,
        report=report_of(message),
    )
    # Some software gives several mails the same Message-ID, so what they say counts too.
    said = (mail.message_id, words(message, "from"), words(message, "date"), mail.subject, text[:MAX_TEXT])
    names = [f"{file.name} {len(file.data)}" for file in parts.files]
    key = hashlib.sha256("\0".join([*said, *names]).encode(errors="replace")).hexdigest()
    return Mail(**{**vars(mail), "key": key if mail.message_id else hashlib.sha256(data or text.encode()).hexdigest()})


def _mail(
    message: Message,
    *,
    key: str,
    text: str,
    problem: str | None,
    files: tuple[File, ...] = (),
    inner: Mail | None = None,
    report: Report | None = None,
) -> Mail:
    sender, reply_to = parsed(words(message, "from")), parsed(words(message, "reply-to"))
    recipients = [address for name in _RECIPIENTS for address in parsed(" ".join(_all(message, name)))]
    return Mail(
        key=key,
        message_id=next(iter(ids(words(message, "message-id"))), ""),
        references=_references(message),
        sender=sender[0] if sender else None,
        reply_to=reply_to[0] if reply_to else None,
        to=parsed(words(message, "to")),
        cc=parsed(words(message, "cc")),
        recipients=tuple(dict.fromkeys(address.address for address in recipients)),
        subject=words(message, "subject")[:500],
        date=_date(message),
        headers={name: clean(str(message[name]))[:1_000] for name in _KEPT if name in message},
        authentication=tuple(" ".join(value.split()) for value in _all(message, "authentication-results")),
        text=text,
        files=files,
        inner=inner,
        report=report,
        problem=problem,
    )


def _all(message: Message, name: str) -> list[str]:
    return [clean(str(value)) for value in message.get_all(name, [])[:20]]


def ids(text: str) -> list[str]:
    """Return the Message-IDs of a header, without brackets; one that is too long is hashed."""
    return [
        id if len(id) <= _MAX_ID else "sha256:" + hashlib.sha256(id.encode(errors="replace")).hexdigest()
        for id in _ID.findall(text)
    ]


def _references(message: Message) -> tuple[str, ...]:
    answered = ids(words(message, "in-reply-to"))[:_MAX_REFERENCES]
    thread = ids(words(message, "references"))
    return tuple(dict.fromkeys([*answered, *reversed(thread[-_MAX_REFERENCES:])]))


def _date(message: Message) -> int | None:
    try:
        return int(parsedate_to_datetime(words(message, "date")).timestamp())
    except (ValueError, TypeError, OverflowError, OSError, IndexError):
        return None


@dataclass
class _Parts:
    """The parts of a mail by what they are for."""

    texts: list[str] = field(default_factory=list)
    files: list[File] = field(default_factory=list)
    inner: Message | None = None
    is_encrypted: bool = False
    seen: int = 0


def _collect(part: Message, found: _Parts, *, depth: int) -> None:
    """Sort the parts of a mail: the first readable form of its text, files, and a mail within it."""
    found.seen += 1
    if depth > _MAX_DEPTH or found.seen > _MAX_PARTS:
        return
    kind = part.get_content_type()
    found.is_encrypted |= kind in _ENCRYPTED
    if kind == "message/rfc822":
        found.inner = found.inner or next(iter(_children(part)), None)
    elif part.is_multipart():
        children = list(_children(part))
        if kind == "multipart/alternative":
            children = _preferred(children)
        elif kind == "multipart/signed":
            children = children[:1]
        for child in children:
            _collect(child, found, depth=depth + 1)
    elif kind.startswith("text/") and _is_body(part, found):
        text = part_text(part)
        found.texts.append(to_text(text) if kind == "text/html" else text)
    elif kind not in ("message/delivery-status", "text/rfc822-headers", "application/pgp-signature"):
        data = part.get_payload(decode=True)
        name = " ".join(clean(part.get_filename() or "").split())[:200]
        if isinstance(data, bytes) and data and not _is_decoration(part, data):
            found.files.append(File(name=header_words(name) or clean(kind), media_type=clean(kind), data=data))


def _is_body(part: Message, found: _Parts) -> bool:
    """Whether a text is part of what the mail says: a second HTML document beside a text is a file."""
    if part.get_content_disposition() == "attachment" or part.get_content_type() == "text/calendar":
        return False
    return not (part.get_filename() and found.texts)


def _is_decoration(part: Message, data: bytes) -> bool:
    """Whether a file is a small picture that a signature or a template shows, such as a logo."""
    is_inline = part.get_content_maintype() == "image" and "content-id" in part
    return is_inline and part.get_content_disposition() != "attachment" and len(data) < _MAX_DECORATION


def _preferred(children: list[Message]) -> list[Message]:
    """Return the alternative to read: plain text unless it is empty or HTML itself, else the last one."""
    for child in children:
        if child.get_content_type() == "text/plain":
            text = part_text(child).strip()
            if text and not is_html(text):
                return [child]
    readable = [child for child in children if child.is_multipart() or child.get_content_type() == "text/html"]
    return readable[-1:] or children[-1:]


def _children(part: Message) -> Iterator[Message]:
    payload = part.get_payload()
    if isinstance(payload, list):
        yield from (child for child in payload if isinstance(child, Message))


def header_words(text: str) -> str:
    """Return a text without the encoded words that some software puts into names of files."""
    holder = Message()
    holder["x"] = text
    return words(holder, "x")

"""Tell automatic mail from what a person writes: a person who is not answered is worse than a machine that is.

The headers of RFC 3834 decide where there are any. Else it takes a line or a subject that only software writes, or two
signs in a text that asks nothing. What a message quotes does not count.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from worker.reading import automatic_phrases as phrases
from worker.reading.parts import PartKind, Reading

#: The code of the error with which automatic mail ends.
AUTOMATIC_MESSAGE = "automatic_message"

_BULK = frozenset({"bulk", "junk", "auto_reply"})
_REPLY_HEADERS = ("x-autoreply", "x-autorespond", "x-autoresponse", "x-auto-reply")
_DAEMON = re.compile(r"mailer[-_.]?daemon@|mail-daemon@", re.I)
_POSTMASTER = re.compile(r"postmaster@", re.I)
_NO_REPLY_SENDER = re.compile(
    r"(?:no[-_.]?reply|do[-_.]?not[-_.]?reply|noreply[-_.+]\w+|newsletters?|news|notifications?|nicht[-_.]antworten"
    r"|ne[-_.]?pas[-_.]?repondre|no[-_.]?responder|niet[-_.]?beantwoorden)@",
    re.I,
)
_MAX_CHARACTERS = 6_000
_SIGN_CHARACTERS = 120


@dataclass(frozen=True, kw_only=True)
class Automatic:
    """Why a message counts as automatic mail: its kind, and the `sign` by which it was told."""

    kind: str
    sign: str

    @property
    def error(self) -> dict[str, str]:
        """The error of a message that ends so, for operators."""
        kind = self.kind.replace("_", " ")
        return {"code": AUTOMATIC_MESSAGE, "message": f"Automatic mail ({kind}), by: {self.sign}"}


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """The context of a message beside its text; `declared` says that the channel calls it automatic."""

    subject: str | None = None
    sender: str | None = None
    headers: Mapping[str, str] | None = None
    declared: bool = False


def detect(reading: Reading, envelope: Envelope) -> Automatic | None:
    """Return why a message counts as automatic mail, or None when a person may have written it."""
    if envelope.declared:
        return Automatic(kind="declared", sign="the channel says that it is an automatic reply")
    declared = _by_headers({name.lower(): value for name, value in (envelope.headers or {}).items()})
    if declared is not None:
        return declared
    sender = envelope.sender or ""
    if _DAEMON.match(sender):
        return Automatic(kind="bounce", sign=sender[:_SIGN_CHARACTERS])
    text = _own(reading)
    return (
        (None if _asks(reading) else _by_line(text))
        or _by_subject((envelope.subject or "").strip(), text, sender)
        or (None if _asks(reading) else _by_signs(f"{envelope.subject or ''}\n{text}", sender))
        or (_of_kind("newsletter", text) if _NO_REPLY_SENDER.match(sender) else None)
    )


def _by_headers(headers: Mapping[str, str]) -> Automatic | None:
    submitted = headers.get("auto-submitted", "no").split(";")[0].strip().lower()
    if submitted not in ("", "no"):
        return Automatic(kind="declared", sign=f"Auto-Submitted: {submitted}"[:_SIGN_CHARACTERS])
    for name in _REPLY_HEADERS:
        if headers.get(name, "no").strip().lower() not in ("", "no", "false"):
            return Automatic(kind="declared", sign=name)
    precedence = headers.get("precedence", "").strip().lower()
    if precedence in _BULK:
        return Automatic(kind="declared", sign=f"Precedence: {precedence}")
    if headers.get("return-path", "").strip() == "<>" or "x-failed-recipients" in headers:
        return Automatic(kind="bounce", sign="an empty return path")
    if headers.get("content-type", "").lower().startswith("multipart/report"):
        return Automatic(kind="delivery_report", sign="multipart/report")
    return None


def _own(reading: Reading) -> str:
    """Return all of a message that it does not quote: greeting, signature and footers too."""
    return "\n".join(part.text for part in reading.parts if part.kind != PartKind.QUOTED)[:_MAX_CHARACTERS]


def _asks(reading: Reading) -> bool:
    """Whether the customer's words hold a question."""
    written = "\n".join(part.text for part in reading.parts if part.kind == PartKind.WRITTEN)
    return bool(re.search(r"[?¿？؟]", re.sub(r"https?://\S+", "", written)))


def _by_line(text: str) -> Automatic | None:
    for kind, pattern in phrases.LINES.items():
        for line in text.split("\n"):
            match = pattern.match(line.strip())
            if match is not None:
                return Automatic(kind=kind, sign=_excerpt(match))
    return None


def _by_subject(subject: str, text: str, sender: str) -> Automatic | None:
    """A subject of software decides when the text asks nothing, or when a sign in the text agrees."""
    for kind, pattern in phrases.SUBJECTS.items():
        match = pattern.match(subject)
        if match is None:
            continue
        signs = phrases.SIGNS.get(kind, ())
        agrees = any(sign.search(text) for sign in signs) or bool(_POSTMASTER.match(sender))
        names_itself = match.group().rstrip().endswith(":")
        if agrees or (names_itself and kind != "delivery_report" and "?" not in text):
            return Automatic(kind=kind, sign=_excerpt(match))
    return None


def _by_signs(text: str, sender: str) -> Automatic | None:
    for kind in ("out_of_office", "acknowledgement", "notification", "newsletter"):
        if (found := _of_kind(kind, text)) is not None:
            return found
    if _NO_REPLY_SENDER.match(sender):
        for sign in phrases.OF_MACHINES:
            if (match := sign.search(text)) is not None:
                return Automatic(kind="notification", sign=_excerpt(match))
    return None


def _of_kind(kind: str, text: str) -> Automatic | None:
    needed, *others = phrases.SIGNS[kind]
    match = needed.search(text)
    if match is None or not any(other.search(text) for other in others):
        return None
    return Automatic(kind=kind, sign=_excerpt(match))


def _excerpt(match: re.Match[str]) -> str:
    return " ".join(match.group().split())[:_SIGN_CHARACTERS]

"""Reports on the delivery of a mail of ours: DSNs (RFC 3464)."""

from dataclasses import dataclass
from email.message import Message
from email.parser import HeaderParser

from worker.mailboxes.headers import words

_MAX_RECIPIENTS = 50


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A recipient whom a mail did not reach; `status` is an enhanced code such as 5.1.1, `why` is the server's text."""

    address: str
    status: str
    why: str
    action: str  # failed, delayed

    @property
    def is_hard(self) -> bool:
        """Whether the address takes no mail, so that none should be sent again.

        5.1.x says that the address or its domain does not exist, 5.2.1 that the mailbox is disabled. A full mailbox
        (5.2.2), a mail that is too large or one taken for spam (5.7.x) says nothing about the next one.
        """
        return self.action == "failed" and (self.status.startswith("5.1.") or self.status == "5.2.1")


@dataclass(frozen=True, kw_only=True)
class Report:
    """A report on a delivery; `message_id` is that of the mail that it is about, without brackets, if it names it."""

    message_id: str
    failures: tuple[Failure, ...]


def report_of(message: Message) -> Report | None:
    """Return the report that a mail is; None when it is none."""
    is_report = message.get_content_type() == "multipart/report"
    if not is_report or str(message.get_param("report-type", "delivery-status")).lower() != "delivery-status":
        return None
    failures: list[Failure] = []
    message_id = ""
    for part in _leaves(message):
        kind = part.get_content_type()
        if kind == "message/delivery-status":
            failures += _failures(part)
        elif kind == "text/rfc822-headers":
            original = HeaderParser().parsestr(str(part.get_payload()))
            message_id = message_id or _id(original)
        elif kind == "message/rfc822" and isinstance(part.get_payload(), list):
            inner = part.get_payload(0)
            message_id = message_id or (_id(inner) if isinstance(inner, Message) else "")
    return Report(message_id=message_id, failures=tuple(failures[:_MAX_RECIPIENTS]))


def _leaves(message: Message) -> list[Message]:
    payload = message.get_payload()
    return [part for part in payload if isinstance(part, Message)][:20] if isinstance(payload, list) else []


def _id(message: Message) -> str:
    return words(message, "message-id").strip().strip("<>")[:255]


def _failures(part: Message) -> list[Failure]:
    """Return the recipients of a `message/delivery-status`, which the parser reads as a list of groups of fields."""
    groups = part.get_payload()
    found = []
    for group in groups if isinstance(groups, list) else []:
        if not isinstance(group, Message):
            continue
        recipient = words(group, "final-recipient") or words(group, "original-recipient")
        action = words(group, "action").lower()
        if recipient and action in ("failed", "delayed"):
            found.append(
                Failure(
                    address=recipient.rpartition(";")[2].strip().strip("<>").lower(),
                    status=(words(group, "status").split() or [""])[0],
                    why=words(group, "diagnostic-code").partition(";")[2].strip()[:500],
                    action=action,
                )
            )
    return found

"""Write the mail that answers a mail: text and HTML, quoted history, and the headers that keep the thread together."""

import html
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime

from worker.helpdesks.rendering import to_html, to_text
from worker.mailboxes.addresses import Address
from worker.mailboxes.envelopes import Envelope
from worker.mailboxes.header_lines import POLICY, id_list
from worker.reading.subjects import bare
from worker.translations import translate

_MAX_QUOTED = 20_000
_MAX_SUBJECT = 250


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A mail to write.

    Attributes:
        message_id: without brackets; the same at each attempt, so that a mailbox that gets it twice shows it once.
        text: the answer, in Markdown.
        answers: the mail that it answers.
        quoted: what that mail said.
        date: Unix seconds, the same at each attempt.
        automatic: its `Auto-Submitted`; None for what a human wrote.
        notice: whether a line says that an assistant wrote it and how to reach a human.
        title: the subject; that of the mail that it answers if None.
    """

    message_id: str
    sender: Address
    to: tuple[Address, ...]
    text: str
    answers: Envelope
    date: int
    language: str
    cc: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    quoted: str = ""
    automatic: str | None = None
    notice: bool = False
    title: str | None = None


def composed(draft: Draft) -> EmailMessage:
    """Return the mail."""
    message = EmailMessage(policy=POLICY)
    message["From"] = str(draft.sender)
    message["To"] = ", ".join(map(str, draft.to))
    if draft.cc:
        message["Cc"] = ", ".join(map(str, draft.cc))
    if draft.reply_to:
        message["Reply-To"] = ", ".join(map(str, draft.reply_to))
    message["Subject"] = draft.title or reply_subject(draft.answers.subject)
    message["Date"] = format_datetime(datetime.fromtimestamp(draft.date, UTC))
    message["Message-ID"] = f"<{draft.message_id}>"
    if answered := id_list([draft.answers.message_id]):
        message["In-Reply-To"] = answered
    if thread := id_list(draft.answers.thread):
        message["References"] = thread
    if draft.automatic is not None:
        message["Auto-Submitted"] = draft.automatic
        message["X-Auto-Response-Suppress"] = "All"
    message.set_content(_text(draft))
    message.add_alternative(_html(draft), subtype="html")
    return message


def reply_subject(subject: str) -> str:
    """Return the subject of an answer: one `Re:`, whatever stood before."""
    plain = " ".join(bare(subject).split())[:_MAX_SUBJECT]
    return f"Re: {plain}" if plain else "Re:"


def notice(language: str) -> str:
    """Return the line that says that an assistant wrote the mail, and how to reach a human."""
    return translate(
        "This reply was written by an automated assistant. If you would like to talk to a human, reply and say so.",
        language,
    )


def attribution(envelope: Envelope, language: str) -> str:
    """Return the line before the quoted history."""
    writer = envelope.correspondent
    name = "" if writer is None else writer.name or writer.address
    at = "" if envelope.date is None else datetime.fromtimestamp(envelope.date, UTC).strftime("%Y-%m-%d %H:%M UTC")
    return translate("On {date}, {name} wrote:", language, date=at, name=name)


def _text(draft: Draft) -> str:
    parts = [to_text(draft.text)]
    if draft.notice:
        parts.append(notice(draft.language))
    if draft.quoted:
        lines = draft.quoted[:_MAX_QUOTED].strip().split("\n")
        marked = "\n".join(f">{line}" if line.startswith(">") else f"> {line}".rstrip() for line in lines)
        parts.append(f"{attribution(draft.answers, draft.language)}\n{marked}")
    return "\n\n".join(parts) + "\n"


def _html(draft: Draft) -> str:
    parts = [f"<div>{to_html(draft.text)}</div>"]
    if draft.notice:
        parts.append(f'<p style="color:#666;font-size:smaller">{html.escape(notice(draft.language))}</p>')
    if draft.quoted:
        own = html.escape(draft.quoted[:_MAX_QUOTED].strip()).replace("\n", "<br>\n")
        parts.append(
            f"<p>{html.escape(attribution(draft.answers, draft.language))}</p>\n"
            f'<blockquote type="cite" style="margin:0 0 0 .8ex;border-left:1px solid #ccc;padding-left:1ex">{own}'
            "</blockquote>"
        )
    return f'<!DOCTYPE html>\n<html lang="{draft.language}"><body>\n' + "\n".join(parts) + "\n</body></html>\n"

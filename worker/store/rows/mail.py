"""Rows of mailboxes and their mail."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from worker.states import MailState
from worker.store.rows.base import Json, TableRow


@dataclass(frozen=True, kw_only=True)
class Mailbox(TableRow):
    """How a mailbox is reached: IMAP in, SMTP out."""

    id: str
    workspace_id: str
    address: str
    sender_name: str | None = None
    imap_url: str | None = field(default=None, repr=False)
    smtp_url: str | None = field(default=None, repr=False)
    authserv_id: str | None = None
    mailgun_key: str | None = field(default=None, repr=False)
    team: Sequence[str]
    notify: Sequence[str]
    folders: Mapping[str, str]
    plus_addressing: int
    saves_sent: int
    watcher: str | None = None
    watched_until: int | None = None
    lease_token: int
    due_at: int | None = None
    checked_at: int | None = None
    error: str | None = None
    oauth: Json | None = None
    oauth_secrets: str | None = field(default=None, repr=False)
    oauth_until: int | None = None
    ses_topic: str | None = None
    inbound_password: str | None = field(default=None, repr=False)
    sendgrid_key: str | None = None


@dataclass(frozen=True, kw_only=True)
class Mail(TableRow):
    """A mail that came or went."""

    id: str
    workspace_id: str
    mailbox_id: str
    direction: str
    folder: str
    state: MailState
    reason: str | None = None
    raw: bytes | None = field(default=None, repr=False)
    size: int
    key: str | None = None
    message_id: str | None = None
    ticket: str | None = None
    sender: str | None = None
    headers: Json | None = None
    attempts: int
    due_at: int | None = None
    created_at: int
    finished_at: int | None = None

"""Rows of the tables as typed values: each field is the column of its name, states are members of their enumerations.

Queries return `sa.RowMapping`; `from_row` makes a value of one at the store's edge, so that mypy checks each column
that the code behind it uses.
"""

from worker.store.rows.access import AuditEntry, CategoryRow, VoiceRow, WorkspaceSettingsRow
from worker.store.rows.accounts import Account, AccountLink, AccountMail, AccountSession, Membership
from worker.store.rows.base import Json, TableRow
from worker.store.rows.conversations import (
    Attachment,
    AttachmentFile,
    Conversation,
    Escalation,
    Event,
    Memory,
    Message,
    Reply,
    SpendingAccount,
    ToolCall,
    VisitorContact,
)
from worker.store.rows.deliveries import Attempt, Delivery, Destination, Endpoint, Helpdesk
from worker.store.rows.knowledge import (
    Document,
    DocumentFile,
    DocumentImport,
    DocumentImportFile,
    DocumentText,
    Exchange,
    Snapshot,
    Source,
    SourceItem,
    SourceRun,
    Suggestion,
)
from worker.store.rows.mail import Mail, Mailbox
from worker.store.rows.service_levels import ServiceTargetRow

__all__ = [
    "Account",
    "AccountLink",
    "AccountMail",
    "AccountSession",
    "Attachment",
    "AttachmentFile",
    "Attempt",
    "AuditEntry",
    "CategoryRow",
    "Conversation",
    "Delivery",
    "Destination",
    "Document",
    "DocumentFile",
    "DocumentImport",
    "DocumentImportFile",
    "DocumentText",
    "Endpoint",
    "Escalation",
    "Event",
    "Exchange",
    "Helpdesk",
    "Json",
    "Mail",
    "Mailbox",
    "Membership",
    "Memory",
    "Message",
    "Reply",
    "ServiceTargetRow",
    "Snapshot",
    "Source",
    "SourceItem",
    "SourceRun",
    "SpendingAccount",
    "Suggestion",
    "TableRow",
    "ToolCall",
    "VisitorContact",
    "VoiceRow",
    "WorkspaceSettingsRow",
]

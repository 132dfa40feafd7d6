"""The typed rows name the columns that the tables have, with their types."""

from enum import StrEnum
from types import NoneType
from typing import get_args, get_origin, get_type_hints

import pytest
import sqlalchemy as sa

from worker.states import MessageState, Role
from worker.store import rows, tables

#: Each row type with its table, and the columns that it leaves out.
ROW_TYPES = [
    (rows.CategoryRow, tables.category, set()),
    (rows.VoiceRow, tables.voice, set()),
    (rows.WorkspaceSettingsRow, tables.workspace_settings, set()),
    (rows.Conversation, tables.conversation, set()),
    (rows.Message, tables.message, set()),
    (rows.Reply, tables.reply, set()),
    (rows.Event, tables.event, set()),
    (rows.Escalation, tables.escalation, set()),
    (rows.Attachment, tables.attachment, {"source", "sections", "named_at"}),
    (rows.AttachmentFile, tables.attachment, {"named_at"}),
    (rows.VisitorContact, tables.visitor_contact, set()),
    (rows.ServiceTargetRow, tables.service_target, set()),
    (rows.ToolCall, tables.tool_call, set()),
    (rows.Memory, tables.memory, set()),
    (rows.SpendingAccount, tables.spending, set()),
    (rows.AuditEntry, tables.audit, set()),
    (rows.Endpoint, tables.endpoint, set()),
    (rows.Destination, tables.destination, set()),
    (rows.Delivery, tables.delivery, set()),
    (rows.Attempt, tables.attempt, set()),
    (rows.Helpdesk, tables.helpdesk, set()),
    (rows.Mailbox, tables.mailbox, set()),
    (rows.Mail, tables.mail, set()),
    (rows.Document, tables.document, {"source", "text"}),
    (rows.DocumentText, tables.document, {"source"}),
    (rows.DocumentFile, tables.document, {"text"}),
    (rows.DocumentImport, tables.document_import, {"source"}),
    (rows.DocumentImportFile, tables.document_import, set()),
    (rows.Snapshot, tables.snapshot, set()),
    (rows.Source, tables.source, set()),
    (rows.SourceItem, tables.source_item, set()),
    (rows.SourceRun, tables.source_run, set()),
    (rows.Suggestion, tables.suggestion, set()),
    (rows.Exchange, tables.exchange, set()),
    (rows.Account, tables.account, set()),
    (rows.Membership, tables.membership, set()),
    (rows.AccountSession, tables.account_session, {"digest"}),
    (rows.AccountLink, tables.account_link, set()),
    (rows.AccountMail, tables.account_mail, set()),
]


@pytest.mark.parametrize(("row_type", "table", "omitted"), ROW_TYPES)
def test_a_row_type_has_the_columns_of_its_table(row_type, table, omitted):
    hints = get_type_hints(row_type)

    assert set(hints) == {column.name for column in table.c} - omitted
    for name, hint in hints.items():
        column, members = table.c[name], get_args(hint) if NoneType in get_args(hint) else (hint,)
        assert (NoneType in members) == column.nullable, f"{table.name}.{name} may be NULL, or must not"
        (plain,) = (member for member in members if member is not NoneType)
        if isinstance(column.type, sa.JSON):
            assert get_origin(plain) is not None
        else:
            assert issubclass(plain, column.type.python_type)


def test_every_row_type_is_compared_with_its_table():
    defined = {
        value
        for value in vars(rows).values()
        if isinstance(value, type) and issubclass(value, rows.TableRow) and value is not rows.TableRow
    }

    assert defined == {row_type for row_type, _, _ in ROW_TYPES}


def test_a_loaded_row_has_its_states_as_members_so_that_a_misspelt_one_is_noticed():
    stored = {
        **dict.fromkeys(column.name for column in tables.message.c),
        "id": "msg_1",
        "role": "customer",
        "state": "handed_off",
    }

    message = rows.Message.from_row(stored)

    assert (message.role, message.state) == (Role.CUSTOMER, MessageState.HANDED_OFF)
    assert isinstance(message.state, StrEnum)
    with pytest.raises(ValueError, match="handed_over"):
        rows.Message.from_row({**stored, "state": "handed_over"})

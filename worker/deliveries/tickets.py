"""Enqueue posts into tickets and notifications of agents, in the transaction of the event behind them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from worker.deliveries import outbox
from worker.deliveries.payloads import Notification, TicketPost
from worker.reading.message import text_of
from worker.states import ConnectionState, DeliveryKind, HandoffReason, HelpdeskMode, ReplyKind
from worker.store.rows import Conversation, Helpdesk, Message, Reply
from worker.store.tables import conversation as conversation_table
from worker.store.tables import helpdesk, reply
from worker.voice.rendering import reply_text

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_OF_CONVERSATION = (
    sa.select(helpdesk, conversation_table.c.external_id)
    .join_from(conversation_table, helpdesk, helpdesk.c.id == conversation_table.c.helpdesk_id)
    .where(
        conversation_table.c.id == sa.bindparam("conversation"),
        helpdesk.c.state == ConnectionState.ENABLED,
        helpdesk.c.mode != HelpdeskMode.SHADOW,
    )
)


#: Kinds of helpdesks that have no tickets: agents are notified of handoffs there.
NOTIFICATION_KINDS = ("email", "slack")

#: The kind of helpdesks that are mailboxes: `worker.mailboxes` reads and writes them.
MAILBOX_KIND = "mailbox"

_NOTIFIED = sa.select(helpdesk).where(
    helpdesk.c.workspace_id == sa.bindparam("workspace"),
    helpdesk.c.kind.in_(NOTIFICATION_KINDS),
    helpdesk.c.state == ConnectionState.ENABLED,
)


@dataclass(frozen=True, kw_only=True)
class Ticket:
    """A ticket that the bot may write into."""

    id: str
    helpdesk: Helpdesk


def writable_ticket(tx: sa.Connection, conversation_id: str) -> Ticket | None:
    """Return the ticket that a conversation is; None when it is none, or when nothing may be written into it."""
    row = tx.execute(_OF_CONVERSATION, {"conversation": conversation_id}).mappings().first()
    if row is None:
        return None
    return Ticket(id=ticket_of(row["id"], row["external_id"]), helpdesk=Helpdesk.from_row(row))


def enqueue_answer(
    tx: sa.Connection, ticket: Ticket, message: Message, *, reply_id: str, event_id: int, now: int
) -> None:
    """Enqueue an answer for its ticket: public, or as a draft where the bot may not answer by itself."""
    answer = Reply.from_row(tx.execute(sa.select(reply).where(reply.c.id == reply_id)).mappings().one())
    text = reply_text(answer)
    why = draft_reason(ticket.helpdesk, message.content, now=now)
    is_draft = ticket.helpdesk.mode == HelpdeskMode.DRAFT or bool(why)
    is_final = not is_draft and answer.kind != ReplyKind.CLARIFICATION  # a question back resolves no ticket
    if is_draft and ticket.helpdesk.kind != MAILBOX_KIND:  # there the draft is a mail that only needs to be sent
        text = f"Suggested answer{why and f' ({why})'}. Send it, or a better one, as a reply:\n\n{text}"
    outbox.enqueue_helpdesk_delivery(
        tx,
        ticket.helpdesk,
        DeliveryKind.TICKET_NOTE if is_draft else DeliveryKind.TICKET_REPLY,
        _post(ticket, text, public=not is_draft, changes=ticket.helpdesk.answered if is_final else None),
        type="message.answered",
        now=now,
        event_id=event_id,
        conversation_id=message.conversation_id,
        message_id=message.id,
    )


def enqueue_handoff_note(
    tx: sa.Connection,
    ticket: Ticket,
    conversation: Conversation,
    handoff: Mapping[str, Any],
    *,
    event_id: int,
    now: int,
) -> None:
    """Enqueue a note for the agent who takes the ticket, unless an agent took it there already."""
    if handoff.get("reason") == HandoffReason.OWNED_BY_HUMAN:
        return
    lines = [f"Handed off: {handoff['category']} ({handoff['priority']} priority)", "", handoff["summary"]]
    if handoff.get("reasons"):
        lines += ["", *(f"- {reason}" for reason in handoff["reasons"])]
    changes = {"status": "open", **(ticket.helpdesk.handoff or {})}
    outbox.enqueue_helpdesk_delivery(
        tx,
        ticket.helpdesk,
        DeliveryKind.HANDOFF_NOTE,
        _post(ticket, "\n".join(lines), public=False, changes=changes),
        type="conversation.handed_off",
        now=now,
        event_id=event_id,
        conversation_id=conversation.id,
    )


def enqueue_notifications(
    tx: sa.Connection, conversation: Conversation, handoff: Mapping[str, Any], *, event_id: int | None, now: int
) -> None:
    """Enqueue notifications of a handoff in Slack and by e-mail, unless agents work on the conversation already."""
    if handoff.get("reason") == HandoffReason.OWNED_BY_HUMAN or _is_watched(tx, conversation):
        return
    about = " ".join((conversation.subject or "a conversation").split())[:120]
    customer = " ".join(str(part) for part in (conversation.requester or {}).values())
    lines = [f"Handed off ({handoff['priority']}): {about}", "", handoff["summary"]]
    lines += [f"- {reason}" for reason in handoff.get("reasons") or ()]
    lines += [
        "",
        f"Why: {handoff['category']}",
        *([f"From: {customer}"] if customer else []),
        f"Escalation: {handoff['escalation_id']}",
    ]
    for connection in _notified(tx, conversation.workspace_id):
        outbox.enqueue_helpdesk_delivery(
            tx,
            connection,
            DeliveryKind.NOTIFICATION,
            Notification(text="\n".join(lines)),
            type="conversation.handed_off",
            now=now,
            event_id=event_id,
            conversation_id=conversation.id,
        )


def _is_watched(tx: sa.Connection, conversation: Conversation) -> bool:
    """Whether a conversation is a ticket of a helpdesk in shadow mode, where agents answer every ticket."""
    mode = sa.select(helpdesk.c.mode).where(helpdesk.c.id == conversation.helpdesk_id)
    return conversation.helpdesk_id is not None and tx.execute(mode).scalar() == HelpdeskMode.SHADOW


def enqueue_notification_updates(
    tx: sa.Connection,
    messages: Sequence[Message],
    handoff: Mapping[str, Any],
    *,
    event_ids: Sequence[int],
    now: int,
) -> None:
    """Enqueue what a customer writes after a handoff for the Slack threads of the handoff."""
    if not handoff.get("escalation_id"):  # nobody was notified
        return
    for message, event_id in zip(messages, event_ids, strict=True):
        for connection in _notified(tx, message.workspace_id):
            if connection.kind == "slack":
                outbox.enqueue_helpdesk_delivery(
                    tx,
                    connection,
                    DeliveryKind.NOTIFICATION_UPDATE,
                    Notification(text=f"{message.author or 'The customer'} wrote:\n{text_of(message.content)}"),
                    type="message.handed_off",
                    now=now,
                    event_id=event_id,
                    conversation_id=message.conversation_id,
                )


def enqueue_agent_reply(tx: sa.Connection, message: Message, *, via: str | None, event_id: int, now: int) -> None:
    """Enqueue an agent's reply for the ticket, unless it was written there; `via` is the helpdesk it came from."""
    ticket = writable_ticket(tx, message.conversation_id)
    if ticket is None or ticket.helpdesk.id == via:
        return
    outbox.enqueue_helpdesk_delivery(
        tx,
        ticket.helpdesk,
        DeliveryKind.AGENT_REPLY,
        TicketPost(ticket=ticket.id, text=message.content, public=True),
        type="message.replied",
        now=now,
        event_id=event_id,
        conversation_id=message.conversation_id,
        message_id=message.id,
    )


def _notified(tx: sa.Connection, workspace_id: str) -> list[Helpdesk]:
    rows = tx.execute(_NOTIFIED, {"workspace": workspace_id}).mappings()
    return [Helpdesk.from_row(row) for row in rows]


def _post(ticket: Ticket, text: str, *, public: bool, changes: Mapping[str, Any] | None) -> TicketPost:
    """Return a post that also changes the ticket: `changes` may have a status, tags, an assignee and a group."""
    given = changes or {}
    return TicketPost(
        ticket=ticket.id,
        text=text,
        public=public,
        status=given.get("status"),
        tags=tuple(given.get("tags") or ()),
        assignee=given.get("assignee"),
        group=given.get("group"),
    )


def external_id(helpdesk_id: str, ticket: str) -> str:
    """Return the external id of the conversation that a ticket is."""
    return f"{helpdesk_id}:{ticket}"


def ticket_of(helpdesk_id: str, external_id: str) -> str:
    """Return the ticket that a conversation is, by the conversation's external id."""
    return external_id.removeprefix(f"{helpdesk_id}:")


def draft_reason(connection: Helpdesk, question: str, *, now: int) -> str:
    """Return why the bot may not answer a question by itself at `now` (ms since 1970 UTC); empty when it may."""
    if connection.languages:
        from kb.languages import language_of  # heavy, and not for the front

        language = language_of(question)
        if language is not None and language not in connection.languages:
            return f"the question seems to be in another language: {language}"
    if connection.hours and not is_open(connection.hours, datetime.fromtimestamp(now / 1_000, UTC)):
        return "it is outside the hours in which the bot answers"
    return ""


def is_open(hours: Mapping[str, Any], at: datetime) -> bool:
    """Whether a time is within hours such as `{"timezone": "Europe/Berlin", "mon": "09:00-17:30"}`.

    A day that is not named has none. Hours that end before they begin go on to the next day.
    """
    local = at.astimezone(ZoneInfo(hours["timezone"]))
    clock = local.strftime("%H:%M")
    today, yesterday = hours.get(_DAYS[local.weekday()]), hours.get(_DAYS[local.weekday() - 1])
    if today:
        begins, _, ends = today.partition("-")
        if begins <= clock < ends or (ends <= begins <= clock):
            return True
    if yesterday:
        begins, _, ends = yesterday.partition("-")
        return bool(ends <= begins and clock < ends)
    return False

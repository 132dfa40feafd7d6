"""Promise what is written into tickets, in the transaction of the outcome that it tells."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from worker.deliveries import outbox
from worker.store.tables import conversation, helpdesk, reply

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_OF_TALK = (
    sa.select(helpdesk, conversation.c.external_id.label("talk_external_id"))
    .join_from(conversation, helpdesk, helpdesk.c.id == conversation.c.helpdesk_id)
    .where(conversation.c.id == sa.bindparam("talk"), helpdesk.c.state == "enabled", helpdesk.c.mode != "shadow")
)


#: Kinds of helpdesks that no tickets come from: people are told of handoffs there.
NOTIFICATION_KINDS = ("email", "slack")

_PLACES = sa.select(helpdesk.c.id, helpdesk.c.url, helpdesk.c.kind).where(
    helpdesk.c.workspace_id == sa.bindparam("workspace"),
    helpdesk.c.kind.in_(NOTIFICATION_KINDS),
    helpdesk.c.state == "enabled",
)


def desk_of(tx: sa.Connection, conversation_id: str) -> sa.RowMapping | None:
    """Return the helpdesk that a conversation is a ticket of, if one is to be written to."""
    return tx.execute(_OF_TALK, {"talk": conversation_id}).mappings().first()


def post_answer(
    tx: sa.Connection, desk: Mapping[Any, Any], row: Mapping[Any, Any], *, reply_id: str, event_id: int, now: int
) -> None:
    """Promise the ticket its answer: public, or as a draft for an agent where the bot may not answer by itself."""
    said = tx.execute(sa.select(reply.c.content, reply.c.citations).where(reply.c.id == reply_id)).mappings().one()
    text = with_sources(said["content"], said["citations"])
    why = why_not(desk, row["content"], now=now)
    if desk["mode"] == "draft" or why:
        text = f"Suggested answer{why and f' ({why})'}. Send it, or a better one, as a reply:\n\n{text}"
        _promise(tx, desk, row, {"text": text, "public": False}, event_id=event_id, now=now)
        return
    _promise(tx, desk, row, {"text": text, "public": True, **(desk["answered"] or {})}, event_id=event_id, now=now)


def post_handoff(
    tx: sa.Connection,
    desk: Mapping[Any, Any],
    talk: Mapping[Any, Any],
    told: Mapping[str, Any],
    *,
    event_id: int,
    now: int,
) -> None:
    """Promise the ticket a note for whoever takes it, unless a person took it there themselves."""
    if told.get("reason") == "owned_by_human":
        return
    lines = [f"Handed off: {told['category']} ({told['priority']} priority)", "", told["summary"]]
    if told.get("reasons"):
        lines += ["", *(f"- {one}" for one in told["reasons"])]
    post = {"text": "\n".join(lines), "public": False, "status": "open", **(desk["handoff"] or {})}
    _promise(tx, desk, {"conversation_id": talk["id"], "id": None}, post, event_id=event_id, now=now)


def tell_people(
    tx: sa.Connection, talk: Mapping[Any, Any], told: Mapping[str, Any], *, event_id: int | None, now: int
) -> None:
    """Promise the places of a workspace to be told of a handoff, unless a person is at it already."""
    if told.get("reason") == "owned_by_human" or _is_watched(tx, talk):
        return
    about = " ".join((talk["subject"] or "a conversation").split())[:120]
    who = " ".join(str(part) for part in (talk["requester"] or {}).values())
    lines = [f"Handed off ({told['priority']}): {about}", "", told["summary"]]
    lines += [f"- {one}" for one in told.get("reasons") or ()]
    lines += [
        "",
        f"Why: {told['category']}",
        *([f"From: {who}"] if who else []),
        f"Escalation: {told['escalation_id']}",
    ]
    _tell(tx, talk, "handoff.told", {"text": "\n".join(lines)}, kinds=NOTIFICATION_KINDS, event_id=event_id, now=now)


def _is_watched(tx: sa.Connection, talk: Mapping[Any, Any]) -> bool:
    """Whether a conversation is a ticket of a helpdesk in which the bot says nothing: people are at it there anyway."""
    mode = sa.select(helpdesk.c.mode).where(helpdesk.c.id == talk["helpdesk_id"])
    return talk["helpdesk_id"] is not None and tx.execute(mode).scalar() == "shadow"


def follow_up(
    tx: sa.Connection, rows: Sequence[Mapping[Any, Any]], told: Mapping[str, Any], *, event_ids: Sequence[int], now: int
) -> None:
    """Promise the places that can be answered in what a customer goes on to write to a person."""
    if not told.get("escalation_id"):  # nobody was told
        return
    for row, event_id in zip(rows, event_ids, strict=True):
        talk = {"id": row["conversation_id"], "workspace_id": row["workspace_id"]}
        text = f"{row['author'] or 'The customer'} wrote:\n{row['content']}"
        _tell(tx, talk, "handoff.continued", {"text": text}, kinds=("slack",), event_id=event_id, now=now)


def post_said(tx: sa.Connection, row: Mapping[Any, Any], *, via: str | None, event_id: int, now: int) -> None:
    """Promise the ticket what a person said to the customer elsewhere; `via` is the helpdesk that it came from."""
    desk = desk_of(tx, row["conversation_id"])
    if desk is None or desk["id"] == via:
        return
    outbox.enqueue_deliveries(
        tx,
        desk["workspace_id"],
        "helpdesk.said",
        {"ticket": ticket_of(desk["id"], desk["talk_external_id"]), "text": row["content"], "public": True},
        now=now,
        to=[(None, desk["url"])],
        lane=desk["id"],
        event_id=event_id,
        conversation_id=row["conversation_id"],
        message_id=row["id"],
    )


def _tell(
    tx: sa.Connection,
    talk: Mapping[Any, Any],
    type: str,
    data: Mapping[str, Any],
    *,
    kinds: Sequence[str],
    event_id: int | None,
    now: int,
) -> None:
    for place in tx.execute(_PLACES, {"workspace": talk["workspace_id"]}).all():
        if place.kind in kinds:
            outbox.enqueue_deliveries(
                tx,
                talk["workspace_id"],
                type,
                data,
                now=now,
                to=[(None, place.url)],
                lane=place.id,
                event_id=event_id,
                conversation_id=talk["id"],
            )


def _promise(
    tx: sa.Connection,
    desk: Mapping[Any, Any],
    row: Mapping[Any, Any],
    post: Mapping[str, Any],
    *,
    event_id: int,
    now: int,
) -> None:
    outbox.enqueue_deliveries(
        tx,
        desk["workspace_id"],
        "helpdesk.reply" if post["public"] else "helpdesk.note",
        {"ticket": ticket_of(desk["id"], desk["talk_external_id"]), **post},
        now=now,
        to=[(None, desk["url"])],
        lane=desk["id"],
        event_id=event_id,
        conversation_id=row["conversation_id"],
        message_id=row["id"],
    )


def external_id(helpdesk_id: str, ticket: str) -> str:
    """Return what names the conversation of a ticket."""
    return f"{helpdesk_id}:{ticket}"


def ticket_of(helpdesk_id: str, external_id: str) -> str:
    """Return the ticket of a conversation."""
    return external_id.removeprefix(f"{helpdesk_id}:")


def with_sources(content: str, citations: list[Mapping[str, Any]]) -> str:
    """Return an answer with its sources below: those that have an address, by their numbers.

    Numbers of sources that have none go: nobody could follow them.
    """
    shown = {one["number"]: one for one in citations if one["url"]}
    text = re.sub(r" ?\[(\d+)\]", lambda match: match.group() if int(match[1]) in shown else "", content)
    lines = [f"[{number}] {one['title']}: {one['url']}" for number, one in sorted(shown.items())]
    return "\n\n".join(filter(None, (text, "\n".join(lines))))


def why_not(desk: Mapping[Any, Any], question: str, *, now: int) -> str:
    """Return why the bot may not answer a question by itself now, or nothing; `now` in ms since 1970 UTC."""
    if desk["languages"]:
        from kb.languages import language_of  # heavy, and not for the front

        language = language_of(question)
        if language is not None and language not in desk["languages"]:
            return f"the question seems to be in another language: {language}"
    if desk["hours"] and not is_open(desk["hours"], datetime.fromtimestamp(now / 1_000, UTC)):
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

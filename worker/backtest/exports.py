"""Past tickets in JSON: one object a line or a list, as scripts, Zendesk and Intercom write them.

Zendesk's JSON export has a ticket a line, with `requester` and `comments` (`author_id`, `public`, `plain_body`); its
API has `requester_id` in the place of the first. Intercom's API has a conversation with `source`, the first message,
and `conversation_parts`, each with the type of its `author` and a `part_type`.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from html import unescape
from typing import Any

from worker.backtest import columns
from worker.backtest.past_tickets import PastTickets, Speaker, first_exchange
from worker.errors import Invalid
from worker.reading.message import text_of

Json = Mapping[str, Any]

#: Names of the list in an object that holds the tickets of a page of an API.
_LISTS = ("tickets", "conversations", "results", "items", "data")

#: Parts of a conversation in Intercom that the customer sees, when they have a text.
_SEEN_PARTS = frozenset({"comment", "open", "close", "assignment", "assign_and_reopen", "quick_reply"})
_CUSTOMERS = frozenset({"user", "lead", "contact", "visitor"})

#: The senders of comments in Zendesk that no human wrote.
_MACHINES = frozenset({"rule", "system", "answer_bot", "answer_bot_for_agents"})


def read(text: str, found: PastTickets, chosen: Mapping[str, str]) -> None:
    """Add the tickets of a file; one that cannot be read is left out and named by its line or number.

    Raises:
        Invalid: the file is not JSON, or the first of its objects has no fields for question and reply.
    """
    fields: dict[str, str] | None = None
    for location, record in _records(text, found):
        if not isinstance(record, Mapping):
            found.leave_out(location, "it is not a JSON object")
        elif _is_intercom(record):
            found.format = "Intercom"
            found.add(_named(location, record), _of_intercom(record))
        elif _is_zendesk(record):
            found.format = "Zendesk"
            if isinstance(record.get("comments"), list):
                found.add(_named(location, record), _of_zendesk(record))
            else:
                found.leave_out(_named(location, record), "the export has no `comments`, so no human reply")
        else:
            flat = dict(_flat(record))
            if fields is None or not {fields["question"], fields["reply"]} <= flat.keys():
                try:
                    fields = columns.find(flat, chosen)
                except Invalid as error:
                    if fields is None and not found.tickets:
                        raise
                    found.leave_out(location, str(error))
                    continue
            values = {field: flat.get(name, "") for field, name in fields.items()}
            id = values.pop("id", "")
            found.add(f"{location}, ticket {id[:40]}" if id else location, values)


def _records(text: str, found: PastTickets) -> Iterator[tuple[str, Any]]:
    """Yield each record and its location: of lines that are JSON each, of a list, or of an object with a list in it."""
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    if len(lines) > 1 and lines[0][1].lstrip().startswith("{") and _loaded(lines[0][1]) is not None:
        for number, line in lines:
            record = _loaded(line)
            if record is None:
                found.leave_out(f"line {number}", "it is not JSON")
            else:
                yield f"line {number}", record
        return
    whole = _loaded(text)
    if whole is None:
        raise Invalid("The file is neither JSON nor one JSON object a line.")
    for number, record in enumerate(_listed(whole), 1):
        yield f"number {number}", record


def _loaded(text: str) -> Any:
    """Return the JSON value of a text, None when it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _listed(whole: Any) -> Sequence[Any]:
    if isinstance(whole, list):
        return whole
    if isinstance(whole, Mapping) and not (_is_intercom(whole) or _is_zendesk(whole)):
        for name in _LISTS:
            if isinstance(whole.get(name), list):
                return list(whole[name])
    return [whole]


def _flat(record: Json, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield the texts and numbers in an object, those of inner objects under `outer.inner`."""
    for name, value in record.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{path}{name}.")
        elif isinstance(value, str | int | float) and not isinstance(value, bool):
            yield f"{path}{name}", str(value)


def _is_intercom(record: Json) -> bool:
    return isinstance(record.get("conversation_parts"), Mapping | list) or (
        record.get("type") == "conversation" and isinstance(record.get("source"), Mapping)
    )


def _is_zendesk(record: Json) -> bool:
    return ("requester_id" in record or isinstance(record.get("requester"), Mapping)) and (
        "comments" in record or "subject" in record
    )


def _named(location: str, record: Json) -> str:
    return f"{location}, ticket {record['id']}" if record.get("id") else location


def _of_zendesk(ticket: Json) -> dict[str, str]:
    return {"subject": str(ticket.get("subject") or ""), **first_exchange(_zendesk_turns(ticket))}


def _zendesk_turns(ticket: Json) -> Iterator[tuple[Speaker, str]]:
    """Yield the public comments of the requester, those in copy and agents, oldest first."""
    customers = {_id(ticket.get("requester")), str(ticket.get("requester_id") or "")}
    customers |= {str(id) for id in ticket.get("email_cc_ids") or ()} - {str(ticket.get("assignee_id") or "")}
    comments = [comment for comment in ticket["comments"] if isinstance(comment, Mapping)]
    for comment in sorted(comments, key=lambda comment: str(comment.get("created_at") or "")):
        via = comment.get("via")
        channel = via.get("channel") if isinstance(via, Mapping) else None
        text = _text(comment, "plain_body", "html_body", "body")
        author = str(comment.get("author_id") or _id(comment.get("author")))
        if comment.get("public") is False or not text or author.startswith("-") or channel in _MACHINES:
            continue
        is_customer = author in customers or _role(comment.get("author")) in ("end-user", "end_user")
        yield (Speaker.CUSTOMER if is_customer else Speaker.HUMAN), text


def _id(person: Any) -> str:
    return str(person.get("id") or "") if isinstance(person, Mapping) else ""


def _role(person: Any) -> str:
    return str(person.get("role") or "") if isinstance(person, Mapping) else ""


def _of_intercom(conversation: Json) -> dict[str, str]:
    source = conversation.get("source")
    source = source if isinstance(source, Mapping) else conversation.get("conversation_message")
    source = source if isinstance(source, Mapping) else {}
    parts = conversation.get("conversation_parts")
    parts = parts.get("conversation_parts") if isinstance(parts, Mapping) else parts
    said = [source, *(part for part in parts or () if isinstance(part, Mapping))]
    exchange = first_exchange(turn for part in said if (turn := _intercom_turn(part)) is not None)
    return {"subject": text_of(str(source.get("subject") or "")), **exchange}


def _intercom_turn(part: Json) -> tuple[Speaker, str] | None:
    """Return who said a part and what; None for notes, for what a bot wrote and for parts without a text."""
    author = part.get("author")
    author = author if isinstance(author, Mapping) else {}
    text = _text(part, "body")
    if not text or part.get("part_type", "comment") not in _SEEN_PARTS or part.get("redacted"):
        return None
    if author.get("type") in _CUSTOMERS:
        return Speaker.CUSTOMER, text
    if author.get("type") not in ("admin", "team") or author.get("from_ai_agent") or author.get("is_ai_answer"):
        return None
    return Speaker.HUMAN, text


def _text(record: Json, *names: str) -> str:
    """Return the first of the fields that has a text, without markup."""
    for name in names:
        value = record.get(name)
        if isinstance(value, str) and value.strip():
            return unescape(text_of(value)).replace("\u00a0", " ").strip()
    return ""

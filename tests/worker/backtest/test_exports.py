"""Exports as helpdesks write them: https://developer.zendesk.com/api-reference, https://developers.intercom.com/docs."""

import json

import pytest

from worker.backtest import exports
from worker.backtest.past_tickets import PastTickets
from worker.errors import Invalid

ZENDESK = {
    "id": 35436,
    "subject": "Help, my printer is on fire!",
    "description": "The smoke is very colourful.",
    "requester": {"id": 20978392, "name": "Johnny", "email": "j@example.com"},
    "assignee": {"id": 235323, "name": "Agent"},
    "comments": [
        {"author_id": 20978392, "plain_body": "The smoke &nbsp;is blue.", "created_at": "2026-01-01T10:00:00Z"},
        {"author_id": 235323, "public": False, "plain_body": "Not again …", "created_at": "2026-01-01T10:01:00Z"},
        {"author_id": -1, "plain_body": "We got your request.", "created_at": "2026-01-01T10:00:01Z"},
        {"author_id": 235323, "html_body": "<p>Use the <b>foam</b>.</p>", "created_at": "2026-01-01T10:02:00Z"},
        {"author_id": 20978392, "plain_body": "Thanks", "created_at": "2026-01-01T10:03:00Z"},
        {"author_id": 235323, "plain_body": "You are welcome", "created_at": "2026-01-01T10:04:00Z"},
    ],
}  # fmt: skip

INTERCOM = {
    "type": "conversation",
    "id": "147",
    "source": {
        "type": "conversation",
        "id": "3",
        "delivered_as": "customer_initiated",
        "subject": "<p>Invoice</p>",
        "body": "<p>Where is my <b>invoice</b>?</p>",
        "author": {"type": "user", "id": "5", "name": "Joe", "email": "joe@example.com"},
    },
    "conversation_parts": {
        "type": "conversation_part.list",
        "conversation_parts": [
            {"part_type": "comment", "body": "<p>I am Fin.</p>", "author": {"type": "bot", "id": "1"}},
            {"part_type": "note", "body": "<p>VIP!</p>", "author": {"type": "admin", "id": "274"}},
            {"part_type": "assignment", "body": None, "author": {"type": "admin", "id": "274"}},
            {"part_type": "comment", "body": "<p>AI</p>", "author": {"type": "admin", "from_ai_agent": True}},
            {"part_type": "close", "body": "<p>Under Account &gt; Invoices.</p>", "author": {"type": "admin"}},
        ],
        "total_count": 5,
    },
}  # fmt: skip


def read(text, **chosen):
    found = PastTickets(format="JSON", encoding="utf-8")
    exports.read(text if isinstance(text, str) else json.dumps(text), found, chosen)
    return found


def test_of_a_ticket_of_zendesk_the_public_words_of_both_sides_count():
    found = read(ZENDESK)
    (ticket,) = found.tickets
    assert found.format == "Zendesk"
    assert (ticket.question, ticket.reply) == ("The smoke  is blue.", "Use the foam.")
    assert (ticket.subject, ticket.location) == ("Help, my printer is on fire!", "number 1, ticket 35436")


def test_tickets_of_zendesks_api_and_a_line_each_are_read():
    api = {**ZENDESK, "requester_id": 20978392}
    del api["requester"]
    assert len(read({"tickets": [api, api], "next_page": None}).tickets) == 2
    assert len(read(f"{json.dumps(ZENDESK)}\n\n{json.dumps(api)}\n").tickets) == 2


def test_who_is_in_copy_is_a_customer_too():
    comments = [{"author_id": 5, "public": True, "body": "Me too"}, {"author_id": 6, "public": True, "body": "Here"}]
    found = read(
        {"id": 1, "subject": "x", "requester_id": 4, "email_cc_ids": [5, 6], "assignee_id": 6, "comments": comments}
    )
    assert [(one.question, one.reply) for one in found.tickets] == [("Me too", "Here")]


def test_an_export_without_comments_says_what_it_lacks():
    bare = {name: value for name, value in ZENDESK.items() if name != "comments"}
    (row,) = read({"tickets": [bare]}).bad_rows
    assert "no `comments`" in row.reason


def test_of_a_conversation_of_intercom_neither_notes_nor_bots_count():
    found = read({"type": "conversation.list", "conversations": [INTERCOM]})
    (ticket,) = found.tickets
    assert found.format == "Intercom"
    assert (ticket.question, ticket.reply) == ("Where is my invoice?", "Under Account > Invoices.")
    assert ticket.subject == "Invoice"


def test_a_conversation_that_the_desk_began_starts_with_what_the_customer_wrote():
    admin, user = {"type": "admin", "id": "1"}, {"type": "lead", "id": "2"}
    parts = [
        {"part_type": "comment", "body": "<p>How do I pay?</p>", "author": user},
        {"part_type": "comment", "body": "<p>By card.</p>", "author": admin},
    ]
    begun = {"id": "1", "source": {"body": "<p>News!</p>", "author": admin}, "conversation_parts": parts}
    assert [(one.question, one.reply) for one in read([begun]).tickets] == [("How do I pay?", "By card.")]


def test_conversations_that_lack_their_parts_are_left_out():
    bare = {name: value for name, value in INTERCOM.items() if name != "conversation_parts"}
    assert [row.reason for row in read([bare]).bad_rows] == ["there is no human reply"]


def test_lines_of_ones_own_are_read_by_the_names_of_their_fields_inner_ones_too():
    text = "\n".join(
        [
            '{"question": "a", "reply": "b", "id": 5}',
            '{"question": "a", "reply": null}',
            "{broken",
            "[1]",
            '{"other": "x"}',
            '{"question": "c", "reply": "d"}',
        ]
    )
    found = read(text)
    assert [(one.location, one.question) for one in found.tickets] == [("line 1, ticket 5", "a"), ("line 6", "c")]
    assert [row.location for row in found.bad_rows] == ["line 2", "line 3", "line 4", "line 5"]
    assert read([{"ticket": {"text": "q"}, "out": {"text": "r"}}], question="ticket.text", reply="out.text").tickets


@pytest.mark.parametrize("text", ["{", "[" * 100_000, '[{"a": 1}]'])
def test_what_is_no_json_or_has_no_tickets_is_refused(text):
    with pytest.raises(Invalid):
        read(text)


@pytest.mark.parametrize("broken", [
    {"comments": [None, 5, {"author_id": None, "via": 3, "plain_body": 7}]},
    {"comments": {}}, {"requester": {"id": None}}, {"email_cc_ids": None}, {"subject": None},
])  # fmt: skip
def test_odd_values_end_nothing(broken):
    found = read([{**ZENDESK, **broken}, ZENDESK])
    assert len(found.tickets) + len(found.bad_rows) == 2
    assert found.tickets

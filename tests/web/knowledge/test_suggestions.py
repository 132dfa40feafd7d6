"""Suggestions through the API."""

import pytest
import sqlalchemy as sa

from worker.store.tables import conversation, exchange, suggestion


@pytest.fixture
def suggested(services, call):
    """A suggestion that two customers' questions stand behind."""
    workspace_id = services.keys.workspace()
    asked = [call("POST", "/v1/tickets", json={"body": f"Do you sell gift cards, {number}?"}).json for number in (1, 2)]
    row = {"id": "sug_1", "workspace_id": workspace_id, "state": "open", "question": "Gift cards?", "count": 2}
    with services.store.begin() as tx:
        draft = {"title": "Do you sell gift cards?", "text": "At every desk.", "written_by": "model"}
        tx.execute(suggestion.insert().values(**row, **draft, created_at=1_000, updated_at=1_000))
        for number, message in enumerate(asked):
            given = {"id": f"exc_{number}", "message_id": message["id"], "conversation_id": message["conversation_id"]}
            texts = {"question": f"Gift cards {number}?", "reply": "At every desk.", "state": "done"}
            numbers = {"asked_at": 1_000, "attempts": 1, "created_at": 1_000}
            ids = {"workspace_id": workspace_id, "suggestion_id": "sug_1"}
            tx.execute(exchange.insert().values(**given, **texts, **numbers, **ids))
    return "/v1/suggestions/sug_1"


def test_a_suggestion_is_listed_shown_edited_and_published(call, suggested):
    listed = call("GET", "/v1/suggestions?state=open").json
    (item,) = listed["items"]
    assert (item["count"], item["written_by"], "exchanges" in item) == (2, "model", False)
    shown = call("GET", suggested).json
    assert [one["question"] for one in shown["exchanges"]] == ["Gift cards 1?", "Gift cards 0?"]
    assert call("PATCH", suggested, json={"text": "At *every* desk."}).json["text"] == "At *every* desk."
    assert call("GET", "/v1/documents").json["items"] == [], "nobody has said yes"
    accepted = call("POST", f"{suggested}/accept", json={"tags": ["gifts"], "title": "Gift cards"})
    assert accepted.status_code == 200, accepted.text
    document = call("GET", accepted.json["links"]["document"]).json
    assert (document["title"], document["tags"], document["state"]) == ("Gift cards", ["gifts"], "queued")
    assert call("POST", f"{suggested}/accept").status_code == 409
    assert call("POST", f"{suggested}/refuse").status_code == 409
    assert call("GET", "/v1/suggestions?state=open").json["items"] == []


def test_a_refused_one_publishes_nothing(call, suggested):
    refused = call("POST", f"{suggested}/refuse", json={"note": "too rare"}).json
    assert (refused["state"], refused["note"], refused["document_id"]) == ("refused", "too rare", None)
    assert call("GET", "/v1/documents").json["items"] == []


def test_every_decision_is_in_the_audit_log(call, suggested):
    call("PATCH", suggested, json={"title": "x"})
    call("POST", f"{suggested}/refuse")
    call("POST", f"{suggested}/accept")
    entries = call("GET", "/v1/audit").json["items"][:3]
    assert [one["action"] for one in entries] == ["suggestions.accept", "suggestions.refuse", "suggestions.edit"]
    assert {one["subject"] for one in entries} == {"sug_1"}


def test_scopes_are_those_of_documents_and_another_workspace_sees_none(call, services, suggested):
    call.key = services.keys.make(services.keys.workspace(), name="r", scopes=["read"])
    assert call("GET", suggested).status_code == 200
    for method, path in (("PATCH", ""), ("POST", "/accept"), ("POST", "/refuse")):
        assert call(method, f"{suggested}{path}", json={}).status_code == 403
    call.key = services.keys.make(services.keys.workspace("other"), name="o", scopes=["read", "write"])
    assert call("GET", "/v1/suggestions").json == {"items": [], "next_cursor": None}
    for method, path in (("GET", ""), ("PATCH", ""), ("POST", "/accept"), ("POST", "/refuse")):
        options = {} if method == "GET" else {"json": {}}
        assert call(method, f"{suggested}{path}", **options).status_code == 404


def test_wrong_bodies_are_refused(call, suggested):
    assert call("PATCH", suggested, json={"text": " "}).status_code == 422
    assert call("PATCH", suggested, json={"colour": "x"}).status_code == 422
    assert call("POST", f"{suggested}/accept", json={"audience": "everyone"}).status_code == 422
    assert call("GET", "/v1/suggestions?state=none").status_code == 422


def test_erasing_the_customers_conversation_erases_the_draft(call, services, suggested):
    with services.store.read() as connection:
        ids = connection.execute(sa.select(conversation.c.id)).scalars().all()
    assert call("DELETE", f"/v1/conversations/{ids[0]}").status_code == 204
    assert call("GET", suggested).status_code == 404

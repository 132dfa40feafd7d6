"""Conversations: read in order, paged, handed off, resumed, closed, erased."""

import sqlalchemy as sa

from tests.support.fakes import answer
from tests.web.calls import answer_all, submit
from worker.conversations.outcomes import Citation


def test_messages_are_listed_in_order_with_citations(call, services):
    first = submit(call, "One?", external_id="T-1")
    cited = Citation(number=1, document_id="doc_1", title="T", url=None, quote="Yes.", start=0, end=4)
    said = answer("Yes [1].")
    answer_all(services, type(said)(**{**vars(said), "citations": (cited,)}))
    second = submit(call, "Two?", external_id="T-1")
    assert second["conversation_id"] == first["conversation_id"]
    listed = call("GET", f"/v1/conversations/{first['conversation_id']}/messages").json
    assert [(document["role"], document["content"]) for document in listed["items"]] == [
        ("customer", "One?"),
        ("assistant", "Yes [1]."),
        ("customer", "Two?"),
    ]
    assert listed["items"][0]["reply"]["citations"] == listed["items"][1]["citations"]
    page = call("GET", f"/v1/conversations/{first['conversation_id']}/messages?limit=2").json
    rest = call("GET", f"/v1/conversations/{first['conversation_id']}/messages?cursor={page['next_cursor']}").json
    assert [item["seq"] for item in page["items"] + rest["items"]] == [1, 2, 3]
    assert rest["next_cursor"] is None


def test_an_agent_takes_over_replies_returns_and_closes(call, services):
    made = submit(call)
    path = f"/v1/conversations/{made['conversation_id']}"
    assert call("POST", f"{path}/handoff", json={"summary": "I know them"}).json["owner"] == "human"
    assert call("GET", made["links"]["self"]).json["handoff"]["reason"] == "asked_for_person"
    kept = call("POST", f"{path}/messages", json={"content": "Anyone?"}).json
    assert kept["state"] == "handed_off"
    assert kept["handoff"]["reason"] == "owned_by_person"
    said = call("POST", f"{path}/replies", json={"content": "I am here.", "author": "Ada"})
    assert (said.status_code, said.json["role"], said.json["author"]) == (201, "agent", "Ada")
    assert call("POST", f"{path}/resume").json["owner"] == "bot"
    assert call("POST", f"{path}/resume").status_code == 409
    assert call("POST", f"{path}/messages", json={"content": "And now?"}).json["state"] == "queued"
    assert call("POST", f"{path}/close").json["owner"] == "closed"
    assert call("POST", f"{path}/replies", json={"content": "x", "author": "Ada"}).status_code == 409
    assert call("POST", f"{path}/messages", json={"content": "Again!"}).json["state"] == "queued"
    assert call("GET", path).json["owner"] == "bot"


def test_erasing_a_conversation_leaves_no_trace_of_it(call, services):
    made = submit(call, "MARKER in a message")
    answer_all(services)
    assert call("DELETE", f"/v1/conversations/{made['conversation_id']}").status_code == 204
    assert call("GET", f"/v1/conversations/{made['conversation_id']}").status_code == 404
    assert call("GET", f"/v1/messages/{made['id']}").status_code == 404
    with services.store.read() as connection:
        for table in ("message", "event", "reply", "delivery", "conversation"):
            assert "MARKER" not in str(connection.execute(sa.text(f"SELECT * FROM {table}")).all())


def test_conversations_are_listed_by_owner_newest_first_and_by_page(call):
    ids = [submit(call)["conversation_id"] for _ in range(5)]
    call("POST", f"/v1/conversations/{ids[0]}/handoff")
    seen, cursor = [], None
    while True:
        page = call("GET", "/v1/conversations?limit=2" + (f"&cursor={cursor}" if cursor else "")).json
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == ids[::-1]
    assert [conversation["id"] for conversation in call("GET", "/v1/conversations?owner=human").json["items"]] == [
        ids[0]
    ]

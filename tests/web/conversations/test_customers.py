"""Memories of customers, and their erasure."""

import io

import sqlalchemy as sa

from tests.support.fakes import answer
from tests.web.calls import answer_all, spend, submit
from worker.answering.question import Question
from worker.answering.tools.call_log import SqlToolCallLog
from worker.conversations.outcomes import Citation, Usage
from worker.conversations.sessions import Session, Turn
from worker.store.tables import metadata

MARKER = "xyzzy7142"


def test_memories_are_stored_listed_and_deleted(call):
    new = {"customer": {"email": "Ada@shop.example"}, "name": "language", "value": "German"}
    made = call("POST", "/v1/memories", json=new)
    assert (made.status_code, made.json["customer"], made.json["source"]) == (201, "email:ada@shop.example", "api")
    assert made.json["importance"] == 0.5
    other = call("POST", "/v1/memories", json={**new, "customer": {"id": "c7"}, "importance": 0.8})
    assert other.json["importance"] == 0.8
    assert len(call("GET", "/v1/memories").json["items"]) == 2
    assert len(call("GET", "/v1/memories?email=ada@shop.example").json["items"]) == 1
    assert call("DELETE", f"/v1/memories/{made.json['id']}").status_code == 204
    assert call("GET", "/v1/memories?email=ada@shop.example").json["items"] == []
    assert call("DELETE", f"/v1/memories/{made.json['id']}").status_code == 404
    for wrong in (
        {"customer": {}},
        {"name": "Not A Name"},
        {"value": "a\nb"},
        {"value": "4111 1111 1111 1111"},
        {"importance": 1.1},
    ):
        assert call("POST", "/v1/memories", json={**new, **wrong}).status_code == 422


def test_a_customer_is_erased_everywhere(call, services, caplog):
    """A marker in all data of a customer must not remain in any table or Redis key."""
    requester = {"name": MARKER, "email": f"{MARKER}@shop.example"}
    file = call("POST", "/v1/attachments", data={"file": (io.BytesIO(MARKER.encode()), f"{MARKER}.txt")}).json
    for number in (1, 2):
        made = submit(
            call,
            f"How do I reset my password? {MARKER}",
            subject=MARKER,
            requester=requester,
            external_id=f"{MARKER}-{number}",
            metadata={"note": MARKER},
            callback_url=f"https://hooks.example.com/{MARKER}",
            **({"attachments": [file["id"]]} if number == 1 else {}),
        )
    cited = Citation(number=1, document_id="doc_1", title="T", url=None, quote=MARKER, start=0, end=4)
    said = answer(f"{MARKER} [1].")
    answer_all(services, type(said)(**{**vars(said), "citations": (cited,)}))
    call("PUT", f"/v1/messages/{made['id']}/feedback", json={"rating": "bad", "comment": MARKER})
    call("POST", "/v1/memories", json={"customer": {"email": requester["email"]}, "name": "note", "value": MARKER})
    spend(services, made, Usage(prompt_tokens=1))
    services.sessions.put(
        Session(
            conversation_id=made["conversation_id"],
            workspace_id=services.keys.workspace(),
            history=1,
            turns=(Turn(seq=1, role="customer", content=MARKER),),
        )
    )
    question = Question(
        workspace_id=services.keys.workspace(),
        content="x",
        conversation_id=made["conversation_id"],
        message_id=made["id"],
    )
    SqlToolCallLog(services.store).begin(question, "look_up_order", {"order_id": MARKER}, state="running")
    other = submit(call, "Another customer", requester={"email": "other@shop.example"})

    assert {"conversation", "message", "reply", "attachment", "delivery", "memory", "tool_call"} <= found(services)
    assert found(services, redis=True)
    erased = call("POST", "/v1/customers/erase", json={"email": requester["email"].upper()})
    assert (erased.status_code, erased.json) == (200, {"conversations": 2, "memories": 1})
    assert found(services) == set()
    assert not found(services, redis=True)
    assert made["id"] not in str(call("GET", "/v1/usage?by=message").json)
    assert call("GET", f"/v1/messages/{other['id']}").status_code == 200
    assert call("POST", "/v1/customers/erase", json={}).status_code == 422
    assert MARKER not in caplog.text


def test_a_customer_known_by_id_and_by_address_is_erased_under_both(call, services):
    for requester in ({"id": "7", "email": "MÜLLER@x.example"}, {"id": "7"}, {"email": "müller@x.example"}):
        submit(call, requester=requester)
    kept = submit(call, requester={"id": "8", "email": "other@x.example"})
    call("POST", "/v1/memories", json={"customer": {"id": "7"}, "name": "size", "value": "42"})
    assert call("POST", "/v1/customers/erase", json={"email": "Müller@X.example"}).json == {
        "conversations": 3,
        "memories": 1,
    }
    assert [conversation["id"] for conversation in call("GET", "/v1/conversations").json["items"]] == [
        kept["conversation_id"]
    ]


def found(services, *, redis=False):
    """Return the tables, or the Redis keys, that contain the marker."""
    if redis:
        keys = services.redis.keys("*")
        return {key for key in keys if MARKER.encode() in key + (_dump(services.redis, key) or b"")}
    with services.store.read() as connection:
        return {
            table.name
            for table in metadata.sorted_tables
            for row in connection.execute(sa.select(table))
            if any(
                MARKER in (value.decode(errors="replace") if isinstance(value, bytes) else str(value)) for value in row
            )
        }


def _dump(redis, key):
    kind = redis.type(key)
    if kind == b"string":
        return redis.get(key)
    if kind == b"list":
        return b"".join(redis.lrange(key, 0, -1))
    if kind == b"hash":
        return b"".join(redis.hgetall(key).values())
    return b""

"""Conversation tokens: each opens one conversation, shows what a customer may see, and expires soon."""

import hashlib
import time

import pytest
from itsdangerous import Signer

from tests.support.fakes import answer
from tests.support.services import override
from tests.support.stack import KEY
from tests.web.calls import submit
from tests.web.conftest import Client
from worker.access.tokens import Logins, Tokens
from worker.conversations.outcomes import Handoff
from worker.errors import KeyRefused

SECRET = "a summary for agents"


@pytest.fixture
def conversation_id(call):
    return submit(call)["conversation_id"]


def token(call, conversation_id, **new):
    made = call("POST", f"/v1/conversations/{conversation_id}/token", json=new)
    assert made.status_code == 201, made.json
    return made.json["token"]


@pytest.fixture
def customer(app, call, conversation_id):
    """A browser with a token for `conversation_id`."""
    return Client(app.test_client(), token(call, conversation_id))


def test_a_customer_reads_and_writes_in_their_conversation(customer, conversation_id, services):
    path = f"/v1/conversations/{conversation_id}/messages"
    made = customer("POST", path, json={"content": "And how do I change it?"})
    assert made.status_code == 202, made.json
    services.mailbox.finish(services.mailbox.claim(conversation_id), answer("Use the link [1]."))
    messages = customer("GET", path).json["items"]
    assert [message["role"] for message in messages] == ["customer", "customer", "assistant"]
    assert customer("GET", made.json["links"]["self"]).json["reply"]["content"] == "Use the link [1]."
    assert "event: answered" in customer("GET", made.json["links"]["events"]).text
    rated = customer("PUT", f"{made.json['links']['self']}/feedback", json={"rating": "good"})
    assert rated.json["feedback"]["rating"] == "good"


def test_a_customer_sees_nothing_that_is_meant_for_agents_or_operators(customer, conversation_id, services):
    claim = services.mailbox.claim(conversation_id)
    row = vars(claim.messages[0])
    error = {"code": "model_error", "message": SECRET}
    services.mailbox.finish(claim, Handoff(reason="error", summary=SECRET, category="legal", error=error))
    message = customer("GET", f"/v1/messages/{row['id']}").json
    assert message["handoff"] == {"reason": "error"}
    assert not {"error", "timings", "attempts", "deadline_at"} & set(message)
    for path in (
        f"/v1/messages/{row['id']}",
        f"/v1/messages/{row['id']}/events",
        f"/v1/conversations/{conversation_id}/messages",
    ):
        assert SECRET not in customer("GET", path).text
        assert "legal" not in customer("GET", path).text


def test_a_customer_does_not_see_the_cost_of_an_answer(customer, conversation_id, services):
    services.mailbox.finish(services.mailbox.claim(conversation_id), answer("Yes."))
    reply = customer("GET", f"/v1/conversations/{conversation_id}/messages").json["items"][0]["reply"]
    how_shown = {"kind", "options", "text", "greeting", "signature", "citation_style"}
    assert set(reply) == {"id", "content", "citations", "support", "confidence"} | how_shown


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/conversations"),
        ("GET", "/v1/conversations/{conversation_id}"),
        ("DELETE", "/v1/conversations/{conversation_id}"),
        ("POST", "/v1/conversations/{conversation_id}/resume"),
        ("POST", "/v1/conversations/{conversation_id}/replies"),
        ("POST", "/v1/conversations/{conversation_id}/token"),
        ("GET", "/v1/escalations"),
        ("POST", "/v1/tickets"),
        ("GET", "/v1/documents"),
        ("GET", "/v1/status"),
    ],
)
def test_a_token_opens_no_other_route(customer, conversation_id, method, path):
    refused = customer(method, path.format(conversation_id=conversation_id), json={} if method == "POST" else None)
    assert (refused.status_code, refused.json["code"]) == (403, "forbidden")


def test_a_token_does_not_find_another_conversation(customer, call):
    other = submit(call, "Something else")
    assert customer("GET", f"/v1/conversations/{other['conversation_id']}/messages").status_code == 404
    assert customer("GET", other["links"]["self"]).status_code == 404
    assert customer("GET", other["links"]["events"]).status_code == 404
    assert customer("POST", other["links"]["cancel"]).status_code == 404
    sent = {"content": "x"}
    assert customer("POST", f"/v1/conversations/{other['conversation_id']}/messages", json=sent).status_code == 404


@pytest.mark.parametrize("more", [{"callback_url": "https://evil.example/x"}, {"deadline_s": 1}])
def test_a_customer_cannot_set_a_callback_or_deadline(customer, conversation_id, more):
    refused = customer("POST", f"/v1/conversations/{conversation_id}/messages", json={"content": "x", **more})
    assert refused.status_code == 403


def test_a_token_expires_after_its_lifetime_and_with_its_key(app, call, conversation_id, services):
    given = token(call, conversation_id, expires_in_s=60)
    browser = Client(app.test_client(), given)
    path = f"/v1/conversations/{conversation_id}/messages"
    assert browser("GET", path).status_code == 200
    override(app, tokens=Tokens(services.store, clock=lambda: time.time() + 61))
    assert "expired" in browser("GET", path).json["detail"]
    override(app, tokens=Tokens(services.store))
    (key,) = services.keys.all()
    services.keys.revoke(key["id"])
    assert browser("GET", path).status_code == 401


def test_a_token_is_bound_to_its_origin(app, call, conversation_id):
    browser = Client(app.test_client(), token(call, conversation_id, origin="https://shop.example"))
    path = f"/v1/conversations/{conversation_id}/messages"
    assert browser("GET", path, headers={"Origin": "https://shop.example"}).status_code == 200
    assert browser("GET", path, headers={"Origin": "https://evil.example"}).status_code == 401
    assert browser("GET", path).status_code == 401


@pytest.mark.parametrize(
    "change",
    [
        # Not the last character: some of its bits are padding, so another character can encode the same signature.
        lambda t: t[:-5] + ("A" if t[-5] != "A" else "B") + t[-4:],
        lambda t: "abt_x.y",
        lambda t: "abt_",
        lambda t: t + "A" * 5_000,
        lambda t: "abt_.eJw" + "A" * 9_000,
        lambda t: t.replace("key_", "key_\x00"),
        lambda t: t.split(".")[0] + "." + ".".join(t.split(".")[1:]).upper(),
    ],
)
def test_a_forged_token_is_rejected(app, call, conversation_id, change):
    browser = Client(app.test_client(), change(token(call, conversation_id)))
    assert browser("GET", f"/v1/conversations/{conversation_id}/messages").status_code == 401


def test_a_token_of_another_workspace_is_rejected(app, call, conversation_id, services):
    other = services.keys.workspace("other")
    key = services.keys.make(other, name="other")
    principal = services.keys.check(key)
    forged, _ends = services.tokens.make(principal, conversation_id, for_s=60)
    assert Client(app.test_client(), forged)("GET", f"/v1/conversations/{conversation_id}/messages").status_code == 404


def test_only_streams_accept_a_token_in_the_query(app, call, conversation_id, services):
    made = submit(call)
    given = token(call, made["conversation_id"])
    services.mailbox.finish(services.mailbox.claim(made["conversation_id"]), answer("Yes."))
    plain = app.test_client()
    assert "event: answered" in plain.get(f"{made['links']['events']}?token={given}").text
    assert plain.post(f"{made['links']['cancel']}?token={given}").status_code == 401
    assert plain.get(f"/v1/status?token={given}").status_code == 401


def test_the_callback_secret_alone_cannot_sign_a_token(app, call, conversation_id, services):
    given = token(call, conversation_id)
    text = given.removeprefix("abt_").rpartition(".")[0]
    how = {"digest_method": hashlib.sha256, "key_derivation": "hmac"}
    for secret in (services.keys.callback_secret(services.keys.workspace()), hashlib.sha256(KEY.encode()).hexdigest()):
        for salt in (Tokens.salt, Logins.salt):
            forged = Signer(secret, salt=salt, **how).sign(text).decode()
            browser = Client(app.test_client(), f"abt_{forged}")
            assert browser("GET", f"/v1/conversations/{conversation_id}/messages").status_code == 401
            with pytest.raises(KeyRefused):
                services.logins.check(forged)
    with pytest.raises(KeyRefused):  # a conversation token is no console session
        services.logins.check(given.removeprefix("abt_"))


def test_idempotency_keys_of_customers_are_confined_to_their_conversation(customer, call, conversation_id):
    path = f"/v1/conversations/{conversation_id}/messages"
    key = {"Idempotency-Key": "order-1001"}
    first = customer("POST", path, json={"content": "x"}, headers=key)
    assert first.status_code == 202
    assert customer("POST", path, json={"content": "x"}, headers=key).json["id"] == first.json["id"]
    assert call("POST", "/v1/tickets", json={"body": "Ours"}, headers=key).status_code == 202
    assert customer("POST", path, json={"content": "x"}, headers={"Idempotency-Key": "k" * 201}).status_code == 422


@pytest.mark.parametrize("scopes", [["read"], ["write"]])
def test_a_key_without_read_and_write_cannot_create_tokens(app, services, conversation_id, scopes):
    half = Client(app.test_client(), services.keys.make(services.keys.workspace(), name="half", scopes=scopes))
    assert half("POST", f"/v1/conversations/{conversation_id}/token", json={}).status_code == 403

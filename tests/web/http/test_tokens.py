"""Tokens for browsers: each opens one conversation, shows what a customer may see, and soon ends."""

import hashlib
import time

import pytest
from itsdangerous import Signer

from tests.support.fakes import answer
from tests.support.stack import KEY
from tests.web.calls import submit
from tests.web.conftest import Client
from worker.access.tokens import Logins, Tokens
from worker.conversations.outcomes import Handoff
from worker.errors import KeyRefused

SECRET = "what people are told"


@pytest.fixture
def talk(call):
    return submit(call)["conversation_id"]


def token(call, talk, **new):
    made = call("POST", f"/v1/conversations/{talk}/token", json=new)
    assert made.status_code == 201, made.json
    return made.json["token"]


@pytest.fixture
def customer(app, call, talk):
    """A browser with a token for `talk`."""
    return Client(app.test_client(), token(call, talk))


def test_a_customer_reads_and_writes_in_their_conversation(customer, talk, built):
    path = f"/v1/conversations/{talk}/messages"
    made = customer("POST", path, json={"content": "And how do I change it?"})
    assert made.status_code == 202, made.json
    built.mailbox.finish(built.mailbox.claim(talk), answer("Use the link [1]."))
    said = customer("GET", path).json["items"]
    assert [one["role"] for one in said] == ["customer", "customer", "assistant"]
    assert customer("GET", made.json["links"]["self"]).json["reply"]["content"] == "Use the link [1]."
    assert "event: answered" in customer("GET", made.json["links"]["events"]).text
    rated = customer("PUT", f"{made.json['links']['self']}/feedback", json={"rating": "good"})
    assert rated.json["feedback"]["rating"] == "good"


def test_a_customer_sees_nothing_that_is_for_people_or_operators(customer, talk, built):
    claim = built.mailbox.claim(talk)
    (row,) = claim.messages
    error = {"code": "model_error", "message": SECRET}
    built.mailbox.finish(claim, Handoff(reason="error", summary=SECRET, category="legal", error=error))
    shown = customer("GET", f"/v1/messages/{row['id']}").json
    assert shown["handoff"] == {"reason": "error"}
    assert not {"error", "timings", "attempts", "deadline_at"} & set(shown)
    for path in (f"/v1/messages/{row['id']}", f"/v1/messages/{row['id']}/events", f"/v1/conversations/{talk}/messages"):
        assert SECRET not in customer("GET", path).text
        assert "legal" not in customer("GET", path).text


def test_what_it_cost_is_not_shown(customer, talk, built):
    built.mailbox.finish(built.mailbox.claim(talk), answer("Yes."))
    reply = customer("GET", f"/v1/conversations/{talk}/messages").json["items"][0]["reply"]
    assert set(reply) == {"id", "content", "citations", "support"}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/conversations"),
        ("GET", "/v1/conversations/{talk}"),
        ("DELETE", "/v1/conversations/{talk}"),
        ("POST", "/v1/conversations/{talk}/resume"),
        ("POST", "/v1/conversations/{talk}/replies"),
        ("POST", "/v1/conversations/{talk}/token"),
        ("GET", "/v1/escalations"),
        ("POST", "/v1/tickets"),
        ("GET", "/v1/documents"),
        ("GET", "/v1/status"),
    ],
)
def test_nothing_else_is_open_to_a_token(customer, talk, method, path):
    refused = customer(method, path.format(talk=talk), json={} if method == "POST" else None)
    assert (refused.status_code, refused.json["code"]) == (403, "forbidden")


def test_another_conversation_does_not_exist_for_it(customer, call):
    other = submit(call, "Something else")
    assert customer("GET", f"/v1/conversations/{other['conversation_id']}/messages").status_code == 404
    assert customer("GET", other["links"]["self"]).status_code == 404
    assert customer("GET", other["links"]["events"]).status_code == 404
    assert customer("POST", other["links"]["cancel"]).status_code == 404
    sent = {"content": "x"}
    assert customer("POST", f"/v1/conversations/{other['conversation_id']}/messages", json=sent).status_code == 404


@pytest.mark.parametrize("more", [{"callback_url": "https://evil.example/x"}, {"deadline_s": 1}])
def test_a_customer_has_nobody_called(customer, talk, more):
    refused = customer("POST", f"/v1/conversations/{talk}/messages", json={"content": "x", **more})
    assert refused.status_code == 403


def test_a_token_ends_with_its_time_and_with_its_key(app, call, talk, built):
    given = token(call, talk, expires_in_s=60)
    browser = Client(app.test_client(), given)
    path = f"/v1/conversations/{talk}/messages"
    assert browser("GET", path).status_code == 200
    built.__dict__["tokens"] = Tokens(built.store, clock=lambda: time.time() + 61)
    assert "expired" in browser("GET", path).json["detail"]
    built.__dict__["tokens"] = Tokens(built.store)
    (key,) = built.keys.all()
    built.keys.revoke(key["id"])
    assert browser("GET", path).status_code == 401


def test_a_token_for_one_origin_is_for_no_other(app, call, talk):
    browser = Client(app.test_client(), token(call, talk, origin="https://shop.example"))
    path = f"/v1/conversations/{talk}/messages"
    assert browser("GET", path, headers={"Origin": "https://shop.example"}).status_code == 200
    assert browser("GET", path, headers={"Origin": "https://evil.example"}).status_code == 401
    assert browser("GET", path).status_code == 401


@pytest.mark.parametrize(
    "change",
    [
        # Not the last character: in base64 some of its bits carry nothing, so another one can mean the same signature.
        lambda t: t[:-5] + ("A" if t[-5] != "A" else "B") + t[-4:],
        lambda t: "abt_x.y",
        lambda t: "abt_",
        lambda t: t + "A" * 5_000,
        lambda t: "abt_.eJw" + "A" * 9_000,
        lambda t: t.replace("key_", "key_\x00"),
        lambda t: t.split(".")[0] + "." + ".".join(t.split(".")[1:]).upper(),
    ],
)
def test_a_forged_token_is_refused(app, call, talk, change):
    browser = Client(app.test_client(), change(token(call, talk)))
    assert browser("GET", f"/v1/conversations/{talk}/messages").status_code == 401


def test_a_token_of_another_workspace_opens_nothing_here(app, call, talk, built):
    other = built.keys.workspace("other")
    key = built.keys.make(other, name="other")
    principal = built.keys.check(key)
    forged, _ends = built.tokens.make(principal, talk, for_s=60)
    assert Client(app.test_client(), forged)("GET", f"/v1/conversations/{talk}/messages").status_code == 404


def test_a_stream_takes_its_token_from_the_address_and_nothing_else_does(app, call, talk, built):
    made = submit(call)
    given = token(call, made["conversation_id"])
    built.mailbox.finish(built.mailbox.claim(made["conversation_id"]), answer("Yes."))
    plain = app.test_client()
    assert "event: answered" in plain.get(f"{made['links']['events']}?token={given}").text
    assert plain.post(f"{made['links']['cancel']}?token={given}").status_code == 401
    assert plain.get(f"/v1/status?token={given}").status_code == 401


def test_what_receivers_know_signs_no_token(app, call, talk, built):
    given = token(call, talk)
    text = given.removeprefix("abt_").rpartition(".")[0]
    how = {"digest_method": hashlib.sha256, "key_derivation": "hmac"}
    for secret in (built.keys.callback_secret(built.keys.workspace()), hashlib.sha256(KEY.encode()).hexdigest()):
        for salt in (Tokens.salt, Logins.salt):
            forged = Signer(secret, salt=salt, **how).sign(text).decode()
            browser = Client(app.test_client(), f"abt_{forged}")
            assert browser("GET", f"/v1/conversations/{talk}/messages").status_code == 401
            with pytest.raises(KeyRefused):
                built.logins.check(forged)
    with pytest.raises(KeyRefused):  # what opens a conversation opens no console
        built.logins.check(given.removeprefix("abt_"))


def test_a_customers_keys_are_their_own(customer, call, talk):
    path = f"/v1/conversations/{talk}/messages"
    key = {"Idempotency-Key": "order-1001"}
    first = customer("POST", path, json={"content": "x"}, headers=key)
    assert first.status_code == 202
    assert customer("POST", path, json={"content": "x"}, headers=key).json["id"] == first.json["id"]
    assert call("POST", "/v1/tickets", json={"body": "Ours"}, headers=key).status_code == 202
    assert customer("POST", path, json={"content": "x"}, headers={"Idempotency-Key": "k" * 201}).status_code == 422


@pytest.mark.parametrize("scopes", [["read"], ["write"]])
def test_who_may_not_read_and_write_hands_out_no_token(app, built, talk, scopes):
    half = Client(app.test_client(), built.keys.make(built.keys.workspace(), name="half", scopes=scopes))
    assert half("POST", f"/v1/conversations/{talk}/token", json={}).status_code == 403

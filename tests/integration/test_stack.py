"""The product as real processes: web, workers, broker, database, model, receiver; nothing stands in but the model."""

import contextlib
import io
import ipaddress
import json
import os
import re
import signal
import time
import urllib.request
import uuid

import pytest
import sqlalchemy as sa

from tests.support.processes import wait_for
from tests.support.receiver import Receiver
from tests.support.servers import RABBITMQ, postgresql_schema, require
from tests.support.stack import Stack, command, is_ready, services, stack
from worker.launch.up import sample_folder
from worker.store.tables import delivery, message

REDIS = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/9")

BACKENDS = [
    pytest.param("sqlite and valkey", id="sqlite-valkey"),
    pytest.param("postgresql and redis", id="postgresql-redis", marks=pytest.mark.postgresql),
    pytest.param("rabbitmq", id="sqlite-rabbitmq", marks=pytest.mark.rabbitmq),
]


@pytest.fixture(scope="module", params=BACKENDS)
def made(request, tmp_path_factory, models, model_url):
    """An installation on each kind of database and broker, with the sample articles."""
    home = tmp_path_factory.mktemp("home")
    env = {
        "ANSWERBACK_ANSWERER": "llm",
        "OPENAI_BASE_URL": f"{model_url}/v1",
        "ANSWERBACK_MODELS": "good",
        "ANSWERBACK_ANSWER_CACHE_S": "0",  # the same question again, of a model that does something else
        "ANSWERBACK_CALLBACK_ALLOW": "127.0.0.0/8",
        "ANSWERBACK_REDIS_PREFIX": f"test-{uuid.uuid4().hex[:8]}:",
    }
    with contextlib.ExitStack() as exits:
        if request.param == "postgresql and redis":
            require("redis", REDIS)
            env["ANSWERBACK_DATABASE_URL"] = exits.enter_context(postgresql_schema())
            env["ANSWERBACK_REDIS_URL"] = REDIS
        elif request.param == "rabbitmq":
            require("rabbitmq", RABBITMQ)
            env["ANSWERBACK_BROKER_URL"] = RABBITMQ
        workers = ("answer", "callback", "ingest")
        yield exits.enter_context(stack(home, models, workers=workers, sample=sample_folder(), **env))


@pytest.fixture(autouse=True)
def _calm(model_url):
    control(model_url, latency_s=0, mode="answer", tokens_per_s=0, reset=True)


def control(url: str, **settings):
    data = json.dumps(settings).encode() if settings else None
    request = urllib.request.Request(f"{url}/control", data=data, headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=5) as response:
        return json.load(response)


def test_a_ticket_gets_a_cited_answer(made: Stack):
    shown = made.ask("How do I reset my password?")
    assert shown["state"] == "answered", shown
    reply = shown["reply"]
    assert reply["answerer"] == "llm"
    assert reply["usage"]["completion_tokens"] > 0
    numbers = {int(number) for number in re.findall(r"\[(\d+)\]", reply["content"])}
    assert numbers == {citation["number"] for citation in reply["citations"]} != set()
    for citation in reply["citations"]:
        text = made.call("GET", f"/v1/documents/{citation['document_id']}").json["text"]
        assert text[citation["start"] : citation["end"]] == citation["quote"]


def test_what_is_out_of_scope_goes_to_a_person_without_a_model_call(made: Stack, model_url):
    shown = made.ask("What is the capital of Australia?")
    assert (shown["state"], shown["handoff"]["reason"]) == ("handed_off", "no_answer")
    assert "capital of Australia" in shown["handoff"]["summary"]
    assert control(model_url)["counts"]["requests"] == 0
    assert made.call("GET", f"/v1/conversations/{shown['conversation_id']}").json["owner"] == "human"


def test_an_invented_or_forged_answer_is_not_sent(made: Stack, model_url):
    for mode in ("invent", "forge"):
        control(model_url, mode=mode)
        shown = made.ask("How do I reset my password?")
        assert (shown["state"], shown["handoff"]["reason"]) == ("handed_off", "low_support")


def test_a_model_that_recovers_answers_after_a_retry(made: Stack, model_url):
    control(model_url, mode="fail-500")
    accepted = made.call("POST", "/v1/tickets", {"body": "How do I reset my password?"}).json
    wait_for(lambda: control(model_url)["counts"]["requests"] >= 1, what="the first attempt")
    control(model_url, mode="answer")
    shown = made.finished(accepted["id"])
    assert shown["state"] == "answered"
    assert shown["attempts"] >= 2


def test_a_conversation_is_answered_in_order(made: Stack):
    talk = made.call("POST", "/v1/conversations", {}).json["id"]
    ids = []
    for question in ("How do I reset my password?", "Where is my parcel?", "How long is a gift card valid?"):
        ids.append(made.call("POST", f"/v1/conversations/{talk}/messages", {"content": question}).json["id"])
    shown = [made.finished(id) for id in ids]
    assert [one["state"] for one in shown] == ["answered"] * 3
    finished = [one["finished_at"] for one in shown]
    assert finished == sorted(finished)


def test_a_callback_is_delivered_and_recorded(made: Stack):
    receiver = Receiver()
    try:
        shown = made.ask("How do I reset my password?", callback_url=receiver.url)
        wait_for(lambda: receiver.got, what="the callback")
        told = json.loads(receiver.got[0][1])
        assert told["type"] == "message.answered"
        assert told["data"]["message"]["reply"] == shown["reply"]

        def recorded():
            listed = made.call("GET", "/v1/deliveries?state=delivered").json["items"]
            return any(one["message_id"] == shown["id"] for one in listed)

        wait_for(recorded, what="the delivery's record")
        assert len(receiver.got) == 1
    finally:
        receiver.shutdown()
        receiver.server_close()


def test_an_answer_streams_while_it_is_written_and_resumes(made: Stack, model_url):
    first = "You can set a new password yourself at any time"  # a quote, which no judge is asked about
    text = f"{first} [1]. The moon is made of cheese [1]. " + f"{first} [1]. " * 2
    control(model_url, mode="say", text=text, tokens_per_s=8)
    accepted = made.call("POST", "/v1/tickets", {"body": "How do I reset my password?"}).json
    told = []
    for one in made.stream(accepted["links"]["events"]):
        told.append(one)
        if one["type"] == "delta" and not any(before["type"] == "delta" for before in told[:-1]):
            assert made.call("GET", accepted["links"]["self"]).json["state"] == "running"
            break  # the connection is lost
    told += made.stream(accepted["links"]["events"], last_id=told[-1]["id"])
    types = [one["type"] for one in told]
    assert types[:3] == ["queued", "running", "delta"]
    assert types[-1] == "answered"
    assert set(types[2:-1]) == {"delta"}
    said = ""
    for one in told:
        if one["type"] == "delta":
            said = said[: one["data"]["offset"]] + one["data"]["text"]
    assert said == told[-1]["data"]["reply"]["content"]
    assert "moon" not in str(told)


def test_a_cancelled_message_stops_the_model(made: Stack, model_url):
    control(model_url, tokens_per_s=3)
    accepted = made.call("POST", "/v1/tickets", {"body": "How do I reset my password?"}).json
    wait_for(lambda: control(model_url)["counts"]["active"] == 1, what="the model call")
    assert made.call("POST", accepted["links"]["cancel"]).json["state"] == "cancelled"
    wait_for(lambda: control(model_url)["counts"]["active"] == 0, timeout_s=3, what="the end of the stream")
    time.sleep(0.5)
    assert made.finished(accepted["id"])["state"] == "cancelled"


def test_a_document_is_searchable_soon_after_it_was_added(made: Stack):
    added = made.call("POST", "/v1/documents", {"title": "Zebra crossing", "text": "Zebras cross at the blue gate."})
    assert added.status == 202

    def ready():
        return made.call("GET", added.headers["Location"]).json["state"] == "ready"

    wait_for(ready, what="the document")

    def found():
        items = made.call("POST", "/v1/search", {"query": "where do zebras cross?", "limit": 3}).json["items"]
        return items[0]["title"] == "Zebra crossing" and items[0]["scores"]["dense"] > 0.5

    wait_for(found, timeout_s=5, what="the search")
    made.call("DELETE", added.headers["Location"])

    def gone():
        items = made.call("POST", "/v1/search", {"query": "where do zebras cross?"}).json["items"]
        return all(item["title"] != "Zebra crossing" for item in items)

    wait_for(gone, timeout_s=15, what="the removal")


def test_a_bad_document_fails_with_its_reason(made: Stack):
    added = made.call("POST", "/v1/documents", {"title": "Nothing", "text": "# Only a heading"}).json

    def failed():
        return made.call("GET", f"/v1/documents/{added['id']}").json["state"] == "failed"

    wait_for(failed, what="the failure")
    assert "headings" in made.call("GET", f"/v1/documents/{added['id']}").json["error"]


def test_one_key_from_twenty_clients_is_one_message(made: Stack):
    from concurrent.futures import ThreadPoolExecutor

    key = {"Idempotency-Key": uuid.uuid4().hex}
    with ThreadPoolExecutor(20) as pool:
        sent = list(pool.map(lambda _n: made.call("POST", "/v1/tickets", {"body": "Hi"}, headers=key), range(20)))
    assert {one.status for one in sent} == {202}
    assert len({one.json["id"] for one in sent}) == 1


def test_a_worker_that_is_killed_is_followed_by_another_within_its_lease(made: Stack, model_url, tmp_path):
    """Kill -9 in the middle of the model call; the other worker answers, once."""
    control(model_url, latency_s=2)
    env = {**made.env, "ANSWERBACK_LEASE_S": "3"}
    lone = Stack(env=env, home=tmp_path)
    with command(lone, "worker", "answer") as process:
        wait_for(lambda: is_ready(made.url), what="readiness")
        accepted = [made.call("POST", "/v1/tickets", {"body": "How do I reset my password?"}).json for _ in range(6)]
        wait_for(lambda: control(model_url)["counts"]["active"] >= 3, what="model calls")
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
        control(model_url, latency_s=0)
        shown = [made.finished(one["id"], wait_s=40) for one in accepted]
    assert [one["state"] for one in shown] == ["answered"] * 6
    with services(made.env) as built, built.store.read() as connection:
        talks = [one["conversation_id"] for one in accepted]
        replies = connection.execute(
            sa.select(sa.func.count()).where(message.c.role == "assistant", message.c.conversation_id.in_(talks))
        ).scalar_one()
    assert replies == 6


def test_nothing_private_is_in_the_broker_or_the_logs(made: Stack):
    made.ask("MARKER-7781 How do I reset my password?")
    for log in made.home.glob("*.log"):
        assert "MARKER-7781" not in log.read_text(), log.name
    with services(made.env) as built:
        for key in built.redis.scan_iter(match="*celery*"):
            assert b"MARKER-7781" not in (built.redis.dump(key) or b"")


def test_a_callback_to_a_private_address_is_refused_when_it_is_not_allowed(made: Stack):
    with services({**made.env, "ANSWERBACK_CALLBACK_ALLOW": ""}) as built:
        assert ipaddress.ip_network("127.0.0.0/8") not in built.settings.callback_allow
    refused = made.call("POST", "/v1/tickets", {"body": "x", "callback_url": "https://10.0.0.1/"})
    assert refused.status == 422
    assert refused.json["code"] == "address_refused"
    with services(made.env) as built, built.store.read() as connection:
        assert connection.execute(sa.select(delivery).where(delivery.c.url.like("%10.0.0.1%"))).first() is None


def test_a_file_can_be_uploaded_through_the_real_server(made: Stack):
    boundary = "----test"
    body = io.BytesIO()
    for line in (
        f"--{boundary}",
        'Content-Disposition: form-data; name="file"; filename="faq.csv"',
        "Content-Type: text/csv",
        "",
        "question,answer\nIs the tower open?,The tower opens at noon.",
        f"--{boundary}--",
        "",
    ):
        body.write(line.encode() + b"\r\n")
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    added = made.call("POST", "/v1/documents", data=body.getvalue(), headers=headers)
    assert added.status == 202, added.body
    wait_for(lambda: made.call("GET", added.headers["Location"]).json["state"] == "ready", what="the table")

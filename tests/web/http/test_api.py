"""What clients rely on: accepting, reading, paging, keys, and clear refusals that leave nothing behind."""

import io
import json
import time
import zipfile
from functools import partial

import pytest
import redis
import sqlalchemy as sa

from tests.support.fakes import answer
from tests.web.conftest import Client
from web.http.limits import LeasingRedisStorage
from web.streaming.feeds import ConversationFeed, MessageFeed
from worker.conversations.outcomes import Citation, Handoff, Piece
from worker.store import migrate
from worker.store.scope import Scope
from worker.store.tables import conversation, document, event, message


def rows(built, table) -> int:
    with built.store.read() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def submit(call, body="How do I reset my password?", **fields):
    response = call("POST", "/v1/tickets", json={"body": body, **fields})
    assert response.status_code == 202, response.text
    return response.json


def answer_all(built, outcome=None) -> None:
    while (claim := built.mailbox.claim_any()) is not None:
        built.mailbox.finish(claim, outcome or answer("Yes."))


# -- accepting -----------------------------------------------------------------------------------------------------


def test_a_ticket_is_accepted_with_where_to_look_and_when(call):
    response = call("POST", "/v1/tickets", json={"body": "Hi", "subject": "S", "requester": {"name": "Zoë"}})
    assert response.status_code == 202
    made = response.json
    assert response.headers["Location"] == f"/v1/messages/{made['id']}" == made["links"]["self"]
    assert int(response.headers["Retry-After"]) >= 1
    assert made["state"] == "queued"
    assert made["author"] == "Zoë"
    talk = call("GET", f"/v1/conversations/{made['conversation_id']}").json
    assert talk["subject"] == "S"
    assert talk["owner"] == "bot"


@pytest.mark.parametrize("quote", ["", '"'])
def test_an_idempotency_key_returns_the_first_response(call, built, quote):
    headers = {"Idempotency-Key": f"{quote}order-7{quote}"}
    first = call("POST", "/v1/tickets", json={"body": "Hi"}, headers=headers)
    answer_all(built)
    again = call("POST", "/v1/tickets", json={"body": "Hi"}, headers=headers)
    assert (again.status_code, again.json) == (first.status_code, first.json)
    other = call("POST", "/v1/tickets", json={"body": "Other"}, headers=headers)
    assert (other.status_code, other.json["code"]) == (422, "idempotency_mismatch")
    assert rows(built, message) == 2  # the ticket and its reply


def test_the_exchange_reads_in_order_with_citations(call, built):
    first = submit(call, "One?", external_id="T-1")
    cited = Citation(number=1, document_id="doc_1", title="T", url=None, quote="Yes.", start=0, end=4)
    said = answer("Yes [1].")
    answer_all(built, type(said)(**{**vars(said), "citations": (cited,)}))
    second = submit(call, "Two?", external_id="T-1")
    assert second["conversation_id"] == first["conversation_id"]
    listed = call("GET", f"/v1/conversations/{first['conversation_id']}/messages").json
    assert [(one["role"], one["content"]) for one in listed["items"]] == [
        ("customer", "One?"),
        ("assistant", "Yes [1]."),
        ("customer", "Two?"),
    ]
    assert listed["items"][0]["reply"]["citations"] == listed["items"][1]["citations"]
    page = call("GET", f"/v1/conversations/{first['conversation_id']}/messages?limit=2").json
    rest = call("GET", f"/v1/conversations/{first['conversation_id']}/messages?cursor={page['next_cursor']}").json
    assert [one["seq"] for one in page["items"] + rest["items"]] == [1, 2, 3]
    assert rest["next_cursor"] is None


@pytest.mark.alone
def test_waiting_returns_as_soon_as_the_message_has_ended(call, built):
    import threading

    made = submit(call)

    def later():
        time.sleep(0.4)
        answer_all(built)
        built.wakeups.send(made["conversation_id"])

    threading.Thread(target=later).start()
    began = time.monotonic()
    response = call("GET", f"/v1/messages/{made['id']}", headers={"Prefer": "wait=20"})
    assert response.json["state"] == "answered"
    assert response.headers["Preference-Applied"] == "wait=20"
    for spelled in ('Wait="20"', "respond-async;WAIT = 20"):
        again = call("GET", f"/v1/messages/{made['id']}", headers={"Prefer": spelled})
        assert again.headers["Preference-Applied"] == "wait=20"
    assert time.monotonic() - began < 3


def test_waiting_ends_with_its_time(call):
    made = submit(call)
    response = call("GET", f"/v1/messages/{made['id']}", headers={"Prefer": "respond-async, wait=1"})
    assert response.json["state"] == "queued"


@pytest.mark.alone
def test_waiting_readers_never_take_the_last_threads(call, app):
    made = submit(call)
    waiters = app.extensions["answerback_waiters"]
    while waiters.acquire(blocking=False):
        pass
    began = time.monotonic()
    response = call("GET", f"/v1/messages/{made['id']}", headers={"Prefer": "wait=20"})
    assert "Preference-Applied" not in response.headers
    assert "event: queued" in call("GET", made["links"]["events"]).text
    assert time.monotonic() - began < 2


def test_the_stream_tells_what_happened_and_resumes(call, built):
    made = submit(call)
    answer_all(built)
    stream = call("GET", made["links"]["events"])
    assert stream.mimetype == "text/event-stream"
    events = [line.removeprefix("event: ") for line in stream.text.splitlines() if line.startswith("event: ")]
    assert events == ["queued", "running", "answered"]
    ids = [line.removeprefix("id: ") for line in stream.text.splitlines() if line.startswith("id: ")]
    rest = call("GET", made["links"]["events"], headers={"Last-Event-ID": ids[1]}).text
    assert "event: answered" in rest
    assert "event: running" not in rest
    data = next(line for line in rest.splitlines() if line.startswith("data: "))
    assert json.loads(data.removeprefix("data: "))["reply"]["content"] == "Yes."


# -- people --------------------------------------------------------------------------------------------------------


def test_a_person_takes_over_replies_gives_back_and_closes(call, built):
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


def test_cancelling_and_rating(call, built):
    made = submit(call)
    assert call("PUT", f"/v1/messages/{made['id']}/feedback", json={"rating": "good"}).status_code == 409
    assert call("POST", made["links"]["cancel"]).json["state"] == "cancelled"
    assert call("POST", made["links"]["cancel"]).status_code == 409
    rated = call("PUT", f"/v1/messages/{made['id']}/feedback", json={"rating": "bad", "comment": "slow"})
    assert rated.json["feedback"] == {"rating": "bad", "comment": "slow"}


def test_erasing_a_conversation_leaves_no_trace_of_it(call, built):
    made = submit(call, "MARKER in a message")
    answer_all(built)
    assert call("DELETE", f"/v1/conversations/{made['conversation_id']}").status_code == 204
    assert call("GET", f"/v1/conversations/{made['conversation_id']}").status_code == 404
    assert call("GET", f"/v1/messages/{made['id']}").status_code == 404
    with built.store.read() as connection:
        for table in ("message", "event", "reply", "delivery", "conversation"):
            assert "MARKER" not in str(connection.execute(sa.text(f"SELECT * FROM {table}")).all())


def test_conversations_are_listed_by_owner_newest_first_and_by_page(call):
    ids = [submit(call)["conversation_id"] for _ in range(5)]
    call("POST", f"/v1/conversations/{ids[0]}/handoff")
    seen, cursor = [], None
    while True:
        page = call("GET", "/v1/conversations?limit=2" + (f"&cursor={cursor}" if cursor else "")).json
        seen += [one["id"] for one in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == ids[::-1]
    assert [one["id"] for one in call("GET", "/v1/conversations?owner=human").json["items"]] == [ids[0]]


# -- documents -----------------------------------------------------------------------------------------------------


def upload(call, name: str, data: bytes, **form):
    return call("POST", "/v1/documents", data={"file": (io.BytesIO(data), name), **form})


def test_documents_come_as_json_or_as_files(call, built):
    made = call("POST", "/v1/documents", json={"title": "T", "text": "Body.", "url": "https://shop.example/t"})
    assert (made.status_code, made.json["state"]) == (202, "queued")
    assert upload(call, "guide.md", b"# The guide\n\nText.").json["title"] == "The guide"
    assert upload(call, "x.html", b"<h1>Page</h1><p>Text", title="Mine").json["title"] == "Mine"
    assert upload(call, "faq.csv", b"question,answer\nA?,B.\n").json["media_type"] == "text/csv"
    built.indexer.index(built.keys.workspace())
    listed = call("GET", "/v1/documents").json["items"]
    assert [one["state"] for one in listed] == ["ready"] * 4
    assert "text" not in listed[0]
    shown = call("GET", f"/v1/documents/{made.json['id']}").json
    assert shown["text"] == "Body."
    changed = call("PUT", f"/v1/documents/{made.json['id']}", json={"title": "T", "text": "New body."})
    assert (changed.status_code, changed.json["state"]) == (202, "queued")
    assert call("DELETE", f"/v1/documents/{made.json['id']}").status_code == 204
    assert call("GET", f"/v1/documents/{made.json['id']}").status_code == 404
    (snapshot,) = call("GET", "/v1/snapshots").json["items"]
    assert snapshot["active"]
    assert call("POST", f"/v1/snapshots/{snapshot['version']}/activate").json["active"]
    assert call("POST", "/v1/snapshots/none/activate").status_code == 404


@pytest.mark.parametrize(
    ("name", "data", "status"),
    [
        ("x.gif", b"GIF89a", 415),
        ("x.png", b"\x89PNG", 415),
        ("x", b"text", 415),
        ("x.pdf", b"no PDF", 422),
        ("x.docx", b"PK\x03\x04 but damaged", 422),
        ("x.md", b"%PDF-1.7 mislabelled", 422),
        ("bomb.txt", b"PK\x03\x04" + b"\x00" * 1000, 422),
        ("x.md", b"", 422),
        ("x.md", b"  \n", 422),
        ("x.csv", b"a,b\n1,2\n", 422),
        ("big.csv", b"question,answer\n" + b"a,b\n" * 100_000, 413),
        ("big.txt", b"x" * (10 * 1024 * 1024 + 1), 413),
    ],
)
def test_a_file_of_no_use_is_refused_with_its_reason(call, built, name, data, status):
    response = upload(call, name, data)
    assert response.status_code == status, response.text
    assert response.json["detail"]
    assert rows(built, document) == 0


def test_an_upload_without_its_file_says_so(call):
    assert call("POST", "/v1/documents", data={"title": "x"}, content_type="multipart/form-data").status_code == 422
    assert call("POST", "/v1/documents", data=b"x", headers={"Content-Type": "text/plain"}).status_code == 415


def test_marks_come_with_documents_and_searches_are_checked(call):
    made = call(
        "POST",
        "/v1/documents",
        json={"title": "T", "text": "B.", "source": "wiki", "tags": ["a", "b", "a"], "audience": "internal"},
    ).json
    assert (made["source"], made["tags"], made["audience"], made["language"]) == ("wiki", ["a", "b"], "internal", None)
    file = upload(call, "guide.md", b"# G\n\nText.", tags="x, y", language="de").json
    assert (file["tags"], file["language"], file["audience"]) == (["x", "y"], "de", "public")
    assert upload(call, "guide.md", b"# G\n\nText.", audience="everyone").status_code == 422
    assert upload(call, "guide.md", b"# G\n\nText.", colour="red").status_code == 422
    assert call("POST", "/v1/search", json={"query": "x", "filters": {"languages": ["german"]}}).status_code == 422


def test_an_import_is_an_archive_or_addresses(call, built):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("a.md", "# A\n\nText.")
        file.writestr("b.gif", "GIF89a")
    sent = {"file": (io.BytesIO(archive.getvalue()), "help.zip"), "tags": "manual"}
    made = call("POST", "/v1/imports", data=sent)
    assert (made.status_code, made.json["kind"], made.json["state"]) == (202, "archive", "queued")
    built.importer.work_off(built.keys.workspace())
    shown = call("GET", made.headers["Location"]).json
    assert (shown["state"], shown["added"]) == ("done", 1)
    assert shown["failed"] == [{"name": "b.gif", "reason": "unknown kind of file"}]
    assert call("GET", "/v1/documents").json["items"][0]["tags"] == ["manual"]
    assert [one["id"] for one in call("GET", "/v1/imports").json["items"]] == [made.json["id"]]
    assert call("GET", "/v1/imports/none").status_code == 404
    for wrong in ({}, {"urls": []}, {"urls": ["https://a.example"], "sitemap": "https://a.example/s.xml"}):
        assert call("POST", "/v1/imports", json=wrong).status_code == 422
    assert call("POST", "/v1/imports", json={"sitemap": "http://169.254.169.254/x.xml"}).status_code == 422
    assert call("POST", "/v1/imports", data={"file": (io.BytesIO(b"no zip"), "x.zip")}).status_code == 422
    queued = call("POST", "/v1/imports", json={"urls": ["https://a.example/1", "https://a.example/1"]}).json
    assert queued["name"] == "1 URLs"


# -- bad input -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 422, "body"),
        ({"body": ""}, 422, "body"),
        ({"body": " \n\t "}, 422, "body"),
        ({"body": "x" * 20_001}, 422, "body"),
        ({"body": 7}, 422, "body"),
        ({"body": None}, 422, "body"),
        ({"body": "x", "nonsense": 1}, 422, "nonsense"),
        ({"body": "bell \x07"}, 422, "body"),
        ({"body": "nul \x00"}, 422, "body"),
        ({"body": "x", "requester": {"name": "\x1b[31m"}}, 422, "requester.name"),
        ({"body": "x", "deadline_s": 0}, 422, "deadline_s"),
        ({"body": "x", "deadline_s": "soon"}, 422, "deadline_s"),
        ({"body": "x", "deadline_s": True}, 422, "deadline_s"),
        ({"body": "x", "callback_url": "ftp://x"}, 422, "callback_url"),
        ({"body": "x", "callback_url": "https://127.0.0.1/x"}, 422, None),
        ({"body": "x", "metadata": {"a": "b" * 20_000}}, 422, "metadata"),
        ([], 422, None),
        ("text", 422, None),
    ],
)
def test_bad_input_names_the_field_and_keeps_nothing(call, built, body, status, field):
    response = call("POST", "/v1/tickets", json=body)
    assert response.status_code == status, response.text
    assert response.mimetype == "application/problem+json"
    problem = response.json
    assert problem["status"] == status
    assert problem["code"]
    assert problem["request_id"] == response.headers["X-Request-ID"]
    if field:
        assert field in [one["field"] for one in problem["errors"]]
    assert rows(built, conversation) == 0


@pytest.mark.parametrize(
    ("data", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"", "application/json", 400),
        (b'{"body": NaN}', "application/json", 400),
        (b'{"body": "\\ud800"}', "application/json", 400),
        (b'{"body": "\xff"}', "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b'{"body": "x", "metadata": {"a": ' + b"[" * 900 + b"]" * 900 + b"}}", "application/json", 400),
        (b'{"body": "x"}', "text/plain", 415),
        (b"body=x", "application/x-www-form-urlencoded", 415),
        (b'{"body": "' + b"x" * 12 * 1024 * 1024 + b'"}', "application/json", 413),
    ],
)
def test_a_broken_body_is_refused(call, built, data, content_type, status):
    response = call("POST", "/v1/tickets", data=data, headers={"Content-Type": content_type})
    assert response.status_code == status, response.text
    assert response.mimetype == "application/problem+json"
    assert rows(built, conversation) == 0


@pytest.mark.parametrize("key", ["", '""', "x" * 256, "ключ"])
def test_a_bad_idempotency_key_is_refused(call, key):
    response = call(
        "POST", "/v1/tickets", json={"body": "x"}, headers={"Idempotency-Key": key.encode().decode("latin-1")}
    )
    assert response.status_code == 422


def test_unknown_routes_and_methods_are_problems_too(call):
    for method, path, status in (
        ("GET", "/v1/none", 404),
        ("DELETE", "/v1/tickets", 405),
        ("GET", "/v1/messages/x\x00y", 404),
    ):
        response = call(method, path)
        assert (response.status_code, response.mimetype) == (status, "application/problem+json")
    assert "POST" in call("DELETE", "/v1/tickets").headers["Allow"]


# -- keys and limits -----------------------------------------------------------------------------------------------


def test_each_key_opens_its_own_workspace_only(call, app, built):
    made = submit(call)
    other = built.keys.workspace("other")
    stranger = Client(app.test_client(), built.keys.make(other, name="stranger"))
    assert stranger("GET", f"/v1/messages/{made['id']}").status_code == 404
    assert stranger("GET", f"/v1/conversations/{made['conversation_id']}").status_code == 404
    assert (
        stranger("POST", f"/v1/conversations/{made['conversation_id']}/messages", json={"content": "x"}).status_code
        == 404
    )
    assert stranger("POST", f"/v1/messages/{made['id']}/cancel").status_code == 404
    assert stranger("POST", f"/v1/messages/{made['id']}/retry").status_code == 404
    assert stranger("DELETE", f"/v1/conversations/{made['conversation_id']}").status_code == 404
    assert stranger("GET", "/v1/conversations").json["items"] == []


def test_a_key_that_is_missing_wrong_expired_or_revoked_is_refused(call, app, built):
    workspace_id = built.keys.workspace()
    expired = built.keys.make(workspace_id, name="expired", expires_in_s=0.001)
    revoked = built.keys.make(workspace_id, name="revoked")
    (id,) = [key["id"] for key in built.keys.all() if key["name"] == "revoked"]
    built.keys.revoke(id)
    time.sleep(0.01)
    for key in ("", "wrong", expired, revoked):
        response = Client(app.test_client(), key)("GET", "/v1/conversations")
        assert response.status_code == 401
        assert "Bearer" in response.headers["WWW-Authenticate"]
    assert app.test_client().get("/v1/conversations").status_code == 401


def test_a_revoked_key_is_refused_within_a_quarter_of_a_second(app, built):
    key = built.keys.make(built.keys.workspace(), name="soon gone")
    client = Client(app.test_client(), key)
    assert client("GET", "/v1/conversations").status_code == 200
    (id,) = [one["id"] for one in built.keys.all() if one["name"] == "soon gone"]
    built.keys.revoke(id)
    time.sleep(0.3)
    assert client("GET", "/v1/conversations").status_code == 401


def test_scopes_bound_what_a_key_may_do(app, built):
    workspace_id = built.keys.workspace()
    reader = Client(app.test_client(), built.keys.make(workspace_id, name="r", scopes=["read"]))
    writer = Client(app.test_client(), built.keys.make(workspace_id, name="w", scopes=["read", "write"]))
    assert reader("GET", "/v1/conversations").status_code == 200
    assert reader("POST", "/v1/tickets", json={"body": "x"}).status_code == 403
    assert writer("POST", "/v1/tickets", json={"body": "x"}).status_code == 202
    assert writer("POST", "/v1/snapshots/1/activate").status_code == 403


def test_rate_limits_are_told_and_enforced_per_key(settings, models):
    from dataclasses import replace

    from web import create_app

    app = create_app(replace(settings, rate_limit="5/minute"))
    call = Client(app.test_client())
    left = []
    for _ in range(5):
        response = call("GET", "/v1/conversations")
        assert response.headers["RateLimit-Policy"] == '"default";q=5;w=60'
        left.append(response.headers["RateLimit"].split(";")[1])
    assert left == ["r=4", "r=3", "r=2", "r=1", "r=0"]
    refused = call("GET", "/v1/conversations")
    assert (refused.status_code, refused.json["code"]) == (429, "rate_limited")
    assert refused.json["type"] == "https://iana.org/assignments/http-problem-types#quota-exceeded"
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert app.test_client().get("/healthz").status_code == 200


def test_without_redis_the_limit_holds_over_all_routes_and_probes_are_left_alone(settings, models, capsys):
    from dataclasses import replace

    from web import create_app

    app = create_app(replace(settings, rate_limit="3/minute", redis_url="redis://127.0.0.1:1/0"))
    call = Client(app.test_client())
    paths = ("/v1/conversations", "/v1/documents", "/v1/endpoints", "/v1/deliveries", "/v1/snapshots")
    assert [call("GET", path).status_code for path in paths] == [200, 200, 200, 429, 429]
    for path in ("/healthz", "/", "/openapi.json"):
        assert app.test_client().get(path).status_code == 200
    assert "Failed to rate limit" not in capsys.readouterr().out


# -- around every request ------------------------------------------------------------------------------------------


def test_every_response_has_its_id_and_time(call):
    mine = call("GET", "/healthz", headers={"X-Request-ID": "my-request_1"})
    assert mine.headers["X-Request-ID"] == "my-request_1"
    assert float(mine.headers["X-Process-Time"]) >= 0
    for bad in ("a b", "x" * 200, "<script>"):
        assert call("GET", "/healthz", headers={"X-Request-ID": bad}).headers["X-Request-ID"] != bad


def test_browsers_of_allowed_origins_may_call(settings):
    from dataclasses import replace

    from web import create_app

    client = create_app(replace(settings, cors_origins=("https://desk.example",))).test_client()
    headers = {"Origin": "https://desk.example", "Access-Control-Request-Method": "POST"}
    allowed = client.options("/v1/tickets", headers=headers)
    assert allowed.headers["Access-Control-Allow-Origin"] == "https://desk.example"
    other = client.options("/v1/tickets", headers=headers | {"Origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in other.headers


def test_nothing_leaks_when_something_unforeseen_fails(call, built, monkeypatch):
    def fail(*_arguments, **_options):
        raise RuntimeError("secret detail")

    monkeypatch.setattr(built.library, "snapshots", fail)
    response = call("GET", "/v1/snapshots")
    assert (response.status_code, response.json["code"]) == (500, "internal")
    assert "secret" not in response.text


def test_a_database_that_is_away_is_a_503_with_a_time_to_retry(call, built, monkeypatch):
    from worker.errors import DatabaseUnavailable

    def away(*_arguments, **_options):
        raise DatabaseUnavailable

    monkeypatch.setattr(built.intake, "submit", away)
    response = call("POST", "/v1/tickets", json={"body": "x"})
    assert (response.status_code, response.json["code"]) == (503, "database_unavailable")
    assert response.headers["Retry-After"]


def test_searching_without_a_worker_is_a_503(call, built):
    built.search_client._timeout_s = 0.2
    response = call("POST", "/v1/search", json={"query": "cookies"})
    assert (response.status_code, response.json["code"]) == (503, "no_worker")


def test_the_stream_tells_the_answer_while_it_is_written(call, built):
    made = submit(call)
    (row,) = built.mailbox.claim(made["conversation_id"]).messages
    say = partial(built.deltas.add, made["conversation_id"], [row["id"]])
    say(take=1, piece=Piece(offset=0, text="A lost"))
    say(take=2, piece=Piece(offset=0, text="You can "))
    say(take=2, piece=Piece(offset=8, text="reset it."))
    built.deltas.add(made["conversation_id"], ["msg_other"], take=2, piece=Piece(offset=0, text="Not mine."))
    feed = MessageFeed(built, Scope(built.store, built.keys.workspace()), row)
    told = feed.look()
    assert [one.type for one in told] == ["queued", "running", "delta", "delta"]
    assert [(one.data["offset"], one.data["text"]) for one in told[2:]] == [(0, "You can "), (8, "reset it.")]
    assert feed.look() == []
    again = MessageFeed(built, Scope(built.store, built.keys.workspace()), row, last_id=told[2].id)
    assert [one.data["text"] for one in again.look()] == ["reset it."]
    with built.store.begin() as tx:
        tx.execute(conversation.update().values(mailbox="ready", due_at=0))
    answer_all(built)
    (last,) = feed.look()
    assert (last.type, feed.ended) == ("answered", True)
    # Who comes afterwards is told the same; and without Redis, the outcome.
    types = [one.type for one in MessageFeed(built, Scope(built.store, built.keys.workspace()), row).look()]
    assert types == ["queued", "running", "delta", "delta", "answered"]
    built.deltas.forget(made["conversation_id"])
    types = [one.type for one in MessageFeed(built, Scope(built.store, built.keys.workspace()), row).look()]
    assert types == ["queued", "running", "answered"]


def test_a_message_that_is_tried_again_streams_in_order(call, built):
    made = submit(call)
    talk = made["conversation_id"]
    built.deltas.add(talk, [made["id"]], take=1, piece=Piece(offset=0, text="First"))
    built.mailbox.finish(built.mailbox.claim(talk), Handoff(reason="error", summary="?"))
    call("POST", f"/v1/messages/{made['id']}/retry")
    claim = built.mailbox.claim(talk)
    built.deltas.add(talk, [made["id"]], take=2, piece=Piece(offset=0, text="Second"))
    feed = MessageFeed(built, Scope(built.store, built.keys.workspace()), dict(claim.messages[0]))
    told = feed.look()
    assert [one.type for one in told] == ["queued", "running", "handed_off", "queued", "running", "delta"]
    assert told[-1].data["text"] == "Second"
    built.mailbox.finish(claim, answer("Second"))
    assert [one.type for one in feed.look()] == ["answered"]


def test_a_message_whose_events_are_no_longer_kept_tells_how_it_ended(call, built):
    made = submit(call)
    answer_all(built)
    with built.store.begin() as tx:
        tx.execute(event.delete())
    stream = call("GET", made["links"]["events"])
    assert [line for line in stream.text.splitlines() if line.startswith("event: ")] == ["event: answered"]


def test_no_piece_is_told_behind_the_outcome(call, built):
    made = submit(call)
    talk = made["conversation_id"]
    feed = ConversationFeed(built, Scope(built.store, built.keys.workspace()), talk)
    claim = built.mailbox.claim(talk)
    built.mailbox.finish(claim, Handoff(reason="error", summary="?"))
    assert feed.look()[1].type == "handed_off"
    built.deltas.add(talk, [made["id"]], take=claim.token, piece=Piece(offset=0, text="Late"))  # seen late
    assert feed.look() == []
    call("POST", f"/v1/messages/{made['id']}/retry")
    again = built.mailbox.claim(talk)
    built.deltas.add(talk, [made["id"]], take=again.token, piece=Piece(offset=0, text="Second"))
    assert [one.data.get("text") for one in feed.look() if one.type == "delta"] == ["Second"]


def test_the_newest_pieces_are_told_in_a_long_conversation(call, built):
    made = submit(call)
    for number in range(400):
        id = made["id"] if number >= 390 else f"msg_{number}"
        built.deltas.add(made["conversation_id"], [id], take=number, piece=Piece(offset=0, text=str(number)))
    (row,) = built.mailbox.claim(made["conversation_id"]).messages
    feed = MessageFeed(built, Scope(built.store, built.keys.workspace()), row)
    assert [one.data["text"] for one in feed.look() if one.type == "delta"] == ["399"]


def test_what_was_said_of_somebody_is_forgotten_with_them(call, built):
    made = submit(call)
    built.deltas.add(made["conversation_id"], [made["id"]], take=1, piece=Piece(offset=0, text="Dear Ada"))
    assert built.deltas.after(made["conversation_id"], "0-0")
    assert call("DELETE", f"/v1/conversations/{made['conversation_id']}").status_code == 204
    # What a turn that has not ended yet goes on to say is not kept either.
    built.deltas.add(made["conversation_id"], [made["id"]], take=1, piece=Piece(offset=8, text="of Paris"))
    assert built.deltas.after(made["conversation_id"], "0-0") == []


# -- what operators see and do -------------------------------------------------------------------------------------


def test_a_message_that_a_person_got_by_a_fault_can_be_given_back_to_the_bot(call, built):
    from worker.conversations.outcomes import Handoff

    made = call("POST", "/v1/tickets", json={"body": "How do I reset my password?"}).json
    assert call("POST", f"/v1/messages/{made['id']}/retry").status_code == 409
    claim = built.mailbox.claim(made["conversation_id"])
    built.mailbox.finish(claim, Handoff(reason="error", summary="?", error={"code": "x", "message": "x"}))
    again = call("POST", f"/v1/messages/{made['id']}/retry")
    assert (again.status_code, again.json["state"], again.json["handoff"]) == (202, "queued", None)
    assert again.headers["Location"] == made["links"]["self"]
    assert call("GET", f"/v1/conversations/{made['conversation_id']}").json["owner"] == "bot"
    built.mailbox.finish(built.mailbox.claim(made["conversation_id"]), answer())
    streamed = call("GET", f"/v1/messages/{made['id']}/events").text
    types = [line.removeprefix("event: ") for line in streamed.splitlines() if line.startswith("event: ")]
    assert types == ["queued", "running", "handed_off", "queued", "running", "answered"]


def test_status_is_for_administrators_and_counts_duplicates(call, built):
    key = {"Idempotency-Key": "one"}
    for _ in range(3):
        assert call("POST", "/v1/tickets", json={"body": "Hi"}, headers=key).status_code == 202
    built.counters.flush()
    shown = call("GET", "/v1/status").json
    assert shown["counters"]["duplicates_refused"] == 2
    assert shown["open_messages"] == 1
    assert shown["oldest_unanswered_s"] >= 0
    writer = built.keys.make(built.keys.workspace(), name="w", scopes=["read", "write"])
    call.key = writer
    assert call("GET", "/v1/status").status_code == 403


# -- attachments ---------------------------------------------------------------------------------------------------


def test_a_file_is_kept_and_comes_with_a_message(call, built):
    made = call("POST", "/v1/attachments", data={"file": (io.BytesIO(b"Press the button."), "guide.txt")})
    assert (made.status_code, made.json["name"], made.json["size"]) == (201, "guide.txt", 17)
    ticket = call("POST", "/v1/tickets", json={"body": "What now?", "attachments": [made.json["id"]]})
    assert ticket.status_code == 202, ticket.text
    assert ticket.json["attachments"] == [made.json["id"]]
    shown = call("GET", made.headers["Location"]).json
    assert shown["conversation_id"] == ticket.json["conversation_id"]
    refused = call("POST", "/v1/tickets", json={"body": "x", "attachments": ["att_none"]})
    assert (refused.status_code, rows(built, message)) == (422, 1)
    assert call("POST", "/v1/tickets", json={"body": "x", "attachments": ["a"] * 11}).status_code == 422
    assert call("POST", "/v1/attachments", data={"file": (io.BytesIO(b"MZ"), "x.exe")}).status_code == 415
    assert call("POST", "/v1/attachments", data={"file": (io.BytesIO(b"no png"), "x.png")}).status_code == 422
    assert call("GET", "/v1/attachments/none").status_code == 404


def test_a_redis_that_falls_silent_after_the_accept_does_not_turn_it_into_a_failure(call, monkeypatch):
    """Its message is committed: a client that is told 500 would not know."""

    def silent(_self, _key):
        raise redis.exceptions.TimeoutError("Timeout reading from socket")

    monkeypatch.setattr(LeasingRedisStorage, "get_expiry", silent)
    accepted = call("POST", "/v1/tickets", json={"body": "How do I reset my password?"})
    assert accepted.status_code == 202
    assert "RateLimit" not in accepted.headers
    monkeypatch.undo()
    assert "RateLimit" in call("GET", "/v1/conversations").headers


def test_a_problem_names_the_field_at_fault(call):
    for method, path, given, field in (
        ("POST", "/v1/tickets", {"json": {"body": "x", "callback_url": "http://10.0.0.1/"}}, "callback_url"),
        ("POST", "/v1/endpoints", {"json": {"url": "http://10.0.0.1/"}}, "url"),
        ("POST", "/v1/imports", {"json": {"sitemap": "http://10.0.0.1/"}}, "sitemap"),
        ("POST", "/v1/documents", {"data": {"file": (io.BytesIO(b"\x00\x01"), "x.pdf")}}, "file"),
    ):
        told = call(method, path, **given)
        assert told.status_code == 422, path
        assert [one["field"] for one in told.json["errors"]] == [field]
    first = {"headers": {"Idempotency-Key": "a"}, "json": {"body": "x"}}
    assert call("POST", "/v1/tickets", **first).status_code == 202
    other = call("POST", "/v1/tickets", **{**first, "json": {"body": "y"}})
    assert [one["field"] for one in other.json["errors"]] == ["Idempotency-Key"]


def test_an_empty_cursor_is_none_and_an_empty_body_is_none(call):
    assert call("GET", "/v1/conversations?cursor=").status_code == 200
    assert call("GET", "/v1/deliveries?cursor=&limit=5").status_code == 200
    assert call("GET", "/v1/helpdesks").json == {"items": [], "next_cursor": None}
    for type in ("message.answered", "helpdesk.said", "handoff.told"):
        assert call("GET", f"/v1/deliveries?type={type}").status_code == 200
    talk = call("POST", "/v1/conversations", json={}).json["id"]
    for what in ("handoff", "resume", "close"):
        done = call("POST", f"/v1/conversations/{talk}/{what}", headers={"Content-Type": "application/json"})
        assert done.status_code == 200, what


def test_every_link_of_the_first_page_leads_somewhere(call):
    for name, path in call("GET", "/").json["links"].items():
        assert path is not None, name
        assert call("GET", path).status_code in (200, 302, 303, 308, 503), name


def test_documents_and_imports_are_made_once_under_one_key(call):
    for path, one, other in (
        ("/v1/documents", {"title": "A", "text": "Text."}, {"title": "A", "text": "Another text."}),
        ("/v1/imports", {"urls": ["https://shop.example/a"]}, {"urls": ["https://shop.example/b"]}),
    ):
        key = {"Idempotency-Key": '"once"' if path.endswith("imports") else "again"}
        first, again = (call("POST", path, json=one, headers=key) for _ in range(2))
        assert (first.status_code, again.status_code) == (202, 202)
        assert first.json["id"] == again.json["id"]
        assert again.headers["Location"] == first.headers["Location"]
        refused = call("POST", path, json=other, headers=key)
        assert (refused.status_code, refused.json["code"]) == (422, "idempotency_mismatch")
        assert len(call("GET", path).json["items"]) == 1
        assert call("POST", path, json=one).json["id"] != first.json["id"]


def test_a_file_is_added_once_under_one_key(call):
    def add(text):
        headers = {"Idempotency-Key": "file"}
        return call("POST", "/v1/documents", data={"file": (io.BytesIO(text), "a.md")}, headers=headers)

    assert add(b"# A\n\nText.").json["id"] == add(b"# A\n\nText.").json["id"]
    assert add(b"# A\n\nAnother.").status_code == 422


def test_a_front_stays_ready_beside_a_newer_version_and_not_before_its_own(call, built):
    def at(version):
        with built.store.begin() as tx:
            tx.execute(sa.text("UPDATE alembic_version SET version_num = :version"), {"version": version})
        return call("GET", "/readyz").json["components"]["database"]["state"]

    ours = migrate.head()
    try:
        assert [at("9999"), at("0001"), at(ours)] == ["up", "down", "up"]
    finally:
        at(ours)

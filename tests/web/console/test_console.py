"""The console: who may see it, what it shows, and what a hostile customer, page or document cannot do in it."""

import html
import re
import time
from dataclasses import replace

import pytest

from tests.support.fakes import answer
from tests.support.stack import KEY
from tests.web.calls import submit
from web.console.session import COOKIE
from worker.access.tokens import Logins
from worker.conversations.outcomes import Citation, Handoff

XSS = """<script>alert(1)</script>"><img src=x onerror=alert(1)>'{{7*7}}"""


class Browser:
    """Somebody who looks at the console."""

    def __init__(self, app, key=KEY):
        self.client = app.test_client()
        self.key = key

    def log_in(self, **more):
        return self.client.post("/console/login", data={"key": self.key, **more})

    def get(self, path, **options):
        return self.client.get(path, **options)

    def post(self, path, **data):
        page = self.get("/console").text
        csrf = re.search(r'name="csrf" value="([^"]+)"', page)[1]
        return self.client.post(path, data={"csrf": csrf, **data})


@pytest.fixture
def browser(app, services):
    services.keys.make(services.keys.workspace(), name="test", key=KEY)
    made = Browser(app)
    assert made.log_in().status_code == 303
    return made


def test_a_key_opens_it_and_logging_out_closes_it(app, browser):
    assert browser.get("/console").status_code == 200
    left = browser.post("/console/logout")
    assert left.headers["Location"] == "/console/login"
    again = browser.get("/console?owner=human")
    assert (again.status_code, again.headers["Location"]) == (303, "/console/login?next=/console?owner%3Dhuman")
    refused = Browser(app, key="wrong").log_in()
    assert refused.status_code == 401
    assert "unknown or revoked" in refused.text


def test_the_cookie_is_of_this_login_alone_and_out_of_scripts_reach(app, browser):
    set_cookie = browser.log_in().headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Lax", "Path=/console"} <= set(set_cookie.split("; "))
    assert "Secure" in Browser(app).client.post(
        "/console/login", data={"key": KEY}, headers={"X-Forwarded-Proto": "https"}
    ).headers["Set-Cookie"].split("; ")
    fixed = app.test_client()
    fixed.set_cookie(COOKIE, "chosen-by-somebody", path="/console")
    given = fixed.post("/console/login", data={"key": KEY}).headers["Set-Cookie"]
    assert "chosen-by-somebody" not in given
    assert given.split(";")[0] != set_cookie.split(";")[0]


def test_a_login_ends_with_its_time_and_with_its_key(browser, services):
    services.__dict__["logins"] = Logins(services.store, clock=lambda: 10**10)
    assert browser.get("/console").status_code == 303
    services.__dict__["logins"] = Logins(services.store)
    assert browser.get("/console").status_code == 200
    (key,) = [key for key in services.keys.all() if key["name"] == "test"]
    services.keys.revoke(key["id"])
    assert browser.get("/console").status_code == 303
    part = browser.get("/console", headers={"HX-Request": "true"})
    assert (part.status_code, part.headers["HX-Trigger"]) == (204, "loggedOut")  # the page says so, and keeps its text


@pytest.mark.parametrize(
    ("wanted", "where"),
    [
        ("/console/conversations/x", "/console/conversations/x"),
        ("https://evil.example/console", "/console"),
        ("//evil.example/console", "/console"),
        ("/\\evil.example", "/console"),
        ("/console/\\..\\..", "/console"),
        ("javascript:alert(1)", "/console"),
        ("/v1/keys", "/console"),
        ("/consoleevil", "/console"),
        ("//[", "/console"),
    ],
)
def test_a_login_leads_nowhere_else(app, browser, wanted, where):
    assert browser.log_in(next=wanted).headers["Location"] == where


def test_forms_of_other_sites_are_refused(browser, call):
    conversation_id = submit(call)["conversation_id"]
    path = f"/console/conversations/{conversation_id}/close"
    assert browser.client.post(path, data={}).status_code == 403
    assert browser.client.post(path, data={"csrf": "guessed"}).status_code == 403
    csrf = re.search(r'name="csrf" value="([^"]+)"', browser.get("/console").text)[1]
    evil = browser.client.post(path, data={"csrf": csrf}, headers={"Origin": "https://evil.example"})
    assert evil.status_code == 403
    assert (
        browser.client.post("/console/login", data={"key": KEY}, headers={"Origin": "https://evil.example"}).status_code
        == 403
    )
    assert call("GET", f"/v1/conversations/{conversation_id}").json["owner"] == "bot"


def test_who_may_only_read_does_nothing(app, services, call):
    conversation_id = submit(call)["conversation_id"]
    reader = Browser(app, services.keys.make(services.keys.workspace(), name="reader", scopes=["read"]))
    reader.log_in()
    page = reader.get(f"/console/conversations/{conversation_id}").text
    assert "Take over" not in page
    assert reader.post(f"/console/conversations/{conversation_id}/handoff").status_code == 403


def test_who_may_only_read_can_leave(app, services):
    reader = Browser(app, services.keys.make(services.keys.workspace(), name="reader", scopes=["read"]))
    reader.log_in()
    assert reader.post("/console/logout").status_code == 303
    assert reader.get("/console").status_code == 303


def test_no_page_is_open_without_a_login(app):
    client = app.test_client()
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/console")]
    assert len(rules) >= 9
    for rule in rules:
        if rule.endpoint in ("console.login", "console.enter", "console.static"):
            continue
        path = re.sub(r"<any\((\w+)[^>]*>", r"\1", rule.rule)
        path = re.sub(r"<[^>]+>", "x", path)
        for method in rule.methods - {"OPTIONS", "HEAD"}:
            answered = client.open(path, method=method)
            assert answered.status_code == 303, f"{method} {rule.rule}"
            assert answered.headers["Location"].startswith("/console/login")


def test_another_workspace_is_not_there(app, services, call):
    conversation_id = submit(call)["conversation_id"]
    other = Browser(app, services.keys.make(services.keys.workspace("other"), name="other"))
    other.log_in()
    assert "No conversations." in other.get("/console").text
    assert other.get(f"/console/conversations/{conversation_id}").status_code == 404
    assert other.get(f"/console/conversations/{conversation_id}/events").status_code == 404
    assert other.post(f"/console/conversations/{conversation_id}/close").status_code == 404
    assert call("GET", f"/v1/conversations/{conversation_id}").json["owner"] == "bot"


def test_the_inbox_shows_what_waits_for_whom(browser, call, services):
    made = submit(call, "I want a person", subject="Parcel", requester={"name": "Ada"})
    submit(call, "How do I reset my password?")
    handoff = Handoff(reason="asked_for_person", summary="!", priority="urgent")
    services.mailbox.finish(services.mailbox.claim(made["conversation_id"]), handoff)
    page = browser.get("/console").text
    assert "Parcel" in page
    assert "Ada" in page
    assert 'class="badge urgent">asked for a human' in page
    assert ">answering<" in page
    assert re.search(r'<time datetime="([^"]+Z)" title="\1">(now|\d+ seconds? ago)</time>', page)
    people = browser.get("/console?owner=human").text
    assert "Parcel" in people
    assert "password" not in people
    part = browser.get("/console?owner=human", headers={"HX-Request": "true"}).text
    assert part.lstrip().startswith("<table>")


def test_the_inbox_finds_a_customer_a_subject_and_an_id(browser, call):
    zoe = submit(call, requester={"name": "Zoë", "email": "zoe@shop.example"}, subject="Parcel 100%")
    submit(call, requester={"name": "Ada", "email": "ada@shop.example"}, subject="Refund", external_id="order-77")
    for wanted, found in (
        ("zoë", "Parcel"),
        ("ZOE@shop", "Parcel"),
        ("refund", "Refund"),
        ("order-77", "Refund"),
        (zoe["conversation_id"], "Parcel"),
        ("100%", "Parcel"),
    ):
        page = browser.get("/console", query_string={"q": wanted}).text
        assert [item for item in ("Parcel", "Refund") if f">{item}" in page] == [found], wanted
    assert "No conversations." in browser.get("/console?q=1%25").text
    assert "No conversations." in browser.get("/console?q=zoe&owner=human").text
    assert "Refund" in browser.get("/console?q=").text


def test_a_conversation_is_read_taken_over_answered_given_back_and_closed(browser, call, services):
    made = submit(call, subject="Password")
    conversation_id = made["conversation_id"]
    citation = Citation(number=1, document_id="doc_x", title="Reset", url=None, quote="Use the link.", start=4, end=17)
    file = Citation(number=2, document_id="att_x", title="Your file", url=None, quote="It says so.", start=0, end=11)
    services.mailbox.finish(
        services.mailbox.claim(conversation_id),
        replace(answer("Use the link [1]. Not a source: [9]."), citations=(citation, file)),
    )
    page = browser.get(f"/console/conversations/{conversation_id}").text
    (reply,) = [
        message
        for message in call("GET", f"/v1/conversations/{conversation_id}/messages").json["items"]
        if message["role"] == "assistant"
    ]
    assert f'<a class="mark" href="#source-{reply["id"]}-1">[1]</a>. Not a source: [9].' in page
    assert "/console/documents/doc_x?start=4&amp;end=17#quote" in page
    assert "Your file: <q>It says so.</q>" in page  # which no page shows, so no link leads there
    assert "Support 1.00" in page
    for what, owner in (("handoff", "human"), ("resume", "bot")):
        assert browser.post(f"/console/conversations/{conversation_id}/{what}").status_code == 303
        assert call("GET", f"/v1/conversations/{conversation_id}").json["owner"] == owner
    browser.post(f"/console/conversations/{conversation_id}/replies", content="I am Grace.\r\nHello.", author="Grace")
    said = call("GET", f"/v1/conversations/{conversation_id}/messages").json["items"][-1]
    assert (said["role"], said["author"], said["content"]) == ("agent", "Grace", "I am Grace.\nHello.")
    browser.post(f"/console/conversations/{conversation_id}/close")
    assert call("GET", f"/v1/conversations/{conversation_id}").json["owner"] == "closed"
    late = browser.post(f"/console/conversations/{conversation_id}/replies", content="Late")
    assert late.status_code == 409
    assert "The conversation is closed." in late.text
    assert ">Late</textarea>" in late.text  # what was written is not lost


def test_messages_are_cancelled_and_tried_again(browser, call, services):
    made = submit(call)
    browser.post(f"/console/messages/{made['id']}/cancel")
    assert call("GET", made["links"]["self"]).json["state"] == "cancelled"
    again = browser.post(f"/console/messages/{made['id']}/retry")
    assert again.status_code == 409
    assert "Only a message that was handed off" in again.text
    other = submit(call)
    services.mailbox.finish(services.mailbox.claim(other["conversation_id"]), Handoff(reason="error", summary="?"))
    browser.post(f"/console/messages/{other['id']}/retry")
    assert call("GET", other["links"]["self"]).json["state"] == "queued"


def test_a_citation_opens_its_document_with_the_quote_marked(browser, call, services):
    made = call(
        "POST", "/v1/documents", json={"title": XSS, "text": f"One. {XSS} Two.", "url": "https://shop.example/a"}
    )
    assert made.status_code == 202
    from worker.store.tables import document

    with services.store.begin() as tx:
        tx.execute(document.update().values(text="One. Use the link. Two.", url="javascript:alert(1)"))
    page = browser.get(f"/console/documents/{made.json['id']}?start=5&end=18").text
    assert '<mark id="quote" tabindex="-1">Use the link.</mark>' in page
    assert 'href="javascript' not in page
    assert "<script>alert" not in page
    for query in ("", "?start=-5&end=99999", "?start=9&end=2", "?start=x&end=y"):
        assert browser.get(f"/console/documents/{made.json['id']}{query}").status_code == 200


def test_what_customers_write_is_text_and_nothing_else(browser, call, services):
    made = submit(call, XSS, subject=XSS, requester={"name": XSS, "email": XSS}, channel=XSS[:60])
    conversation_id = made["conversation_id"]
    citation = Citation(number=1, document_id=XSS, title=XSS, url=XSS, quote=XSS, start=0, end=1)
    services.mailbox.finish(
        services.mailbox.claim(conversation_id), replace(answer(f"{XSS} [1]."), citations=(citation,))
    )
    call("PUT", f"{made['links']['self']}/feedback", json={"rating": "bad", "comment": XSS})
    services.actions.take_over(services.keys.workspace(), conversation_id, summary=XSS)
    browser.post(f"/console/conversations/{conversation_id}/replies", content=XSS, author=XSS)
    for path in ("/console", f"/console?q={XSS}", f"/console/conversations/{conversation_id}"):
        text = browser.get(path).text
        assert "<script>alert" not in text
        assert "<img" not in text
        assert "49" not in re.sub(r"[0-9a-f]{8,}|\d{4}-\d\d-\d\d[^<\"]*", "", text)


def test_pages_are_guarded_and_light(browser, call):
    submit(call)
    for path in ("/console", "/console/login", "/console/static/console.js"):
        headers = browser.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["X-Content-Type-Options"] == "nosniff"
    page = browser.get("/console").text
    assert not re.search(r"<script>|<style|\son\w+=|\sstyle=", page)
    parts = ["/console", *re.findall(r'(?:src|href)="(/console/static/[^"]+)"', page)]
    assert len(parts) == 4
    assert sum(len(browser.get(part).data) for part in parts) < 200_000


def test_what_is_no_text_is_refused_before_anything_is_asked(app, browser, call):
    """PostgreSQL refuses NUL, and would make a 500 of it."""
    conversation_id = submit(call)["conversation_id"]
    for path in (
        "/console?cursor=%00",
        "/console?q=%00",
        "/console/knowledge?cursor=a%00",
        "/console/audit?cursor=%00",
    ):
        assert browser.get(path).status_code == 400, path
    assert browser.post(f"/console/conversations/{conversation_id}/replies", content="a\0b").status_code == 400
    assert app.test_client().post("/console/login", data={"login": "a\0", "password": "x"}).status_code == 400


def test_whatever_goes_wrong_is_told_on_a_page(app, browser):
    for path, method, status in (
        ("/console/nope", "GET", 404),
        ("/console/callbacks/x/remove", "GET", 405),
        ("/console/conversations/none", "GET", 404),
    ):
        response = browser.client.open(path, method=method)
        assert (response.status_code, response.mimetype) == (status, "text/html"), path
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    for origin in ("https://evil.example", "http://[x", "null"):
        response = app.test_client().post("/console/login", data={"key": KEY}, headers={"Origin": origin})
        assert (response.status_code, response.mimetype) == (403, "text/html")
    assert app.test_client().get("/v1/nope").mimetype == "application/problem+json"


def test_who_may_only_write_reads_nothing_by_being_refused(app, services, call):
    conversation_id = submit(call, "Secret question")["conversation_id"]
    blind = Browser(app, services.keys.make(services.keys.workspace(), name="blind", scopes=["write"]))
    blind.log_in()
    page = blind.get(f"/console/conversations/{conversation_id}")
    assert page.status_code == 403
    csrf = re.search(r'name="csrf" value="([^"]+)"', page.text)[1]
    for path in (f"/console/conversations/{conversation_id}/replies", "/console/callbacks/none/test"):
        response = blind.client.post(path, data={"csrf": csrf})
        assert response.status_code == 403
        assert "Secret question" not in response.text


def test_a_reply_that_is_too_long_is_refused_and_not_cut(browser, call):
    conversation_id = submit(call)["conversation_id"]
    long = "y" * 20_001
    response = browser.post(f"/console/conversations/{conversation_id}/replies", content=long)
    assert response.status_code == 422
    assert "at most 20,000 characters" in response.text
    assert f">{long}</textarea>" in response.text
    assert (
        "maxlength"
        not in re.search(r"<textarea[^>]*>", browser.get(f"/console/conversations/{conversation_id}").text)[0]
    )


def test_a_blank_reply_is_refused_and_not_kept_as_done(browser, call):
    conversation_id = submit(call)["conversation_id"]
    assert browser.post(f"/console/conversations/{conversation_id}/replies", content="  ").status_code == 422
    assert [entry["action"] for entry in call("GET", "/v1/audit").json["items"]] == ["console.enter"]


def test_what_a_person_has_comes_in_the_order_in_which_something_last_happened(browser, call, services, monkeypatch):
    from web.console import conversations

    conversation_ids = [submit(call, f"Question {number}")["conversation_id"] for number in range(4)]
    for conversation_id in conversation_ids:
        services.actions.take_over(services.keys.workspace(), conversation_id, summary="!")
    time.sleep(0.002)
    call("POST", f"/v1/conversations/{conversation_ids[1]}/messages", json={"content": "Are you at it?"})
    monkeypatch.setattr(conversations, "_PAGE", 3)
    first = browser.get("/console?owner=human").text
    rest = browser.get(html.unescape(re.search(r'href="([^"]+cursor[^"]+)"', first)[1])).text
    seen = [re.findall(r'id="conversation-(conv_\w+)"', page) for page in (first, rest)]
    assert seen == [[conversation_ids[1], conversation_ids[3], conversation_ids[2]], [conversation_ids[0]]]
    assert browser.get("/console?owner=human&cursor=nonsense").status_code == 200

"""The story of a ticket in a Request Tracker that nobody here wrote: its own pages, its mail gateway, its scrips."""

import contextlib
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from tests.support.request_tracker import AGENT, CUSTOMER, USER, missing, request_tracker
from tests.support.stories import HELP, Story
from worker.conversations.outcomes import Handoff
from worker.helpdesks.rt_scrip import scrip

SECRET = "it's a $secret \\ of 7"


@pytest.fixture(scope="module")
def rt():
    """A server that all tests of the module share."""
    if what := missing():
        if "rt" in os.environ.get("TEST_REQUIRE", "").split(","):
            pytest.fail(f"Request Tracker is required: {what}")
        pytest.skip(f"Request Tracker is not installed: {what}")
    with request_tracker() as server:
        yield server


class Proxy(ThreadingHTTPServer):
    """Stands between a worker and RT: of `lost` writes the answer does not arrive, `kept` ones themselves do not."""

    daemon_threads = True

    def __init__(self, behind: str):
        super().__init__(("127.0.0.1", 0), _Forward)
        self.behind, self.lost, self.kept = behind, 0, 0
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()


class _Forward(BaseHTTPRequestHandler):
    server: Proxy
    protocol_version = "HTTP/1.1"

    def _forward(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")}
        if self.command != "GET" and self.server.kept:
            self.server.kept -= 1
            self.close_connection = True
            return
        answer = httpx.request(self.command, self.server.behind + self.path, content=body, headers=headers, timeout=30)
        if self.command != "GET" and self.server.lost:
            self.server.lost -= 1
            self.close_connection = True
            return
        self.send_response(answer.status_code)
        for name in ("location", "etag", "content-type"):
            if name in answer.headers:
                self.send_header(name, answer.headers[name])
        self.send_header("content-length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    do_GET = do_POST = do_PUT = _forward

    def log_message(self, *_arguments):
        pass


@pytest.fixture
def proxy(rt):
    with Proxy(rt.url) as server:
        yield server
        server.shutdown()


@pytest.fixture
def connect(call, services, served, rt):
    """Connect RT, with the scrip that the set-up steps print."""
    with contextlib.ExitStack() as exits:

        def made(**more):
            story = Story(call, services, rt, **{"token": rt.token, "webhook_secret": SECRET, **more})
            row = services.connections.named(services.keys.workspace(), "desk")
            inbound = f"{served}/v1/helpdesks/{story.id}/inbound"
            condition, action = scrip(inbound, secret=SECRET, user=USER)
            steps = services.connections.setup(row, inbound)
            for line in (*condition.split("\n"), *action.split("\n")):
                assert line in steps, "what an administrator pastes is what is tried here"
            exits.callback(rt.remove, rt.install(condition, action))
            return story

        yield made


def test_a_ticket_is_answered_taken_over_in_rts_own_page_returned_closed_and_opened_again(connect, rt):
    story = connect(answered={"status": "pending", "tags": ["bot-answered"]})
    ticket = rt.asks(HELP)
    story.send()
    assert (story.conversation["owner"], story.said) == ("bot", [("customer", "queued")])
    assert story.answers() == 1
    (said,) = rt.bots(ticket, public=True)
    assert "Use the link that says so" in said
    story.send()
    assert story.said == [("customer", "answered"), ("assistant", "answered")], "its own answer is no agent's"
    found = rt.ticket(ticket)
    assert (found["Status"], found["CustomFields"][0]["values"]) == ("stalled", ["bot-answered"])
    assert CUSTOMER in rt.sent(), "RT mails what the bot writes"

    rt.writes(AGENT, ticket, "Careful, VIP.", how="comment")
    story.send()
    assert story.conversation["owner"] == "bot", "a comment is no reply"
    rt.replies_in_its_page(ticket, "Hello, this is Bob.")
    story.send()
    assert (story.conversation["owner"], story.said[-1]) == ("human", ("agent", "answered"))
    rt.writes(CUSTOMER, ticket, "Thanks, Bob. And the invoice?")
    story.send()
    assert story.answers() == 0

    rt.changes(ticket, CustomFields={"Tags": ["bot"]})
    story.send()
    assert story.conversation["owner"] == "bot"
    rt.changes(ticket, Status="resolved")
    story.send()
    assert story.conversation["owner"] == "closed"
    rt.writes(CUSTOMER, ticket, "It still does not work.")
    story.send()
    assert story.conversation["owner"] == "bot"
    assert story.answers() == 1
    assert len(rt.bots(ticket, public=True)) == 2


def test_mail_comes_in_by_the_gateway_and_automatic_mail_is_not_answered(connect, rt):
    story = connect()
    rt.mails("How do I reset my password? Grüße\n\n> Your order was sent.\n", subject="Password reset")
    story.send()
    assert story.answers() == 1
    ticket = int(story.conversation["external_id"].rpartition(":")[2])
    assert len(rt.bots(ticket, public=True)) == 1
    reply = f"Re: [desk.example #{ticket}] Password reset"
    rt.mails("I am away until Monday. How do I get there?", subject=reply, Auto_Submitted="auto-replied")
    story.send()
    assert story.answers() == 0
    assert story.said[-1] == ("customer", "cancelled")
    rt.mails("Thanks! And my e-mail address?", subject=reply)
    story.send()
    assert story.answers() == 1
    assert len(rt.bots(ticket, public=True)) == 2
    messages = story.call("GET", f"/v1/conversations/{story.conversation['id']}/messages").json["items"]
    assert messages[0]["content"].startswith("How do I reset my password? Grüße")
    assert story.conversation["requester"]["email"] == CUSTOMER


@pytest.mark.parametrize("mode", ["reply", "draft"])
def test_a_post_whose_answer_was_lost_is_found_and_one_that_did_not_arrive_is_made(connect, rt, proxy, mode):
    """So it is after a worker was killed between RT's 201 and the commit, or before the call."""
    story = connect(url=proxy.url, mode=mode)
    for trouble in ("lost", "kept"):
        ticket = rt.asks(HELP)
        story.send()
        setattr(proxy, trouble, 1)
        assert story.answers() == 1
        written = len(rt.bots(ticket, public=mode == "reply"))
        assert written == (1 if trouble == "lost" else 0)
        story.again()
        assert len(rt.bots(ticket, public=mode == "reply")) == 1
    kind = "ticket_reply" if mode == "reply" else "ticket_note"
    listed = story.call("GET", f"/v1/deliveries?kind={kind}").json["items"]
    assert [(one["state"], one["attempts"]) for one in listed] == [("delivered", 2), ("delivered", 2)]


def test_an_interrupted_change_is_made_and_one_that_comes_too_late_takes_no_ticket_away(connect, rt, proxy):
    handoff = {"status": "open", "assignee": "root", "tags": ["needs-person"]}
    story = connect(url=proxy.url, handoff=handoff)
    summary = Handoff(reason="no_answer", summary="Wants a refund of order 7.", category="refund", priority="high")
    ticket = rt.asks(HELP)
    story.send()
    story.answers(summary, before_change=lambda: setattr(proxy, "lost", 1))
    story.again()
    found = rt.ticket(ticket)
    assert (found["Owner"]["id"], found["Status"]) == ("root", "open")
    (note,) = rt.bots(ticket, public=False)
    assert "Wants a refund of order 7." in note
    assert rt.bots(ticket, public=True) == []

    ticket = rt.asks(HELP)
    story.send()
    story.answers(summary, before_change=lambda: setattr(proxy, "kept", 1))
    rt.changes(ticket, Owner=AGENT, Status="stalled")
    story.again()
    found = rt.ticket(ticket)
    assert (found["Owner"]["id"], found["Status"]) == (AGENT, "stalled"), "the agent took it meanwhile"
    assert found["CustomFields"][0]["values"] == ["needs-person"]


def test_a_merged_ticket_ends_and_its_messages_are_not_asked_again(connect, rt):
    story = connect()
    first = rt.asks(HELP)
    story.send()
    assert story.answers() == 1
    second = rt.asks("I asked already, see my other mail.")
    story.send()
    rt.changes(second, MergeInto=first)
    story.send()
    items = {one["external_id"]: one for one in story.call("GET", "/v1/conversations").json["items"]}
    assert len(items) == 2
    owners = {id.rpartition(":")[2]: one["owner"] for id, one in items.items()}
    assert owners == {str(first): "bot", str(second): "closed"}
    assert story.answers() == 0, "the merged message is known"
    rt.mails("So what now?", subject=f"Re: [desk.example #{second}] Parcel")
    story.send()
    assert story.answers() == 1
    assert len(rt.bots(first, public=True)) == 2
    rt.changes(first, Status="deleted")
    story.send()
    owners = {one["owner"] for one in story.call("GET", "/v1/conversations").json["items"]}
    assert owners == {"closed"}


def test_what_rt_refuses_is_told(connect, rt, services):
    """RT answers 200 and a sentence to a change that it does not make."""
    story = connect(answered={"status": "pending"}, options={**rt.options(), "pending_status": "no-such-status"})
    ticket = rt.asks(HELP)
    story.send()
    assert story.answers() == 1
    (change,) = story.call("GET", "/v1/deliveries?kind=ticket_change").json["items"]
    assert change["state"] == "exhausted"
    assert "Status" in change["last_attempt"]["error"]
    assert "no-such-status" in change["last_attempt"]["error"]

    row = services.connections.named(services.keys.workspace(), "desk")
    assert all(wrong is None for wrong in dict(services.connections.check(row, ticket=str(ticket))).values())
    story.call("PATCH", f"/v1/helpdesks/{story.id}", json={"options": {"user": AGENT}})
    row = services.connections.named(services.keys.workspace(), "desk")
    assert "not of the user bob" in dict(services.connections.check(row))["user"]
    story.call("PATCH", f"/v1/helpdesks/{story.id}", json={"token": "1-2-3"})
    row = services.connections.named(services.keys.workspace(), "desk")
    assert "401" in dict(services.connections.check(row))["credentials"]

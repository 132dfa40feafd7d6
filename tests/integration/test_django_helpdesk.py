"""The story of a ticket in a django-helpdesk that nobody here wrote: its web form, its mail, its own pages."""

import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from tests.support.django_helpdesk_server import AGENT, CUSTOMER, django_helpdesk, missing
from tests.support.stories import HELP, Story
from worker.conversations.outcomes import Handoff

SECRET = "a/secret:of @7"


class Relay(ThreadingHTTPServer):
    """The address that the desk's environment names: it hands webhooks on to the connection of each test."""

    daemon_threads = True
    target = ""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Forward)
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()


class _Forward(BaseHTTPRequestHandler):
    server: Relay

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name: self.headers[name] for name in ("authorization", "content-type") if name in self.headers}
        answer = httpx.post(self.server.target, content=body, headers=headers, timeout=30)
        self.send_response(answer.status_code)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_arguments):
        pass


@pytest.fixture(scope="module")
def relay():
    with Relay() as server:
        yield server
        server.shutdown()


@pytest.fixture(scope="module")
def desk(relay):
    """A server that all tests of the module share."""
    if what := missing():
        if "django-helpdesk" in os.environ.get("TEST_REQUIRE", "").split(","):
            pytest.fail(f"django-helpdesk is required: {what}")
        pytest.skip(what)
    secret = SECRET.replace("/", "%2F").replace(":", "%3A").replace("@", "%40").replace(" ", "%20")
    url = f"http://answerback:{secret}@127.0.0.1:{relay.server_port}/"
    with django_helpdesk(url) as server:
        yield server


@pytest.fixture
def connect(call, services, served, desk, relay):
    def made(**more):
        story = Story(call, services, desk, **{"token": desk.token, "webhook_secret": SECRET, **more})
        relay.target = f"{served}/v1/helpdesks/{story.id}/inbound"
        row = services.connections.named(services.keys.workspace(), "desk")
        steps = services.connections.setup(row, relay.target)
        assert "answerback:a%2Fsecret%3Aof%20%407@" in steps, "what an administrator sets is what is tried here"
        return story

    return made


def test_a_ticket_is_answered_taken_over_on_the_desks_page_given_back_closed_and_opened_again(connect, desk):
    story = connect(answered={"status": "pending"})
    ticket = desk.asks(HELP)
    story.send()
    assert (story.conversation["owner"], story.said) == ("bot", [("customer", "queued")])
    assert story.answers() == 1
    (said,) = desk.bots(ticket, public=True)
    assert "Use the link that says so" in said
    found = desk.ticket(ticket)
    assert (found["title"], found["status"], found["on_hold"]) == ("Parcel", 1, True)
    assert story.said == [("customer", "answered"), ("assistant", "answered")], "its own answer is no agent's"
    assert CUSTOMER in desk.sent(), "the desk mails what the bot writes"

    desk.replies_in_its_page(ticket, "Careful, VIP.", public=False)
    story.send()
    assert story.conversation["owner"] == "bot", "a private follow-up is no reply"
    desk.replies_in_its_page(ticket, "Hello, this is Bob.")
    story.send()
    assert (story.conversation["owner"], story.said[-1]) == ("human", ("agent", "answered"))

    desk.mails("Thanks, Bob. And the invoice?", subject=f"Re: [help-{ticket}] Parcel")
    story.send()
    assert story.answers() == 0

    desk.replies_in_its_page(ticket, "", owner=desk.users["answerback"][0])
    story.send()
    assert story.conversation["owner"] == "bot", "assigned to the bot"
    desk.mails("Where is it?", subject=f"Re: [help-{ticket}] Parcel")
    story.send()
    assert story.answers() == 1
    desk.replies_in_its_page(ticket, "That is all.", new_status=4)
    story.send()
    assert story.conversation["owner"] == "closed"
    desk.mails("It still does not work.", subject=f"Re: [help-{ticket}] Parcel")
    story.send()
    assert story.conversation["owner"] == "bot"
    assert story.answers() == 1
    assert len(desk.bots(ticket, public=True)) == 3


def test_mail_that_made_a_ticket_is_one_message(connect, desk):
    story = connect()
    ticket = desk.mails("How do I reset my password? Grüße\n\nAda", subject="Password", Message_ID="<m1@example.com>")
    story.send()
    assert [role for role, _state in story.said] == ["customer"]
    assert story.answers() == 1
    assert len(desk.bots(ticket, public=True)) == 1


def test_a_handoff_becomes_one_private_note_and_a_late_change_takes_no_ticket_away(connect, desk):
    bob, bot = desk.users[AGENT][0], desk.users["answerback"][0]
    story = connect(handoff={"status": "open", "assignee": str(bot)})
    ticket = desk.asks(HELP)
    story.send()

    def take():
        desk.call("PATCH", f"/tickets/{ticket}/", {"assigned_to": bob, "on_hold": True})

    summary = Handoff(reason="no_answer", summary="Wants a refund of order 7.", category="refund", priority="high")
    assert story.answers(summary, before_change=take) == 1
    (note,) = desk.bots(ticket, public=False)
    assert "Wants a refund of order 7." in note
    found = desk.ticket(ticket)
    assert (found["assigned_to"], found["on_hold"]) == (bob, True)


def test_a_check_and_a_removed_token(connect, desk, services):
    story = connect()
    ticket = desk.asks(HELP)
    row = services.connections.named(services.keys.workspace(), "desk")
    assert all(wrong is None for wrong in dict(services.connections.check(row, ticket=str(ticket))).values())
    story.call("PATCH", f"/v1/helpdesks/{story.id}", json={"token": "other"})
    row = services.connections.named(services.keys.workspace(), "desk")
    assert "401" in dict(services.connections.check(row))["credentials"]

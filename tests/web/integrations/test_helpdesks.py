"""A whole story with each helpdesk: tickets, answers, agents who take over, and each comment once despite failures."""

import contextlib
import dataclasses
import itertools
import re
import time

import pytest
import sqlalchemy as sa

from tests.support.fakes import answer
from tests.support.helpdesks import AGENT, FAKES, SECRET, TOKEN
from worker.conversations.outcomes import Citation, Handoff
from worker.errors import DatabaseUnavailable
from worker.helpdesks.kinds import KINDS
from worker.helpdesks.options import OPTIONS
from worker.states import CitationStyle, ReplyKind
from worker.store.tables import delivery, helpdesk, helpdesk_message, inbound_webhook

HELP = "How do I reset my password?"


class Story:
    """A connected fake helpdesk, and the steps of a story."""

    def __init__(self, call, services, fake, **more):
        self.call, self.services, self.fake = call, services, fake
        new = {
            "name": "desk",
            "kind": fake.kind,
            "url": fake.url,
            "token": TOKEN,
            "webhook_secret": SECRET,
            "options": fake.options(),
            "mode": "reply",
            "resume_tag": "bot",
            **more,
        }
        made = call("POST", "/v1/helpdesks", json=new)
        assert made.status_code == 201, made.json
        self.id = made.json["id"]

    def hook(self, *args, at=None, times=1, **more):
        """Send a webhook, and do the work that it causes."""
        body, headers = self.fake.webhook(*args, at=at, **more)
        for _ in range(times):
            answered = self.post(body, headers)
            assert answered.status_code == 204, answered.json
        self.send()

    def post(self, body, headers):
        return self.call.client.post(f"/v1/helpdesks/{self.id}/inbound", data=body, headers=headers)

    def asks(self, ticket, text=HELP, **more):
        self.hook(ticket, "written", self.fake.customer_writes(ticket, text), **more)

    def echo(self, ticket):
        """Send the echo of the last post, where that is the only sign of it: bots may not list what they wrote."""
        if self.fake.echoes:
            self.hook(ticket, "written", self.fake.tickets[ticket].entries[-1])

    def answers(self, outcome=None):
        """Answer the ready conversations; return their number."""
        taken = 0
        for conversation_id in self.services.mailbox.sweep(limit=10) or self._ready():
            claim = self.services.mailbox.claim(conversation_id)
            if claim is not None:
                self.services.mailbox.finish(claim, outcome or answer("Use the link that says so [1]."))
                taken += 1
        self.send()
        return taken

    def _ready(self):
        with self.services.store.read() as connection:
            return list(connection.execute(sa.text("SELECT id FROM conversation WHERE mailbox = 'ready'")).scalars())

    def send(self):
        for destination in self.services.sender.due_destinations():
            transport = self.services.open_transport()
            while self.services.sender.send(destination, transport) is not None:
                pass
            transport.close()

    def again(self):
        """Make delayed retries due."""
        with self.services.store.begin() as tx:
            tx.execute(delivery.update().where(delivery.c.state == "pending").values(due_at=1))
            tx.execute(sa.text("UPDATE destination SET circuit_open_until = NULL"))
        self.send()

    @property
    def conversation(self):
        (only,) = self.call("GET", "/v1/conversations").json["items"]
        return only

    @property
    def said(self):
        items = self.call("GET", f"/v1/conversations/{self.conversation['id']}/messages").json["items"]
        return [(item["role"], item["state"]) for item in items]


@pytest.fixture(params=sorted(FAKES))
def fake(request):
    server = FAKES[request.param]()
    yield server
    server.shutdown()
    server.server_close()
    assert server.faults == []


@pytest.fixture
def story(call, services, fake):
    return Story(call, services, fake)


def test_a_ticket_is_answered_taken_over_returned_and_closed(story):
    fake = story.fake
    story.asks(7)
    assert story.conversation["owner"] == "bot"
    assert story.answers() == 1
    (said,) = fake.bots(7, public=True)
    assert "Use the link that says so" in said

    echo = fake.tickets[7].entries[-1]
    story.hook(7, "written", echo)
    assert story.conversation["owner"] == "bot", "the echo of the bot's own answer counts as an agent's reply"
    assert story.said == [("customer", "answered"), ("assistant", "answered")]

    story.asks(7, "And my e-mail address?")
    assert story.answers() == 1
    assert len(fake.bots(7, public=True)) == 2

    story.hook(7, "assigned")
    story.hook(7, "written", fake.agent_writes(7, "Hello, this is Bob."))
    assert story.conversation["owner"] == "human"
    assert story.said[-1] == ("agent", "answered")
    story.asks(7, "Thanks, Bob. And the invoice?")
    assert story.answers() == 0
    assert story.said[-1] == ("customer", "handed_off")
    assert fake.bots(7, public=False) == [], "the agent who took the ticket over needs no note"

    story.hook(7, "tagged", tags=["bot"])
    assert story.conversation["owner"] == "bot"
    story.asks(7, "So where is it?")
    assert story.answers() == 1, "a tag that stays returns the ticket once, and an earlier assignment has no effect"
    story.hook(7, "written", fake.agent_writes(7, "Bob again."))
    assert story.conversation["owner"] == "human"
    story.hook(7, "closed")
    assert story.conversation["owner"] == "closed"


def test_a_repeated_webhook_counts_once(story):
    story.asks(7, times=3)
    entry = story.fake.tickets[7].entries[0]
    story.hook(7, "written", entry)  # the same comment in another webhook
    assert story.said == [("customer", "queued")]
    story.answers()
    story.hook(7, "written", story.fake.agent_writes(7, "Hello."), times=2)
    assert [role for role, _ in story.said] == ["customer", "assistant", "agent"]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
def test_webhooks_may_arrive_late_and_in_any_order(story, order):
    fake = story.fake
    written = [
        fake.customer_writes(7, HELP),
        fake.agent_writes(7, "I am on it."),
        fake.customer_writes(7, "Thank you, Ada."),
    ]
    hooks = [fake.webhook(7, "written", entry) for entry in written]
    for index in (*order, *order):
        body, headers = hooks[index]
        assert story.post(body, headers).status_code == 204
        story.send()
    assert story.answers() == 0
    assert story.conversation["owner"] == "human"
    assert fake.bots(7, public=True) == []
    assert sorted(role for role, _state in story.said) == ["agent", "customer", "customer"]


def test_an_agents_note_is_not_for_the_customer(story):
    story.asks(7)
    story.hook(7, "written", story.fake.agent_writes(7, "Careful, VIP.", public=False))
    assert story.said == [("customer", "queued")]
    assert story.conversation["owner"] == "bot"


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_url_for_webhooks_can_be_validated(call, services, kind):
    """Intercom asks with HEAD before it accepts the URL."""
    url = "mailto:desk@shop.example" if kind == "email" else "http://127.0.0.1:9"
    new = {"name": "desk", "kind": kind, "url": url, "token": TOKEN, "options": dict.fromkeys(OPTIONS[kind], "1")}
    made = call("POST", "/v1/helpdesks", json=new)
    assert made.status_code == 201, made.json
    answered = call.client.head(f"/v1/helpdesks/{made.json['id']}/inbound")
    assert (answered.status_code, answered.data) == (200, b"")
    assert call.client.head("/v1/helpdesks/hd_unknown/inbound").status_code == 404
    assert call("GET", f"/v1/helpdesks/{made.json['id']}").json["heard_at"] is None


def test_a_webhook_that_was_accepted_is_applied_although_the_database_fails_meanwhile(story, services, monkeypatch):
    real = services.actions.submit

    def away(*_args, **_options):
        raise DatabaseUnavailable(cause="lock timeout")

    monkeypatch.setattr(services.actions, "submit", away)
    body, headers = story.fake.webhook(7, "written", story.fake.customer_writes(7, HELP))
    assert story.post(body, headers).status_code == 204, "the helpdesk might not send it again"
    with contextlib.suppress(DatabaseUnavailable):
        story.send()
    assert story.call("GET", "/v1/conversations").json["items"] == []
    monkeypatch.setattr(services.actions, "submit", real)
    story.again()
    assert story.said == [("customer", "queued")]
    story.again()
    assert story.post(body, headers).status_code == 204
    assert story.said == [("customer", "queued")]


def test_a_webhook_that_cannot_be_accepted_is_asked_for_again(story, services, monkeypatch):
    def away(*_args, **_options):
        raise DatabaseUnavailable(cause="connection refused")

    body, headers = story.fake.webhook(7, "written", story.fake.customer_writes(7, HELP))
    for broken in ("opened", "read"):
        with monkeypatch.context() as patch:
            patch.setattr(services.connections, broken, away)
            answered = story.post(body, headers)
        assert (answered.status_code, answered.headers["Retry-After"]) == (429, "5")
        assert answered.json["code"] == "webhook_postponed"
    story.hook(7, "written", story.fake.tickets[7].entries[0])
    assert story.said == [("customer", "queued")]


def test_an_applied_webhook_leaves_no_text_behind(story, services):
    story.asks(7)
    with services.store.read() as connection:
        kinds = connection.execute(sa.select(delivery.c.kind, delivery.c.state)).all()
    assert ("ticket_events", "pending") not in kinds
    assert [kind for kind, _state in kinds if kind == "ticket_events"] == []


def test_a_forged_webhook_changes_nothing(story):
    body, headers = story.fake.webhook(7, "written", story.fake.customer_writes(7, HELP))
    for name in headers:
        if "signature" in name.lower() or "secret" in name.lower():
            for value in ("", "sha1=", headers[name][:-2] + "xx"):
                assert story.post(body, {**headers, name: value}).status_code == 401
            if not name.endswith("Secret"):  # Freshdesk does not sign the body
                assert story.post(body + b" ", headers).status_code == 401
    assert story.call("GET", "/v1/conversations").json["items"] == []
    assert story.post(body, headers).status_code == 204


def test_a_signed_but_invalid_webhook_is_rejected_without_losing_others(story):
    for body in (b"", b"[]", b"nonsense", b'{"ticket": 1, "event": 2, "data": 3, "type": [], "detail": "x"}'):
        headers = {"Content-Type": "application/json", **story.fake.signed(body, at=time.time())}
        assert story.post(body, headers).status_code in (204, 422), body
    assert story.call("GET", "/v1/conversations").json["items"] == []


def test_an_old_webhook_is_rejected_if_its_timestamp_is_signed(story):
    body, headers = story.fake.webhook(7, "written", story.fake.customer_writes(7, HELP), at=time.time() - 400)
    assert story.post(body, headers).status_code == (401 if story.fake.kind in ("zendesk", "chatwoot") else 204)


def test_an_answer_that_arrived_although_its_call_failed_is_not_posted_again(story):
    story.asks(7)
    story.fake.trouble = ["lost"]
    story.answers()
    assert len(story.fake.bots(7, public=True)) == 1
    story.echo(7)
    story.again()
    assert len(story.fake.bots(7, public=True)) == 1
    (delivery,) = story.call("GET", "/v1/deliveries?kind=ticket_reply").json["items"]
    assert (delivery["state"], delivery["attempts"]) == ("delivered", 2)


def test_an_answer_that_did_not_arrive_is_posted_again(story):
    story.asks(7)
    story.fake.trouble = ["fail", "limit"]
    story.answers()
    assert story.fake.bots(7, public=True) == []
    story.again()
    story.again()
    assert len(story.fake.bots(7, public=True)) == 1


def test_two_answers_with_the_same_text_are_both_posted(story):
    """An earlier post is not mistaken for a lost one."""
    story.asks(7)
    story.answers()
    story.asks(7, "Once more?")
    story.fake.trouble = ["fail"]
    story.answers()
    story.again()
    assert len(story.fake.bots(7, public=True)) == 2


def test_an_echo_that_arrives_before_the_call_returns_is_recognised(story):
    story.asks(7)

    def echo():
        story.fake.before_answer = lambda: None
        entry = story.fake.tickets[7].entries[-1]
        agents = dataclasses.replace(entry, author=AGENT)  # the token belongs to an agent who also replies
        body, headers = story.fake.webhook(7, "written", agents)
        assert story.post(body, headers).status_code == 204

    story.fake.before_answer = echo
    story.answers()
    story.send()
    assert story.conversation["owner"] == "bot"
    assert [role for role, _ in story.said] == ["customer", "assistant"]


def test_a_handoff_posts_one_note_with_the_summary(call, services, fake):
    story = Story(call, services, fake, handoff={"tags": ["needs-person"], "assignee": str(AGENT)})
    story.asks(7)
    story.answers(Handoff(reason="no_answer", summary="Wants a refund of order 7.", category="refund", priority="high"))
    (note,) = fake.bots(7, public=False)
    assert "refund" in note
    assert "Wants a refund of order 7." in note
    assert fake.bots(7, public=True) == []
    ticket = fake.tickets[7]
    assert str(ticket.assignee) == str(AGENT) or fake.kind == "zendesk"
    if fake.kind != "intercom":
        assert "needs-person" in ticket.tags
    assert story.conversation["owner"] == "human"
    story.asks(7, "Hello?")
    story.answers()
    assert len(fake.bots(7, public=False)) == 1


def test_draft_mode_posts_notes_and_shadow_mode_posts_nothing(call, services, fake):
    story = Story(call, services, fake, mode="draft")
    story.asks(7)
    story.answers()
    (note,) = fake.bots(7, public=False)
    assert "Suggested answer" in note
    assert fake.bots(7, public=True) == []
    call("PATCH", f"/v1/helpdesks/{story.id}", json={"mode": "shadow"})
    story.asks(7, "And now?")
    story.answers()
    assert len(fake.bots(7, public=False)) == 1
    assert story.said[-1] == ("assistant", "answered"), "the answer is stored in the conversation"


def test_outside_its_hours_and_languages_the_bot_drafts(call, services, fake):
    story = Story(call, services, fake, hours={"timezone": "UTC"})
    story.asks(7)
    story.answers()
    assert "outside the hours" in fake.bots(7, public=False)[0]
    call("PATCH", f"/v1/helpdesks/{story.id}", json={"hours": None, "languages": ["de"]})
    story.asks(8, "How do I reset my password? I have tried everything and nothing works for me.")
    story.answers()
    assert "another language: en" in fake.bots(8, public=False)[0]


def test_an_assigned_agent_owns_the_ticket(story):
    story.asks(7)
    story.hook(7, "assigned")
    assert story.conversation["owner"] == "human"
    assert story.said == [("customer", "handed_off")]
    assert story.answers() == 0


def test_a_check_reports_problems(story, services):
    def check(ticket=None, **changed):
        row = dataclasses.replace(services.connections.named(services.keys.workspace(), "desk"), **changed)
        return dict(services.connections.check(row, ticket=ticket))

    assert check()["webhooks (none has come yet)"] is None
    story.asks(7)
    assert "none has come" not in str(check())
    assert all(wrong is None for wrong in check().values())
    assert "401" in check(token="other")["credentials"]
    assert check(ticket="7")["round trip in ticket 7"] is None
    assert "Answerback tries its connection" in story.fake.bots(7, public=False)[0]
    assert re.search("404|422", check(ticket="8")["round trip"])
    with services.store.begin() as tx:
        tx.execute(helpdesk.update().values(heard_at=1))
    assert story.post(b"{}", {}).status_code == 401
    assert "not signed" in check()["webhooks"]
    row = services.connections.named(services.keys.workspace(), "desk")
    steps = services.connections.setup(row, "https://answers.example/v1/helpdesks/x/inbound")
    assert "https://answers.example/v1/helpdesks/x/inbound" in steps


def test_sources_with_a_url_are_listed_below_the_answer(story):
    story.asks(7)
    cited = dataclasses.replace(
        answer("Use the link [1]. It lasts an hour [2]."),
        citations=(
            Citation(
                number=1, document_id="d", title="Passwords", url="https://h.example/p", quote="x", start=0, end=1
            ),
            Citation(number=2, document_id="e", title="Inside", url=None, quote="y", start=0, end=1),
        ),
    )
    story.answers(cited)
    (said,) = story.fake.bots(7, public=True)
    assert "[1] Passwords:" in said
    assert "https://h.example/p" in said
    assert "[2]" not in said


def test_secrets_are_hidden_and_a_removed_helpdesk_rejects_webhooks(story, call, services):
    response = call("GET", f"/v1/helpdesks/{story.id}")
    assert TOKEN not in response.text
    assert SECRET not in response.text
    assert call("DELETE", f"/v1/helpdesks/{story.id}").status_code == 204
    body, headers = story.fake.webhook(7, "written", story.fake.customer_writes(7, HELP))
    assert story.post(body, headers).status_code == 404
    with services.store.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(helpdesk_message)).scalar_one() == 0


def test_a_comment_without_text_becomes_a_message(story):
    story.asks(7, " ")
    assert story.said == [("customer", "queued")]


@pytest.mark.parametrize("fake", ["freshdesk", "zammad", "zendesk"], indirect=True)
def test_mail_that_the_helpdesk_knows_as_automatic_is_not_answered(story):
    story.asks(7)
    story.answers()
    away = story.fake.customer_writes(7, "How do I get to you? I am on the road.")
    away.automatic = True
    story.hook(7, "written", away)
    assert story.answers() == 0
    assert story.said[-1] == ("customer", "cancelled")


@pytest.mark.parametrize("fake", ["freshdesk", "zammad", "zendesk"], indirect=True)
def test_a_resume_tag_that_stays_does_not_resume_with_another_tag(story):
    story.asks(7)
    story.hook(7, "written", story.fake.agent_writes(7, "I am on it."))
    story.hook(7, "tagged", tags=["bot"])
    assert story.conversation["owner"] == "bot"
    story.hook(7, "written", story.fake.agent_writes(7, "I have it again."))
    story.hook(7, "tagged", tags=["vip"])
    assert story.conversation["owner"] == "human"


@pytest.mark.parametrize("fake", ["freshdesk"], indirect=True)
def test_a_ticket_that_an_agent_wrote_is_not_answered_and_replies_leave_from_its_brands_address(story):
    story.hook(7, "written", story.fake.agent_writes(7, "We have called you about your order."))
    assert story.answers() == 0
    assert (story.conversation["owner"], story.said) == ("human", [("agent", "answered")])
    story.hook(7, "tagged", tags=["bot"])
    story.asks(7)
    assert story.answers() == 1
    assert story.fake.senders == [story.fake.address]


@pytest.mark.parametrize("fake", ["zammad", "zendesk"], indirect=True)
def test_a_ticket_is_set_to_pending_with_its_answer(call, services, fake):
    """Zammad's states have German names here, and a pending one needs a time."""
    story = Story(call, services, fake, answered={"status": "pending"})
    story.asks(7)
    story.answers()
    assert fake.tickets[7].status == (3 if fake.kind == "zammad" else "pending")
    (change,) = call("GET", "/v1/deliveries?kind=ticket_change").json["items"]
    assert change["state"] == "delivered"


def test_an_erased_ticket_leaves_no_text_and_is_not_imported_again(story, services):
    story.asks(7)
    story.answers()
    entry = story.fake.tickets[7].entries[0]
    assert story.call("DELETE", f"/v1/conversations/{story.conversation['id']}").status_code == 204
    with services.store.read() as connection:
        assert set(connection.execute(sa.select(helpdesk_message.c.digest)).scalars()) == {""}
    story.hook(7, "written", entry)
    assert story.call("GET", "/v1/conversations").json["items"] == []


def test_receipts_of_old_webhooks_are_deleted(story, services):
    story.asks(7)
    with services.store.begin() as tx:
        tx.execute(helpdesk_message.update().values(created_at=1))
        tx.execute(inbound_webhook.update().values(created_at=1))
    services.inbound.clean_up()
    with services.store.read() as connection:
        assert connection.execute(sa.select(inbound_webhook)).first() is None
        assert connection.execute(sa.select(helpdesk_message)).first() is not None
    story.hook(7, "written", story.fake.tickets[7].entries[0])
    assert story.said == [("customer", "queued")]


def test_a_pending_answer_is_not_posted_after_an_agents_reply(story):
    story.asks(7)
    story.fake.trouble = ["fail"]
    story.answers()
    story.hook(7, "written", story.fake.agent_writes(7, "I did it for you."))
    story.again()
    assert story.fake.bots(7, public=True) == []
    (delivery,) = story.call("GET", "/v1/deliveries?kind=ticket_reply").json["items"]
    assert (delivery["state"], delivery["last_attempt"]["error"]) == ("exhausted", "An agent answered first.")


def test_pending_posts_are_not_sent_to_a_disabled_helpdesk(story, call):
    story.asks(7)
    story.fake.trouble = ["fail"]
    story.answers()
    call("PATCH", f"/v1/helpdesks/{story.id}", json={"mode": "shadow"})
    story.again()
    assert story.fake.bots(7, public=True) == []


def test_an_assignment_that_failed_is_recorded_with_the_repeated_webhook(story, services, monkeypatch):
    story.asks(7)
    real = services.actions.take_over

    def away(*_args, **_options):
        raise DatabaseUnavailable(cause="lock timeout")

    monkeypatch.setattr(services.actions, "take_over", away)
    body, headers = story.fake.webhook(7, "assigned")
    assert story.post(body, headers).status_code in (204, 503)
    with contextlib.suppress(DatabaseUnavailable):
        story.send()
    monkeypatch.setattr(services.actions, "take_over", real)
    story.hook(7, "assigned")
    with services.store.begin() as tx:
        tx.execute(delivery.update().where(delivery.c.state == "pending").values(due_at=1))
    story.send()
    assert story.conversation["owner"] == "human"


def test_a_ticket_that_was_assigned_before_the_connection_is_owned_by_the_agent(story):
    """The bot was connected yesterday; the ticket has been Bob's since last week."""
    story.fake.customer_writes(7, "Hello")
    story.fake.webhook(7, "assigned")
    if story.fake.kind == "chatwoot":
        story.fake.tickets[7].status = "open"
    story.asks(7, "And?")
    assert story.conversation["owner"] == "human"
    assert story.answers() == 0


def test_assignments_can_be_ignored(call, services, fake):
    story = Story(call, services, fake, options={**fake.options(), "assigned_takes_over": False})
    story.asks(7)
    story.hook(7, "assigned")
    assert story.conversation["owner"] == "bot"
    assert story.answers() == 1
    bad = {"options": {**fake.options(), "assigned_takes_over": "false"}}
    assert call("PATCH", f"/v1/helpdesks/{story.id}", json=bad).status_code == 422


def test_a_status_change_by_the_bot_does_not_close_a_newer_message(call, services, fake):
    story = Story(call, services, fake, answered={"status": "closed"})
    story.asks(7)
    story.answers()
    entry = fake.customer_writes(7, "And the invoice?")
    story.hook(7, "written", entry)
    fake.tickets[7].status = "new"
    story.hook(7, "closed")
    assert story.answers() == 1
    assert len(fake.bots(7, public=True)) == 2


def test_a_reply_is_written_in_the_form_of_its_channel_and_a_question_back_resolves_no_ticket(call, services, fake):
    story = Story(call, services, fake, answered={"status": "closed"})
    story.asks(7)
    before = fake.tickets[7].status
    asked = dataclasses.replace(
        answer("Which of these do you mean?\n- Invoice\n- Refund"),
        kind=ReplyKind.CLARIFICATION,
        options=("Invoice", "Refund"),
        greeting="Hello,",
        signature="Your shop",
    )
    assert story.answers(asked) == 1
    (said,) = fake.bots(7, public=True)
    item = "- Invoice" if fake.kind == "chatwoot" else "<li>Invoice</li>"
    for part in ("Hello,", "Which of these do you mean?", item, "Your shop"):
        assert part in said
    assert fake.tickets[7].status == before
    story.asks(7, "Refund")
    cited = Citation(number=1, document_id="d", title="Refunds", url="https://a.example/r", quote="Q", start=0, end=1)
    answered = dataclasses.replace(
        answer("It takes a day [1]."), citations=(cited,), citation_style=CitationStyle.LINKS
    )
    assert story.answers(answered) == 1
    said = fake.bots(7, public=True)[-1]
    assert "It takes a day." in said
    assert "Refunds: " in said
    assert "[1]" not in said


def test_text_that_looks_like_markup_is_recognised(story):
    story.asks(7)
    story.fake.trouble = ["lost"]
    story.answers(answer("Type <your name> and a < b, then R&amp;D."))
    story.echo(7)
    story.again()
    assert len(story.fake.bots(7, public=True)) == 1


def test_a_resume_tag_from_before_the_handoff_has_no_effect(story):
    story.asks(7)
    story.hook(7, "tagged", tags=["bot"])
    story.hook(7, "written", story.fake.agent_writes(7, "I am here."))
    story.asks(7, "Thank you!")
    assert story.conversation["owner"] == "human"
    assert story.answers() == 0

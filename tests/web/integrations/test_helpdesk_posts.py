"""What is written into the tickets of each helpdesk, each answer once despite failures."""

import dataclasses

import pytest

from tests.support.fakes import answer
from tests.support.helpdesks import AGENT
from tests.support.stories import Story
from worker.conversations.outcomes import Citation, Handoff
from worker.states import CitationStyle, ReplyKind

NO_TAGS = ("django_helpdesk", "intercom")


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
    if fake.kind not in NO_TAGS:
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


@pytest.mark.parametrize("fake", ["freshdesk"], indirect=True)
def test_a_ticket_that_an_agent_wrote_is_not_answered_and_replies_leave_from_its_brands_address(story):
    story.hook(7, "written", story.fake.agent_writes(7, "We have called you about your order."))
    assert story.answers() == 0
    assert (story.conversation["owner"], story.said) == ("human", [("agent", "answered")])
    story.hook(7, "tagged", tags=["bot"])
    story.asks(7)
    assert story.answers() == 1
    assert story.fake.senders == [story.fake.address]


@pytest.mark.parametrize("fake", ["rt", "zammad", "zendesk"], indirect=True)
def test_a_ticket_is_set_to_pending_with_its_answer(call, services, fake):
    """Zammad's states have German names here, and a pending one needs a time."""
    story = Story(call, services, fake, answered={"status": "pending"})
    story.asks(7)
    story.answers()
    assert fake.tickets[7].status == {"zammad": 3, "rt": "stalled"}.get(fake.kind, "pending")
    (change,) = call("GET", "/v1/deliveries?kind=ticket_change").json["items"]
    assert change["state"] == "delivered"


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
    item = "- Invoice" if fake.kind in ("chatwoot", "django_helpdesk") else "<li>Invoice</li>"
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


@pytest.mark.parametrize("takes_over", [True, False])
def test_a_late_change_of_a_handoff_leaves_the_ticket_to_the_agent_who_took_it(call, services, fake, takes_over):
    """Unless assignments say nothing about who works on a ticket, or, in Chatwoot, cannot be read."""
    options = {**fake.options(), "assigned_takes_over": takes_over}
    handoff = {"assignee": "701", "tags": ["needs-person"]}
    story = Story(call, services, fake, options=options, handoff=handoff)
    story.asks(7)

    def take():
        fake.tickets[7].assignee = AGENT

    story.answers(Handoff(reason="no_answer", summary="S", category="refund", priority="high"), before_change=take)
    ticket = fake.tickets[7]
    kept = takes_over and fake.kind != "chatwoot"
    assert str(ticket.assignee) == (str(AGENT) if kept else "701")
    assert ("needs-person" in ticket.tags) == (fake.kind not in NO_TAGS)

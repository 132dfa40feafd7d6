"""django-helpdesk sends whole tickets, and keeps the mail that a ticket was made of twice."""

import base64

import pytest

from tests.support.helpdesks import SECRET, account
from worker.helpdesks.django_helpdesk import DjangoHelpdesk
from worker.helpdesks.protocol import Post, WebhookRefused

SHOW, FOLLOW = "GET /api/tickets/7/", "POST /api/followups/"
TICKET = {
    "id": 7,
    "title": "Parcel",
    "description": "Where is it?",
    "submitter_email": "ada@example.com",
    "assigned_to": None,
    "status": 1,
    "merged_to": None,
    "followup_set": [],
}


def follow_up(id, comment, *, user=None, public=True, message_id=None):
    return {"id": id, "comment": comment, "user": user, "public": public, "message_id": message_id, "title": "X"}


def read(**ticket):
    return DjangoHelpdesk(account(bot_id="3"), None).read({"ticket": {**TICKET, **ticket}, "queue_slug": "help"}, {})


def messages(*follow_ups, **ticket):
    found = read(followup_set=list(follow_ups), **ticket)
    return [(str(event.kind), event.message_id, event.text) for event in found if event.message_id]


def test_the_secret_comes_as_the_password_of_the_webhooks_url():
    desk = DjangoHelpdesk(account(bot_id="3"), None)
    given = base64.b64encode(f"answerback:{SECRET}".encode()).decode()
    desk.verify(b"{}", {"authorization": f"Basic {given}"}, now=0)
    for wrong in ({}, {"authorization": f"Basic {given[:-4]}"}, {"authorization": f"Bearer {SECRET}"}):
        with pytest.raises(WebhookRefused):
            desk.verify(b"{}", wrong, now=0)
    steps = DjangoHelpdesk(account(bot_id="3"), None).setup("https://answers.example/v1/helpdesks/x/inbound")
    assert f"=https://answerback:{SECRET}@answers.example/v1/helpdesks/x/inbound" in steps


def test_a_ticket_that_came_by_mail_is_one_message():
    mail = follow_up(1, "Where  is it?\nRegards\nAda", message_id="<1@x>")
    assert messages(mail) == [("customer", "ticket-7", "Where is it?")]
    reply = follow_up(1, "Here it is.\n> Where is it?", message_id="<2@x>")
    assert messages(reply)[1:] == [("customer", "1", "Here it is.\n> Where is it?")], "a reply to a web form's ticket"


@pytest.mark.parametrize(("user", "kind"), [(None, "customer"), (5, "agent")])
def test_a_ticket_is_its_customers_or_the_agents_who_opened_it(user, kind):
    opened = follow_up(1, "Where is it?", user=user)
    assert messages(opened) == [(kind, "ticket-7", "Where is it?")]
    agents = follow_up(2, "Where is it? I ask.", user=5)
    assert messages(opened, agents)[1:] == [("agent", "2", "Where is it? I ask.")]


def test_a_ticket_that_the_bots_user_opened_is_not_answered():
    assert messages(follow_up(1, "Where is it?", user=3)) == []


def test_private_follow_ups_the_bots_and_those_without_text_are_no_messages():
    quiet = [follow_up(1, "Careful.", user=5, public=False), follow_up(2, "Hello.", user=3), follow_up(3, " ", user=5)]
    assert messages(*quiet) == [("customer", "ticket-7", "Where is it?")]


@pytest.mark.parametrize("follow_ups", [{"a": 1}, [7], [{"comment": "No id."}], [follow_up("x", "No number.")]])
def test_a_webhook_that_cannot_be_read_is_refused_as_such(follow_ups):
    with pytest.raises(ValueError, match=r"answer|number"):
        read(followup_set=follow_ups)


def test_follow_ups_are_in_order_whatever_the_list_is():
    late, early = follow_up(12, "Second.", user=5), follow_up(4, "First.")
    assert [id for _kind, id, _text in messages(late, early)] == ["ticket-7", "4", "12"]


@pytest.mark.parametrize(("status", "closed"), [(1, ""), (2, ""), (3, "closed"), (4, "closed"), (5, "closed")])
def test_resolved_closed_and_duplicate_tickets_are_closed(status, closed):
    assert [event.value for event in read(status=status) if event.kind == "closed"] == [closed]


def test_a_merged_ticket_is_gone_and_the_other_one_is_read():
    assert [(str(one.kind), one.ticket) for one in read(merged_to=9)] == [("gone", "7"), ("changed", "9")]


def test_a_follow_up_keeps_the_title_of_its_ticket(connect, canned):
    desk = connect(DjangoHelpdesk, bot_id="3")
    canned.answers |= {SHOW: {**TICKET, "title": "Re: Parcel"}, FOLLOW: {"id": 8}}
    assert desk.post(Post(ticket="7", text="**Here.**", public=True)) == "8"
    assert canned.bodies[FOLLOW] == {"ticket": 7, "title": "Re: Parcel", "comment": "**Here.**", "public": True}


@pytest.mark.parametrize(
    ("before", "status", "new"),
    [
        (1, "pending", {"on_hold": True}),
        (1, "closed", {"on_hold": False, "status": 3}),
        (4, "closed", {"on_hold": False}),
        (3, "open", {"on_hold": False, "status": 2}),
        (2, "open", {"on_hold": False}),
    ],
)
def test_a_status_is_set_as_the_desk_lets_it_change(connect, canned, before, status, new):
    desk = connect(DjangoHelpdesk, bot_id="3")
    canned.answers |= {SHOW: {**TICKET, "status": before}, "PATCH /api/tickets/7/": {}}
    desk.change(Post(ticket="7", text="", public=False, status=status, tags=("bot",)))
    assert canned.bodies["PATCH /api/tickets/7/"] == new

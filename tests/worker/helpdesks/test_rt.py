"""Request Tracker answers 200 to changes that it does not make, and as another ticket once one was merged."""

import pytest

from tests.support.helpdesks import SECRET, FakeRequestTracker, Refused, account
from worker.helpdesks.protocol import HelpdeskRefused, Post, UnreadableAnswer, WebhookRefused
from worker.helpdesks.rt import RequestTracker

AT = "/REST/2.0"
SHOW, CHANGE = f"GET {AT}/ticket/7", f"PUT {AT}/ticket/7"
TICKET = {
    "id": 7,
    "Status": "open",
    "Owner": {"id": "Nobody"},
    "Queue": {"id": "1"},
    "Requestor": [{"id": "ada@example.com"}],
    "CustomFields": [{"name": "Tags", "values": ["vip"]}],
}


@pytest.fixture
def rt(connect):
    return connect(RequestTracker, user="answerback", tags_field="Tags")


def kinds(events):
    return [(str(event.kind), event.ticket) for event in events]


def test_a_webhook_is_believed_when_it_is_signed_with_its_time():
    rt, fake = RequestTracker(account(user="answerback"), None), FakeRequestTracker
    body = b'{"ticket_id":"7","transaction_id":"9"}'
    headers = {name.lower(): value for name, value in fake.signed(None, body, at=1_000_000).items()}
    rt.verify(body, headers, now=1_000_100)
    for wrong in ({**headers, "x-answerback-timestamp": "1000001"}, {**headers, "x-answerback-timestamp": "²"}, {}):
        with pytest.raises(WebhookRefused):
            rt.verify(body, wrong, now=1_000_100)
    with pytest.raises(WebhookRefused):
        rt.verify(body, headers, now=1_000_400)
    with pytest.raises(WebhookRefused):
        rt.verify(body.replace(b"7", b"8"), headers, now=1_000_100)
    assert SECRET not in repr(rt._account)
    assert kinds(rt.read({"ticket_id": "7"}, {})) == [("changed", "7")]
    assert kinds(rt.read({"ticket_id": "7", "merged_ids": [8]}, {})) == [("gone", "8"), ("changed", "7")]
    assert rt.read({"ticket_id": "7/../8"}, {}) == []


def test_a_merged_ticket_is_gone_and_the_other_one_is_read(rt, canned):
    canned.answers[SHOW] = {**TICKET, "id": 5}
    assert kinds(rt.look("7")) == [("gone", "7"), ("changed", "5")]


def test_a_deleted_ticket_is_gone_and_takes_no_answer(rt, canned):
    canned.answers[SHOW] = {**TICKET, "Status": "deleted"}
    assert kinds(rt.look("7")) == [("gone", "7")]
    with pytest.raises(HelpdeskRefused, match="deleted") as refused:
        rt.post(Post(ticket="7", text="Hello.", public=True))
    assert refused.value.status == 422


@pytest.mark.parametrize(("owner", "assignee"), [("Nobody", ""), ("answerback", ""), ("bob", "bob"), ("root", "root")])
def test_the_bot_and_nobody_are_no_assignee(rt, canned, owner, assignee):
    canned.answers[SHOW] = {**TICKET, "Owner": {"id": owner}}
    assert rt.assignee("7") == assignee


def test_a_ticket_is_given_back_by_its_owner(rt, canned, monkeypatch):
    monkeypatch.setattr("worker.helpdesks.rt.messages", lambda *_args, **_more: [])
    canned.answers[SHOW] = {**TICKET, "Owner": {"id": "answerback"}}
    tags = [event.tags for event in rt.look("7") if event.kind == "tagged"]
    assert tags == [("vip", "owner:answerback")]


def test_a_change_that_rt_does_not_make_is_refused_with_its_reason(rt, canned):
    canned.answers |= {SHOW: TICKET, CHANGE: ["Ticket 7: That user does not exist"]}
    with pytest.raises(HelpdeskRefused, match="did not set Owner: Ticket 7: That user does not exist") as refused:
        rt.change(Post(ticket="7", text="", public=False, assignee="nobody-here"))
    assert refused.value.status == 422


def test_a_ticket_that_changed_meanwhile_is_read_again_and_only_what_is_left_is_set(rt, canned):
    canned.answers |= {
        SHOW: iter([TICKET, {**TICKET, "Status": "stalled"}, {**TICKET, "Status": "stalled", "Owner": {"id": "bob"}}]),
        CHANGE: iter([Refused(412), ["Ticket 7: Owner changed"]]),
    }
    rt.change(Post(ticket="7", text="", public=False, status="pending", assignee="bob"))
    assert canned.bodies[CHANGE] == {"Owner": "bob"}


def test_a_change_that_is_made_already_makes_no_call(rt, canned):
    canned.answers[SHOW] = TICKET
    rt.change(Post(ticket="7", text="", public=False, status="open", tags=("vip",)))
    assert canned.calls == [SHOW]


def test_tags_without_a_field_for_them_are_refused_after_the_rest_was_changed(connect, canned):
    rt = connect(RequestTracker, user="answerback")
    canned.answers |= {SHOW: iter([TICKET, {**TICKET, "Status": "resolved"}]), CHANGE: ["Ticket 7: Status changed"]}
    with pytest.raises(HelpdeskRefused, match="tags_field"):
        rt.change(Post(ticket="7", text="", public=False, status="closed", tags=("bot",)))
    assert canned.bodies[CHANGE] == {"Status": "resolved"}


def test_a_lifecycle_may_have_names_of_its_own(connect, canned):
    rt = connect(RequestTracker, user="answerback", closed_status="erledigt")
    canned.answers |= {SHOW: iter([TICKET, {**TICKET, "Status": "erledigt"}]), CHANGE: ["…"]}
    rt.change(Post(ticket="7", text="", public=False, status="closed"))
    assert canned.bodies[CHANGE] == {"Status": "erledigt"}


def test_an_answer_without_the_transactions_address_cannot_be_read(rt, canned):
    canned.answers |= {SHOW: TICKET, f"POST {AT}/ticket/7/correspond": ["Correspondence added"]}
    with pytest.raises(UnreadableAnswer):
        rt.post(Post(ticket="7", text="Hello.", public=True))


@pytest.mark.parametrize(
    ("token", "user", "wrong"),
    [
        ("1-27-abc", {"id": 27, "Privileged": 1}, None),
        ("1-28-abc", {"id": 27, "Privileged": 1}, "not of the user answerback"),
        ("1-27-abc", {"id": 27, "Privileged": 0}, "not privileged"),
        ("1-27-abc", Refused(404), "no user answerback"),
    ],
)
def test_a_check_says_whose_the_token_is(canned, connect, token, user, wrong):
    rt = connect(RequestTracker, user="answerback")
    object.__setattr__(rt._account, "token", token)
    canned.answers |= {f"GET {AT}/rt": {"Version": "5.0.3"}, f"GET {AT}/user/answerback": user}
    found = dict(rt.check())["user"]
    assert found is None if wrong is None else wrong in found

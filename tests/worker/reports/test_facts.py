"""What a conversation counts as in reports; docs/reports.md says the same in words."""

import pytest

from worker.reports.facts import Course, Said, Work, facts_of

BOT, HUMAN, CLOSED = "bot", "human", "closed"


def asked(at, state="answered", **more):
    more.setdefault("reply_kind", "answer" if state == "answered" else None)
    return Said(role="customer", state=state, at=at, replied_at=at + 2_000 if state == "answered" else None, **more)


def agent(at):
    return Said(role="agent", state="answered", at=at)


def handed_off(at, reason="no_answer"):
    return asked(at, "handed_off", reason=reason)


def outcome(owner, *said, work=()):
    return facts_of(Course(owner=owner, said=said, work=work)).outcome


@pytest.mark.parametrize(
    ("owner", "said", "counts_as"),
    [
        (BOT, [asked(0)], "resolved_by_bot"),
        (CLOSED, [asked(0)], "resolved_by_bot"),
        (BOT, [asked(0, reply_kind="clarification"), asked(9_000)], "resolved_by_bot"),
        (BOT, [asked(0), asked(9_000, reply_kind="courtesy")], "resolved_by_bot"),  # "Thanks!"
        (BOT, [asked(0, open_questions=True)], "partly_answered"),
        (BOT, [asked(0, open_questions=True), asked(9_000)], "resolved_by_bot"),
        (BOT, [asked(0, reply_kind="clarification")], "unresolved"),
        (BOT, [asked(0, reply_kind="courtesy")], "unresolved"),  # "Hello" asks nothing
        (BOT, [asked(0, rating="bad")], "unresolved"),
        (BOT, [asked(0, rating="bad"), asked(9_000)], "resolved_by_bot"),
        (BOT, [asked(0, "failed")], "unresolved"),
        (BOT, [asked(0), asked(9_000, "queued")], "open"),
        (HUMAN, [handed_off(0)], "open"),
        (HUMAN, [handed_off(0), agent(60_000)], "open"),
        (CLOSED, [handed_off(0), agent(60_000)], "resolved_by_human"),
        (BOT, [handed_off(0), agent(60_000)], "resolved_by_human"),  # given back
        (CLOSED, [handed_off(0)], "resolved_by_human"),
        (BOT, [handed_off(0)], "unresolved"),  # given back without a word
    ],
)
def test_a_conversation_has_one_outcome(owner, said, counts_as):
    assert outcome(owner, *said) == counts_as


def test_an_escalation_that_is_not_closed_keeps_the_conversation_open():
    assert outcome(BOT, handed_off(0), agent(5), work=[Work(reason="no_answer")]) == "open"
    assert outcome(BOT, handed_off(0), agent(5), work=[Work(reason="no_answer", closed_at=9)]) == "resolved_by_human"


def test_what_nobody_asked_is_not_counted():
    assert facts_of(Course(owner=BOT, said=[])) is None
    assert facts_of(Course(owner=BOT, said=[asked(0, "cancelled")])) is None  # automatic mail
    assert facts_of(Course(owner=HUMAN, said=[agent(0)])) is None


def test_the_first_reason_counts_and_an_owner_is_none_beside_it():
    first = facts_of(Course(owner=HUMAN, said=[handed_off(0, "owned_by_person"), handed_off(1, "rule"), handed_off(2)]))
    assert first.handoff_reason == "rule"
    assert facts_of(Course(owner=CLOSED, said=[asked(0), agent(9)])).handoff_reason == "owned_by_person"
    assert facts_of(Course(owner=BOT, said=[asked(0)])).handoff_reason is None


def test_times_begin_when_the_customer_first_wrote():
    found = facts_of(Course(owner=BOT, said=[asked(1_000), asked(61_000)]))
    assert (found.first_response_ms, found.resolution_ms) == (2_000, 62_000)
    found = facts_of(Course(owner=CLOSED, said=[handed_off(1_000), agent(31_000), agent(91_000)]))
    assert (found.first_response_ms, found.resolution_ms) == (30_000, 90_000)
    found = facts_of(Course(owner=HUMAN, said=[handed_off(1_000)]))
    assert (found.first_response_ms, found.resolution_ms) == (None, None)
    work = [Work(reason="rule", closed_at=8_000)]
    found = facts_of(Course(owner=CLOSED, said=[handed_off(1_000)], work=work))  # answered elsewhere
    assert (found.first_response_ms, found.resolution_ms) == (None, 7_000)


def test_it_is_reopened_when_the_customer_needs_more_after_an_answer_or_closed_work():
    def reopened(owner, *said, work=()):
        return facts_of(Course(owner=owner, said=said, work=work)).reopened

    closed = [Work(reason="no_answer", closed_at=60_000)]
    assert reopened(HUMAN, asked(0), handed_off(9_000))
    assert not reopened(HUMAN, asked(0, reply_kind="clarification"), handed_off(9_000))
    assert not reopened(BOT, asked(0), asked(9_000))
    assert reopened(BOT, handed_off(0), agent(30_000), asked(90_000), work=closed)
    assert not reopened(CLOSED, handed_off(0), agent(30_000), work=closed)
    assert not reopened(BOT, asked(0), asked(90_000), work=closed)  # the bot tried again: no agent answered


def test_the_last_rating_counts():
    assert (
        facts_of(Course(owner=BOT, said=[asked(0, rating="bad"), asked(1, rating="good"), asked(2)])).rating == "good"
    )

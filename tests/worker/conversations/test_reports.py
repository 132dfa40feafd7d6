"""What is told of how well the desk is served, reckoned by hand beside it."""

from dataclasses import replace

import pytest

from tests.support.fakes import TableClock, accept, answer
from worker.access.keys import Keys
from worker.conversations import reports, serializers
from worker.conversations.outcomes import Handoff
from worker.conversations.reports import quality
from worker.ids import new_id
from worker.states import ReplyKind
from worker.store.rows import Reply
from worker.store.tables import message, reply, spending
from worker.turns.mailbox import Mailbox

DAY = 86_400


@pytest.fixture
def say(store, workspace_id):
    mailbox = Mailbox(store, holder="one")

    def do(outcome, *, after_s=0.0, rating=None, **fields):
        made = accept(store, workspace_id, deadline_s=DAY, **fields)
        claim = mailbox.claim(made["conversation_id"])
        TableClock.advance(store, after_s)
        if claim is not None:
            mailbox.finish(claim, outcome)
        if rating is not None:
            with store.begin() as tx:
                tx.execute(message.update().where(message.c.id == made["id"]).values(feedback={"rating": rating}))
        return made

    return do


def test_what_became_of_messages_is_told_by_the_day_they_came(store, workspace_id, say):
    say(answer(), rating="good")
    say(Handoff(reason="no_answer", summary="?"))
    TableClock.advance(store, DAY)
    say(answer(), rating="bad")
    say(answer())
    say(Handoff(reason="asked_for_person", summary="?"))
    say(Handoff(reason="asked_for_person", summary="?"))
    accept(store, workspace_id, "still open")
    told = quality(store, workspace_id, days=3)["days"]
    assert [one["day"] for one in told] == ["1969-12-31", "1970-01-01", "1970-01-02"]
    first, second = told[1:]
    assert (first["answered"], first["confirmed"], first["rejected"], first["handed_off"]) == (
        1,
        1,
        0,
        {"no_answer": 1},
    )
    assert (second["answered"], second["confirmed"], second["rejected"]) == (2, 0, 1)
    assert second["handed_off"] == {"asked_for_person": 2}
    assert told[0] == {
        "day": "1969-12-31",
        "answered": 0,
        "clarified": 0,
        "partly_answered": 0,
        "failed": 0,
        "cancelled": 0,
        "confirmed": 0,
        "rejected": 0,
        "reopened": 0,
        "handed_off": {},
        "sla": {name: {"reached": 0, "missed": 0} for name in ("first_response", "resolution")},
        "cost_usd": 0.0,
        "tokens": 0,
        "latency_ms": None,
    }


def test_an_answer_that_leaves_a_question_open_is_counted_as_partly_answered(store, workspace_id, say):
    say(answer())
    say(replace(answer(), unanswered=("Do you sell bicycles?",)))
    (day,) = quality(store, workspace_id, days=1)["days"]
    assert (day["answered"], day["partly_answered"]) == (2, 1)
    with store.read() as connection:
        kept = connection.execute(reply.select().order_by(reply.c.id)).mappings().all()
    assert [row["unanswered"] for row in kept] == [None, ["Do you sell bicycles?"]]
    assert [serializers.reply(Reply.from_row(row))["unanswered"] for row in kept] == [[], ["Do you sell bicycles?"]]


def test_an_answer_after_which_a_person_was_needed_is_reopened(store, workspace_id, say):
    say(answer(), external_id="a")
    say(Handoff(reason="asked_for_person", summary="?"), external_id="a")
    say(answer(), external_id="b")
    say(answer(), external_id="b")
    assert quality(store, workspace_id, days=1)["days"][0]["reopened"] == 1


def test_a_question_back_is_counted_as_such_and_resolves_nothing(store, workspace_id, say):
    asked = replace(answer("Which?"), kind=ReplyKind.CLARIFICATION, options=("A", "B"), support=1.0)
    say(asked, external_id="a", after_s=50.0, rating="good")
    say(replace(answer(), support=0.8), external_id="a", after_s=1.0)
    say(asked, external_id="b")
    say(Handoff(reason="language", summary="?"), external_id="b")
    found = quality(store, workspace_id, days=1)
    (day,) = found["days"]
    assert (day["answered"], day["clarified"], day["confirmed"], day["reopened"]) == (1, 2, 0, 0)
    assert day["handed_off"] == {"language": 1}
    assert day["latency_ms"]["p99"] == 1_000
    assert found["curve"] == [{"support": 0.8, "coverage": 0.25, "risk": None, "rated": 0}]
    assert found["confidence_curve"] == []


def test_percentiles_are_those_of_nearest_rank(store, workspace_id, say):
    for seconds in range(1, 101):
        say(answer(), after_s=seconds)
    assert quality(store, workspace_id, days=1)["days"][0]["latency_ms"] == {
        "p50": 50_000,
        "p95": 95_000,
        "p99": 99_000,
    }


def test_one_answer_is_every_percentile(store, workspace_id, say):
    say(answer(), after_s=2)
    assert quality(store, workspace_id, days=1)["days"][0]["latency_ms"] == {"p50": 2_000, "p95": 2_000, "p99": 2_000}


def test_the_curve_has_the_share_answered_and_the_share_rejected_of_it(store, workspace_id, say):
    say(replace(answer(), support=0.9), rating="good")
    say(replace(answer(), support=0.8))
    say(replace(answer(), support=0.7), rating="bad")
    say(Handoff(reason="no_answer", summary="?"))
    assert quality(store, workspace_id, days=1)["curve"] == [
        {"support": 0.9, "coverage": 0.25, "risk": 0.0, "rated": 1},
        {"support": 0.8, "coverage": 0.5, "risk": 0.0, "rated": 1},
        {"support": 0.7, "coverage": 0.75, "risk": 0.5, "rated": 2},
    ]


def test_the_curve_by_confidence_leaves_out_answers_that_nothing_is_known_of(store, workspace_id, say):
    say(replace(answer(), confidence=0.91), rating="good")
    say(replace(answer(), confidence=0.6), rating="bad")
    say(answer(), rating="good")
    say(Handoff(reason="no_answer", summary="?"))
    assert quality(store, workspace_id, days=1)["confidence_curve"] == [
        {"confidence": 0.91, "coverage": 0.25, "risk": 0.0, "rated": 1},
        {"confidence": 0.6, "coverage": 0.5, "risk": 0.5, "rated": 2},
    ]


def test_cost_is_what_was_booked_for_the_day_also_for_what_was_handed_off(store, workspace_id):
    with store.begin() as tx:
        booked = {"prompt_tokens": 900, "completion_tokens": 100, "cost_usd": 0.5, "calls": 2, "updated_at": 1}
        for scope, subject in (("day", "all"), ("key", "key_x")):
            row = {"id": new_id("acc"), "workspace_id": workspace_id, "scope": scope, "subject": subject}
            tx.execute(spending.insert().values(day="1970-01-01", **row, **booked))
    (today,) = quality(store, workspace_id, days=1)["days"]
    assert (today["cost_usd"], today["tokens"]) == (0.5, 1_000)


def test_another_workspace_is_not_counted(store, workspace_id, say):
    say(answer())
    other = Keys(store).workspace("other")
    told = quality(store, other, days=1)
    assert told["days"][0]["answered"] == 0
    assert told["curve"] == []


def test_it_looks_at_the_messages_of_those_days_alone(store, workspace_id, say):
    """A desk with years of messages opens the page as fast: they are found by their ids."""
    say(answer())
    came = reports._came_since(workspace_id, 0)
    for statement in (
        reports._groups(came),
        reports._latencies(came),
        reports._reopened(came),
        reports._by(reply.c.support, came),
    ):
        sql = str(statement.compile(store.engine, compile_kwargs={"literal_binds": True}))
        explain = "EXPLAIN QUERY PLAN " if store.is_sqlite else "EXPLAIN "
        with store.read() as connection:
            if not store.is_sqlite:
                connection.exec_driver_sql("SET LOCAL enable_seqscan = off")  # so few rows are read as they lie
            plan = " ".join(str(row) for row in connection.exec_driver_sql(explain + sql.replace("%", "%%")))
        assert ("sqlite_autoindex_message_1 (id>?)" if store.is_sqlite else "pk_message") in plan, plan

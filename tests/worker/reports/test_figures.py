"""The figures of reports, each computed by hand from a handful of conversations."""

from dataclasses import replace

import pytest

from tests.support.fakes import TableClock, answer, conversation_actions
from worker.conversations.intake import Intake, Opening, Submission
from worker.conversations.outcomes import Handoff
from worker.ids import new_id
from worker.reports.cells import COUNTS
from worker.reports.collecting import FactCollector
from worker.reports.figures import ALL, Which, summary
from worker.reports.period import period_of
from worker.store.tables import spending
from worker.turns.mailbox import Mailbox

DAY = 86_400
NORTH = "Wie lange dauert die Lieferung nach Norwegen, und was kostet sie?"


@pytest.fixture
def desk(store, workspace_id):
    """A desk from 1972-01-10 on, whose customers ask and whose bot and agents answer."""
    TableClock.advance(store, 739 * DAY)
    return Desk(store, workspace_id)


class Desk:
    def __init__(self, store, workspace_id):
        self.store, self.workspace_id = store, workspace_id
        self.actions = conversation_actions(store)
        self.mailbox = Mailbox(store, holder="one")

    def ask(self, outcome, text="How can I pay?", *, channel="widget", after_s=2.0, to=None):
        opening = Opening(channel=channel)
        submission = Submission(content=text, deadline_s=10 * DAY)
        if to is None:
            made = Intake(self.store).submit(self.workspace_id, opening, submission).message
        else:
            made = Intake(self.store).accept(self.workspace_id, to, submission).message
        claim = self.mailbox.claim(made["conversation_id"])
        TableClock.advance(self.store, after_s)
        if claim is not None:
            self.mailbox.finish(claim, outcome)
        return made

    def reply(self, id, *, after_s):
        TableClock.advance(self.store, after_s)
        self.actions.reply(self.workspace_id, id, content="It comes tomorrow.", author="Grace")

    def close(self, id):
        self.actions.close(self.workspace_id, id)

    def cost(self, id, usd):
        row = {"id": new_id("acc"), "workspace_id": self.workspace_id, "scope": "conversation", "subject": id}
        booked = {"calls": 1, "prompt_tokens": 1, "completion_tokens": 1, "cost_usd": usd, "updated_at": 1}
        with self.store.begin() as tx:
            tx.execute(spending.insert().values(day="", **row, **booked))

    def report(self, days=2, which=ALL, workspace_id=None):
        TableClock.advance(self.store, 1.001)
        while FactCollector(self.store).collect():
            pass
        with self.store.read() as connection:
            period = period_of(now_ms=self.store.now(connection), days=days)
        return summary(self.store, workspace_id or self.workspace_id, period, which)


def no_answer():
    return Handoff(reason="no_answer", summary="?")


def test_outcomes_are_counted_and_add_up(desk):
    desk.ask(answer())
    desk.ask(answer())
    desk.ask(replace(answer(), unanswered=("Do you sell bicycles?",)))
    by_agent = desk.ask(no_answer())["conversation_id"]
    desk.reply(by_agent, after_s=60)
    desk.close(by_agent)
    desk.ask(Handoff(reason="asked_for_person", summary="?"))
    found = desk.report()
    totals = found["totals"]
    assert {name: totals[name] for name in COUNTS} == {
        "conversations": 5,
        "resolved_by_bot": 2,
        "partly_answered": 1,
        "resolved_by_human": 1,
        "open": 1,
        "unresolved": 0,
        "handed_off": 2,
        "reopened": 0,
        "good": 0,
        "bad": 0,
    }
    assert totals["resolution_rate"] == 0.4  # 2 of 5
    assert found["handoffs"] == [
        {"reason": "asked_for_person", "count": 1, "before": 0},
        {"reason": "no_answer", "count": 1, "before": 0},
    ]


def test_satisfaction_is_the_share_of_good_ratings_also_of_late_ones(desk):
    first, second, third = (desk.ask(answer()) for _ in range(3))
    desk.ask(answer())
    for made, rating in ((first, "good"), (second, "good"), (third, "good")):
        desk.actions.rate(desk.workspace_id, made["id"], rating=rating)
    assert desk.report()["totals"]["satisfaction"] == 1.0
    desk.actions.rate(desk.workspace_id, third["id"], rating="bad")  # changes nothing else of the conversation
    totals = desk.report()["totals"]
    assert (totals["good"], totals["bad"], totals["satisfaction"]) == (2, 1, 0.6667)
    assert (totals["resolved_by_bot"], totals["unresolved"]) == (3, 1)


def test_times_are_the_median_and_the_90th_percentile_by_nearest_rank(desk):
    for seconds in range(1, 11):
        desk.ask(answer(), after_s=seconds)
    totals = desk.report()["totals"]
    assert totals["first_response_ms"] == {"p50": 5_000, "p90": 9_000}
    assert totals["resolution_ms"] == {"p50": 5_000, "p90": 9_000}
    id = desk.ask(no_answer(), after_s=1, channel="email")["conversation_id"]
    desk.reply(id, after_s=599)
    desk.reply(id, after_s=3_000)
    desk.close(id)
    (by_mail,) = (line for line in desk.report()["channels"] if line["name"] == "email")
    assert by_mail["first_response_ms"] == {"p50": 600_000, "p90": 600_000}
    assert by_mail["resolution_ms"] == {"p50": 3_600_000, "p90": 3_600_000}


def test_the_cost_of_all_conversations_is_borne_by_those_that_the_bot_resolved(desk):
    for outcome, usd in ((answer(), 0.01), (answer(), 0.03), (no_answer(), 0.02)):
        desk.cost(desk.ask(outcome)["conversation_id"], usd)
    totals = desk.report()["totals"]
    assert (totals["cost_usd"], totals["cost_per_resolution_usd"]) == (0.06, 0.03)


def test_a_conversation_that_needs_more_is_reopened(desk):
    id = desk.ask(answer())["conversation_id"]
    desk.ask(answer())
    assert desk.report()["totals"]["reopened"] == 0
    desk.ask(no_answer(), to=id)
    totals = desk.report()["totals"]
    assert (totals["reopened"], totals["resolved_by_bot"], totals["open"]) == (1, 1, 1)


def test_each_day_counts_what_began_on_it_and_the_period_before_is_as_long(desk):
    desk.ask(answer())
    TableClock.advance(desk.store, 2 * DAY)
    desk.ask(answer())
    desk.ask(answer())
    TableClock.advance(desk.store, DAY)
    desk.ask(no_answer())
    found = desk.report(days=2)
    assert [day["conversations"] for day in found["days"]] == [2, 1]
    assert (found["totals"]["conversations"], found["totals_before"]["conversations"]) == (3, 1)
    assert found["period_before"] == {"since": "1972-01-10", "until": "1972-01-11"}
    assert found["period"] == {"since": "1972-01-12", "until": "1972-01-13"}


def test_channels_and_languages_are_told_apart_and_filter(desk):
    desk.ask(answer(), NORTH, channel="email")
    desk.ask(answer(), NORTH, channel="email")
    desk.ask(answer(), channel="widget")
    desk.ask(no_answer(), "👋", channel=None)
    found = desk.report()
    assert [(line["name"], line["conversations"]) for line in found["channels"]] == [
        ("email", 2),
        (None, 1),
        ("widget", 1),
    ]
    assert [(line["name"], line["conversations"]) for line in found["languages"]] == [("de", 2), (None, 1), ("en", 1)]
    german = desk.report(which=Which(language="de"))
    assert german["totals"]["conversations"] == 2
    assert [line["name"] for line in german["channels"]] == ["email"]
    assert len(german["languages"]) == 3
    assert desk.report(which=Which(channel="none"))["totals"]["handed_off"] == 1

"""Past tickets are answered once each, whatever happens in between."""

import pytest

from tests.worker.backtest.fakes import TICKETS, FakeAgent
from worker.backtest import state_file
from worker.backtest.past_tickets import PastTicket
from worker.backtest.results import Ending
from worker.backtest.run import Backtest, NoAnswer, sample
from worker.conversations.outcomes import Retry
from worker.redaction import Redactor
from worker.voice.voice import Voice

DOWN = Retry(error={"code": "model", "message": "The model is down."}, after_s=90.0)


@pytest.fixture
def run(tmp_path, embedder):
    """Run a backtest as a process would; return why it stopped and what is done."""

    def do(agent, tickets=TICKETS, *, limit=None, max_seconds=None, clock=lambda: 0.0, redact=True):
        waits = []
        test = Backtest(
            agent=agent,
            embedder=embedder,
            workspace_id="w",
            voice=Voice(),
            deadline_s=60,
            redactor=Redactor() if redact else None,
            max_seconds=max_seconds,
            clock=clock,
            pause=waits.append,
        )
        do.waits = waits
        with state_file.opened(tmp_path / "x.state.jsonl", {"file": "x"}, restart=False) as state:
            stopped = test.run(tickets, state, limit=limit)
            return stopped, dict(state.done)

    return do


def test_answers_are_compared_and_handoffs_keep_their_reason(run):
    agent = FakeAgent()
    stopped, done = run(agent)
    assert stopped is None
    assert len(done) == 10
    assert (done[0].ending, done[0].human) == (Ending.ANSWERED, "It is 5 euros.")
    assert done[0].closeness["shared"] == ["5 euros"]
    assert (done[1].ending, done[1].reason, done[1].closeness) == (Ending.HANDED_OFF, "no_answer", None)
    assert "ada@" not in done[1].why
    assert len({question.conversation_id for question in agent.questions}) == 10


def test_a_killed_run_goes_on_where_it_was(run):
    first = FakeAgent(fails=[])

    def killed():
        if len(first.questions) == 4:
            raise SystemExit
        return 0.0

    with pytest.raises(SystemExit):
        run(first, clock=killed)
    second = FakeAgent()
    stopped, done = run(second)
    assert (stopped, len(done)) == (None, 10)
    assert len(second.questions) == 7, "the ticket at which it was killed is answered again"


def test_a_budget_stops_and_the_ticket_that_it_cut_short_does_not_count(run):
    agent = FakeAgent()
    original = agent.answer

    def answer(question):
        outcome = original(question)
        agent.stopped = "because of money" if len(agent.questions) == 3 else None
        return outcome

    agent.answer = answer
    stopped, done = run(agent)
    assert (stopped, len(done)) == ("because of money", 2)


def test_no_ticket_is_begun_after_the_time_is_up(run):
    times = iter(range(100))
    stopped, done = run(FakeAgent(), max_seconds=7, clock=lambda: float(next(times)))
    assert "--max-seconds" in stopped
    assert 0 < len(done) < 10


def test_a_limit_is_a_sample_that_a_greater_one_adds_to():
    assert sample(100, 5) == sample(100, 50)[:5]
    assert sample(100, None) != list(range(100))
    assert sorted(sample(100, None)) == list(range(100))


def test_an_interruption_keeps_what_is_done(run):
    stopped, done = run(FakeAgent(fails=[KeyboardInterrupt()]))
    assert (stopped, done) == ("because it was interrupted", {})


def test_a_model_that_is_down_for_a_moment_is_waited_for_and_one_that_stays_down_ends_the_run(run):
    _stopped, done = run(FakeAgent(fails=[DOWN, DOWN]), TICKETS[:1])
    assert len(done) == 1
    assert run.waits == [20.0, 20.0]
    with pytest.raises(NoAnswer, match="The model is down"):
        run(FakeAgent(fails=[DOWN] * 4), [*TICKETS[:1], TICKETS[2]])


def test_a_bug_that_one_ticket_shows_ends_nothing(run):
    _stopped, done = run(FakeAgent(fails=[ZeroDivisionError("oops")]))
    failed = [one for one in done.values() if one.ending == Ending.FAILED]
    assert len(done) == 10
    assert [one.why for one in failed] == ["ZeroDivisionError: oops"]


def test_automatic_mail_is_no_question_and_greetings_of_the_human_do_not_count(run):
    mail = PastTicket(
        location="1", question="I am out of the office until 5 May.", reply="ok", subject="Automatic reply: x"
    )
    polite = PastTicket(
        location="2",
        question="Hi,\n\nhow much is size 2?\n\nBest\nAda",
        reply="Hi Ada,\n\nit is 5 euros.\n\nBest regards\nTom",
    )
    agent = FakeAgent()
    _stopped, done = run(agent, [mail, polite])
    assert (done[0].ending, done[1].human) == (Ending.AUTOMATIC, "it is 5 euros.")
    assert [question.content for question in agent.questions] == ["how much is size 2?"]


def test_personal_data_is_masked_unless_it_is_wanted(run, tmp_path):
    ticket = PastTicket(
        location="1", question="Mail me at ada@shop.example: how much is size 2?", reply="Call +44 20 7946 0958"
    )
    agent = FakeAgent()
    _stopped, done = run(agent, [ticket])
    assert "ada@shop.example" in agent.questions[0].content, "the question is answered as it was"
    written = (tmp_path / "x.state.jsonl").read_text()
    assert "ada@" not in written
    assert "7946" not in written
    assert "[email]" in done[0].question

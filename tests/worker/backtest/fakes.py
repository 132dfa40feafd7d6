"""Past tickets, and an agent that needs no model."""

from dataclasses import dataclass, field

from worker.backtest.past_tickets import PastTicket
from worker.conversations.outcomes import Answer, Handoff, Usage

TICKETS = [
    PastTicket(location=f"line {number}", question=f"How much is size {number}?", reply="It is 5 euros.")
    for number in range(10)
]


@dataclass
class FakeAgent:
    """Answers even tickets and hands odd ones off; `fails` are raised or returned first."""

    stopped: str | None = None
    fails: list = field(default_factory=list)
    questions: list = field(default_factory=list)

    def answer(self, question):
        self.questions.append(question)
        if self.fails:
            failure = self.fails.pop(0)
            if isinstance(failure, BaseException):
                raise failure
            return failure
        if int(question.content.rstrip("?").split()[-1]) % 2:
            return Handoff(reason="no_answer", summary="Nothing on this. Mail ada@shop.example.")
        usage = Usage(cost_usd=0.01)
        return Answer(
            content="It costs 5 euros.", citations=(), support=1.0, answerer="fake", usage=usage, snapshot="1-a"
        )

"""Results keep what the report needs."""

from tests.support.fakes import answer
from worker.backtest import results
from worker.backtest.past_tickets import PastTicket
from worker.backtest.results import Ending, Result
from worker.conversations.outcomes import Answer, Citation, Handoff
from worker.redaction import Redactor

TICKET = PastTicket(location="line 2", question="q", reply="r", subject="s")


def of(outcome):
    return results.of_outcome(4, TICKET, outcome, human="r", closeness=None, seconds=1.5)


def test_each_outcome_has_its_ending_and_comes_back_from_a_file():
    cited = Citation(number=1, document_id="doc_1", title="Pay", url=None, quote="By card.", start=0, end=8)
    asked = Answer(kind="clarification", content="Which?", citations=(cited,), support=1.0, answerer="llm")
    for outcome, ending in (
        (answer(), Ending.ANSWERED),
        (asked, Ending.ASKED_BACK),
        (Answer(kind="courtesy", content="Hi", citations=(), support=1.0, answerer="x"), Ending.COURTESY),
        (Handoff(reason="rule", category="legal", summary="!"), Ending.HANDED_OFF),
    ):
        found = of(outcome)
        assert found.ending == ending
        assert Result.from_json(found.to_json()) == found
    assert of(asked).sources == ({"title": "Pay", "url": None, "quote": "By card."},)
    assert results.of_failure(1, TICKET, "x").score == 1.0
    assert results.of_automatic(1, TICKET, "x").why == "x"


def test_masking_reaches_every_text():
    cited = Citation(number=1, document_id="d", title="T", url=None, quote="ada@shop.example", start=0, end=8)
    found = of(Answer(content="ada@shop.example", citations=(cited,), support=1.0, answerer="x"))
    assert "ada@" not in str(found.redacted(Redactor()).to_json())

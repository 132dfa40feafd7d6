"""The quality report."""

from dataclasses import replace

from tests.support.fakes import answer
from tests.web.calls import submit
from worker.conversations.outcomes import Handoff


def test_the_quality_report_has_totals_plots_and_a_table(browser, call, services):
    for outcome in (answer(), replace(answer(), support=0.5, confidence=0.7), Handoff(reason="no_answer", summary="?")):
        made = submit(call)
        services.mailbox.finish(services.mailbox.claim(made["conversation_id"]), outcome)
        if not isinstance(outcome, Handoff):
            browser.post(f"/console/messages/{made['id']}/{'good' if outcome.support == 1 else 'bad'}")
    page = browser.get("/console/quality?days=7").text
    assert "<dd>67%</dd>" in page
    assert page.count('<svg class="plot"') == 7
    assert "answered 2</title>" in page
    assert "no answer found 1</title>" in page
    assert "support from 0.50: 67% answered, 50% rejected of 2 rated" in page
    assert "confidence from 0.70: 33% answered, 100% rejected of 1 rated" in page
    assert "rejected 1</title>" in page
    assert browser.get("/console/quality?days=x").status_code == 200

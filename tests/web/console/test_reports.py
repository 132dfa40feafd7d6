"""The page of reports, its CSV, and the weekly mail."""

import csv
import io

import pytest

from tests.support.fakes import answer
from tests.web.console.browser import XSS
from worker.conversations.intake import Opening, Submission
from worker.conversations.outcomes import Handoff
from worker.knowledge.search_service import NoWorker
from worker.reports.collecting import FactCollector


@pytest.fixture
def ask(services, monkeypatch):
    monkeypatch.setattr("worker.reports.collecting._SETTLED_MS", 0)

    def do(outcome, *, channel="widget"):
        opening = Opening(channel=channel)
        submission = Submission(content="How can I pay?", deadline_s=100)
        made = services.intake.submit(services.keys.workspace(), opening, submission).message
        services.mailbox.finish(services.mailbox.claim(made["conversation_id"]), outcome)
        FactCollector(services.store).collect()

    return do


def test_figures_charts_and_tables_are_shown(browser, ask):
    ask(answer())
    ask(Handoff(reason="no_answer", summary="?"), channel=XSS[:64])
    page = browser.get("/console/reports").text
    assert '<dt>Resolved by the bot</dt><dd>50 %</dd><dd class="before">– before</dd>' in page
    assert 'role="img" aria-label="Conversations by the day they began, and outcome"' in page
    assert "No answer found" in page
    assert "<script>alert" not in page
    assert 'style="' not in page  # which the policy would refuse
    year = browser.get("/console/reports?days=365").text
    assert "Week of" in year


def test_filters_and_periods_are_kept_and_wrong_ones_named(browser, ask):
    ask(answer())
    page = browser.get("/console/reports?channel=none&days=7").text
    assert "No conversations" not in page.partition("By channel")[2].partition("By language")[0]
    assert "channel=none" in page
    wrong = browser.get("/console/reports?since=2026-02-01&until=2026-01-01")
    assert wrong.status_code == 422
    assert "Must not be before `since`." in wrong.text
    assert browser.get("/console/reports?since=x").status_code == 422
    assert browser.get("/console/reports?days=x").status_code == 200


def test_the_csv_has_the_same_figures_and_no_formulas(browser, ask):
    ask(answer(), channel="=1+1")
    response = browser.get("/console/reports.csv?days=7")
    assert response.content_type == "text/csv; charset=utf-8"
    lines = list(csv.DictReader(io.StringIO(response.text)))
    assert [line["group"] for line in lines].count("day") == 7
    total = lines[0]
    assert (total["group"], total["conversations"], total["resolution_rate"]) == ("totals", "1", "1.0")
    assert total["first_response_ms_p50"] != ""
    assert [line["name"] for line in lines if line["group"] == "channel"] == ["'=1+1"]


def test_topics_come_from_a_worker_or_not_at_all(browser, services, monkeypatch):
    topic = {"name": "Paying", "conversations": 2, "resolved_by_bot": 1, "handed_off": 1, "without_answer": 1}
    found = {"conversations": 3, "items": [{**topic, "conversation_id": "conv_1"}]}
    monkeypatch.setattr(services.search_client, "topics", lambda *_a, **_k: found)
    assert "Paying" in browser.get("/console/reports/topics").text

    def none(*_a, **_k):
        raise NoWorker

    monkeypatch.setattr(services.search_client, "topics", none)
    assert "No answer worker" in browser.get("/console/reports/topics").text


def test_the_weekly_mail_is_turned_on_by_people_alone(browser, person, services, monkeypatch):
    assert browser.post("/console/reports/mail", wanted="1").status_code == 403
    viewer = person("viewer")
    assert "By mail" not in viewer.get("/console/reports").text  # no mail server is set
    monkeypatch.setattr(services.accounts.mails, "_mailer", object())
    assert "Mail me the weekly report" in viewer.get("/console/reports").text
    assert viewer.post("/console/reports/mail", wanted="1").status_code == 303
    assert "Stop the weekly mail" in viewer.get("/console/reports").text
    viewer.post("/console/reports/mail", wanted="0")
    assert "Mail me the weekly report" in viewer.get("/console/reports").text

"""The language model as the console shows it, and its budgets."""

from dataclasses import replace

from tests.support.endpoint import endpoint, stream
from tests.support.services import override
from worker.budgets import Budget
from worker.ids import new_id
from worker.store.tables import spending


def test_budgets_show_the_spending_of_today(browser, services):
    today = __import__("datetime").datetime.now(__import__("datetime").UTC).date()
    with services.store.begin() as tx:
        row = {"id": new_id("acc"), "workspace_id": services.keys.workspace(), "scope": "day", "subject": "all"}
        booked = {"calls": 3, "prompt_tokens": 900, "completion_tokens": 100, "cost_usd": 0.5, "updated_at": 1}
        tx.execute(spending.insert().values(day=str(today), **row, **booked))
        keys = [row | {"id": new_id("acc"), "scope": "key", "subject": f"key_{number}"} for number in range(60)]
        costs = [booked | {"cost_usd": 9.0 if number == 0 else 0.01} for number in range(60)]
        tx.execute(spending.insert(), [{"day": str(today), **a, **b} for a, b in zip(keys, costs, strict=True)])
    page = browser.get("/console/budgets").text
    assert "1000" in page
    assert "$0.5000" in page
    assert page.index("$9.0000") < page.index("$0.0100")  # sorted by spending, highest first


def test_the_budgets_of_the_judge_are_shown_apart(app, browser, services):
    settings = replace(
        services.settings, budgets=(Budget.parse("day=9usd"),), judge_budgets=(Budget.parse("day=2usd"),)
    )
    override(app, settings=settings)
    page = browser.get("/console/budgets").text
    assert "day, for the judge alone" in page
    assert page.index("9.0 usd") < page.index("2.0 usd")


def test_without_a_language_model_the_page_says_how_to_use_one(browser):
    assert "/console/settings/model" in browser.get("/console/model").text


def test_a_check_of_the_language_model_shows_what_works(app, browser, services):
    with endpoint(lambda _body: stream("We are ", "<b>open</b>.")) as served:
        llm = replace(services.settings, answerer="llm", openai_base_url=served.url, models=("some-model",))
        override(app, settings=llm)
        assert "some-model" in browser.get("/console/model").text
        assert served.requests == []
        page = browser.post("/console/model").text
    assert "&lt;b&gt;open&lt;/b&gt;" in page
    assert "max_tokens" in page
    assert len(served.requests) == 3


def test_a_model_that_the_check_leaves_out_is_not_said_to_fail(app, browser, services):
    with endpoint(lambda _body: stream("We are ", "open.")) as served:
        models = tuple(f"m{number}" for number in range(6))
        override(app, settings=replace(services.settings, answerer="llm", openai_base_url=served.url, models=models))
        page = browser.post("/console/model").text
    assert "Not checked" in page.split("<h2>m5</h2>")[1]
    assert "Not checked" not in page.split("<h2>m5</h2>")[0]


def test_only_an_admin_checks_the_language_model(reader):
    assert reader.get("/console/model").status_code == 403
    assert reader.post("/console/model").status_code == 403

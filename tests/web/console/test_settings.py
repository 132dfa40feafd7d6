"""The settings of the workspace, in the console."""

import ipaddress
import re
from dataclasses import replace

import pytest
from redis import Redis

from tests.support.fakes import answer as answered
from tests.support.services import override
from tests.web.console.browser import XSS
from worker.answering import direct_answers
from worker.conversations.outcomes import Handoff
from worker.knowledge.search_service import ANSWERS, Responder
from worker.services.accounts import build_secret_box
from worker.services.common import build_workspace_settings

MODEL = "/console/settings/model"
CHECKS = "/console/settings/checks"
ANSWER = answered("It is blue.")


def version(page):
    return re.search(r'name="version" value="(\d+)"', page)[1]


def stored(services):
    return services.workspace_settings.overrides(services.keys.workspace())


def use(app, services, settings):
    """Let the application be a process that begins now with these settings."""
    override(app, workspace_settings=build_workspace_settings(services.store, settings, build_secret_box(settings)))


def test_a_change_is_shown_before_it_is_saved_and_stands_in_the_history(browser, services):
    assert browser.get("/console/settings").headers["Location"] == MODEL
    form = {"version": version(browser.get(CHECKS).text), "min_confidence": "0.6", "verifier": "local"}
    reviewed = browser.post(f"{CHECKS}/review", **form)
    assert reviewed.status_code == 200
    assert '<th scope="row">Verifier</th><td>default → local</td>' in reviewed.text
    assert stored(services).version == 0
    assert browser.post(CHECKS, **form).status_code == 303
    assert stored(services).values == {"min_confidence": 0.6, "verifier": "local"}
    page = browser.get(f"{CHECKS}?saved=1").text
    assert "Saved." in page
    assert "Set here; the default is 0.35." in page
    history = browser.get("/console/settings/history").text
    assert "Least confidence of extractive answers</td><td>default → 0.6</td>" in history

    reset = browser.post(f"{CHECKS}/review", **form, reset="min_confidence").text
    assert "<td>0.6 → default</td>" in reset
    browser.post(CHECKS, **{**form, "version": "1", "min_confidence": "", "verifier": ""})
    assert stored(services).values == {}


def test_a_wrong_value_is_shown_with_its_reason_and_nothing_is_saved(browser, services):
    for path in (CHECKS, f"{CHECKS}/review"):
        refused = browser.post(path, version="0", min_confidence=XSS, judge_timeout_s="0")
        assert refused.status_code == 422
        assert "2 values need a correction" in refused.text
        assert 'aria-invalid="true"' in refused.text
        assert "<script>alert" not in refused.text
    assert stored(services).version == 0
    elsewhere = browser.post("/console/settings/costs/review", version="0", budgets="day=5usd")
    assert elsewhere.status_code == 422
    assert "prices has no price of gpt-4o-mini" in elsewhere.text
    assert 'href="#budgets"' in elsewhere.text
    contradicting = browser.post(f"{MODEL}/review", version="0", answerer="llm")
    assert contradicting.status_code == 422


def test_a_key_is_typed_once_and_no_page_ever_has_it(browser, services):
    form = {"version": "0", "openai_base_url": "https://8.8.8.8/v1", "models": "large"}
    reviewed = browser.post(f"{MODEL}/review", **form, openai_api_key="sk-secret")
    assert "sk-secret" not in reviewed.text
    sealed = re.search(r'name="openai_api_key-sealed" value="([^"]+)"', reviewed.text)[1]
    assert browser.post(MODEL, **form, **{"openai_api_key-sealed": sealed}).status_code == 303
    assert services.workspace_settings.of(services.keys.workspace()).openai_api_key == "sk-secret"
    page = browser.get(MODEL).text
    assert "set, not shown" in page
    assert "sk-secret" not in page + browser.get("/console/settings/history").text

    kept = browser.post(MODEL, **{**form, "version": "1", "models": "small"})
    assert kept.status_code == 303
    assert services.workspace_settings.of(services.keys.workspace()).openai_api_key == "sk-secret"
    stolen = stored(services).secrets["openai_api_key"]  # what the database has is no secret of a form
    moved = {**form, "version": "2", "openai_base_url": "https://9.9.9.9/v1", "openai_api_key-sealed": stolen}
    assert browser.post(MODEL, **moved).status_code == 422
    assert browser.post(MODEL, **{**form, "version": "2", "openai_api_key-remove": "1"}).status_code == 303
    assert stored(services).secrets == {}


def test_an_edit_does_not_replace_what_somebody_else_saved_meanwhile(browser, services):
    services.workspace_settings.change(services.keys.workspace(), {"verifier": "judge"})
    late = browser.post(CHECKS, version="0", verifier="local")
    assert late.status_code == 409
    assert "were changed while you edited" in late.text
    assert "<td>judge → local</td>" in late.text
    assert browser.post(CHECKS, version=version(late.text), verifier="local").status_code == 303
    assert stored(services).values["verifier"] == "local"


def test_a_model_is_tried_with_what_was_typed_before_it_is_saved(browser, app, model_url, services, settings):
    form = {"version": "0", "openai_base_url": f"{model_url}/v1", "models": "good, fail-500", "check": "1"}
    refused = browser.post(f"{MODEL}/review", **form)
    assert "ANSWERBACK_MODEL_ALLOW" in refused.text
    nothing = browser.post(f"{MODEL}/review", version="0", check="1")
    assert "nothing to check" in nothing.text
    use(app, services, replace(settings, model_allow=(ipaddress.ip_network("127.0.0.0/8"),)))
    tried = browser.post(f"{MODEL}/review", **form).text
    assert tried.count('<span class="badge answered">works</span>') == 2
    assert tried.count('<span class="badge failed">does not work</span>') == 1
    assert stored(services).version == 0


@pytest.fixture
def worker(settings):
    """Play a worker that answers what is tried; yields the questions that it got."""
    asked, redis = [], Redis.from_url(settings.redis)

    def answer(**question):
        asked.append(question)
        handoff = Handoff(reason="no_answer", summary=f"Nothing is known. {XSS}")
        return direct_answers.to_api(ANSWER if question.get("tried") else handoff)

    responder = Responder(redis, {"answer": answer}, queue=ANSWERS, prefix=settings.redis_prefix, threads=1)
    responder.start()
    yield asked
    responder.stop()
    redis.close()


def test_a_question_is_tried_with_the_settings_of_today_and_with_the_changes_beside_each_other(
    browser, services, worker
):
    form = {"version": "0", "openai_base_url": "https://8.8.8.8/v1", "models": "large", "openai_api_key": "sk-secret"}
    page = browser.post(f"{MODEL}/review", **form, question="What colour is it?", **{"try": "1"}).text
    assert page.index("Today") < page.index("no answer found") < page.index("With these changes") < page.index("blue")
    assert "<script>alert" not in page
    today, changed = worker
    assert "tried" not in today
    assert changed["tried"]["models"] == ["large"]
    assert "sk-secret" not in repr(worker), "secrets go through Redis encrypted"
    owner = services.keys.workspace()
    assert services.workspace_settings.opened(owner, changed["tried"])["openai_api_key"] == "sk-secret"
    assert stored(services).version == 0
    assert browser.get("/console/settings/history").text.count("Nothing was changed yet") == 1


def test_the_reason_why_messages_wait_is_shown_where_settings_cannot_be_used(browser, app, services, settings):
    services.workspace_settings.change(services.keys.workspace(), {"openai_api_key": "sk-secret"})
    settings.secret_key_file.unlink()
    use(app, services, settings)
    assert "messages wait for them" in browser.get(CHECKS).text


def test_the_overrides_are_downloaded_as_the_file_that_apply_reads(browser, services):
    services.workspace_settings.change(services.keys.workspace(), {"models": ["large"], "openai_api_key": "sk-secret"})
    sent = browser.get("/console/settings/file")
    assert "attachment" in sent.headers["Content-Disposition"]
    assert "large" in sent.text
    assert "sk-secret" not in sent.text


def test_only_administrators_see_settings(reader, writer, browser):
    for user in (reader, writer):
        assert user.get(MODEL).status_code == 403
        assert user.post(MODEL, version="0").status_code == 403
        assert "/console/settings" not in user.get("/console").text
    assert browser.get("/console/settings/none").status_code == 404

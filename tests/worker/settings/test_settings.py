"""Settings: all problems at once, secrets hidden, each documented."""

from dataclasses import fields
from pathlib import Path

import pytest

from docs.generate import settings_page
from tests.support.processes import ROOT
from worker.errors import SettingsInvalid
from worker.settings import Settings


def test_all_problems_are_told_at_once():
    with pytest.raises(SettingsInvalid) as caught:
        Settings.from_env({"ANSWERBACK_PORT": "99999", "ANSWERBACK_LEASE_S": "0", "ANSWERBACK_RATE_LIMIT": "fast"})
    assert len(caught.value.problems) == 3
    assert "ANSWERBACK_PORT must be a port from 1 to 65535, not '99999'." in caught.value.problems


def test_a_setting_that_is_gone_is_refused_with_the_name_of_what_replaces_it():
    with pytest.raises(SettingsInvalid, match="ANSWERBACK_GATE_COVERAGE"):
        Settings.from_env({"ANSWERBACK_MIN_RELEVANCE": "0.5"})


def test_contradictions_are_told_too():
    with pytest.raises(SettingsInvalid, match="needs OPENAI_API_KEY"):
        Settings.from_env({"ANSWERBACK_ANSWERER": "llm"})
    with pytest.raises(SettingsInvalid, match="Fernet"):
        Settings.from_env({"ANSWERBACK_SESSION_KEYS": "short"})


@pytest.mark.parametrize(
    ("env", "named"),
    [
        ({"ANSWERBACK_BUDGETS": "day=5usd", "ANSWERBACK_PRICES": "m=1/2", "ANSWERBACK_JUDGE_MODEL": "cheap"}, "cheap"),
        ({"ANSWERBACK_JUDGE_BUDGETS": "day=5usd"}, "of m"),
        ({"ANSWERBACK_JUDGE_BUDGETS": "day=5usd", "ANSWERBACK_JUDGE_MODEL": "cheap"}, "cheap"),
    ],
)
def test_a_model_without_a_price_is_not_free_under_a_budget_in_dollars(env, named):
    model = {"OPENAI_API_KEY": "sk-1", "ANSWERBACK_MODELS": "m"}
    with pytest.raises(SettingsInvalid, match=f"no price .*{named}"):
        Settings.from_env({**model, **env})
    assert Settings.from_env({**model, **env, "ANSWERBACK_VERIFIER": "local", "ANSWERBACK_PRICES": "m=1/2"}).models


def test_secrets_are_neither_shown_nor_quoted():
    env = {"OPENAI_API_KEY": "sk-secret", "ANSWERBACK_DATABASE_URL": "postgresql://u:hunter2@db/x"}
    assert "secret" not in repr(Settings.from_env(env))
    assert "hunter2" not in repr(Settings.from_env(env))


def test_every_setting_is_documented_and_the_page_is_current():
    assert all(setting.metadata["help"] for setting in fields(Settings))
    assert Path(ROOT / "docs" / "settings.md").read_text() == settings_page()

"""Settings: all problems at once, secrets hidden, each documented."""

from dataclasses import fields
from pathlib import Path

import pytest

from docs.generate import settings_page
from tests.support.processes import ROOT
from worker.errors import SettingsInvalid
from worker.settings import Settings, masked


def test_all_problems_are_told_at_once():
    with pytest.raises(SettingsInvalid) as caught:
        Settings.from_env({"ANSWERBACK_PORT": "99999", "ANSWERBACK_LEASE_S": "0", "ANSWERBACK_RATE_LIMIT": "fast"})
    assert len(caught.value.problems) == 3
    assert "ANSWERBACK_PORT must be a port from 1 to 65535, not '99999'." in caught.value.problems


def test_contradictions_are_told_too():
    with pytest.raises(SettingsInvalid, match="needs OPENAI_API_KEY"):
        Settings.from_env({"ANSWERBACK_ANSWERER": "llm"})
    with pytest.raises(SettingsInvalid, match="Fernet"):
        Settings.from_env({"ANSWERBACK_SESSION_KEYS": "short"})


def test_secrets_are_neither_shown_nor_quoted():
    env = {"OPENAI_API_KEY": "sk-secret", "ANSWERBACK_DATABASE_URL": "postgresql://u:hunter2@db/x"}
    assert "secret" not in repr(Settings.from_env(env))
    assert "hunter2" not in repr(Settings.from_env(env))
    assert masked("redis://u:hunter2@h:1/0?password=hunter2") == "redis://h:1/0"
    assert masked("postgresql://db/x?user=a&password=hunter2") == "postgresql://db/x"
    assert masked("redis://:p@ss@host") == "redis://host"
    assert masked("sqlite:////var/x.db") == "sqlite:////var/x.db"


def test_every_setting_is_documented_and_the_page_is_current():
    assert all(setting.metadata["help"] for setting in fields(Settings))
    assert Path(ROOT / "docs" / "settings.md").read_text() == settings_page()

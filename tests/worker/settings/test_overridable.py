"""The settings that workspaces may override: the forms of their values."""

from dataclasses import fields

import pytest

from worker.budgets import Budget
from worker.settings import Settings
from worker.settings.overridable import AREAS, OVERRIDABLE, Kind, ValueRefused, in_area

#: A value of each setting that is not its default, as JSON has it.
VALUES = {
    "answerer": "llm",
    "openai_base_url": "https://models.example/v1",
    "openai_api_key": "sk-desk",
    "models": ["large", "small"],
    "model_timeout_s": 12.5,
    "use_tools": False,
    "redact_model": True,
    "verifier": "local",
    "judge_model": "small",
    "judge_timeout_s": 3,
    "min_confidence": 0.5,
    "pleasantries": "keep",
    "other_language": "handoff",
    "gate_coverage": 0.9,
    "gate_risk": 0.25,
    "max_replies_per_hour": 0,
    "resume_after_h": 24,
    "suggestions": False,
    "conversation_url": "https://desk.example/{id}",
    "prices": ["large=2.5/10", "org/small=0.15/0.6"],
    "budgets": ["day=20usd", "conversation=50000tokens"],
    "judge_budgets": [],
    "second_factor": "admins",
    "response_targets": ["urgent=30m", "normal=8h30m"],
    "resolution_targets": [],
    "business_hours": ["Europe/Berlin", "mon-fri 09:00-17:30", "2026-12-25"],
}


@pytest.mark.parametrize("name", OVERRIDABLE)
def test_a_value_is_the_same_after_it_was_stored_and_after_a_form_sent_it_back(name):
    setting, value = OVERRIDABLE[name], VALUES[name]
    loaded = setting.load(value)
    assert setting.dump(loaded) == value
    assert setting.load(setting.from_text(setting.to_text(value))) == loaded


def test_every_setting_is_one_of_the_environment_and_has_a_place_in_the_console():
    of_environment = {field.name: field.metadata["env"] for field in fields(Settings)}
    assert {name: setting.env for name, setting in OVERRIDABLE.items()}.items() <= of_environment.items()
    shown = [setting.name for area in AREAS for setting in in_area(area.name)]
    assert sorted(shown) == sorted(OVERRIDABLE)
    assert {setting.name for setting in OVERRIDABLE.values() if setting.is_secret} == {"openai_api_key"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("models", []),
        ("models", "large"),
        ("models", ["large,small"]),
        ("models", [" "]),
        ("models", ["m"] * 51),
        ("model_timeout_s", 0),
        ("model_timeout_s", "12"),
        ("model_timeout_s", True),
        ("model_timeout_s", float("nan")),
        ("model_timeout_s", float("inf")),
        ("model_timeout_s", 1e308),
        ("judge_timeout_s", 1e-300),
        ("resume_after_h", 1e300),
        ("max_replies_per_hour", 2.5),
        ("max_replies_per_hour", -1),
        ("max_replies_per_hour", 10**400),
        ("use_tools", "on"),
        ("use_tools", 1),
        ("verifier", "both"),
        ("verifier", None),
        ("gate_risk", 1.5),
        ("openai_base_url", "models.example"),
        ("openai_base_url", "https://models.example\n"),
        ("judge_model", ""),
        ("judge_model", "a\x00b"),
        ("judge_model", "m" * 2_001),
        ("prices", ["large=free"]),
        ("prices", ["large=nan/1"]),
        ("budgets", ["week=20usd"]),
        ("conversation_url", "https://desk.example/"),
    ],
)
def test_a_value_of_another_form_is_refused_with_the_form_that_is_expected(name, value):
    with pytest.raises(ValueRefused) as refused:
        OVERRIDABLE[name].load(value)
    assert str(refused.value).startswith(f"Must be {OVERRIDABLE[name].expected}, not ")
    assert len(str(refused.value)) < 500


@pytest.mark.parametrize("key", ["sk-secret\n", "sk-secret-schlüssel", "sk-secret of ours"])
def test_a_secret_is_not_repeated_when_it_is_refused(key):
    with pytest.raises(ValueRefused, match="not its value") as refused:
        OVERRIDABLE["openai_api_key"].load(key)
    assert "sk-secret" not in str(refused.value)


def test_what_people_type_into_a_form_is_read_as_they_mean_it():
    assert OVERRIDABLE["models"].from_text(" large ,\nsmall,, ") == ["large", "small"]
    assert OVERRIDABLE["use_tools"].from_text("Off") is False
    assert OVERRIDABLE["max_replies_per_hour"].from_text("12") == 12
    assert OVERRIDABLE["min_confidence"].from_text("0.5") == 0.5
    for name, text in (("min_confidence", "half"), ("max_replies_per_hour", "1.5"), ("use_tools", "maybe")):
        with pytest.raises(ValueRefused):
            OVERRIDABLE[name].load(OVERRIDABLE[name].from_text(text))


def test_budgets_are_shown_as_they_are_written():
    assert str(Budget.parse("day=0.25usd")) == "day=0.25usd"
    assert str(Budget.parse("key=2500000tokens")) == "key=2500000tokens"
    assert OVERRIDABLE["verifier"].kind == Kind.CHOICE
    assert OVERRIDABLE["verifier"].choices == ("local", "judge")

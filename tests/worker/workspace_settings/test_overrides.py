"""What overrides result in, and what is refused."""

import pytest

from worker.budgets import Budget
from worker.settings import Settings
from worker.workspace_settings.overrides import MASK, Overrides, SettingsRefused, loaded, merged, settings_with

DEFAULTS = Settings(openai_api_key="sk-installation", models=("large",))


NOTHING = Overrides()


def changed(box, new, before=NOTHING):
    return merged(before, loaded(new), box)


def test_all_problems_are_named_at_once_and_unknown_names_lead_to_the_right_place():
    with pytest.raises(SettingsRefused) as refused:
        loaded({"min_confidence": 2, "modles": ["x"], "redis_url": "redis://x", "use_tools": True})
    assert refused.value.problems_by_field == {
        "min_confidence": "Must be a number from 0 to 1, not 2.",
        "modles": "There is no setting of this name. Did you mean models?",
        "redis_url": "Belongs to the installation, for all workspaces: set ANSWERBACK_REDIS_URL in the environment.",
    }


def test_changes_say_what_was_before_and_never_show_a_secret(box):
    first, changes = changed(box, {"models": ["small"], "openai_api_key": "sk-desk"})
    assert [change.to_api() for change in changes] == [
        {"name": "models", "before": None, "after": ["small"]},
        {"name": "openai_api_key", "before": None, "after": MASK},
    ]
    assert "sk-desk" not in repr(first)
    _, again = changed(box, {"models": ["small"]}, first)
    assert again == []
    second, back = changed(box, {"models": None, "openai_api_key": None}, first)
    assert [(change.before, change.after) for change in back] == [(["small"], None), (MASK, None)]
    assert (second.values, second.secrets) == ({}, {})


def test_the_key_of_the_installation_is_never_sent_to_an_address_of_a_workspace(box):
    overrides, _ = changed(box, {"openai_base_url": "https://models.example/v1"})
    assert settings_with(DEFAULTS, overrides, box).openai_api_key is None
    overrides, _ = changed(box, {"openai_api_key": "sk-desk"}, overrides)
    assert settings_with(DEFAULTS, overrides, box).openai_api_key == "sk-desk"
    only_models, _ = changed(box, {"models": ["small"]})
    assert settings_with(DEFAULTS, only_models, box).openai_api_key == "sk-installation"


def test_a_stored_key_is_not_sent_to_an_address_that_it_was_not_given_for(box):
    overrides, _ = changed(box, {"openai_base_url": "https://models.example/v1", "openai_api_key": "sk-desk"})
    for moved in ("https://elsewhere.example/v1", None):
        with pytest.raises(SettingsRefused, match="Give the key again"):
            changed(box, {"openai_base_url": moved}, overrides)
    changed(box, {"openai_base_url": "https://elsewhere.example/v1", "openai_api_key": "sk-other"}, overrides)
    changed(box, {"openai_base_url": None, "openai_api_key": None}, overrides)


def test_values_that_contradict_each_other_are_refused_in_the_words_of_settings(box):
    overrides, _ = changed(box, {"budgets": ["day=20usd"]})
    with pytest.raises(SettingsRefused) as refused:
        settings_with(DEFAULTS, overrides, box)
    assert refused.value.problems_by_field == {"budgets": "budgets is in US dollars, but prices has no price of large."}
    priced, _ = changed(box, {"prices": ["large=1/2"]}, overrides)
    assert settings_with(DEFAULTS, priced, box).budgets[0].most == 20
    overrides, _ = changed(box, {"answerer": "llm"})
    with pytest.raises(SettingsRefused, match="answerer"):
        settings_with(Settings(), overrides, box)


PAID = Settings(
    openai_api_key="sk-installation",
    models=("large",),
    prices=(("large", 2.0, 8.0), ("cheap", 0.1, 0.4)),
    budgets=(Budget.parse("day=20usd"),),
    judge_budgets=(Budget.parse("day=2usd"),),
)


def held(box, new, defaults=PAID):
    overrides, _ = changed(box, new)
    return settings_with(defaults, overrides, box)


def test_who_spends_from_the_key_of_the_installation_stays_within_its_budgets_at_its_prices(box):
    mine = held(box, {"budgets": [], "judge_budgets": ["day=90usd"], "prices": ["large=0/0"]})
    assert mine.budgets == PAID.budgets
    assert [str(budget) for budget in mine.judge_budgets] == ["day=90usd", "day=2usd"]
    assert ("large", 2.0, 8.0) in mine.prices
    assert ("large", 0.0, 0.0) not in mine.prices
    lower = held(box, {"budgets": ["day=5usd"], "models": ["cheap"]})
    assert [str(budget) for budget in lower.budgets] == ["day=5usd", "day=20usd"]
    for name, value in (("models", ["large", "dear"]), ("judge_model", "dear")):
        with pytest.raises(SettingsRefused, match="it has no price of dear") as refused:
            held(box, {name: value, "prices": ["dear=0/0"]})
        assert list(refused.value.problems_by_field) == [name]


@pytest.mark.parametrize(
    "own", [{"openai_api_key": "sk-desk"}, {"openai_base_url": "https://models.example/v1", "answerer": "llm"}]
)
def test_who_pays_for_the_model_has_budgets_and_prices_of_their_own(box, own):
    mine = held(box, {**own, "models": ["dear"], "budgets": [], "judge_budgets": [], "prices": ["dear=1/2"]})
    assert (mine.budgets, mine.judge_budgets, mine.prices) == ((), (), (("dear", 1.0, 2.0),))


def test_an_override_of_a_later_version_has_no_effect_after_a_downgrade(box):
    overrides = Overrides(version=3, values={"of_tomorrow": 1, "use_tools": False}, secrets={"later": "sealed"})
    assert settings_with(DEFAULTS, overrides, box).use_tools is False

"""The form of an area of the settings."""

from werkzeug.datastructures import MultiDict

from web.console.settings_form import SettingsForm, options
from worker.settings.overridable import OVERRIDABLE
from worker.workspace_settings.overrides import Overrides


def sent(services, area, **inputs):
    return SettingsForm.sent(MultiDict(inputs), area, services.workspace_settings, "ws_1")


def test_a_form_that_is_sent_back_untouched_changes_nothing(services):
    stored = Overrides(values={"models": ["large", "small"], "use_tools": False, "model_timeout_s": 12.5})
    form = SettingsForm.of(stored, "model")
    again = sent(services, "model", **form.texts).new(services.workspace_settings, "ws_1")
    assert {name: value for name, value in again.items() if value is not None} == stored.values
    assert "openai_api_key" not in again, "an empty field of a secret keeps it"


def test_a_list_may_be_typed_on_lines_and_emptied(services):
    new = sent(services, "costs", budgets="day=5usd,\r\nkey=100tokens", judge_budgets="none")
    values = new.new(services.workspace_settings, "ws_1")
    assert values == {"budgets": ["day=5usd", "key=100tokens"], "judge_budgets": []}
    assert sent(services, "model").new(services.workspace_settings, "ws_1")["prices"] is None


def test_a_sealed_secret_is_one_of_its_workspace_and_setting_alone(services):
    form = sent(services, "model", openai_api_key="sk-secret")
    assert "sk-secret" not in repr(form)
    back = sent(services, "model", **{"openai_api_key-sealed": form.sealed["openai_api_key"]})
    assert back.new(services.workspace_settings, "ws_1")["openai_api_key"] == "sk-secret"
    assert back.new(services.workspace_settings, "ws_2")["openai_api_key"] == ""
    made_up = sent(services, "model", **{"openai_api_key-sealed": "made up"})
    assert made_up.new(services.workspace_settings, "ws_1")["openai_api_key"] == ""


def test_words_are_chosen_from_a_list():
    assert options(OVERRIDABLE["verifier"]) == {"local": "Local", "judge": "Judge"}
    assert options(OVERRIDABLE["use_tools"]) == {"on": "On", "off": "Off"}
    assert options(OVERRIDABLE["models"]) == {}

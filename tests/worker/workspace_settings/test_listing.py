"""The list of settings: values, defaults and sources."""

from worker.settings import Settings
from worker.workspace_settings.listing import to_api
from worker.workspace_settings.overrides import Overrides

NOTHING = Overrides()


def listed(overrides=NOTHING, **defaults):
    return {item["name"]: item for item in to_api(overrides, Settings(**defaults))["items"]}


def test_each_value_says_where_it_is_from():
    overrides = Overrides(version=4, values={"models": ["small"]})
    items = listed(overrides, min_confidence=0.5)
    shown = [(items[name]["value"], items[name]["default"], items[name]["source"]) for name in items]
    assert (["small"], ["gpt-4o-mini"], "workspace") in shown
    assert (0.5, 0.5, "environment") in shown
    assert items["use_tools"]["source"] == "default"
    assert to_api(overrides, Settings())["version"] == 4


def test_of_a_secret_only_whether_there_is_one_is_shown():
    of_installation = listed(openai_api_key="sk-installation")["openai_api_key"]
    assert (of_installation["is_set"], of_installation["value"], of_installation["default"]) == (True, None, None)
    own = listed(Overrides(version=1, secrets={"openai_api_key": "sealed"}))["openai_api_key"]
    assert (own["is_set"], own["value"], own["source"]) == (True, None, "workspace")
    assert listed()["openai_api_key"]["is_set"] is False
    moved = Overrides(version=1, values={"openai_base_url": "https://models.example"})
    assert listed(moved, openai_api_key="sk-installation")["openai_api_key"]["is_set"] is False


def test_a_password_in_the_address_of_the_installation_is_no_business_of_workspaces():
    item = listed(openai_base_url="https://user:secret@models.example/v1?key=secret")["openai_base_url"]
    assert (item["value"], item["source"]) == ("https://models.example/v1", "environment")

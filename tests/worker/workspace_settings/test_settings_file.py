"""The settings of a workspace as a file."""

import pytest

from worker.errors import Invalid
from worker.workspace_settings import settings_file
from worker.workspace_settings.overrides import Overrides, SettingsRefused

STORED = Overrides(
    version=2,
    values={"models": ["large", "small"], "use_tools": False, "min_confidence": 0.5, "judge_model": "on"},
    secrets={"openai_api_key": "sealed"},
)


def read(text, stored=STORED, **environ):
    return settings_file.read(text, stored, environ=environ)


def test_an_exported_file_changes_nothing_where_it_was_exported_and_makes_the_same_elsewhere():
    text = settings_file.write(STORED)
    assert "sealed" not in text
    assert read(text) == STORED.values
    with pytest.raises(SettingsRefused, match="no secret to keep"):
        read(text, Overrides())
    elsewhere = text.replace("keep: true", "env: DESK_KEY")
    assert read(elsewhere, Overrides(), DESK_KEY="sk-desk") == {**STORED.values, "openai_api_key": "sk-desk"}


def test_what_a_file_leaves_out_has_its_default():
    new = read("format: 1\nsettings:\n  use_tools: false\n  openai_api_key: {keep: true}\n")
    assert new == {"use_tools": False, "models": None, "min_confidence": None, "judge_model": None}
    assert read("format: 1\nsettings:\n") == dict.fromkeys((*STORED.values, "openai_api_key"))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "must have `format: 1`"),
        ("- a\n", "must have `format: 1`"),
        ("settings: {}\n", "has format None"),
        ("format: 2\nsettings: {}\n", "has format 2"),
        ("format: 1\nsettings: {}\nvoice: {}\n", "must have `format: 1`"),
        ("format: 1\nsettings: [a]\n", "values by name"),
        ("format: 1\nsettings: {models: }\n", "No value is given of models"),
        ("format: 1\n  settings: {", "is not YAML"),
        ("format: 1\nsettings: !!python/object/apply:os.getcwd []\n", "is not YAML"),
        ("format: 1\nsettings: {openai_api_key: sk-desk}\n", "does not stand in a file"),
        ("format: 1\nsettings: {openai_api_key: {env: DESK_KEY}}\n", "DESK_KEY is not set"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused_with_the_reason(text, problem):
    with pytest.raises(Invalid, match=problem):
        read(text)

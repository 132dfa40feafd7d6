"""Which answerer the settings choose."""

import pytest

from kb import shipped
from kb.encoding import Overrides
from worker.errors import SettingsInvalid
from worker.settings import Settings


def test_a_key_or_base_url_chooses_the_language_model():
    assert Settings.from_env({}).chosen_answerer == "extractive"
    assert Settings.from_env({"OPENAI_BASE_URL": "http://x/v1"}).chosen_answerer == "llm"
    assert (
        Settings.from_env({"OPENAI_API_KEY": "k", "ANSWERBACK_ANSWERER": "extractive"}).chosen_answerer == "extractive"
    )


def test_the_gate_is_stricter_where_no_model_can_say_that_it_has_no_answer():
    assert Settings.from_env({"OPENAI_API_KEY": "k"}).chosen_gate_risk == 1.0
    assert Settings.from_env({}).chosen_gate_risk == 0.5
    assert Settings.from_env({"ANSWERBACK_GATE_RISK": "0.2"}).chosen_gate_risk == 0.2


def test_politeness_is_kept_or_dropped_and_nothing_else():
    assert Settings.from_env({"ANSWERBACK_PLEASANTRIES": "keep"}).pleasantries == "keep"
    with pytest.raises(SettingsInvalid, match="ANSWERBACK_PLEASANTRIES"):
        Settings.from_env({"ANSWERBACK_PLEASANTRIES": "maybe"})


def test_quotes_in_another_language_are_sent_or_not():
    assert Settings.from_env({}).other_language == "quote"
    assert Settings.from_env({"ANSWERBACK_OTHER_LANGUAGE": "handoff"}).other_language == "handoff"
    with pytest.raises(SettingsInvalid, match="ANSWERBACK_OTHER_LANGUAGE"):
        Settings.from_env({"ANSWERBACK_OTHER_LANGUAGE": "translate"})


def test_a_support_model_has_a_folder_beside_the_embedding_model(tmp_path):
    assert Settings.from_env({}).support_folder is None
    env = {"ANSWERBACK_MODEL_DIR": str(tmp_path), "ANSWERBACK_SUPPORT_MODEL": "acme/nli"}
    settings = Settings.from_env(env | {"ANSWERBACK_SUPPORT_LANGUAGES": "en, de"})
    assert settings.support_folder == tmp_path / "support" / "acme_nli"
    assert settings.support_languages == ("en", "de")


def test_prompts_keep_their_spaces_in_double_quotes(tmp_path):
    assert Settings.from_env({}).embedding_overrides == Overrides()
    env = {
        "ANSWERBACK_EMBEDDING_QUERY_PROMPT": '"Instruct: find it\\nQuery: "',
        "ANSWERBACK_EMBEDDING_PASSAGE_PROMPT": '""',
        "ANSWERBACK_EMBEDDING_DIMENSIONS": "256",
    }
    expected = Overrides(query_prompt="Instruct: find it\nQuery: ", passage_prompt="", dimensions=256)
    assert Settings.from_env(env).embedding_overrides == expected
    assert Settings.from_env({"ANSWERBACK_EMBEDDING_QUERY_PROMPT": "query:"}).embedding_query_prompt == "query:"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ANSWERBACK_EMBEDDING_QUERY_PROMPT", '"query: '),
        ("ANSWERBACK_EMBEDDING_PASSAGE_PROMPT", '"a" b'),
        ("ANSWERBACK_EMBEDDING_DIMENSIONS", "0"),
        ("ANSWERBACK_EMBEDDING_DIMENSIONS", "half"),
    ],
)
def test_a_prompt_without_its_end_or_no_dimensions_are_refused(name, value):
    with pytest.raises(SettingsInvalid, match=name):
        Settings.from_env({name: value})


def test_every_model_has_a_folder_of_its_own(tmp_path):
    settings = Settings.from_env({"ANSWERBACK_MODEL_DIR": str(tmp_path)})
    assert settings.folder_of_model("multilingual-e5-small") == tmp_path / "multilingual-e5-small"
    assert settings.folder_of_model("intfloat/e5-base") == tmp_path / "intfloat_e5-base"


def test_the_default_model_is_the_one_that_ships_until_one_was_exported(tmp_path):
    env = {"ANSWERBACK_HOME": str(tmp_path)}
    settings = Settings.from_env(env)
    assert settings.embedding_folder == shipped.folder()
    assert (
        Settings.from_env(env | {"ANSWERBACK_EMBEDDING_PRECISION": "fp32"}).embedding_folder.parent.parent == tmp_path
    )
    named = Settings.from_env(env | {"ANSWERBACK_EMBEDDING_MODEL": "acme/e5"})
    assert named.embedding_folder == named.exported_folder == tmp_path / "models" / "acme_e5"
    settings.exported_folder.mkdir(parents=True)
    (settings.exported_folder / "manifest.json").write_text("{}")
    assert settings.embedding_folder == settings.exported_folder

"""Which answerer the settings choose."""

from worker.settings import Settings


def test_a_key_or_base_url_chooses_the_language_model():
    assert Settings.from_env({}).chosen_answerer == "extractive"
    assert Settings.from_env({"OPENAI_BASE_URL": "http://x/v1"}).chosen_answerer == "llm"
    assert (
        Settings.from_env({"OPENAI_API_KEY": "k", "ANSWERBACK_ANSWERER": "extractive"}).chosen_answerer == "extractive"
    )

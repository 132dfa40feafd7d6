"""What `doctor` says of each thing that can be wrong: what it is, and what to do about it."""

import socket
from dataclasses import replace

from tests.worker.checks.doctor import ask
from worker.settings import Settings


def test_a_language_model_that_cannot_be_asked_is_noticed(env, model_url):
    settings = Settings.from_env({**env, "OPENAI_BASE_URL": f"{model_url}/v1", "ANSWERBACK_MODELS": "good"})
    assert ask(settings)["language model"].problem is None
    assert "ANSWERBACK_MODELS" in ask(replace(settings, models=("bad",)))["language model"].problem
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        away = replace(settings, openai_base_url=f"http://127.0.0.1:{nobody.getsockname()[1]}/v1")
        problem = ask(away)["language model"].problem
    assert "cannot be reached" in problem
    assert "OPENAI_BASE_URL" in problem


def test_a_mail_server_that_takes_nothing_is_noticed_and_its_password_is_not_told(env):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"smtp://user:geheim@127.0.0.1:{nobody.getsockname()[1]}"
        problem = ask(Settings.from_env({**env, "ANSWERBACK_SMTP_URL": url}))["mail"].problem
    assert "ANSWERBACK_SMTP_URL" in problem
    assert "geheim" not in problem

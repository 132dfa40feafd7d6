"""Without the embedding model, words alone answer, and readiness says so."""

import shutil

import pytest

from tests.support.stack import environment, prepare, services
from web import create_app
from worker.answering.question import Question
from worker.conversations.outcomes import Answer, Handoff
from worker.launch.up import sample_folder
from worker.services.worker import build_worker
from worker.settings import Settings


@pytest.fixture
def env(tmp_path, valkey_url, models):
    """An installation with articles, whose model is then lost."""
    made = environment(tmp_path, valkey_url, models, ANSWERBACK_REDIS_PREFIX=f"{tmp_path.name}:")
    prepare(made, sample=sample_folder())
    lost = tmp_path / "lost"
    shutil.copytree(models, lost)
    for file in lost.rglob("*.onnx"):
        file.write_bytes(b"damaged")
    return made | {"ANSWERBACK_MODEL_DIR": str(lost)}


def test_what_shares_words_is_answered_and_what_does_not_is_handed_off(env):
    with services(env) as built:
        workspace_id = built.keys.workspace()
        found = built.agent.answer(Question(workspace_id=workspace_id, content="How do I reset my password?"))
        assert isinstance(found, Answer)
        assert "password" in found.content.lower()
        assert built.snapshot_cache.lexical_only
        lost = built.agent.answer(Question(workspace_id=workspace_id, content="Who painted the Sistine chapel?"))
        assert isinstance(lost, Handoff)


def test_readiness_says_that_words_alone_answer(env):
    settings = Settings.from_env(env)
    worker = build_worker(settings, roles=("answer",))
    app = create_app(settings)
    try:
        worker.presence.report()
        response = app.test_client().get("/readyz")
        shown = response.json["components"]["answer_workers"]
        assert (response.status_code, response.json["status"]) == (200, "degraded")
        assert (shown["state"], shown["lexical_only"]) == ("degraded", 1)
        assert "answerback model" in shown["problem"]
    finally:
        app.extensions["answerback"].close(timeout_s=0.1)
        worker.common.close()

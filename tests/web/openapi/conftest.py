import pytest

from tests.web.openapi.story import Story
from worker.services.answering import _build_responders, build_answer_cache, build_knowledge
from worker.services.common import build_common


@pytest.fixture
def spec(app):
    """The description of the API."""
    return app.test_client().get("/openapi.json").json


@pytest.fixture
def worker(settings, services):
    """A worker's searches and reports, in this process."""
    common = build_common(settings)
    knowledge = build_knowledge(common)
    responders = _build_responders(common, knowledge, build_answer_cache(common))
    for responder in responders:
        responder.start()
    yield
    for responder in responders:
        responder.stop()
    common.close()


@pytest.fixture
def told(call, services, spec, worker):
    """The whole story, and what each operation responded."""
    story = Story(call, services, spec)
    story.tell()
    return story

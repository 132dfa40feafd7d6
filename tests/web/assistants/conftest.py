import pytest
from redis import Redis

from worker.knowledge.search_service import ANSWERS, Responder

CITATION = {
    "number": 1,
    "document_id": "doc_1",
    "title": "Cookies",
    "url": "https://help.example/cookies",
    "quote": "Delete them under Settings.",
    "start": 0,
    "end": 27,
}
ANSWER = {
    "state": "answered",
    "answer": {
        "content": "Delete them under Settings [1].",
        "text": "Delete them under Settings [1].\n\n[1] Cookies: https://help.example/cookies",
        "citations": [CITATION],
    },
    "handoff": None,
    "usage": {"prompt_tokens": 7, "completion_tokens": 3, "cost_usd": 0.0},
}
HANDOFF = {
    "state": "handed_off",
    "answer": None,
    "handoff": {"reason": "no_answer", "summary": "Nothing is known."},
    "usage": {"prompt_tokens": 0, "completion_tokens": 0, "cost_usd": 0.0},
}


@pytest.fixture
def answers_with(settings):
    """Play a worker that answers every question with this, or raises it; return what it is asked."""
    redis = Redis.from_url(settings.redis)
    begun = []

    def do(outcome):
        asked = []

        def answer(**fields):
            asked.append(fields)
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

        begun.append(Responder(redis, {"answer": answer}, queue=ANSWERS, prefix=settings.redis_prefix, threads=1))
        begun[-1].start()
        return asked

    yield do
    for one in begun:
        one.stop()
    redis.close()

"""Direct answers: a question is answered without a conversation; a worker answers it."""

from collections.abc import Mapping, Sequence
from typing import Any

import flask

from web.http.api import Blueprint, services, waiters
from web.http.auth import needs
from web.http.operations import operation
from web.schemas import answers as schemas
from worker.access.permissions import Permission
from worker.knowledge.search_service import NoWorker

blueprint = Blueprint("answers", __name__, description="Answers without a conversation")


@blueprint.post("/answers")
@operation("answers.create", "no_worker", "knowledge_error")
@needs(Permission.CONVERSE)
@blueprint.arguments(schemas.NewQuestion)
@blueprint.response(200, schemas.DirectAnswer)
def answer(new: dict[str, Any]) -> dict[str, Any]:
    """Answer a question without a conversation: nothing is stored, and nobody is told of a handoff."""
    return direct_answer(new["question"], turns=new["turns"], wait_s=new["wait_s"])


def direct_answer(
    question: str, *, turns: Sequence[Mapping[str, str]], wait_s: float, tried: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return a worker's answer to a question (`worker.answering.direct_answers`); `tried` as for `SearchClient.answer`.

    Raises:
        NoWorker: no answer was ready in time, or as many requests wait as may.
        KnowledgeError: the worker could not answer.
    """
    free = waiters()
    if not free.acquire(blocking=False):
        raise NoWorker("As many requests wait for an answer as may; try again.")
    try:
        principal = flask.g.principal
        return services().search_client.answer(
            principal.workspace_id, question, turns=turns, key_id=principal.key_id, timeout_s=wait_s, tried=tried
        )
    finally:
        free.release()

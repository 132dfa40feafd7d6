"""Chat completions in the form of OpenAI's API, so that any chat front end can talk to the desk."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import marshmallow as ma

from web.assistants.openai_format import (
    MODEL,
    ChatAnswer,
    ChatQuestion,
    answer_to,
    now,
    pieces,
    question_of,
    streamed,
    with_error,
)
from web.http.api import Blueprint
from web.http.auth import needs
from web.http.operations import operation
from web.schemas import chat as schemas
from worker.access.permissions import Permission
from worker.ids import new_id

blueprint = Blueprint("chat", __name__, description="Answers in the form of OpenAI's API")
blueprint.after_request(with_error)


@blueprint.get("/models")
@operation("models.list")
@needs(Permission.READ)
@blueprint.response(200)
def models() -> dict[str, Any]:
    """List the one model, as clients of OpenAI's API ask for it."""
    return {"object": "list", "data": [{"id": MODEL, "object": "model", "created": 0, "owned_by": MODEL}]}


@blueprint.post("/chat/completions")
@operation("chat.create_completion", "no_worker", "knowledge_error")
@needs(Permission.CONVERSE)
@blueprint.arguments(schemas.NewChatCompletion, unknown=ma.EXCLUDE)
@blueprint.response(200)
def complete(new: dict[str, Any]) -> Any:
    """Answer the last of a list of messages; nothing is stored, and nobody is told of a handoff."""
    question = question_of(new["messages"], field="messages")
    head = {"id": new_id("chatcmpl"), "created": now(), "model": MODEL}
    if new["stream"]:
        options = new.get("stream_options") or {}
        return streamed(partial(_chunks, question, head, with_usage=options.get("include_usage", False)))
    answer = answer_to(question)
    message = {
        "role": "assistant",
        "content": answer.text,
        "refusal": answer.refusal,
        "annotations": _annotations(answer),
    }
    return {
        **head,
        "object": "chat.completion",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}],
        "usage": _usage(answer),
        "answerback": answer.direct_answer,
    }


def _chunks(
    question: ChatQuestion, head: Mapping[str, Any], *, with_usage: bool
) -> Iterator[tuple[str | None, dict[str, Any] | str]]:
    """Yield the chunks of a stream; the text comes when all of it is checked."""

    def chunk(delta: Mapping[str, Any], reason: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "finish_reason": reason, "logprobs": None}
        return {**head, "object": "chat.completion.chunk", "choices": [choice]}

    yield None, chunk({"role": "assistant", "content": ""})
    answer = answer_to(question)
    for piece in pieces(answer.text):
        yield None, chunk({"content": piece})
    if answer.refusal is not None:
        yield None, chunk({"refusal": answer.refusal})
    yield None, {**chunk({"annotations": _annotations(answer)}, "stop"), "answerback": answer.direct_answer}
    if with_usage:
        yield None, {**head, "object": "chat.completion.chunk", "choices": [], "usage": _usage(answer)}
    yield None, "[DONE]"


def _annotations(answer: ChatAnswer) -> list[dict[str, Any]]:
    return [
        {
            "type": "url_citation",
            "url_citation": {
                "start_index": annotation["start"],
                "end_index": annotation["end"],
                "title": annotation["title"],
                "url": annotation["url"],
            },
        }
        for annotation in answer.annotations
    ]


def _usage(answer: ChatAnswer) -> dict[str, int]:
    return {**answer.usage, "total_tokens": sum(answer.usage.values())}

"""Chat completions in the form of OpenAI's API, so that any chat front end can talk to the desk."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import marshmallow as ma

from web.assistants.exchange import MODEL, Asked, Said, asked, now, pieces, said, streamed, with_error
from web.http.api import Blueprint
from web.http.operations import operation
from web.schemas import chat as schemas
from worker.ids import new_id

blueprint = Blueprint("chat", __name__, description="Answers in the form of OpenAI's API")
blueprint.after_request(with_error)


@blueprint.get("/models")
@operation("models.list")
@blueprint.response(200)
def models() -> dict[str, Any]:
    """List the one model, as clients of OpenAI's API ask for it."""
    return {"object": "list", "data": [{"id": MODEL, "object": "model", "created": 0, "owned_by": MODEL}]}


@blueprint.post("/chat/completions")
@operation("chat.create_completion", "no_worker", "knowledge_error")
@blueprint.arguments(schemas.NewChatCompletion, unknown=ma.EXCLUDE)
@blueprint.response(200)
def complete(new: dict[str, Any]) -> Any:
    """Answer the last of a list of messages; nothing is stored, and nobody is told of a handoff."""
    question = asked(new["messages"], field="messages")
    head = {"id": new_id("chatcmpl"), "created": now(), "model": MODEL}
    if new["stream"]:
        options = new.get("stream_options") or {}
        return streamed(partial(_chunks, question, head, with_usage=options.get("include_usage", False)))
    done = said(question)
    message = {
        "role": "assistant",
        "content": done.text,
        "refusal": done.refusal,
        "annotations": _annotations(done),
    }
    return {
        **head,
        "object": "chat.completion",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}],
        "usage": _usage(done),
        "answerback": done.answer,
    }


def _chunks(
    question: Asked, head: Mapping[str, Any], *, with_usage: bool
) -> Iterator[tuple[str | None, dict[str, Any] | str]]:
    """Yield the chunks of a stream; the text comes when all of it is checked."""

    def chunk(delta: Mapping[str, Any], reason: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "finish_reason": reason, "logprobs": None}
        return {**head, "object": "chat.completion.chunk", "choices": [choice]}

    yield None, chunk({"role": "assistant", "content": ""})
    done = said(question)
    for piece in pieces(done.text):
        yield None, chunk({"content": piece})
    if done.refusal is not None:
        yield None, chunk({"refusal": done.refusal})
    yield None, {**chunk({"annotations": _annotations(done)}, "stop"), "answerback": done.answer}
    if with_usage:
        yield None, {**head, "object": "chat.completion.chunk", "choices": [], "usage": _usage(done)}
    yield None, "[DONE]"


def _annotations(done: Said) -> list[dict[str, Any]]:
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
        for annotation in done.annotations
    ]


def _usage(done: Said) -> dict[str, int]:
    return {**done.usage, "total_tokens": sum(done.usage.values())}

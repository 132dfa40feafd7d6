"""Responses in the form of OpenAI's API."""

from collections.abc import Iterator, Mapping, Sequence
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

blueprint = Blueprint("responses", __name__, description="Answers in the form of OpenAI's API")
blueprint.after_request(with_error)


@blueprint.post("/responses")
@operation("responses.create", "no_worker", "knowledge_error")
@needs(Permission.CONVERSE)
@blueprint.arguments(schemas.NewResponse, unknown=ma.EXCLUDE)
@blueprint.response(200)
def respond(new: dict[str, Any]) -> Any:
    """Answer a question, or the last of a list of messages; nothing is stored, and nobody is told of a handoff."""
    question = question_of(new["input"], field="input")
    head = {
        "id": new_id("resp"),
        "object": "response",
        "created_at": now(),
        "model": MODEL,
        "parallel_tool_calls": False,
        "tool_choice": "none",
        "tools": [],
        "error": None,
        "incomplete_details": None,
        "store": False,
    }
    if new["stream"]:
        return streamed(partial(_events, question, head))
    answer = answer_to(question)
    return _response(head, [_item(new_id("msg"), _contents(answer))], answer)


def _events(question: ChatQuestion, head: Mapping[str, Any]) -> Iterator[tuple[str | None, dict[str, Any]]]:
    """Yield the events of a stream; the text comes when all of it is checked."""
    id, number = new_id("msg"), iter(range(1_000_000))

    def event(kind: str, **fields: Any) -> tuple[str, dict[str, Any]]:
        return kind, {"type": kind, "sequence_number": next(number), **fields}

    yield event("response.created", response=_response(head, (), None))
    answer = answer_to(question)
    contents = _contents(answer)
    yield event("response.output_item.added", output_index=0, item=_item(id, (), status="in_progress"))
    for index, part in enumerate(contents):
        at = {"item_id": id, "output_index": 0, "content_index": index}
        is_text = part["type"] == "output_text"
        kind, name = ("output_text", "text") if is_text else ("refusal", "refusal")
        logprobs: dict[str, Any] = {"logprobs": []} if is_text else {}
        empty = {**part, name: "", **({"annotations": []} if is_text else {})}
        yield event("response.content_part.added", **at, part=empty)
        for piece in pieces(part[name]):
            yield event(f"response.{kind}.delta", **at, delta=piece, **logprobs)
        yield event(f"response.{kind}.answer", **at, **{name: part[name]}, **logprobs)
        yield event("response.content_part.answer", **at, part=part)
    item = _item(id, contents)
    yield event("response.output_item.answer", output_index=0, item=item)
    yield event("response.completed", response=_response(head, [item], answer))


def _response(
    head: Mapping[str, Any], output: Sequence[Mapping[str, Any]], answer: ChatAnswer | None
) -> dict[str, Any]:
    if answer is None:
        return {**head, "status": "in_progress", "output": list(output), "usage": None}
    usage = {
        "input_tokens": answer.usage["prompt_tokens"],
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": answer.usage["completion_tokens"],
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": sum(answer.usage.values()),
    }
    return {**head, "status": "completed", "output": list(output), "usage": usage, "answerback": answer.direct_answer}


def _item(id: str, contents: Sequence[Mapping[str, Any]], *, status: str = "completed") -> dict[str, Any]:
    return {"id": id, "type": "message", "role": "assistant", "status": status, "content": list(contents)}


def _contents(answer: ChatAnswer) -> list[dict[str, Any]]:
    annotations = [
        {
            "type": "url_citation",
            "start_index": annotation["start"],
            "end_index": annotation["end"],
            "title": annotation["title"],
            "url": annotation["url"],
        }
        for annotation in answer.annotations
    ]
    text = {"type": "output_text", "text": answer.text, "annotations": annotations, "logprobs": []}
    return [text] if answer.refusal is None else [text, {"type": "refusal", "refusal": answer.refusal}]

"""Shared by the endpoints in the form of OpenAI's API: the question in a list of messages, the text of an answer."""

import json
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import flask
from flask import Response

from kb.errors import KnowledgeError
from web.knowledge.answers import direct_answer
from web.schemas.answers import MAX_WAIT_S
from web.schemas.conversations import MAX_CONTENT
from worker.errors import AnswerbackError, Invalid
from worker.reading.characters import clean
from worker.states import MessageState, Role

#: The one model.
MODEL = "answerback"

MAX_TURNS = 50

#: What is said where a human should answer.
HANDED_OFF = "I cannot answer this from the help centre. Please ask a human."

_MARK = re.compile(r"\[(\d+)\]")
_PIECE = re.compile(r"\S{1,40}\s*|\s+")
_ROLES = {"user": Role.CUSTOMER, "assistant": Role.ASSISTANT}
_TEXT_PARTS = ("text", "input_text", "output_text")


@dataclass(frozen=True, kw_only=True)
class ChatQuestion:
    """The last message of a user, and what was said before it."""

    question: str
    turns: Sequence[Mapping[str, str]]


@dataclass(frozen=True, kw_only=True)
class ChatAnswer:
    """An answer as text.

    Attributes:
        text: with the sources that have an address at its end.
        refusal: why a human should answer; None for an answer.
        annotations: `title`, `url`, `start` and `end` of each citation mark in the text.
        usage: tokens of the language model behind the answer: `prompt_tokens`, `completion_tokens`.
        direct_answer: the answer in the form of this API.
    """

    text: str
    refusal: str | None
    annotations: Sequence[Mapping[str, Any]]
    usage: Mapping[str, int]
    direct_answer: Mapping[str, Any]


def question_of(given: object, *, field: str) -> ChatQuestion:
    """Return the question of a text or of a list of messages; instructions to the model (`system`, `developer`) are
    ignored.

    Raises:
        Invalid: the last message is not a user's, or what is written in it is no text.
    """
    messages = [{"role": "user", "content": given}] if isinstance(given, str) else given
    if not isinstance(messages, list) or not all(isinstance(message, Mapping) for message in messages):
        raise Invalid("Must be a text or a list of messages.", field=field)
    turns = [
        {"role": _ROLES[role].value, "content": text}
        for number, message in enumerate(messages)
        if isinstance(role := message.get("role", "user"), str)
        and role in _ROLES
        and (text := _text(message.get("content"), field=f"{field}.{number}.content").strip())
    ]
    if not turns or turns[-1]["role"] != Role.CUSTOMER:
        raise Invalid("The last message has to be a user's, with text.", field=field)
    question = turns[-1]["content"]
    if len(question) > MAX_CONTENT:
        raise Invalid(f"A question has at most {MAX_CONTENT:,} characters.", field=field)
    earlier = [{**turn, "content": turn["content"][:MAX_CONTENT]} for turn in turns[:-1][-MAX_TURNS:]]
    return ChatQuestion(question=question, turns=earlier)


def _text(content: object, *, field: str) -> str:
    if content is None or isinstance(content, str):
        return clean(content or "")
    if not isinstance(content, Sequence):
        raise Invalid("Must be text, or a list of parts.", field=field)
    parts = []
    for part in content:
        kind = part.get("type") if isinstance(part, Mapping) else None
        if kind == "refusal":  # of an answer before, beside its text
            continue
        if kind not in _TEXT_PARTS:
            raise Invalid("Only parts of text are read.", field=field)
        parts.append(str(part.get("text", "")))
    return clean("\n".join(parts))


def answer_to(question: ChatQuestion) -> ChatAnswer:
    """Return a worker's answer; raises as `direct_answer`."""
    found = direct_answer(question.question, turns=question.turns, wait_s=float(MAX_WAIT_S))
    usage = {name: int(found["usage"][name]) for name in ("prompt_tokens", "completion_tokens")}
    if found["state"] == MessageState.HANDED_OFF:
        refusal = f"{found['handoff']['reason']}: {found['handoff']['summary']}"
        return ChatAnswer(text=HANDED_OFF, refusal=refusal, annotations=(), usage=usage, direct_answer=found)
    answer = found["answer"]
    return ChatAnswer(
        text=answer["text"],
        refusal=None,
        annotations=tuple(_annotations(answer["text"], answer["citations"])),
        usage=usage,
        direct_answer=found,
    )


def _annotations(text: str, citations: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    by_number = {citation["number"]: citation for citation in citations if citation["url"]}
    for match in _MARK.finditer(text):
        if citation := by_number.get(int(match[1])):
            yield {"title": citation["title"], "url": citation["url"], "start": match.start(), "end": match.end()}


def pieces(text: str) -> list[str]:
    """Return a text in pieces of some words, for a stream; together they are the text."""
    return _PIECE.findall(text)


def streamed(events: Callable[[], Iterator[tuple[str | None, Mapping[str, Any] | str]]]) -> Response:
    """Respond with Server-Sent Events, each with a name or without one; a failure becomes an event `error`."""

    def lines() -> Iterator[str]:
        try:
            for name, data in events():
                yield _event(name, data)
        except (AnswerbackError, KnowledgeError) as error:
            yield _event(None, {"error": {"message": str(error), "type": "server_error", "code": error.code}})

    return Response(
        flask.stream_with_context(lines()), mimetype="text/event-stream", headers={"X-Accel-Buffering": "no"}
    )


def _event(name: str | None, data: Mapping[str, Any] | str) -> str:
    # ASCII, so that no line separator of Unicode ends a line.
    line = data if isinstance(data, str) else json.dumps(data)
    return f"{f'event: {name}' + chr(10) if name else ''}data: {line}\n\n"


def now() -> int:
    """Return the time in seconds since 1970, as this form of API has it."""
    return int(time.time())


def with_error(response: Response) -> Response:
    """Give a problem the field `error`, which clients of OpenAI's API read."""
    if response.status_code >= 400 and response.is_json:
        problem = response.get_json()
        field = next((wrong["field"] for wrong in problem.get("errors", ())), None)
        kind = "invalid_request_error" if response.status_code < 500 else "server_error"
        error = {"message": problem["detail"], "type": kind, "param": field, "code": problem["code"]}
        response.set_data(json.dumps({**problem, "error": error}))
    return response

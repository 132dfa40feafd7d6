"""The schema of a voice, which the API and the command line validate with."""

import re
from collections.abc import Mapping
from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from worker.errors import Invalid
from worker.states import AboutAssistant, CitationStyle, Greets
from worker.voice.voice import MAX_SENTENCES, Voice

_LANGUAGE = validate.Regexp(r"^[a-z]{2,3}\Z", error="Must be an ISO 639-1 code such as en.")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}|[{}]")
_PLACEHOLDERS = ("customer", "assistant")


class _Text(fields.String):
    """Text without control characters, not blank; of one line unless `lines`."""

    def __init__(self, *, most: int, lines: bool = False, **options: Any) -> None:
        validators = [validate.Length(min=1, max=most), *options.pop("validate", ())]
        super().__init__(validate=validators, **options)
        self._lines = lines

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        text: str = super()._deserialize(value, attr, data, **options)
        if _CONTROL.search(text):
            raise ma.ValidationError("Control characters are not allowed.")
        if not text.strip():
            raise ma.ValidationError("Must not be blank.")
        if not self._lines and (len(text.splitlines()) > 1 or text != text.strip()):
            raise ma.ValidationError("Must be one line, without white space around it.")
        return text


def _check_placeholders(text: str) -> None:
    for found in _PLACEHOLDER.finditer(text):
        if found[1] not in _PLACEHOLDERS:
            raise ma.ValidationError("Braces may only hold a name: {customer} or {assistant}.")


class FormSchema(ma.Schema):
    """The form of replies in a channel."""

    greeting = _Text(
        most=300,
        lines=True,
        allow_none=True,
        validate=[_check_placeholders],
        metadata={"description": "put before the answer; `{customer}` and `{assistant}` stand for their names"},
    )
    greets = fields.Enum(
        Greets, by_value=True, load_default=Greets.FIRST_REPLY, metadata={"description": "replies that it begins"}
    )
    signature = _Text(
        most=500,
        lines=True,
        allow_none=True,
        validate=[_check_placeholders],
        metadata={"description": "put below the answer, with the same placeholders"},
    )
    citations = fields.Enum(
        CitationStyle,
        by_value=True,
        load_default=CitationStyle.NUMBERS,
        metadata={"description": "numbers in the text and a list of sources, links at the end, or none"},
    )


class TopicSchema(ma.Schema):
    """A topic that the assistant does not speak of."""

    name = _Text(most=100, required=True)
    phrases = fields.List(
        _Text(most=100),
        validate=validate.Length(max=50),
        metadata={"description": "words that show that a message is about it"},
    )


class VoiceSchema(ma.Schema):
    """How the assistant of a workspace speaks; what is left out has its default."""

    name = _Text(most=60, allow_none=True, metadata={"description": "name of the assistant"})
    tone = _Text(most=200, allow_none=True, metadata={"description": "such as `friendly and plain`"})
    max_sentences = fields.Integer(
        strict=True,
        load_default=MAX_SENTENCES,
        validate=validate.Range(min=1, max=10),
        metadata={"description": "longest answer"},
    )
    languages = fields.List(
        fields.String(validate=_LANGUAGE),
        validate=validate.Length(max=50),
        metadata={"description": "languages that it answers in; all if empty"},
    )
    asks_back = fields.Boolean(
        allow_none=True,
        load_default=None,
        metadata={"description": "whether it may ask a question back; null: with a language model only"},
    )
    guidance = _Text(
        most=4_000,
        lines=True,
        allow_none=True,
        metadata={"description": "free text for the language model, which cannot lift the rules of the product"},
    )
    avoided_topics = fields.List(
        fields.Nested(TopicSchema),
        validate=validate.Length(max=30),
        metadata={"description": "questions about these are handed off"},
    )
    channels = fields.Dict(
        keys=_Text(most=64),
        values=fields.Nested(FormSchema),
        validate=validate.Length(max=30),
        metadata={
            "description": "form of replies by the conversation's channel: `widget`, `email`, a helpdesk's kind, `api` "
            "where none is given, and `default` for all others"
        },
    )
    about = fields.Dict(
        keys=fields.Enum(AboutAssistant, by_value=True),
        values=_Text(most=1_000, lines=True),
        metadata={
            "description": "your own answers to what customers ask about the assistant: whether it is a `bot`, its "
            "`name`, its `abilities`; `privacy`, what is stored and who reads it, is answered only if it is given"
        },
    )


def load(values: Any) -> Voice:
    """Return the voice with these values.

    Raises:
        Invalid: a value is not valid; the message names each field.
    """
    if not isinstance(values, Mapping):
        raise Invalid("A voice is a JSON object.")
    try:
        return Voice.from_api(VoiceSchema().load(values))
    except ma.ValidationError as error:
        raise Invalid(" ".join(f"{name}: {problem}" for name, problem in _problems(error.messages))) from None


def _problems(messages: Any, path: str = "") -> list[tuple[str, str]]:
    """Return the problems with the paths of their fields."""
    if isinstance(messages, Mapping):
        return [
            found
            for name, inner in messages.items()
            for found in _problems(inner, path if name in ("key", "value") else f"{path}.{name}".lstrip("."))
        ]
    if isinstance(messages, list):
        return [found for inner in messages for found in _problems(inner, path)]
    return [(path, str(messages))]

"""What comes in and goes out, as marshmallow schemas. Input is strict; output describes what `wire` made."""

import json
import math
import re
from typing import Any
from urllib.parse import urlsplit

import marshmallow as ma
from marshmallow import fields, validate

from worker.conversations.outcomes import HANDOFF_REASONS

MAX_CONTENT = 20_000
_MAX_METADATA_BYTES = 16_384
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")

STATES = ("queued", "running", "answered", "handed_off", "cancelled", "failed")


class Text(fields.String):
    """Text without control characters (tab and line ends may stay) and not blank unless `blank`."""

    def __init__(self, *, most: int, blank: bool = False, **options: Any) -> None:
        lengths = validate.Length(min=0 if blank else 1, max=most)
        super().__init__(validate=[lengths], **options)
        self._blank = blank

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        text: str = super()._deserialize(value, attr, data, **options)
        if _CONTROL.search(text) or _SURROGATE.search(text):
            raise ma.ValidationError("Control characters and lone surrogates are not allowed.")
        if not self._blank and not text.strip():
            raise ma.ValidationError("Must not be blank.")
        return text


class Metadata(fields.Dict):
    """A small JSON object of the caller's own."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> dict[str, Any]:
        loaded: dict[str, Any] = super()._deserialize(value, attr, data, **options)  # type: ignore[no-untyped-call]
        try:
            size = len(json.dumps(loaded, allow_nan=False, ensure_ascii=False).encode())
        except (ValueError, RecursionError):
            raise ma.ValidationError("Must be plain JSON.") from None
        if size > _MAX_METADATA_BYTES:
            raise ma.ValidationError(f"Must have at most {_MAX_METADATA_BYTES} bytes.")
        return loaded


class WebUrl(Text):
    """A URL that starts with http:// or https:// and names a host."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("metadata", {}).setdefault("format", "uri")
        super().__init__(most=2_000, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        text = super()._deserialize(value, attr, data, **options)
        try:
            parts = urlsplit(text)
            valid = parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r"\s", text)
        except ValueError:
            valid = False
        if not valid:
            raise ma.ValidationError("Must be a URL that starts with http:// or https://.")
        return text


class Seconds(fields.Float):
    """A number of seconds, above 0."""

    def __init__(self, *, most: float, **options: Any) -> None:
        bounds = validate.Range(min=0, max=most, min_inclusive=False)
        super().__init__(validate=[bounds], **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> float:
        if isinstance(value, bool | str):
            raise self.make_error("invalid", input=value)
        seconds: float = super()._deserialize(value, attr, data, **options)
        if not math.isfinite(seconds):
            raise self.make_error("special")
        return seconds


def _links() -> fields.Dict:
    return fields.Dict(keys=fields.String(), values=fields.String())


def _time(**options: Any) -> fields.String:
    return fields.String(metadata={"format": "date-time"}, **options)


class Requester(ma.Schema):
    """The customer."""

    id = Text(most=200)
    name = Text(most=200)
    email = Text(most=320)


class _Submitted(ma.Schema):
    callback_url = WebUrl(metadata={"description": "told, signed, when the message has ended"})
    deadline_s = Seconds(most=86_400, metadata={"description": "a person takes over when no answer is ready by then"})


class NewTicket(_Submitted):
    """A ticket to answer."""

    subject = Text(most=500)
    body = Text(most=MAX_CONTENT, required=True)
    requester = fields.Nested(Requester)
    external_id = Text(most=200, metadata={"description": "continues the conversation that has it"})
    channel = Text(most=64)
    metadata = Metadata()


class NewConversation(ma.Schema):
    """A conversation to open."""

    subject = Text(most=500)
    requester = fields.Nested(Requester)
    external_id = Text(most=200)
    channel = Text(most=64)
    metadata = Metadata()


class ConversationChange(ma.Schema):
    """What may be changed of a conversation."""

    subject = Text(most=500, allow_none=True)
    requester = fields.Nested(Requester, allow_none=True)
    channel = Text(most=64, allow_none=True)
    metadata = Metadata()


class NewMessage(_Submitted):
    """A customer's message."""

    content = Text(most=MAX_CONTENT, required=True)


class NewReply(ma.Schema):
    """What a person says to the customer."""

    content = Text(most=MAX_CONTENT, required=True)
    author = Text(most=200, required=True)


class NewHandoff(ma.Schema):
    """Why a person takes over."""

    summary = Text(most=2_000)


class NewFeedback(ma.Schema):
    """How good an answer was."""

    rating = fields.String(required=True, validate=validate.OneOf(["good", "bad"]))
    comment = Text(most=2_000)


class NewDocument(ma.Schema):
    """A document as text."""

    title = Text(most=500, required=True)
    text = Text(most=2_000_000, required=True, metadata={"description": "Markdown"})
    url = WebUrl()


class SearchFilters(ma.Schema):
    """Which passages count."""

    document_ids = fields.List(Text(most=64), validate=validate.Length(max=200))


class NewSearch(ma.Schema):
    """A search."""

    query = Text(most=2_000, required=True)
    limit = fields.Integer(strict=True, load_default=8, validate=validate.Range(min=1, max=50))
    filters = fields.Nested(SearchFilters)


class PageQuery(ma.Schema):
    """Which part of a list."""

    cursor = Text(most=64)
    limit = fields.Integer(load_default=20, validate=validate.Range(min=1, max=100))


class ConversationQuery(PageQuery):
    """Which conversations."""

    owner = fields.String(validate=validate.OneOf(["bot", "human", "closed"]))


class DeliveryQuery(PageQuery):
    """Which deliveries."""

    state = fields.String(validate=validate.OneOf(["pending", "delivered", "exhausted"]))


class Citation(ma.Schema):
    """A source: `quote` stands at `start..end` of the document's text."""

    number = fields.Integer(required=True)
    document_id = fields.String(required=True)
    title = fields.String(required=True)
    url = fields.String(required=True, allow_none=True)
    quote = fields.String(required=True)
    start = fields.Integer(required=True)
    end = fields.Integer(required=True)


class Usage(ma.Schema):
    """What the language model counted."""

    prompt_tokens = fields.Integer(required=True)
    completion_tokens = fields.Integer(required=True)
    cost_usd = fields.Float(required=True)


class Reply(ma.Schema):
    """An answer; every `[n]` in `content` has its citation."""

    id = fields.String(required=True)
    content = fields.String(required=True)
    citations = fields.List(fields.Nested(Citation), required=True)
    support = fields.Float(required=True, metadata={"description": "of the weakest sentence, 0 to 1"})
    answerer = fields.String(required=True)
    model = fields.String(required=True, allow_none=True)
    snapshot = fields.String(required=True, allow_none=True)
    usage = fields.Nested(Usage, required=True)


class Handoff(ma.Schema):
    """Why a person takes over, and what they should know."""

    reason = fields.String(required=True, validate=validate.OneOf(HANDOFF_REASONS))
    summary = fields.String(required=True)
    ticket = fields.String(required=True, allow_none=True)


class ConversationHandoff(ma.Schema):
    """The latest handoff of a conversation."""

    reason = fields.String(required=True, validate=validate.OneOf(HANDOFF_REASONS))
    summary = fields.String(required=True)
    at = _time(required=True)


class MessageError(ma.Schema):
    """What failed, for operators."""

    code = fields.String(required=True)
    message = fields.String(required=True)


class Feedback(ma.Schema):
    """How good an answer was."""

    rating = fields.String(required=True)
    comment = fields.String(allow_none=True)


class Message(ma.Schema):
    """Something said in a conversation, and what became of it."""

    id = fields.String(required=True)
    conversation_id = fields.String(required=True)
    seq = fields.Integer(required=True)
    role = fields.String(required=True, validate=validate.OneOf(["customer", "assistant", "agent"]))
    author = fields.String(required=True, allow_none=True)
    content = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(STATES))
    reply = fields.Nested(Reply, required=True, allow_none=True)
    citations = fields.List(
        fields.Nested(Citation), required=True, metadata={"description": "of an assistant's message"}
    )
    handoff = fields.Nested(Handoff, required=True, allow_none=True)
    error = fields.Nested(MessageError, required=True, allow_none=True)
    feedback = fields.Nested(Feedback, required=True, allow_none=True)
    attempts = fields.Integer(required=True)
    created_at = _time(required=True)
    started_at = _time(required=True, allow_none=True)
    finished_at = _time(required=True, allow_none=True)
    deadline_at = _time(required=True, allow_none=True)
    timings = fields.Dict(keys=fields.String(), values=fields.Float(), required=True, allow_none=True)
    links = _links()


class Conversation(ma.Schema):
    """A conversation with one customer."""

    id = fields.String(required=True)
    external_id = fields.String(required=True, allow_none=True)
    subject = fields.String(required=True, allow_none=True)
    requester = fields.Dict(required=True, allow_none=True)
    channel = fields.String(required=True, allow_none=True)
    metadata = fields.Dict(required=True)
    owner = fields.String(required=True, validate=validate.OneOf(["bot", "human", "closed"]))
    handoff = fields.Nested(ConversationHandoff, required=True, allow_none=True)
    created_at = _time(required=True)
    updated_at = _time(required=True)
    links = _links()


class Document(ma.Schema):
    """A document of the knowledge base."""

    id = fields.String(required=True)
    title = fields.String(required=True)
    url = fields.String(required=True, allow_none=True)
    media_type = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(["queued", "indexing", "ready", "failed"]))
    error = fields.String(required=True, allow_none=True)
    text = fields.String(allow_none=True, metadata={"description": "on the single document only"})
    passages = fields.Integer(required=True)
    created_at = _time(required=True)
    updated_at = _time(required=True)
    links = _links()


class Snapshot(ma.Schema):
    """A published version of the knowledge base."""

    version = fields.String(required=True)
    active = fields.Boolean(required=True)
    documents = fields.Integer(required=True)
    passages = fields.Integer(required=True)
    model = fields.String(required=True)
    created_at = _time(required=True)


class Scores(ma.Schema):
    """What each leg gave; null when it did not find the passage."""

    dense = fields.Float(required=True, allow_none=True)
    lexical = fields.Float(required=True, allow_none=True)


class FoundPassage(ma.Schema):
    """A passage that was found."""

    document_id = fields.String(required=True)
    title = fields.String(required=True)
    headings = fields.List(fields.String(), required=True)
    url = fields.String(required=True, allow_none=True)
    text = fields.String(required=True)
    start = fields.Integer(required=True)
    end = fields.Integer(required=True)
    score = fields.Float(required=True)
    scores = fields.Nested(Scores, required=True)


class SearchResult(ma.Schema):
    """Passages, best first."""

    snapshot = fields.String(
        required=True, allow_none=True, metadata={"description": "null while nothing is published"}
    )
    items = fields.List(fields.Nested(FoundPassage), required=True)


class Attempt(ma.Schema):
    """One try at a delivery."""

    number = fields.Integer(required=True)
    started_at = _time(required=True)
    duration_ms = fields.Integer(required=True)
    status = fields.Integer(required=True, allow_none=True)
    address = fields.String(required=True, allow_none=True)
    error = fields.String(required=True, allow_none=True)
    response = fields.String(required=True, allow_none=True)


class Delivery(ma.Schema):
    """A callback that was promised."""

    id = fields.String(required=True, metadata={"description": "the webhook-id of every attempt"})
    type = fields.String(required=True)
    url = fields.String(required=True)
    message_id = fields.String(required=True, allow_none=True)
    state = fields.String(required=True)
    attempts = fields.Integer(required=True)
    next_attempt_at = _time(required=True, allow_none=True)
    created_at = _time(required=True)
    last_attempt = fields.Nested(Attempt, required=True, allow_none=True)


def page_of(item: type[ma.Schema]) -> type[ma.Schema]:
    """Return the schema of a page of `item`."""
    return ma.Schema.from_dict(
        {
            "items": fields.List(fields.Nested(item), required=True),
            "next_cursor": fields.String(required=True, allow_none=True),
        },
        name=f"{item.__name__}Page",
    )

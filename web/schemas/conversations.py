"""Schemas of conversations and messages."""

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from web.schemas.fields import (
    EmailHeaders,
    Line,
    ListQuery,
    Metadata,
    Moment,
    Position,
    Seconds,
    SortedQuery,
    Text,
    WebUrl,
    Words,
    links,
    moment,
)
from worker.conversations.outcomes import HANDOFF_REASONS, PRIORITIES
from worker.service_policy import ServiceTarget
from worker.states import CitationStyle, Owner, ReplyKind, Role

MAX_CONTENT = 20_000
REPLY_KINDS = tuple(ReplyKind)
CITATION_STYLES = tuple(CitationStyle)
STATES = ("queued", "running", "answered", "handed_off", "cancelled", "failed")


class Requester(ma.Schema):
    """The customer."""

    id = Text(most=200)
    name = Words(most=200)
    email = Text(most=320)


class _Submitted(ma.Schema):
    callback_url = WebUrl(metadata={"description": "receives a signed callback when the message has ended"})
    deadline_s = Seconds(
        most=86_400, metadata={"description": "the message is handed off if it is not answered by then"}
    )
    attachments = fields.List(
        Text(most=64), validate=validate.Length(max=10), metadata={"description": "ids of uploaded attachments"}
    )
    email_headers = EmailHeaders(
        metadata={"description": "headers of the e-mail that this is, by name; they tell automatic mail (RFC 3834)"}
    )


class NewTicket(_Submitted):
    """A ticket to answer."""

    subject = Words(most=500, blank=True)
    body = Words(
        most=MAX_CONTENT, required=True, blank=True, metadata={"description": "may be empty when there is a subject"}
    )
    requester = fields.Nested(Requester)
    external_id = Text(
        most=200, metadata={"description": "the ticket continues the conversation with this id, if there is one"}
    )
    channel = Text(most=64)
    metadata = Metadata()

    @ma.validates_schema
    def _says_something(self, new: dict[str, Any], **_: Any) -> None:
        if not new["body"].strip() and not new.get("subject", "").strip():
            raise ma.ValidationError("Must not be blank without a subject.", "body")


class BulkTicket(NewTicket):
    """A line of many tickets."""

    idempotency_key = Line(
        most=200, metadata={"description": "by default that of the request with the number of the line, if it has one"}
    )


class BulkResult(ma.Schema):
    """The result of one line."""

    line = fields.Integer(required=True, metadata={"description": "number of the line, from 1"})
    status = fields.Integer(required=True, metadata={"description": "as `POST /v1/tickets` responds"})
    message = fields.Nested(lambda: Message(), required=True, allow_none=True, metadata={"description": "if accepted"})
    error = fields.Dict(required=True, allow_none=True, metadata={"description": "the problem, if refused"})


class BulkResults(ma.Schema):
    """The results of all lines, in order."""

    accepted = fields.Integer(required=True)
    refused = fields.Integer(required=True)
    items = fields.List(fields.Nested(BulkResult), required=True)


class NewConversation(ma.Schema):
    """A conversation to open."""

    subject = Words(most=500)
    requester = fields.Nested(Requester)
    external_id = Text(most=200)
    channel = Text(most=64)
    metadata = Metadata()


class ConversationChange(ma.Schema):
    """Changes to a conversation."""

    subject = Words(most=500, allow_none=True)
    requester = fields.Nested(Requester, allow_none=True)
    channel = Text(most=64, allow_none=True)
    metadata = Metadata()


class NewMessage(_Submitted):
    """A customer's message."""

    content = Words(most=MAX_CONTENT, required=True)


class NewToken(ma.Schema):
    """Options of a conversation token."""

    expires_in_s = Seconds(most=86_400, load_default=900.0)
    origin = Text(
        most=300,
        metadata={"description": "such as `https://shop.example`: only pages of this origin can use the token"},
    )


class Token(ma.Schema):
    """A token for one conversation, sent as `Authorization: Bearer` or, for streams, as `?token=`."""

    token = fields.String(required=True)
    expires_at = moment(required=True)


class NewReply(ma.Schema):
    """A reply of an agent."""

    content = Words(most=MAX_CONTENT, required=True)
    author = Words(most=200, required=True)


class NewHandoff(ma.Schema):
    """A handoff by the client."""

    summary = Words(most=2_000)


class NewFeedback(ma.Schema):
    """A rating of an answer."""

    rating = fields.String(required=True, validate=validate.OneOf(["good", "bad"]))
    comment = Words(most=2_000)


class ConversationQuery(SortedQuery):
    """Filters of the list of conversations."""

    owner = fields.String(validate=validate.OneOf(tuple(Owner)))
    channel = Text(most=64)
    external_id = Text(most=200)
    due_before = Moment(metadata={"description": "those with a target that is due before this time"})
    customer = Line(most=320, metadata={"description": "the desk's id of the customer, or their e-mail address"})


class MessageQuery(ListQuery):
    """Filters of the list of messages of a conversation."""

    cursor = Position()
    state = fields.String(validate=validate.OneOf(STATES))
    role = fields.String(validate=validate.OneOf(tuple(Role)))


class Citation(ma.Schema):
    """The source of a sentence: `quote` is the text of the document from `start` to `end`."""

    number = fields.Integer(required=True)
    document_id = fields.String(required=True)
    title = fields.String(required=True)
    url = fields.String(required=True, allow_none=True)
    quote = fields.String(required=True)
    start = fields.Integer(required=True)
    end = fields.Integer(required=True)


class Usage(ma.Schema):
    """Tokens and cost of the language model."""

    prompt_tokens = fields.Integer(required=True)
    completion_tokens = fields.Integer(required=True)
    cost_usd = fields.Float(required=True)


class Reply(ma.Schema):
    """A reply of the assistant; every `[n]` in `content` refers to the citation with this number."""

    id = fields.String(required=True)
    unanswered = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "the questions of the message that found no answer; its content names them too"},
    )
    kind = fields.String(
        required=True,
        validate=validate.OneOf(REPLY_KINDS),
        metadata={"description": "a clarification is a question back, which resolves nothing"},
    )
    content = fields.String(required=True, metadata={"description": "the checked text"})
    options = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "options of a clarification, to be shown as buttons; sent as a message, one answers"},
    )
    text = fields.String(
        required=True,
        metadata={"description": "the reply as its channel shows it: greeting, content, sources, signature"},
    )
    greeting = fields.String(required=True, allow_none=True)
    signature = fields.String(required=True, allow_none=True)
    citation_style = fields.String(
        required=True,
        validate=validate.OneOf(CITATION_STYLES),
        metadata={"description": "how the channel shows the citations"},
    )
    citations = fields.List(fields.Nested(Citation), required=True)
    support = fields.Float(required=True, metadata={"description": "support of the weakest sentence, from 0 to 1"})
    confidence = fields.Float(
        required=True,
        allow_none=True,
        metadata={"description": "probability that it answers what was asked; null where no model judged that"},
    )
    answerer = fields.String(required=True)
    model = fields.String(required=True, allow_none=True)
    snapshot = fields.String(required=True, allow_none=True)
    usage = fields.Nested(Usage, required=True)


class Handoff(ma.Schema):
    """The handoff of a message to a human."""

    reason = fields.String(required=True, validate=validate.OneOf(HANDOFF_REASONS))
    summary = fields.String(required=True)
    escalation_id = fields.String(required=True, allow_none=True)
    category = fields.String(
        metadata={"description": "topic: the category of the rule that matched, or else the reason"}
    )
    priority = fields.String(validate=validate.OneOf(PRIORITIES))
    reasons = fields.List(fields.String(), metadata={"description": "excerpts of the message that led to the handoff"})


class ConversationHandoff(Handoff):
    """The latest handoff of a conversation; null once the bot has it again."""

    at = moment(required=True)


class Attachment(ma.Schema):
    """A file attached to a message; citations of it quote its `text`."""

    id = fields.String(required=True)
    name = fields.String(required=True)
    media_type = fields.String(required=True)
    size = fields.Integer(required=True)
    conversation_id = fields.String(required=True, allow_none=True)
    text = fields.String(
        required=True, allow_none=True, metadata={"description": "null until a worker has read the file"}
    )
    error = fields.String(
        required=True, allow_none=True, metadata={"description": "reason why the file cannot be read"}
    )
    created_at = moment(required=True)
    links = links()


class MessageError(ma.Schema):
    """The error that made a message fail, for operators."""

    code = fields.String(required=True)
    message = fields.String(required=True)


class Feedback(ma.Schema):
    """The rating of an answer."""

    rating = fields.String(required=True)
    comment = fields.String(allow_none=True)


class Message(ma.Schema):
    """A message in a conversation, with its outcome."""

    id = fields.String(required=True)
    conversation_id = fields.String(required=True)
    seq = fields.Integer(required=True)
    role = fields.String(required=True, validate=validate.OneOf(["customer", "assistant", "agent"]))
    author = fields.String(required=True, allow_none=True)
    content = fields.String(required=True)
    attachments = fields.List(fields.String(), required=True)
    state = fields.String(required=True, validate=validate.OneOf(STATES))
    reply = fields.Nested(Reply, required=True, allow_none=True)
    citations = fields.List(
        fields.Nested(Citation), required=True, metadata={"description": "citations of an assistant's message"}
    )
    handoff = fields.Nested(Handoff, required=True, allow_none=True)
    error = fields.Nested(MessageError, required=True, allow_none=True)
    feedback = fields.Nested(Feedback, required=True, allow_none=True)
    attempts = fields.Integer(required=True)
    created_at = moment(required=True)
    started_at = moment(required=True, allow_none=True)
    finished_at = moment(required=True, allow_none=True)
    deadline_at = moment(required=True, allow_none=True)
    timings = fields.Dict(keys=fields.String(), values=fields.Float(), required=True, allow_none=True)
    links = links()


class ServiceLevel(ma.Schema):
    """The target of a conversation that is due next; from `warn_at` on it is due soon."""

    target = fields.String(required=True, validate=validate.OneOf(tuple(ServiceTarget)))
    warn_at = moment(required=True)
    due_at = moment(required=True)


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
    sla = fields.Nested(
        ServiceLevel,
        required=True,
        allow_none=True,
        metadata={"description": "the target that is due next; null while no time passes for one"},
    )
    created_at = moment(required=True)
    updated_at = moment(required=True)
    links = links()

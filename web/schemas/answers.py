"""Schemas of direct answers: answers to questions that belong to no conversation."""

import marshmallow as ma
from marshmallow import fields, validate

from web.schemas import conversations
from web.schemas.fields import Seconds, Words
from worker.states import MessageState, Role

MAX_WAIT_S = 60


class SaidBefore(ma.Schema):
    """A message before a question."""

    role = fields.String(required=True, validate=validate.OneOf([Role.CUSTOMER.value, Role.ASSISTANT.value]))
    content = Words(most=conversations.MAX_CONTENT, required=True)


class NewQuestion(ma.Schema):
    """A question."""

    question = Words(most=conversations.MAX_CONTENT, required=True)
    turns = fields.List(
        fields.Nested(SaidBefore),
        load_default=list,
        validate=validate.Length(max=50),
        metadata={"description": "what was said before, the oldest first; follow-up questions are understood by it"},
    )
    wait_s = Seconds(
        most=MAX_WAIT_S, load_default=30.0, metadata={"description": "how long to wait for the answer, in seconds"}
    )


class DirectReply(conversations.Reply):
    """An answer; every `[n]` in `content` refers to the citation with this number."""

    class Meta:
        """The fields that only the reply of a conversation has."""

        exclude = ("id", "greeting", "signature", "citation_style", "usage")


class DirectHandoff(conversations.Handoff):
    """Why a human should answer; nobody was told."""

    class Meta:
        """The fields that only the handoff of a conversation has."""

        exclude = ("escalation_id",)


class DirectAnswer(ma.Schema):
    """The answer to a question, or why a human should give it."""

    state = fields.String(
        required=True, validate=validate.OneOf([MessageState.ANSWERED.value, MessageState.HANDED_OFF.value])
    )
    answer = fields.Nested(DirectReply, required=True, allow_none=True)
    handoff = fields.Nested(DirectHandoff, required=True, allow_none=True)
    retrieved = fields.Dict(
        required=True,
        allow_none=True,
        metadata={"description": "the search: `query`, `relevance`, and `items` with their scores"},
    )
    usage = fields.Nested(conversations.Usage, required=True)
    timings = fields.Dict(
        keys=fields.String(), values=fields.Float(), required=True, metadata={"description": "milliseconds by step"}
    )

"""Schemas of model usage, customers, memories and tool calls."""

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from web.schemas.fields import Line, PageQuery, SortedQuery, moment
from worker.budgets import SCOPES
from worker.states import ToolCallState

#: `judge` lists what the judge alone cost, where it has budgets.
_ACCOUNTS = (*SCOPES, "judge")


class UsageQuery(PageQuery):
    """Filters of the usage report."""

    by = fields.String(load_default="day", validate=validate.OneOf(_ACCOUNTS))
    subject = Line(most=48, metadata={"description": "id of the message, conversation or API key"})


class Account(ma.Schema):
    """Calls, tokens and cost of language models."""

    by = fields.String(required=True, validate=validate.OneOf(_ACCOUNTS))
    subject = fields.String(required=True, allow_none=True)
    day = fields.String(
        required=True, allow_none=True, metadata={"format": "date", "description": "UTC; for days and keys"}
    )
    calls = fields.Integer(required=True)
    prompt_tokens = fields.Integer(required=True)
    completion_tokens = fields.Integer(required=True)
    cost_usd = fields.Float(required=True)
    updated_at = moment(required=True)


class Customer(ma.Schema):
    """A customer, identified by the desk's id or by e-mail address."""

    id = Line(most=200)
    email = Line(most=300)

    @ma.validates_schema
    def _one_required(self, data: dict[str, Any], **_options: Any) -> None:
        if not ({"id", "email"} & set(data)):
            raise ma.ValidationError("Give `id` or `email`.", "id")


class MemoryQuery(SortedQuery):
    """Filters of the list of memories; without `id` and `email`, those of all customers."""

    id = Line(most=200)
    email = Line(most=300)
    name = Line(most=40)


class ToolCallQuery(SortedQuery):
    """Filters of the list of tool calls of a conversation."""

    state = fields.String(validate=validate.OneOf(tuple(ToolCallState)))
    tool = Line(most=64)


class NewMemory(ma.Schema):
    """A new memory of a customer."""

    customer = fields.Nested(Customer, required=True)
    name = fields.String(required=True, validate=validate.Regexp(r"^[a-z][a-z_]{0,39}\Z"))
    value = Line(most=200, required=True)
    importance = fields.Float(
        load_default=0.5, validate=validate.Range(min=0, max=1), metadata={"description": "from 0 to 1"}
    )
    days = fields.Integer(strict=True, load_default=180, validate=validate.Range(min=1, max=3_650))


class Memory(ma.Schema):
    """A fact about a customer that is kept beyond one conversation."""

    id = fields.String(required=True)
    customer = fields.String(required=True, metadata={"description": "`id:…` or `email:…`"})
    name = fields.String(required=True)
    value = fields.String(required=True)
    source = fields.String(required=True, validate=validate.OneOf(["assistant", "api"]))
    importance = fields.Float(required=True, metadata={"description": "from 0 to 1"})
    conversation_id = fields.String(required=True, allow_none=True)
    created_at = moment(required=True)
    updated_at = moment(required=True)
    expires_at = moment(required=True)


class Erased(ma.Schema):
    """Numbers of erased objects."""

    conversations = fields.Integer(required=True)
    memories = fields.Integer(required=True)


class ToolCall(ma.Schema):
    """A tool call of the language model, with its result."""

    id = fields.String(required=True)
    conversation_id = fields.String(required=True)
    message_id = fields.String(required=True)
    tool = fields.String(required=True)
    arguments = fields.Dict(required=True)
    state = fields.String(
        required=True, validate=validate.OneOf(["waiting", "running", "done", "failed", "refused", "lapsed"])
    )
    confirmed_by = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "id of the message in which the customer confirmed the call"},
    )
    text = fields.String(
        required=True, allow_none=True, metadata={"description": "result as text, which citations quote"}
    )
    error = fields.String(required=True, allow_none=True)
    duration_ms = fields.Integer(required=True, allow_none=True)
    created_at = moment(required=True)
    finished_at = moment(required=True, allow_none=True)

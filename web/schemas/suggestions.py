"""Schemas of suggestions."""

import marshmallow as ma
from marshmallow import fields, validate

from web.schemas.fields import SortedQuery, Text, WebUrl, links, moment
from web.schemas.knowledge import GivenMetadata
from worker.states import SuggestionState

_STATES = [state.value for state in SuggestionState]


class SuggestionQuery(SortedQuery):
    """Filters of the list of suggestions."""

    state = fields.String(validate=validate.OneOf(_STATES))


class SuggestionEdit(ma.Schema):
    """A changed draft; omitted fields stay as they are."""

    title = Text(most=500)
    text = Text(most=2_000_000, metadata={"description": "Markdown"})


class Acceptance(GivenMetadata):
    """The article to publish: the draft as it is, or the title and text that are given, with metadata."""

    title = Text(most=500)
    text = Text(most=2_000_000, metadata={"description": "Markdown"})
    url = WebUrl()


class Refusal(ma.Schema):
    """Why a suggestion is not wanted."""

    note = Text(most=2_000)


class Exchange(ma.Schema):
    """A question that the bot handed off, and a human's reply, both without personal data."""

    conversation_id = fields.String(required=True)
    message_id = fields.String(required=True)
    question = fields.String(required=True)
    reply = fields.String(required=True)
    asked_at = moment(required=True)


class Suggestion(ma.Schema):
    """A draft of an article, from what a human replied where the bot had no answer."""

    id = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(_STATES))
    question = fields.String(required=True, metadata={"description": "what was asked first"})
    title = fields.String(required=True)
    text = fields.String(required=True, metadata={"description": "Markdown"})
    written_by = fields.String(
        required=True,
        validate=validate.OneOf(["model", "human"]),
        metadata={"description": "`human`: the text is the reply as it was"},
    )
    count = fields.Integer(required=True, metadata={"description": "how often the same was asked and replied to"})
    document_id = fields.String(required=True, allow_none=True, metadata={"description": "what it was published as"})
    note = fields.String(required=True, allow_none=True)
    exchanges = fields.List(
        fields.Nested(Exchange),
        metadata={"description": "the newest 20; included for a single suggestion only"},
    )
    created_at = moment(required=True)
    updated_at = moment(required=True)
    decided_at = moment(required=True, allow_none=True)
    links = links()

"""Schemas of the event feed."""

import marshmallow as ma
from marshmallow import fields, validate
from webargs.fields import DelimitedList

from web.schemas.fields import ListQuery, Text, links, moment
from worker.conversations.event_feed import FEED_TYPES
from worker.deliveries.outbox import TYPES


class EventFilter(ma.Schema):
    """Filters of the feed."""

    type = DelimitedList(
        fields.String(validate=validate.OneOf(FEED_TYPES)),
        validate=validate.Length(min=1, max=len(FEED_TYPES)),
        metadata={"description": "types, separated by commas"},
    )
    conversation_id = Text(most=64)


class EventQuery(ListQuery, EventFilter):
    """The page of the feed, and its filters."""

    cursor = Text(
        most=64,
        blank=True,
        metadata={"description": "`next_cursor` of the page before; `now` starts after the newest event"},
    )


class NewTestEvent(ma.Schema):
    """A test event."""

    type = fields.String(required=True, validate=validate.OneOf(list(TYPES)))


class FeedEvent(ma.Schema):
    """Something that happened; `data` has the form of the webhook of this type."""

    id = fields.String(required=True)
    type = fields.String(required=True)
    created_at = moment(required=True)
    conversation_id = fields.String(required=True, allow_none=True)
    message_id = fields.String(required=True, allow_none=True)
    data = fields.Dict(
        required=True,
        metadata={"description": "a message and a conversation are as they are now; `test` marks a test event"},
    )
    cursor = fields.String(required=True, metadata={"description": "the feed goes on after this event from here"})
    links = links()


class EventPage(ma.Schema):
    """A page of the feed, oldest first."""

    items = fields.List(fields.Nested(FeedEvent), required=True)
    next_cursor = fields.String(required=True, metadata={"description": "the next page starts here, now or later"})
    has_more = fields.Boolean(required=True, metadata={"description": "whether the next page has events already"})

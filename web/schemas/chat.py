"""Schemas of requests in the form of OpenAI's API; views ignore fields that are not listed, as clients send many."""

import marshmallow as ma
from marshmallow import fields, validate

MAX_MESSAGES = 500


class StreamOptions(ma.Schema):
    """Options of a stream."""

    class Meta:
        """Unknown ones are no error."""

        unknown = ma.EXCLUDE

    include_usage = fields.Boolean(load_default=False)


class NewChatCompletion(ma.Schema):
    """A list of messages, of which the last is answered."""

    model = fields.String(load_default="answerback", metadata={"description": "ignored: there is one"})
    messages = fields.List(
        fields.Dict(keys=fields.String()), required=True, validate=validate.Length(min=1, max=MAX_MESSAGES)
    )
    stream = fields.Boolean(load_default=False, allow_none=True)
    stream_options = fields.Nested(StreamOptions, allow_none=True)
    n = fields.Integer(load_default=1, allow_none=True, validate=validate.Range(min=1, max=1))


class NewResponse(ma.Schema):
    """A question, or a list of messages of which the last is answered."""

    model = fields.String(load_default="answerback", metadata={"description": "ignored: there is one"})
    input = fields.Raw(required=True, metadata={"description": "a text, or a list of messages"})
    stream = fields.Boolean(load_default=False, allow_none=True)

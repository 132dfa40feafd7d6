"""Schema of the voice in responses."""

from marshmallow import fields

from web.schemas.fields import moment
from worker.voice.schema import FormSchema, TopicSchema, VoiceSchema


class SavedTopic(TopicSchema):
    """A topic that the assistant does not speak of."""

    phrases = fields.List(fields.String(), required=True)


class SetVoice(VoiceSchema):
    """How the assistant of the workspace speaks, with the time of the last change; null if there was none."""

    avoided_topics = fields.List(fields.Nested(SavedTopic), required=True)
    channels = fields.Dict(keys=fields.String(), values=fields.Nested(FormSchema), required=True)
    about = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    updated_at = moment(required=True, allow_none=True)

"""Schemas of categories in responses."""

from marshmallow import Schema, fields

from web.schemas.fields import moment
from worker.categories.schema import CategorySchema


class SavedCategory(CategorySchema):
    """A category of the workspace."""

    name = fields.String(required=True)
    examples = fields.List(fields.String(), required=True)
    counter_examples = fields.List(fields.String(), required=True)
    updated_at = moment(required=True)


class Categories(Schema):
    """The categories of the workspace by name, and those that ship."""

    items = fields.List(fields.Nested(SavedCategory), required=True)
    built_in = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        required=True,
        metadata={"description": "the categories that ship, most urgent first, with what they say to an agent"},
    )


class CategoryCheck(Schema):
    """How a category does on its own examples, each judged without itself."""

    examples = fields.Integer(required=True)
    recognised = fields.Integer(required=True)
    missed = fields.List(
        fields.String(), required=True, metadata={"description": "examples that would not be recognised"}
    )
    false_alarms = fields.List(
        fields.String(), required=True, metadata={"description": "counter-examples that would be"}
    )

"""Schemas of the settings of a workspace."""

from collections.abc import Mapping
from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from web.schemas.fields import moment
from worker.settings.overridable import AREAS, OVERRIDABLE, Kind, Overridable
from worker.workspace_settings.listing import SOURCES

_TYPES: Mapping[Kind, Mapping[str, Any]] = {
    Kind.TEXT: {"type": "string"},
    Kind.CHOICE: {"type": "string"},
    Kind.NUMBER: {"type": "number"},
    Kind.INTEGER: {"type": "integer"},
    Kind.SWITCH: {"type": "boolean"},
    Kind.LIST: {"type": "array", "items": {"type": "string"}},
}


def _field(setting: Overridable) -> fields.Field[Any]:
    """Return the field of a setting in a change; `worker.workspace_settings` decides about its value."""
    choices = {"enum": [*setting.choices, None]} if setting.choices else {}
    secret = {"writeOnly": True} if setting.is_secret else {}
    described = {"description": f"{setting.help}; null: the default", **_TYPES[setting.kind], **choices, **secret}
    return fields.Raw(allow_none=True, metadata=described)


class SettingsChange(ma.Schema.from_dict({setting.name: _field(setting) for setting in OVERRIDABLE.values()})):  # type: ignore[misc]  # the base class is made here
    """Settings to override, by name; null takes an override back. What is left out stays as it is."""


_VALUE = "a text, a number, a switch or a list of texts; null if there is none, and always of a secret"


class Setting(ma.Schema):
    """A setting that a workspace may override."""

    name = fields.String(required=True)
    label = fields.String(required=True, metadata={"description": "its name in the console"})
    area = fields.String(required=True, validate=validate.OneOf([area.name for area in AREAS]))
    help = fields.String(required=True)
    kind = fields.String(required=True, validate=validate.OneOf([kind.value for kind in Kind]))
    choices = fields.List(fields.String(), required=True, metadata={"description": "of the kind `choice`; else empty"})
    expected = fields.String(required=True, metadata={"description": "the form of its value, in words"})
    is_secret = fields.Boolean(required=True, metadata={"description": "its value is never shown"})
    is_set = fields.Boolean(required=True, metadata={"description": "whether there is a value, also a secret one"})
    value = fields.Raw(required=True, allow_none=True, metadata={"description": _VALUE})
    default = fields.Raw(
        required=True, allow_none=True, metadata={"description": "the value without an override, likewise"}
    )
    source = fields.String(
        required=True,
        validate=validate.OneOf(SOURCES),
        metadata={"description": "where the value is from: an override, the environment, or what is built in"},
    )
    read_by = fields.String(
        required=True,
        metadata={
            "description": "`answer`: with each message; `callback`: with each delivery; `sweeper`: every while; "
            "`request`: with each request of the console"
        },
    )
    variable = fields.String(required=True, metadata={"description": "environment variable of the default"})


class WorkspaceSettings(ma.Schema):
    """The settings of a workspace in a version, which the header `ETag` has as well."""

    version = fields.Integer(required=True, metadata={"description": "counts changes"})
    updated_at = moment(required=True, allow_none=True)
    items = fields.List(fields.Nested(Setting), required=True)

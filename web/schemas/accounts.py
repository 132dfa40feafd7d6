"""Schemas of people's accounts."""

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from web.schemas.fields import Line, ListQuery, moment
from worker.states import AccountRole, MemberState

_ROLES = validate.OneOf(list(AccountRole))
_ROLE_HELP = {"description": "each may do all that those after it may: owner, admin, editor, agent, viewer"}


class UserAccount(Schema):
    """A person of the workspace."""

    id = fields.String(required=True)
    email = fields.String(required=True)
    name = fields.String(required=True, metadata={"description": "which customers see on their replies"})
    role = fields.String(required=True, validate=_ROLES, metadata=_ROLE_HELP)
    state = fields.String(
        required=True,
        validate=validate.OneOf(list(MemberState)),
        metadata={"description": "invited until they accept; a disabled person cannot log in to this workspace"},
    )
    second_factor = fields.Boolean(required=True, metadata={"description": "whether logins ask for a code as well"})
    api_keys = fields.Integer(required=True, metadata={"description": "valid and expired keys that belong to them"})
    invited_by = fields.String(required=True, allow_none=True)
    last_login_at = moment(required=True, allow_none=True)
    created_at = moment(required=True)


class InvitedUserAccount(UserAccount):
    """A person who was invited."""

    invitation_url = fields.String(
        required=True, metadata={"description": "works once, within 7 days; only this response has it"}
    )


class NewAccount(Schema):
    """A person to invite."""

    email = Line(most=254, required=True, metadata={"format": "email"})
    role = fields.String(required=True, validate=_ROLES, metadata=_ROLE_HELP)
    name = Line(most=200)


class AccountChange(Schema):
    """A change of a person of the workspace; what is left out stays."""

    role = fields.String(validate=_ROLES, metadata=_ROLE_HELP)
    state = fields.String(
        validate=validate.OneOf([MemberState.ACTIVE, MemberState.DISABLED]),
        metadata={"description": "disabled: their sessions in this workspace end at once"},
    )
    revoke_keys = fields.Boolean(metadata={"description": "with `state` disabled, revoke their API keys as well"})

    @validates_schema
    def _check(self, data: dict[str, object], **_options: object) -> None:
        if data.get("revoke_keys") and data.get("state") != MemberState.DISABLED:
            raise ValidationError("Goes with `state` disabled only.", "revoke_keys")


class AccountQuery(ListQuery):
    """Filters of the people of the workspace."""

    role = fields.String(validate=_ROLES)
    state = fields.String(validate=validate.OneOf(list(MemberState)))
    email = Line(most=254)

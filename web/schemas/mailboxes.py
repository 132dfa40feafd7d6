"""Schemas of mailboxes."""

import marshmallow as ma
from marshmallow import fields, validate

from web.schemas.fields import LANGUAGE, Line, NoQuery, links, moment
from worker.helpdesks.options import MODES
from worker.mailboxes.oauth_providers import PROVIDER_NAMES

_URL = "with user and password, which are never returned"


class NewConsent(ma.Schema):
    """A consent to log in by OAuth 2, for URLs without a password."""

    provider = fields.String(required=True, validate=validate.OneOf(PROVIDER_NAMES))
    client_id = Line(most=500, required=True, metadata={"description": "id of the app that you registered there"})
    client_secret = Line(most=2_000, allow_none=True, metadata={"description": "its secret, if any; never returned"})
    refresh_token = Line(most=10_000, required=True, metadata={"description": "it is exchanged; never returned"})
    tenant = fields.String(
        allow_none=True,
        validate=validate.Regexp(r"[A-Za-z0-9.-]{1,200}\Z"),
        metadata={"description": "tenant of Microsoft Entra; `organizations` if omitted"},
    )
    token_url = Line(most=2_000, allow_none=True, metadata={"description": "token endpoint of another provider"})
    scope = Line(most=2_000, allow_none=True, metadata={"description": "scope, if not the provider's for mail"})


class Consent(ma.Schema):
    """The consent that a mailbox is logged in by."""

    provider = fields.String(required=True)
    client_id = fields.String(required=True)
    state = fields.String(
        required=True, metadata={"description": "connected, or consent_needed: a person has to consent anew"}
    )
    error = fields.String(required=True, allow_none=True)
    renewed_at = moment(required=True, allow_none=True)
    expires_at = moment(required=True, allow_none=True)


class _Given(ma.Schema):
    sender_name = Line(most=200, allow_none=True, metadata={"description": "name that its mail is from"})
    imap_url = Line(
        most=2_000,
        allow_none=True,
        metadata={"description": f"`imaps://user:password@host`, or `imap://…` for STARTTLS; {_URL}"},
    )
    smtp_url = Line(
        most=2_000,
        allow_none=True,
        metadata={"description": f"`smtps://user:password@host`, or `smtp://…:587`; {_URL}; the operator's if omitted"},
    )
    oauth = fields.Nested(
        NewConsent,
        allow_none=True,
        metadata={"description": "consent to log in with where a URL has a user and no password"},
    )
    authserv_id = Line(
        most=255,
        allow_none=True,
        metadata={"description": "name under which your own server writes `Authentication-Results`"},
    )
    mailgun_key = Line(
        most=200,
        allow_none=True,
        metadata={"description": "HTTP webhook signing key of Mailgun, if it posts the mail; never returned"},
    )
    ses_topic = Line(
        most=300,
        allow_none=True,
        metadata={"description": "ARN of the SNS topic to which Amazon SES publishes the mail"},
    )
    inbound_password = Line(
        most=200,
        allow_none=True,
        metadata={"description": "password in the URL that Postmark or SendGrid posts to; never returned"},
    )
    sendgrid_key = Line(
        most=500,
        allow_none=True,
        metadata={"description": "public key with which SendGrid's signatures are verified, in place of the password"},
    )
    team = fields.List(
        Line(most=320),
        validate=validate.Length(max=200),
        metadata={"description": "addresses and `@domains` of colleagues"},
    )
    notify = fields.List(
        Line(most=320),
        validate=validate.Length(max=20),
        metadata={"description": "addresses that get notes about handoffs; the mailbox itself if empty"},
    )
    folders = fields.Dict(
        keys=fields.String(validate=validate.OneOf(["inbox", "sent", "drafts"])),
        values=Line(most=200),
        metadata={"description": "names of the folders `inbox`, `sent` and `drafts`; found by their use if omitted"},
    )
    plus_addressing = fields.Boolean(
        metadata={"description": "whether `address+anything@` reaches it: answers then come to a signed address"}
    )
    saves_sent = fields.Boolean(
        metadata={"description": "whether its server keeps a copy of what it sends by itself, as Gmail does"}
    )
    languages = fields.List(
        fields.String(validate=validate.Regexp(LANGUAGE)),
        allow_none=True,
        validate=validate.Length(max=50),
        metadata={"description": "languages in which the bot answers; all if omitted"},
    )
    hours = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        allow_none=True,
        metadata={"description": "hours in which the bot answers: {timezone, mon: 09:00-17:00, …}; always if omitted"},
    )


class NewMailbox(_Given):
    """A mailbox to connect."""

    name = Line(most=100, required=True)
    address = Line(most=320, required=True)
    mode = fields.String(
        validate=validate.OneOf(MODES),
        load_default="draft",
        metadata={"description": "reply: answer by mail; draft: put answers into the drafts; shadow: write nothing"},
    )


class MailboxChange(_Given):
    """Changes to a mailbox."""

    mode = fields.String(validate=validate.OneOf(MODES))
    state = fields.String(validate=validate.OneOf(["enabled", "disabled"]))


class MailboxQuery(NoQuery):
    """The list of mailboxes has one page and no filters."""


class Mailbox(ma.Schema):
    """A connected mailbox."""

    id = fields.String(required=True)
    name = fields.String(required=True)
    address = fields.String(required=True)
    sender_name = fields.String(required=True, allow_none=True)
    imap_url = fields.String(required=True, allow_none=True)
    smtp_url = fields.String(required=True, allow_none=True)
    oauth = fields.Nested(Consent, required=True, allow_none=True)
    authserv_id = fields.String(required=True, allow_none=True)
    ses_topic = fields.String(required=True, allow_none=True)
    sendgrid_key = fields.String(required=True, allow_none=True)
    team = fields.List(fields.String(), required=True)
    notify = fields.List(fields.String(), required=True)
    folders = fields.Dict(required=True)
    plus_addressing = fields.Boolean(required=True)
    saves_sent = fields.Boolean(required=True)
    mode = fields.String(required=True)
    languages = fields.List(fields.String(), required=True, allow_none=True)
    hours = fields.Dict(required=True, allow_none=True)
    state = fields.String(required=True)
    mail = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        required=True,
        metadata={"description": "number of its mail by state"},
    )
    checked_at = moment(required=True, allow_none=True)
    error = fields.String(required=True, allow_none=True, metadata={"description": "why it could not be read by IMAP"})
    created_at = moment(required=True)
    updated_at = moment(required=True)
    links = links()


class ReceivedMail(ma.Schema):
    """A mail that was accepted."""

    id = fields.String(required=True)
    state = fields.String(required=True)


class Suppression(ma.Schema):
    """An address that gets no mail."""

    address = fields.String(required=True)
    reason = fields.String(required=True)

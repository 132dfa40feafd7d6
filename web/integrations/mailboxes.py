"""Mailboxes, and mail that providers post."""

import time
from typing import Any

import flask
from webargs.flaskparser import abort

from web.http.api import Blueprint, services
from web.http.auth import admin, needs, public
from web.http.forms import fields_of
from web.http.operations import operation
from web.schemas import mailboxes as schemas
from web.schemas.fields import NoQuery, page_of
from worker.access.permissions import Permission
from worker.errors import DatabaseUnavailable
from worker.helpdesks.protocol import WebhookPostponed

blueprint = Blueprint("mailboxes", __name__, description="Mailboxes")

_BODY = {
    "requestBody": {
        "required": True,
        "content": {"message/rfc822": {"schema": {"type": "string", "format": "binary"}}},
    }
}

_FORM_FIELDS = {name: {"type": "string"} for name in ("body-mime", "timestamp", "token", "signature")}
_FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": {"type": "object", "required": list(_FORM_FIELDS), "properties": _FORM_FIELDS}
            }
        },
    }
}


def _body(media_type: str, required: dict[str, str]) -> dict[str, Any]:
    """Return the description of a request's body, with the types of its required fields."""
    properties = {name: {"type": type} for name, type in required.items()}
    schema = {"type": "object", "required": list(required), "properties": properties}
    return {"requestBody": {"required": True, "content": {media_type: {"schema": schema}}}}


#: SNS posts JSON and calls it text.
_SNS = {"requestBody": {"required": True, "content": {"text/plain": {"schema": {"type": "string"}}}}}
_POSTMARK = _body("application/json", {"RawEmail": "string"})
_SENDGRID = _body("multipart/form-data", {"email": "string"})


def _workspace() -> str:
    return str(flask.g.principal.workspace_id)


@blueprint.post("/mailboxes")
@operation("mailboxes.create", "conflict", "invalid")
@admin
@blueprint.arguments(schemas.NewMailbox)
@blueprint.response(201, schemas.Mailbox)
def make(new: dict[str, Any]) -> dict[str, Any]:
    """Connect a mailbox."""
    return services().mailboxes.make(_workspace(), new)


@blueprint.get("/mailboxes")
@operation("mailboxes.list")
@needs(Permission.READ)
@blueprint.arguments(schemas.MailboxQuery, location="query")
@blueprint.response(200, page_of(schemas.Mailbox))
def list_mailboxes(_query: dict[str, Any]) -> dict[str, Any]:
    """List the mailboxes by name, on one page."""
    return {"items": services().mailboxes.all(_workspace()), "next_cursor": None}


@blueprint.get("/mailboxes/<string:mailbox_id>")
@operation("mailboxes.retrieve")
@needs(Permission.READ)
@blueprint.response(200, schemas.Mailbox)
def show(mailbox_id: str) -> dict[str, Any]:
    """Return a mailbox."""
    return services().mailboxes.show(_workspace(), mailbox_id)


@blueprint.patch("/mailboxes/<string:mailbox_id>")
@operation("mailboxes.update", "invalid")
@admin
@blueprint.arguments(schemas.MailboxChange)
@blueprint.response(200, schemas.Mailbox)
def change(new: dict[str, Any], mailbox_id: str) -> dict[str, Any]:
    """Change a mailbox."""
    return services().mailboxes.change(_workspace(), mailbox_id, new)


@blueprint.delete("/mailboxes/<string:mailbox_id>")
@operation("mailboxes.delete")
@admin
@blueprint.response(204)
def remove(mailbox_id: str) -> None:
    """Disconnect a mailbox; its conversations stay, and nothing is deleted in it."""
    services().mailboxes.remove(_workspace(), mailbox_id)


@blueprint.post("/mailboxes/<string:mailbox_id>/inbound")
@operation("mailboxes.receive", "invalid")
@needs(Permission.OPERATE)
@blueprint.response(202, schemas.ReceivedMail)
@blueprint.doc(**_BODY)
def receive(mailbox_id: str) -> tuple[dict[str, Any], int]:
    """Accept a raw mail, as a provider or a mail server posts it."""
    if flask.request.mimetype != "message/rfc822":
        abort(415, messages={"body": ["The body must be a raw mail, sent as message/rfc822."]})
    data = flask.request.get_data(cache=False)
    return services().mailboxes.receive(_workspace(), mailbox_id, data), 202


@blueprint.post("/mailboxes/<string:mailbox_id>/inbound/mailgun/mime")
@operation("mailboxes.receive_from_mailgun", "webhook_refused", "webhook_postponed", "invalid")
@public
@blueprint.response(200)
@blueprint.doc(**_FORM)
def receive_from_mailgun(mailbox_id: str) -> None:
    """Accept a raw mail of a route of Mailgun, which is signed and needs no key."""
    try:
        services().mailboxes.posted.mailgun(mailbox_id, fields_of(flask.request), now=time.time())
    except DatabaseUnavailable:
        raise WebhookPostponed from None  # with a status after which Mailgun sends it again


@blueprint.post("/mailboxes/<string:mailbox_id>/inbound/ses")
@operation("mailboxes.receive_from_ses", "webhook_refused", "webhook_postponed", "invalid")
@public
@blueprint.response(200)
@blueprint.doc(**_SNS)
def receive_from_ses(mailbox_id: str) -> None:
    """Accept a mail of Amazon SES, which its topic of SNS signs and which needs no key."""
    services().mailboxes.posted.ses(mailbox_id, flask.request.get_data(cache=False), now=time.time())


@blueprint.post("/mailboxes/<string:mailbox_id>/inbound/postmark")
@operation("mailboxes.receive_from_postmark", "webhook_refused", "invalid")
@public
@blueprint.response(200)
@blueprint.doc(**_POSTMARK)
def receive_from_postmark(mailbox_id: str) -> None:
    """Accept a mail of Postmark, whose URL has the password of the mailbox."""
    payload = flask.request.get_json(force=True, silent=True)
    authorization = flask.request.headers.get("Authorization", "")
    services().mailboxes.posted.postmark(mailbox_id, payload if isinstance(payload, dict) else {}, authorization)


@blueprint.post("/mailboxes/<string:mailbox_id>/inbound/sendgrid")
@operation("mailboxes.receive_from_sendgrid", "webhook_refused", "invalid")
@public
@blueprint.response(200)
@blueprint.doc(**_SENDGRID)
def receive_from_sendgrid(mailbox_id: str) -> None:
    """Accept a mail of SendGrid, which signs it, or whose URL has the password of the mailbox."""
    body = flask.request.get_data(cache=True)
    headers = {name.lower(): value for name, value in flask.request.headers.items()}
    posted = services().mailboxes.posted
    row = posted.check_sendgrid(mailbox_id, body, headers, now=time.time())
    posted.sendgrid(row, fields_of(flask.request))


@blueprint.get("/mailboxes/<string:mailbox_id>/suppressions")
@operation("mailboxes.list_suppressions")
@needs(Permission.READ)
@blueprint.arguments(NoQuery, location="query")
@blueprint.response(200, page_of(schemas.Suppression))
def suppressions(_query: dict[str, Any], mailbox_id: str) -> dict[str, Any]:
    """List the addresses that mail bounced from for good, on one page."""
    return {"items": services().mailboxes.suppressions(_workspace(), mailbox_id), "next_cursor": None}


@blueprint.delete("/mailboxes/<string:mailbox_id>/suppressions/<string:address>")
@operation("mailboxes.delete_suppression")
@admin
@blueprint.response(204)
def allow(mailbox_id: str, address: str) -> None:
    """Send to an address again."""
    services().mailboxes.allow(_workspace(), mailbox_id, address)

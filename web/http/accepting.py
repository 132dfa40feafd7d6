"""Accepting tickets and messages: idempotency keys, deadlines, callback URLs, and the 202 response."""

import json
from typing import Any

import flask

from web.http.api import services
from web.http.audience import is_customer, visible
from worker.conversations.intake import Submission, fingerprint
from worker.errors import Invalid

_MAX_KEY = 255
_MAX_CUSTOMER_KEY = 200


def submission(content: str, new: dict[str, Any], *, key: str | None = None) -> Submission:
    """Return the submission that this request makes, or one of its many with an idempotency `key` of its own.

    Raises:
        Invalid: the idempotency key is malformed.
        AddressRefused: callbacks to this URL are not allowed.
    """
    if is_customer() and not new.keys() <= {"content", "attachments"}:
        flask.abort(403, description="A conversation token allows the fields content and attachments only.")
    url = new.get("callback_url")
    if url is not None:
        services().guard.check_url(url, field="callback_url")
    key = idempotency_key() if key is None else key
    if key is not None and is_customer():
        key = key_in(str(flask.g.principal.conversation_id), key)
    return Submission(
        content=content,
        deadline_s=new.get("deadline_s") or services().settings.deadline_s,
        callback_url=url,
        idempotency_key=key,
        fingerprint=fingerprint(flask.request.path, new) if key is not None else None,
        request_id=flask.g.request_id,
        key_id=flask.g.principal.key_id,
        attachments=tuple(dict.fromkeys(new.get("attachments", ()))),
        email_headers=new.get("email_headers", {}),
    )


def key_in(conversation_id: str, key: str) -> str:
    """Return the idempotency key of a customer, confined to their conversation and distinct from those of API keys.

    Raises:
        Invalid: the key is too long.
    """
    if len(key) > _MAX_CUSTOMER_KEY:
        raise Invalid(f"The key must have at most {_MAX_CUSTOMER_KEY} characters.", field="Idempotency-Key")
    return f"\x1f{conversation_id} {key}"


def idempotency_key() -> str | None:
    """Return the caller's `Idempotency-Key`, quoted (as in the IETF draft) or bare; None without the header.

    Raises:
        Invalid: the key is empty, too long, or has characters other than visible ASCII and blanks.
    """
    given = flask.request.headers.get("Idempotency-Key")
    if given is None:
        return None
    key = given.strip()
    if len(key) >= 2 and key[0] == key[-1] == '"':
        key = key[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    if not 1 <= len(key) <= _MAX_KEY or any(not 32 <= ord(char) < 127 for char in key):
        raise Invalid(f"Idempotency-Key must have 1 to {_MAX_KEY} visible ASCII characters.", field="Idempotency-Key")
    return key


def accepted(message: dict[str, Any]) -> flask.Response:
    """Return the 202 response of an accepted message.

    The message already has the form of `schemas.Message`, which tests verify, so the schema does not dump it again.
    """
    message = visible(message)
    response = flask.Response(json.dumps(message, ensure_ascii=False), 202, mimetype="application/json")
    response.headers["Location"] = message["links"]["self"]
    response.headers["Retry-After"] = "1"
    return response

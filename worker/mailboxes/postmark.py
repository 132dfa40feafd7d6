"""Mail that Postmark posts as JSON, to a URL with a user and a password, and with the raw mail.

After its description: https://postmarkapp.com/developer/webhooks/inbound-webhook
"""

from collections.abc import Mapping
from typing import Any

from worker.errors import Invalid
from worker.mailboxes.providers import require_password


def raw_mail(payload: Mapping[str, Any], authorization: str, *, password: str) -> bytes:
    """Return the raw mail of a payload that Postmark posted.

    Args:
        authorization: the header of that name.

    Raises:
        WebhookRefused: it does not have the password of the mailbox's URL.
        Invalid: the payload has no raw mail, because the stream does not include it.
    """
    require_password(authorization, password)
    raw = payload.get("RawEmail")
    if not isinstance(raw, str) or not raw:
        raise Invalid(
            "The payload has no `RawEmail`: tick `Include raw email content in JSON payload` in the inbound stream.",
            field="RawEmail",
        )
    return raw.encode("utf-8", "surrogateescape")

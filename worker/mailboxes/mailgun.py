"""Mail that a route of Mailgun posts: a form with the raw mail, signed with a time and a token.

After its description: https://documentation.mailgun.com/docs/mailgun/user-manual/receive-forward-store/receive-http
"""

from collections.abc import Mapping

from worker.errors import Invalid
from worker.helpdesks.protocol import hmac_hex, require_fresh, require_same

_SIGNED = ("timestamp", "token", "signature")


def raw_mail(form: Mapping[str, bytes], *, key: str, now: float) -> bytes:
    """Return the raw mail of a form that Mailgun signed with a key; fields are not decoded, `now` is in Unix seconds.

    Raises:
        WebhookRefused: it did not sign it, or too long ago.
        Invalid: the form has no raw mail, because the URL of the route does not end in `mime`.
    """
    timestamp, token, signature = (form.get(name, b"").decode(errors="replace") for name in _SIGNED)
    require_same(signature, hmac_hex(key, f"{timestamp}{token}".encode()))
    require_fresh(float(timestamp) if timestamp.isascii() and timestamp.isdecimal() else None, now=now)
    body = form.get("body-mime")
    if body is None:
        raise Invalid("The form has no `body-mime`: the URL of the route must end in `mime`.", field="body-mime")
    return body

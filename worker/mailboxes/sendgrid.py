"""Mail that SendGrid's Inbound Parse posts as a form with the raw mail: signed, or to a URL with a password.

After its description: https://www.twilio.com/docs/sendgrid/for-developers/parsing-email/securing-your-parse-webhooks
"""

import base64
import binascii
from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from worker.errors import Invalid
from worker.helpdesks.protocol import WebhookRefused, require_fresh

_SIGNATURE = "x-twilio-email-event-webhook-signature"
_TIMESTAMP = "x-twilio-email-event-webhook-timestamp"


def public_key(text: str) -> ec.EllipticCurvePublicKey:
    """Return the verification key as SendGrid shows it: DER in base64.

    Raises:
        Invalid: it is none.
    """
    try:
        key = load_der_public_key(base64.b64decode(text, validate=True))
    except (ValueError, binascii.Error):
        key = None
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise Invalid("Must be the public key that SendGrid shows for the signature.", field="sendgrid_key")
    return key


def verify(body: bytes, headers: Mapping[str, str], *, key: str, now: float) -> None:
    """Raise unless SendGrid signed a body and its time; `headers` by lower-case name, `now` in Unix seconds.

    Raises:
        WebhookRefused: it did not, or too long ago.
    """
    timestamp = headers.get(_TIMESTAMP, "")
    try:
        signature = base64.b64decode(headers.get(_SIGNATURE, ""), validate=True)
        public_key(key).verify(signature, timestamp.encode() + body, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError, binascii.Error):
        raise WebhookRefused("The form is not signed by SendGrid.") from None
    require_fresh(float(timestamp) if timestamp.isascii() and timestamp.isdecimal() else None, now=now)


def raw_mail(form: Mapping[str, bytes]) -> bytes:
    """Return the raw mail of a form, whose fields are not decoded.

    Raises:
        Invalid: it has none, because the setting posts the parts of the mail.
    """
    raw = form.get("email")
    if not raw:
        raise Invalid("The form has no `email`: tick `POST the raw, full MIME message`.", field="email")
    return raw

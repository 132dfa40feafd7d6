"""Mail that Amazon SES publishes to a topic of SNS, which posts it here, signed with a certificate of Amazon.

After https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message-verify-message-signature.html and
https://docs.aws.amazon.com/ses/latest/dg/receiving-email-notifications-examples.html
"""

import base64
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

import httpx
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from worker.addresses import AddressRefused, Caller, Guard
from worker.errors import Invalid
from worker.helpdesks.protocol import WebhookPostponed, WebhookRefused

_TOTAL_S = 5.0
_MAX_BYTES = 100_000

#: Where Amazon keeps the certificates of SNS, and its API.
_CERTIFICATE = re.compile(r"https://sns\.[a-z0-9-]+\.amazonaws\.com(\.cn)?/SimpleNotificationService-[0-9a-f]+\.pem\Z")
_API = re.compile(r"https://sns\.[a-z0-9-]+\.amazonaws\.com(\.cn)?/\?")

#: The fields that are signed, in this order; SNS repeats a message for up to an hour, signed as at first.
_SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    "UnsubscribeConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
_MAX_AGE_S = 3_900.0
_HASHES = {"1": hashes.SHA1, "2": hashes.SHA256}  # what SNS signs with: version 1 is SHA-1


class Fetches(Protocol):
    """Fetches from Amazon; its methods raise as those of `Amazon`."""

    def certificate(self, url: str) -> bytes: ...

    def get(self, url: str) -> bytes: ...


class Amazon:
    """Fetches what messages of SNS name: certificates, and the URL that confirms a subscription. Thread-safe."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._certificates: dict[str, bytes] = {}

    def certificate(self, url: str) -> bytes:
        """Return a certificate in PEM; raises as `get`."""
        if url not in self._certificates:
            self._certificates[url] = self.get(url)
        return self._certificates[url]

    def get(self, url: str) -> bytes:
        """Return the body at a URL.

        Raises:
            WebhookPostponed: there is no answer of 200.
        """
        try:
            self._guard.check_url(url)
            with Caller(self._guard, total_s=_TOTAL_S) as caller, caller.stream("GET", url) as response:
                data = b""
                for piece in response.iter_bytes():
                    data += piece
                    if len(data) > _MAX_BYTES:
                        break
        except (httpx.HTTPError, OSError, AddressRefused) as error:
            raise WebhookPostponed(f"Amazon does not answer: {type(error).__name__}") from error
        if response.status_code != 200 or len(data) > _MAX_BYTES:
            raise WebhookPostponed(f"Amazon answers with {response.status_code}.")
        return data


def message_of(body: bytes, amazon: Fetches, *, topic: str, now: float) -> dict[str, str]:
    """Return a message of SNS that Amazon signed for a topic; `now` in Unix seconds.

    Raises:
        WebhookRefused: it is of another topic, or not signed by Amazon, or too old.
        WebhookPostponed: its certificate cannot be fetched.
    """
    try:
        message = json.loads(body)
        signed = _SIGNED[message["Type"]]
        texts = [(name, message[name]) for name in signed if name != "Subject" or message.get(name) is not None]
        signature = base64.b64decode(message["Signature"], validate=True)
        algorithm = _HASHES[message["SignatureVersion"]]()
        at = datetime.strptime(message["Timestamp"], "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC).timestamp()
        url = message["SigningCertURL"]
        if not all(isinstance(text, str) for _name, text in texts) or not _CERTIFICATE.match(url):
            raise ValueError
    except (ValueError, KeyError, TypeError):
        raise WebhookRefused("This is no signed message of Amazon SNS.") from None
    if message["TopicArn"] != topic:
        raise WebhookRefused("The message is of another topic than the mailbox's.")
    try:
        certificate = x509.load_pem_x509_certificate(amazon.certificate(url))
        key = certificate.public_key()
        if not isinstance(key, rsa.RSAPublicKey):
            raise ValueError
        key.verify(
            signature, "".join(f"{name}\n{text}\n" for name, text in texts).encode(), padding.PKCS1v15(), algorithm
        )
    except (InvalidSignature, ValueError):
        raise WebhookRefused("The message is not signed by Amazon SNS.") from None
    if abs(now - at) > _MAX_AGE_S:
        raise WebhookRefused("The message is too old.")
    return {name: text for name, text in message.items() if isinstance(text, str)}


def confirm(message: Mapping[str, str], amazon: Fetches) -> None:
    """Confirm the subscription that a signed message asks to.

    Raises:
        WebhookRefused: its URL is not Amazon's.
        WebhookPostponed: there is no answer.
    """
    url = message.get("SubscribeURL", "")
    if not _API.match(url):
        raise WebhookRefused("The URL that confirms the subscription is not Amazon's.")
    amazon.get(url)


def raw_mail(message: Mapping[str, str]) -> bytes | None:
    """Return the raw mail of a notification; None when it is about something else, as one that tests the topic.

    Raises:
        Invalid: SES published no content, because the action of the rule is another than SNS.
    """
    try:
        notification: Any = json.loads(message.get("Message", ""))
    except ValueError:
        return None
    if not isinstance(notification, dict) or notification.get("notificationType") != "Received":
        return None
    content = notification.get("content")
    if not isinstance(content, str):
        raise Invalid("The notification has no `content`: the action of the receipt rule must be SNS.", field="content")
    receipt = notification.get("receipt") or {}
    encoding = str((receipt.get("action") or {}).get("encoding", "")).upper() if isinstance(receipt, dict) else ""
    if encoding == "BASE64":
        try:
            return base64.b64decode(content)
        except ValueError:
            raise Invalid("The `content` is no base64.", field="content") from None
    return content.encode("utf-8", "surrogateescape")

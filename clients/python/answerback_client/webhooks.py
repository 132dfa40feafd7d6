"""Verifying webhooks, which are signed after Standard Webhooks: https://www.standardwebhooks.com."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol, cast

from answerback_client._api_error import InvalidSignature
from answerback_client._generated.types import WebhookEvent

#: Seconds that the clocks of both sides may differ, and that a webhook may be on its way.
TOLERANCE_S = 300.0

#: Unix seconds for the next thirty thousand years; Python refuses to read very long numbers.
_TIMESTAMP = re.compile(r"[0-9]{1,12}")

_SECRET, _PUBLIC_KEY = "whsec_", "whpk_"

#: Takes the signed bytes and the decoded signature.
_Verifier = Callable[[bytes, bytes], bool]


class Headers(Protocol):
    """Headers of a request: a dictionary, or what Flask, Django, Starlette or httpx have for them."""

    def items(self) -> Iterable[tuple[str, str]]:
        """Return names and values."""


@dataclass(frozen=True)
class Webhook:
    """A webhook that the server sent.

    Attributes:
        id: the same with every attempt: process each once.
        sent_at: the time of this attempt.
        event: tell by its `type` which it is.
    """

    id: str
    sent_at: datetime
    event: WebhookEvent


def verify(
    body: bytes | str,
    headers: Headers,
    secret: str | Iterable[str],
    *,
    tolerance_s: float = TOLERANCE_S,
) -> Webhook:
    """Return a webhook once its signature and its age are checked.

    Args:
        body: as it was received, before any parsing.
        headers: of the request, in any case.
        secret: the endpoint's `secret` (`whsec_…`), or its `public_key` (`whpk_…`, which needs the extra `ed25519`);
            several while you change from one to another.
        tolerance_s: how old it may be, and how far ahead of this machine's clock.

    Raises:
        InvalidSignature: it is not of the server, was changed, or is too old. Respond with 401.
        ValueError: the secret is not one.
    """
    raw = body.encode() if isinstance(body, str) else bytes(body)
    lower = {name.lower(): value for name, value in headers.items()}
    id, sent, signatures = (lower.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature"))
    if not (id and sent and signatures):
        raise InvalidSignature("A header is missing: webhook-id, webhook-timestamp or webhook-signature.")
    if not _TIMESTAMP.fullmatch(sent) or abs(time.time() - int(sent)) > tolerance_s:
        raise InvalidSignature("The time of the webhook is too far from that of this machine.")
    signed = f"{id}.{sent}.".encode() + raw
    secrets = [secret] if isinstance(secret, str) else list(secret)
    verifiers = [_verifier(one) for one in secrets]
    if not any(_is_valid(signed, signatures, scheme, verifier) for scheme, verifier in verifiers):
        raise InvalidSignature("No signature of the webhook is valid.")
    return Webhook(id, datetime.fromtimestamp(int(sent), UTC), _event(raw))


def _is_valid(signed: bytes, signatures: str, scheme: str, verifier: _Verifier) -> bool:
    for signature in signatures.split():
        given, _, encoded = signature.partition(",")
        if given == scheme and (decoded := _decoded(encoded)) is not None and verifier(signed, decoded):
            return True
    return False


def _verifier(secret: str) -> tuple[str, _Verifier]:
    """Return the scheme of a secret, and what verifies with it."""
    key = _decoded(secret.removeprefix(_SECRET).removeprefix(_PUBLIC_KEY))
    if secret.startswith(_SECRET) and key:
        return "v1", lambda signed, given: hmac.compare_digest(hmac.new(key, signed, hashlib.sha256).digest(), given)
    if secret.startswith(_PUBLIC_KEY) and key and len(key) == 32:
        return "v1a", _ed25519(key)
    if secret.startswith("whsk_"):
        raise ValueError(
            "whsk_ is the private key with which the server signs: give the endpoint's public_key, whpk_…."
        )
    raise ValueError("The secret of a webhook begins with whsec_, or with whpk_ for a public key, followed by base64.")


def _ed25519(key: bytes) -> _Verifier:
    try:
        from cryptography.exceptions import InvalidSignature as NotValid
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError as error:
        raise ImportError("ed25519 needs the extra: pip install 'answerback-client[ed25519]'") from error

    public = Ed25519PublicKey.from_public_bytes(key)

    def verified(signed: bytes, given: bytes) -> bool:
        try:
            public.verify(given, signed)
        except NotValid:
            return False
        return True

    return verified


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _event(raw: bytes) -> WebhookEvent:
    try:
        event = json.loads(raw)
    except ValueError as error:
        raise InvalidSignature("The body is not JSON.") from error
    return cast(WebhookEvent, event)

"""Sign webhooks as Standard Webhooks 1.0.0 does: with HMAC-SHA256 (`v1`) or ed25519 (`v1a`)."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING

from worker.errors import Invalid

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SCHEMES = ("hmac", "ed25519")

_HMAC, _PRIVATE, _PUBLIC = "whsec_", "whsk_", "whpk_"
_MIN_BYTES, _MAX_BYTES = 24, 64


def new_secret(scheme: str = "hmac") -> str:
    """Return a secret: `whsec_` and 32 random bytes in base64, or `whsk_` and the seed of an ed25519 key."""
    return (_HMAC if scheme == "hmac" else _PRIVATE) + base64.b64encode(secrets.token_bytes(32)).decode()


def check_secret(secret: str) -> str:
    """Return a secret that a user chose, once it is checked.

    Raises:
        Invalid: it is not `whsec_` and 24 to 64 bytes, or `whsk_` and 32 or 64, in base64.
    """
    prefix = next((known for known in (_HMAC, _PRIVATE) if secret.startswith(known)), None)
    try:
        key = base64.b64decode(secret.removeprefix(prefix or "\x00"), validate=True)
    except ValueError:
        key = b""
    long_enough = _MIN_BYTES <= len(key) <= _MAX_BYTES if prefix == _HMAC else len(key) in (32, 64)
    if prefix is None or not long_enough:
        raise Invalid("Must be whsec_ and 24 to 64 bytes in base64, or whsk_ and 32 or 64 bytes.", field="secret")
    return secret


def scheme_of(secret: str) -> str:
    """Return the signature scheme of a secret, one of SCHEMES."""
    return "ed25519" if secret.startswith(_PRIVATE) else "hmac"


def public_key(secret: str) -> str | None:
    """Return the public key of an ed25519 secret, `whpk_` and 32 bytes in base64; None for HMAC."""
    if not secret.startswith(_PRIVATE):
        return None
    from cryptography.hazmat.primitives import serialization

    raw = _ed25519(secret).public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return _PUBLIC + base64.b64encode(raw).decode()


def headers(signers: Sequence[str], *, id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the three headers of one attempt, signed with each of the secrets.

    Args:
        signers: the newest secret first; a receiver needs one of them.
        id: without a dot.
        timestamp: of this attempt, in Unix seconds.
    """
    signed = f"{id}.{timestamp}.".encode() + body
    signatures = " ".join(_signature(secret, signed) for secret in signers)
    return {"webhook-id": id, "webhook-timestamp": str(timestamp), "webhook-signature": signatures}


def _signature(secret: str, signed: bytes) -> str:
    if secret.startswith(_PRIVATE):
        return "v1a," + base64.b64encode(_ed25519(secret).sign(signed)).decode()
    key = base64.b64decode(secret.removeprefix(_HMAC))
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def _ed25519(secret: str) -> "Ed25519PrivateKey":
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(base64.b64decode(secret.removeprefix(_PRIVATE))[:32])

"""Signed tokens that are valid as long as the key they derive from: conversation tokens and console sessions."""

import hashlib
import json
import re
import secrets
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from itsdangerous import Signer

from worker.access.keys import Principal
from worker.errors import KeyRefused
from worker.store.engine import Store
from worker.store.tables import api_key, workspace

#: Prefix of conversation tokens; API keys have another one.
_PREFIX = "abt_"

#: Maximum lifetime of a conversation token.
MAX_TOKEN_S = 86_400.0


def is_token(credential: str) -> bool:
    """Whether a credential is a conversation token and not an API key."""
    return credential.startswith(_PREFIX)


class _Signed:
    """Signed tokens of the holder of a key. They are not stored, and become invalid with the key.

    The signing secret combines the workspace's callback secret with the digest of the key: receivers of callbacks know
    the first, the holder of the key knows the second, and no one outside knows both.
    """

    salt = ""

    def __init__(self, store: Store, *, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock
        self._keys = (
            sa.select(
                *(api_key.c[name] for name in ("workspace_id", "scopes", "digest")),
                workspace.c.callback_secret,
            )
            .join_from(api_key, workspace)
            .where(
                api_key.c.id == sa.bindparam("key"),
                api_key.c.revoked_at.is_(None),
                sa.or_(api_key.c.expires_at.is_(None), api_key.c.expires_at > store.clock.sql()),
            )
        )

    def _sign(self, principal: Principal, claims: Mapping[str, Any]) -> str:
        payload = urlsafe_b64encode(json.dumps(claims, separators=(",", ":")).encode()).decode().rstrip("=")
        signer, _ = self._signer(principal.key_id)
        return signer.sign(f"{principal.key_id}.{payload}").decode()

    def _read(self, text: str, *, or_expired: bool = False) -> tuple[dict[str, Any], Principal]:
        """Return the claims of a token, and the principal that signed it; `or_expired` accepts one that has expired.

        Raises:
            KeyRefused: the token is forged or expired, or its key is revoked.
        """
        match = _TOKEN.fullmatch(text)
        if match is None:
            raise KeyRefused("The token is not valid.")
        signer, row = self._signer(match[1])
        if not signer.validate(text):  # before the payload is parsed
            raise KeyRefused("The token is not valid.")
        claims: dict[str, Any] = json.loads(urlsafe_b64decode(match[2] + "=" * (-len(match[2]) % 4)))
        if claims["e"] <= self._clock() and not or_expired:
            raise KeyRefused("The token has expired.")
        return claims, Principal(key_id=match[1], workspace_id=row.workspace_id, scopes=frozenset(row.scopes))

    def _signer(self, key_id: str | None) -> tuple[Signer, Any]:
        with self._store.read() as connection:
            row = connection.execute(self._keys, {"key": key_id}).first()
        if row is None:
            raise KeyRefused("The token is not valid.")
        secret = f"{row.callback_secret} {row.digest}"
        return Signer(secret, salt=self.salt, digest_method=hashlib.sha256, key_derivation="hmac"), row


#: Key id, payload, signature.
_TOKEN = re.compile(r"(key_[0-9a-z]{1,40})\.([A-Za-z0-9_-]{1,800})\.[A-Za-z0-9_-]{20,100}")


class Tokens(_Signed):
    """Creates and checks conversation tokens: short-lived, for browsers."""

    salt = "answerback.conversation"

    def make(
        self, principal: Principal, conversation_id: str, *, for_s: float, origin: str | None = None
    ) -> tuple[str, int]:
        """Return a token and its expiry in Unix seconds; with `origin`, only pages of this origin can use it."""
        return self._make(principal, conversation_id, for_s=for_s, origin=origin, since=int(self._clock()))

    def renew(
        self, principal: Principal, token: str, *, for_s: float, max_age_s: float, origin: str | None
    ) -> tuple[str, str, int]:
        """Return the conversation of a token, a new token for it, and its expiry in Unix seconds.

        A token that has expired can be renewed too: who comes back after the weekend finds their conversation.

        Raises:
            KeyRefused: the token is forged, of another origin or key, or the first token of the session is older than
                `max_age_s`.
        """
        claims, signer = self._read(token.removeprefix(_PREFIX), or_expired=True)
        if signer.key_id != principal.key_id or claims["o"] != origin:
            raise KeyRefused("The token cannot be renewed by this key or from this origin.")
        since = claims.get("s", 0)
        if self._clock() - since > max_age_s:
            raise KeyRefused("The session has expired; start a new one.")
        conversation_id = str(claims["c"])
        return conversation_id, *self._make(principal, conversation_id, for_s=for_s, origin=origin, since=since)

    def _make(
        self, principal: Principal, conversation_id: str, *, for_s: float, origin: str | None, since: int
    ) -> tuple[str, int]:
        expires = int(self._clock() + min(for_s, MAX_TOKEN_S))
        claims = {"c": conversation_id, "e": expires, "o": origin, "s": since}
        return _PREFIX + self._sign(principal, claims), expires

    def check(self, token: str, *, origin: str | None) -> Principal:
        """Return the principal of a token.

        Raises:
            KeyRefused: the token is forged or expired, its key is revoked, or it is used from another origin.
        """
        claims, principal = self._read(token.removeprefix(_PREFIX))
        if claims["o"] is not None and claims["o"] != origin:
            raise KeyRefused("The token is for pages of another origin.")
        return replace(principal, scopes=frozenset(), conversation_id=claims["c"])


class Logins(_Signed):
    """Creates and checks the session cookie of a key in the console; people have `worker.accounts.sessions`."""

    salt = "answerback.console"

    def make(self, principal: Principal, *, for_s: float) -> str:
        """Return a new session cookie."""
        expires = int(self._clock() + for_s)
        return self._sign(principal, {"e": expires, "n": secrets.token_urlsafe(18)})

    def check(self, login: str) -> tuple[Principal, str]:
        """Return the principal of a session cookie, and the CSRF token of its forms.

        Raises:
            KeyRefused: the cookie is forged or expired, or its key is revoked.
        """
        claims, principal = self._read(login)
        return principal, claims["n"]

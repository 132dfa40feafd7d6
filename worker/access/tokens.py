"""What is signed for the holder of a key and dies with it: conversations' tokens, and the console's logins."""

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

#: What a conversation's token begins with, unlike any key.
_PREFIX = "abt_"

#: The longest life of a token, in seconds.
MAX_TOKEN_S = 86_400.0


def is_token(given: str) -> bool:
    """Whether this is a conversation's token and not an API key."""
    return given.startswith(_PREFIX)


class _Signed:
    """What is signed for the holder of a key and dies with it; kept nowhere.

    It is signed with what nobody outside has: receivers know the workspace's callback secret, whoever has a key its
    digest, and nobody both.
    """

    salt = ""
    until_password_changes = False

    def __init__(self, store: Store, *, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock
        self._keys = (
            sa.select(
                *(api_key.c[name] for name in ("workspace_id", "scopes", "digest", "password")),
                workspace.c.callback_secret,
            )
            .join_from(api_key, workspace)
            .where(
                api_key.c.id == sa.bindparam("key"),
                api_key.c.revoked_at.is_(None),
                sa.or_(api_key.c.expires_at.is_(None), api_key.c.expires_at > store.clock.sql()),
            )
        )

    def _sign(self, principal: Principal, said: Mapping[str, Any]) -> str:
        payload = urlsafe_b64encode(json.dumps(said, separators=(",", ":")).encode()).decode().rstrip("=")
        signer, _ = self._signer(principal.key_id)
        return signer.sign(f"{principal.key_id}.{payload}").decode()

    def _read(self, text: str) -> tuple[dict[str, Any], Principal]:
        """Return what was signed, and for whom.

        Raises:
            KeyRefused: it is forged or over, or its key is revoked.
        """
        form = _FORM.fullmatch(text)
        if form is None:
            raise KeyRefused("The token is not valid.")
        signer, row = self._signer(form[1])
        if not signer.validate(text):  # before anything in it is looked at
            raise KeyRefused("The token is not valid.")
        said: dict[str, Any] = json.loads(urlsafe_b64decode(form[2] + "=" * (-len(form[2]) % 4)))
        if said["e"] <= self._clock():
            raise KeyRefused("The token has expired.")
        return said, Principal(key_id=form[1], workspace_id=row.workspace_id, scopes=frozenset(row.scopes))

    def _signer(self, key_id: str) -> tuple[Signer, Any]:
        with self._store.read() as connection:
            row = connection.execute(self._keys, {"key": key_id}).first()
        if row is None:
            raise KeyRefused("The token is not valid.")
        secret = f"{row.callback_secret} {row.digest}"
        if self.until_password_changes:
            secret += f" {row.password or ''}"
        return Signer(secret, salt=self.salt, digest_method=hashlib.sha256, key_derivation="hmac"), row


#: Key, payload, signature; nothing longer is looked at.
_FORM = re.compile(r"(key_[0-9a-z]{1,40})\.([A-Za-z0-9_-]{1,800})\.[A-Za-z0-9_-]{20,100}")


class Tokens(_Signed):
    """Makes and checks tokens that open one conversation, for browsers: short-lived."""

    salt = "answerback.conversation"

    def make(
        self, principal: Principal, conversation_id: str, *, for_s: float, origin: str | None = None
    ) -> tuple[str, int]:
        """Return a token, and when it ends in Unix seconds; with `origin`, only pages from there can use it."""
        return self._made(principal, conversation_id, for_s=for_s, origin=origin, since=int(self._clock()))

    def renew(
        self, principal: Principal, token: str, *, for_s: float, most_s: float, origin: str | None
    ) -> tuple[str, str, int]:
        """Return the conversation of a token that `principal` gave, the next token, and when that ends.

        Raises:
            KeyRefused: it is forged or over, for another origin, of another key, or the first one is `most_s` old.
        """
        said, giver = self._read(token.removeprefix(_PREFIX))
        if giver.key_id != principal.key_id or said["o"] != origin:
            raise KeyRefused("The token is not one that can be renewed here.")
        since = said.get("s", 0)
        if self._clock() - since > most_s:
            raise KeyRefused("The token cannot be renewed any more.")
        talk = str(said["c"])
        return talk, *self._made(principal, talk, for_s=for_s, origin=origin, since=since)

    def _made(
        self, principal: Principal, conversation_id: str, *, for_s: float, origin: str | None, since: int
    ) -> tuple[str, int]:
        ends = int(self._clock() + min(for_s, MAX_TOKEN_S))
        return _PREFIX + self._sign(principal, {"c": conversation_id, "e": ends, "o": origin, "s": since}), ends

    def check(self, token: str, *, origin: str | None) -> Principal:
        """Return whom a token stands for.

        Raises:
            KeyRefused: it is forged or over, the key that made it is revoked, or it is used from elsewhere.
        """
        said, principal = self._read(token.removeprefix(_PREFIX))
        if said["o"] is not None and said["o"] != origin:
            raise KeyRefused("The token is for pages of another origin.")
        return replace(principal, scopes=frozenset(), conversation_id=said["c"])


class Logins(_Signed):
    """Makes and checks what the console's cookie holds."""

    salt = "answerback.console"
    until_password_changes = True

    def make(self, principal: Principal, *, for_s: float) -> str:
        """Return a login that is unlike any before."""
        ends = int(self._clock() + for_s)
        return self._sign(principal, {"e": ends, "n": secrets.token_urlsafe(18)})

    def check(self, login: str) -> tuple[Principal, str]:
        """Return who logged in, and what their forms must come with.

        Raises:
            KeyRefused: it is forged or over, or the key is revoked.
        """
        said, principal = self._read(login)
        return principal, said["n"]

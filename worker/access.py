"""Workspaces and the API keys that open them."""

import hashlib
import json
import re
import secrets
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from itsdangerous import Signer
from sqlalchemy.exc import IntegrityError

from worker.callbacks.signing import new_secret
from worker.conversations import wire
from worker.errors import KeyRefused, NotFound
from worker.ids import new_id
from worker.store.engine import Store
from worker.store.tables import api_key, workspace

SCOPES = ("read", "write", "admin")
DEFAULT_WORKSPACE = "default"

#: A key that was found valid is not looked up again for this long: a burst of requests asks once.
_TRUSTED_S = 0.25
_MOST_SEEN = 10_000


@dataclass(frozen=True, kw_only=True)
class Principal:
    """Who calls: a key, the workspace that it opens, and what it may do there."""

    key_id: str
    workspace_id: str
    scopes: frozenset[str]
    conversation_id: str | None = None  # of a customer, who may see and do what concerns this one alone


class Keys:
    """Makes, checks and revokes API keys. Only their digests are kept."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._now = store.clock.sql()
        self._seen: dict[str, tuple[Principal, float]] = {}
        valid = sa.and_(
            api_key.c.revoked_at.is_(None), sa.or_(api_key.c.expires_at.is_(None), api_key.c.expires_at > self._now)
        )
        self._known = sa.select(api_key.c.id, api_key.c.workspace_id, api_key.c.scopes, valid.label("valid")).where(
            api_key.c.digest == sa.bindparam("digest")
        )

    def workspace(self, name: str = DEFAULT_WORKSPACE) -> str:
        """Return the id of a workspace, which is made if there is none of this name."""
        found = sa.select(workspace.c.id).where(workspace.c.name == name)
        with self._store.read() as connection:
            id = connection.execute(found).scalar()
        if id is not None:
            return str(id)
        try:
            with self._store.begin() as tx:
                made = workspace.insert().values(
                    id=new_id("ws"), name=name, callback_secret=new_secret(), created_at=self._now
                )
                return str(tx.execute(made.returning(workspace.c.id)).scalar_one())
        except IntegrityError:  # a twin was first
            with self._store.read() as connection:
                return str(connection.execute(found).scalar_one())

    def callback_secret(self, workspace_id: str) -> str:
        """Return the secret that signs the callbacks of a workspace's messages."""
        with self._store.read() as connection:
            return str(
                connection.execute(
                    sa.select(workspace.c.callback_secret).where(workspace.c.id == workspace_id)
                ).scalar_one()
            )

    def make(
        self,
        workspace_id: str,
        *,
        name: str,
        scopes: Sequence[str] = SCOPES,
        expires_in_s: float | None = None,
        key: str | None = None,
    ) -> str:
        """Make a key and return it; this is the only time that it can be seen. A given `key` is kept if new."""
        key = key or f"ab_{secrets.token_urlsafe(32)}"
        row = {
            "id": new_id("key"),
            "workspace_id": workspace_id,
            "name": name,
            "digest": _digest(key),
            "hint": key[:8],
            "scopes": list(scopes),
            "created_at": self._now,
            "expires_at": None if expires_in_s is None else self._now + int(expires_in_s * 1000),
        }
        try:
            with self._store.begin() as tx:
                tx.execute(api_key.insert().values(**row))
        except IntegrityError:
            pass  # known already
        return key

    def check(self, key: str) -> Principal:
        """Return whom a key stands for; a revocation is noticed within a quarter of a second.

        Raises:
            KeyRefused: it is unknown, expired or revoked.
        """
        digest = _digest(key)
        principal, until = self._seen.get(digest, (None, 0.0))
        if principal is not None and time.monotonic() < until:
            return principal
        with self._store.read() as connection:
            row = connection.execute(self._known, {"digest": digest}).first()
        if row is None or not row.valid:
            self._seen.pop(digest, None)
            raise KeyRefused
        principal = Principal(key_id=row.id, workspace_id=row.workspace_id, scopes=frozenset(row.scopes))
        if len(self._seen) >= _MOST_SEEN:
            self._seen.clear()
        self._seen[digest] = (principal, time.monotonic() + _TRUSTED_S)
        return principal

    def revoke(self, key_id: str) -> None:
        """Refuse a key from now on.

        Raises:
            NotFound: there is no key with this id.
        """
        with self._store.begin() as tx:
            changed = tx.execute(
                api_key.update()
                .where(api_key.c.id == key_id)
                .values(revoked_at=sa.func.coalesce(api_key.c.revoked_at, self._now))
            )
            if not changed.rowcount:
                raise NotFound("There is no key with this id.")

    def all(self) -> list[dict[str, Any]]:
        """Return every key with its workspace, newest last, without the key itself."""
        rows = (
            sa.select(api_key, workspace.c.name.label("workspace")).join_from(api_key, workspace).order_by(api_key.c.id)
        )
        with self._store.read() as connection:
            return [
                {
                    "id": row["id"],
                    "name": row["name"],
                    "workspace": row["workspace"],
                    "hint": f"{row['hint']}…",
                    "scopes": row["scopes"],
                    "created_at": wire.time(row["created_at"]),
                    "expires_at": wire.time(row["expires_at"]),
                    "revoked_at": wire.time(row["revoked_at"]),
                }
                for row in connection.execute(rows).mappings()
            ]


#: What a conversation's token begins with, unlike any key.
_PREFIX = "abt_"

#: The longest life of a token, in seconds.
MOST_TOKEN_S = 86_400.0


def is_token(given: str) -> bool:
    """Whether this is a conversation's token and not an API key."""
    return given.startswith(_PREFIX)


class _Signed:
    """What is signed for the holder of a key and dies with it; kept nowhere.

    It is signed with what nobody outside has: receivers know the workspace's callback secret, whoever has a key its
    digest, and nobody both.
    """

    salt = ""

    def __init__(self, store: Store, *, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock
        self._keys = (
            sa.select(api_key.c.workspace_id, api_key.c.scopes, api_key.c.digest, workspace.c.callback_secret)
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
        ends = int(self._clock() + min(for_s, MOST_TOKEN_S))
        return _PREFIX + self._sign(principal, {"c": conversation_id, "e": ends, "o": origin}), ends

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


def _digest(key: str) -> str:
    """A fast digest serves: keys have 256 random bits, unlike passwords."""
    return hashlib.sha256(key.encode()).hexdigest()

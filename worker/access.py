"""Workspaces and the API keys that open them."""

import hashlib
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from itsdangerous import BadData, URLSafeSerializer
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
    """What is signed with a workspace's secret and dies with the key that made it; kept nowhere."""

    salt = ""

    def __init__(self, store: Store, *, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock
        self._secrets = (
            sa.select(workspace.c.callback_secret, api_key.c.scopes)
            .join_from(api_key, workspace)
            .where(
                workspace.c.id == sa.bindparam("workspace"),
                api_key.c.id == sa.bindparam("key"),
                api_key.c.revoked_at.is_(None),
                sa.or_(api_key.c.expires_at.is_(None), api_key.c.expires_at > store.clock.sql()),
            )
        )

    def _sign(self, said: Mapping[str, Any]) -> str:
        found = self._key(said)
        if found is None:
            raise KeyRefused
        return self._signer(found.callback_secret).dumps(said)

    def _read(self, text: str) -> tuple[dict[str, Any], frozenset[str]]:
        """Return what was signed, and the scopes of the key that it dies with.

        Raises:
            KeyRefused: it is forged or over, or its key is revoked.
        """
        _, said = self._signer("").loads_unsafe(text)
        found = self._key(said) if isinstance(said, dict) else None
        try:
            if found is None:
                raise BadData("no such key")
            said = self._signer(found.callback_secret).loads(text)
        except BadData:
            raise KeyRefused("The token is not valid.") from None
        if said["e"] <= self._clock():
            raise KeyRefused("The token has expired.")
        return said, frozenset(found.scopes)

    def _key(self, said: Mapping[str, Any]) -> Any:
        with self._store.read() as connection:
            given = {"workspace": str(said.get("w")), "key": str(said.get("k"))}
            return connection.execute(self._secrets, given).first()

    def _signer(self, secret: str) -> URLSafeSerializer:
        how = {"digest_method": hashlib.sha256, "key_derivation": "hmac"}
        return URLSafeSerializer(secret, salt=self.salt, signer_kwargs=how)


class Tokens(_Signed):
    """Makes and checks tokens that open one conversation, for browsers: short-lived."""

    salt = "answerback.conversation"

    def make(
        self, principal: Principal, conversation_id: str, *, for_s: float, origin: str | None = None
    ) -> tuple[str, int]:
        """Return a token, and when it ends in Unix seconds; with `origin`, only pages from there can use it."""
        ends = int(self._clock() + min(for_s, MOST_TOKEN_S))
        said = {"w": principal.workspace_id, "k": principal.key_id, "c": conversation_id, "e": ends, "o": origin}
        return _PREFIX + self._sign(said), ends

    def check(self, token: str, *, origin: str | None) -> Principal:
        """Return whom a token stands for.

        Raises:
            KeyRefused: it is forged or over, the key that made it is revoked, or it is used from elsewhere.
        """
        said, _ = self._read(token.removeprefix(_PREFIX))
        if said["o"] is not None and said["o"] != origin:
            raise KeyRefused("The token is for pages of another origin.")
        return Principal(key_id=said["k"], workspace_id=said["w"], scopes=frozenset(), conversation_id=said["c"])


class Logins(_Signed):
    """Makes and checks what the console's cookie holds."""

    salt = "answerback.console"

    def make(self, principal: Principal, *, for_s: float) -> str:
        """Return a login that is unlike any before."""
        ends = int(self._clock() + for_s)
        return self._sign(
            {"w": principal.workspace_id, "k": principal.key_id, "e": ends, "n": secrets.token_urlsafe(18)}
        )

    def check(self, login: str) -> tuple[Principal, str]:
        """Return who logged in, and what their forms must come with.

        Raises:
            KeyRefused: it is forged or over, or the key is revoked.
        """
        said, scopes = self._read(login)
        return Principal(key_id=said["k"], workspace_id=said["w"], scopes=scopes), said["n"]


def _digest(key: str) -> str:
    """A fast digest serves: keys have 256 random bits, unlike passwords."""
    return hashlib.sha256(key.encode()).hexdigest()

"""Workspaces and the API keys that open them."""

import hashlib
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from worker.access.permissions import Permission, includes
from worker.deliveries.signing import new_secret
from worker.errors import KeyRefused, NotFound
from worker.ids import new_id
from worker.states import AccountRole, KeyScope
from worker.store.engine import Store
from worker.store.tables import account, api_key, workspace
from worker.time import to_rfc3339

SCOPES = tuple(KeyScope)
DEFAULT_WORKSPACE = "default"

#: Name of the key that stands for visitors of the chat widget.
WIDGET = "widget"

#: A valid key is cached for this long: a burst of requests causes one query.
_CACHED_S = 0.25
_MAX_CACHED = 10_000


@dataclass(frozen=True, kw_only=True)
class Principal:
    """The authenticated caller: a key with its scopes, or a person with a role; and the workspace."""

    workspace_id: str
    key_id: str | None = None
    scopes: frozenset[str] = frozenset()
    conversation_id: str | None = None  # of a customer, who may access this conversation only
    account_id: str | None = None
    role: AccountRole | None = None  # of a person
    name: str | None = None  # likewise

    @property
    def holder(self) -> str:
        """The id of the key or the account, which limits are counted for."""
        return self.key_id or self.account_id or ""

    def may(self, permission: Permission) -> bool:
        """Whether the caller has a permission: by the role of a person, by the scopes of a key."""
        if self.role is not None:
            return includes(self.role, permission.role)
        return bool({permission.scope, KeyScope.ADMIN} & self.scopes)


class Keys:
    """Creates, checks and revokes API keys. Only their digests are stored. Thread-safe."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._now = store.clock.sql()
        self._cache: dict[str, tuple[Principal, float]] = {}
        self._valid = sa.and_(
            api_key.c.revoked_at.is_(None), sa.or_(api_key.c.expires_at.is_(None), api_key.c.expires_at > self._now)
        )
        self._known = sa.select(
            api_key.c.id, api_key.c.workspace_id, api_key.c.scopes, self._valid.label("valid")
        ).where(api_key.c.digest == sa.bindparam("digest"))

    def workspace(self, name: str = DEFAULT_WORKSPACE) -> str:
        """Return the id of the workspace with this name; create it if it does not exist."""
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
        except IntegrityError:  # another process has just created it
            with self._store.read() as connection:
                return str(connection.execute(found).scalar_one())

    def known_workspace(self, name: str) -> str:
        """Return the id of an existing workspace; the default workspace is created if needed.

        Raises:
            NotFound: there is no workspace with this name.
        """
        found = sa.select(workspace.c.id).where(workspace.c.name == name)
        with self._store.read() as connection:
            id = connection.execute(found).scalar()
        if id is None and name != DEFAULT_WORKSPACE:
            raise NotFound(f"There is no workspace {name}: `answerback keys make --workspace {name} …` creates it.")
        return self.workspace() if id is None else str(id)

    def callback_secret(self, workspace_id: str) -> str:
        """Return the secret that signs the callbacks to the `callback_url` of a workspace's messages."""
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
        made_by: Principal | None = None,
    ) -> str:
        """Create a key and return it; it cannot be read later. A given `key` is stored unless it exists.

        It belongs to the person who makes it, or to whom the key belongs that makes it; else to nobody.
        """
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
                if made_by is not None:
                    row["account_id"] = made_by.account_id or self._owner_of(tx, made_by.key_id)
                tx.execute(api_key.insert().values(**row))
        except IntegrityError:
            pass  # the given key exists
        return key

    @staticmethod
    def _owner_of(tx: sa.Connection, key_id: str | None) -> str | None:
        owner = sa.select(api_key.c.account_id).where(api_key.c.id == key_id)
        return cast(str | None, tx.execute(owner).scalar())

    def check(self, key: str) -> Principal:
        """Return the principal of a key; a revocation takes effect within a quarter of a second.

        Raises:
            KeyRefused: the key is unknown, expired or revoked.
        """
        digest = _digest(key)
        principal, until = self._cache.get(digest, (None, 0.0))
        if principal is not None and time.monotonic() < until:
            return principal
        with self._store.read() as connection:
            row = connection.execute(self._known, {"digest": digest}).first()
        if row is None or not row.valid:
            self._cache.pop(digest, None)
            raise KeyRefused
        principal = Principal(key_id=row.id, workspace_id=row.workspace_id, scopes=frozenset(row.scopes))
        if len(self._cache) >= _MAX_CACHED:
            self._cache.clear()
        self._cache[digest] = (principal, time.monotonic() + _CACHED_S)
        return principal

    def workspace_of(self, key_id: str) -> str:
        """Return the id of the workspace of a key, which may be revoked.

        Raises:
            NotFound: there is no key with this id.
        """
        with self._store.read() as connection:
            found = connection.execute(sa.select(api_key.c.workspace_id).where(api_key.c.id == key_id)).scalar()
        if found is None:
            raise NotFound("There is no key with this id.")
        return str(found)

    def widget(self, workspace_id: str) -> Principal:
        """Return the principal of visitors of the chat widget; its key is created on first use and nobody holds it.

        Raises:
            KeyRefused: an operator has revoked the key, or it has expired, so the widget is disabled.
        """
        named = sa.select(api_key.c.id, self._valid.label("valid")).where(
            api_key.c.workspace_id == workspace_id, api_key.c.name == WIDGET
        )
        with self._store.read() as connection:
            row = connection.execute(named.order_by(api_key.c.id.desc())).first()
        if row is None:
            self.make(workspace_id, name=WIDGET, scopes=())
            return self.widget(workspace_id)
        if not row.valid:
            raise KeyRefused("The chat is disabled.")
        return Principal(key_id=row.id, workspace_id=workspace_id, scopes=frozenset())

    def revoke(self, key_id: str, *, workspace_id: str | None = None) -> None:
        """Revoke a key; with `workspace_id`, only a key of this workspace.

        Raises:
            NotFound: there is no key with this id.
        """
        of_workspace = [] if workspace_id is None else [api_key.c.workspace_id == workspace_id]
        with self._store.begin() as tx:
            changed = tx.execute(
                api_key.update()
                .where(api_key.c.id == key_id, *of_workspace)
                .values(revoked_at=sa.func.coalesce(api_key.c.revoked_at, self._now))
            )
            if not changed.rowcount:
                raise NotFound("There is no key with this id.")

    def all(self, workspace_id: str | None = None) -> list[dict[str, Any]]:
        """Return the keys of all workspaces or of one, oldest first, without secrets; `owner` is a person's name."""
        rows = (
            sa.select(
                api_key,
                workspace.c.name.label("workspace"),
                account.c.name.label("owner"),
                self._valid.label("valid"),
            )
            .join_from(api_key, workspace)
            .outerjoin(account, account.c.id == api_key.c.account_id)
            .order_by(api_key.c.id)
        )
        if workspace_id is not None:
            rows = rows.where(api_key.c.workspace_id == workspace_id)
        with self._store.read() as connection:
            return [
                {
                    "id": row["id"],
                    "name": row["name"],
                    "workspace": row["workspace"],
                    "hint": f"{row['hint']}…",
                    "scopes": row["scopes"],
                    "owner": row["owner"],
                    "created_at": to_rfc3339(row["created_at"]),
                    "expires_at": to_rfc3339(row["expires_at"]),
                    "revoked_at": to_rfc3339(row["revoked_at"]),
                    "valid": bool(row["valid"]),
                }
                for row in connection.execute(rows).mappings()
            ]


def _digest(key: str) -> str:
    """Return the digest of a key; a fast hash is safe because keys have 256 random bits, unlike passwords."""
    return hashlib.sha256(key.encode()).hexdigest()

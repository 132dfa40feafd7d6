"""Workspaces and the API keys that open them."""

import hashlib
import re
import secrets
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from werkzeug.security import check_password_hash, generate_password_hash

from worker.deliveries.signing import new_secret
from worker.errors import Conflict, Invalid, KeyRefused, NotFound, TriedTooOften
from worker.ids import new_id
from worker.states import KeyScope
from worker.store.engine import Store
from worker.store.tables import api_key, workspace
from worker.time import to_rfc3339

SCOPES = tuple(KeyScope)
DEFAULT_WORKSPACE = "default"

#: The key of visitors who have none.
WIDGET = "widget"

_LOGIN = re.compile(r"[A-Za-z0-9._@+-]{1,100}\Z")
_MIN_PASSWORD = 12
_MAX_PASSWORD = 200

#: Wrong passwords that one process takes for a login, in a time; beyond that, right ones are refused as well.
_MAX_TRIES = 10
_TRIES_S = 900.0

#: What the password of a login that is not there is compared with, so that it takes as long.
_NOBODYS = "scrypt:32768:8:1$nobody$" + 128 * "0"

#: A key that was found valid is not looked up again for this long: a burst of requests asks once.
_TRUSTED_S = 0.25
_MAX_SEEN = 10_000


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
        self._guard = threading.Lock()
        self._tries: OrderedDict[str, deque[float]] = OrderedDict()
        self._valid = sa.and_(
            api_key.c.revoked_at.is_(None), sa.or_(api_key.c.expires_at.is_(None), api_key.c.expires_at > self._now)
        )
        self._known = sa.select(
            api_key.c.id, api_key.c.workspace_id, api_key.c.scopes, self._valid.label("valid")
        ).where(api_key.c.digest == sa.bindparam("digest"))

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

    def known_workspace(self, name: str) -> str:
        """Return the id of a workspace that is there; the default one always is.

        Raises:
            NotFound: there is none of this name.
        """
        found = sa.select(workspace.c.id).where(workspace.c.name == name)
        with self._store.read() as connection:
            id = connection.execute(found).scalar()
        if id is None and name != DEFAULT_WORKSPACE:
            raise NotFound(f"There is no workspace {name}: `answerback keys make --workspace {name} …` makes it.")
        return self.workspace() if id is None else str(id)

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
        if len(self._seen) >= _MAX_SEEN:
            self._seen.clear()
        self._seen[digest] = (principal, time.monotonic() + _TRUSTED_S)
        return principal

    def workspace_of(self, key_id: str) -> str:
        """Return the id of the workspace that a key opens, or did.

        Raises:
            NotFound: there is no key with this id.
        """
        with self._store.read() as connection:
            found = connection.execute(sa.select(api_key.c.workspace_id).where(api_key.c.id == key_id)).scalar()
        if found is None:
            raise NotFound("There is no key with this id.")
        return str(found)

    def widget(self, workspace_id: str) -> Principal:
        """Return on whose account visitors without a key write: a key that nobody has, made when it is first needed.

        Raises:
            KeyRefused: the newest of that name is revoked or has expired, so nobody may write without a key.
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
            raise KeyRefused("The chat is closed.")
        return Principal(key_id=row.id, workspace_id=workspace_id, scopes=frozenset())

    def set_password(self, key_id: str, *, login: str, password: str) -> None:
        """Let whoever knows this password log in to the console as the holder of a key.

        Raises:
            Conflict: the login is taken.
            Invalid: the login or the password is of no use.
            NotFound: there is no key with this id that is valid.
        """
        if not _LOGIN.match(login):
            raise Invalid("A login has up to 100 letters, digits and . _ @ + -.", field="login")
        if not _MIN_PASSWORD <= len(password) <= _MAX_PASSWORD:
            raise Invalid(f"A password has {_MIN_PASSWORD} to {_MAX_PASSWORD} characters.", field="password")
        values = {"login": login, "password": generate_password_hash(password)}
        try:
            with self._store.begin() as tx:
                if not tx.execute(
                    api_key.update().where(api_key.c.id == key_id, self._valid).values(**values)
                ).rowcount:
                    raise NotFound("There is no valid key with this id.")
        except IntegrityError:
            raise Conflict("This login is taken.") from None

    def check_password(self, login: str, password: str) -> Principal:
        """Return whom a login stands for.

        Raises:
            KeyRefused: it is unknown, the password is wrong, or the key has expired or is revoked.
            TriedTooOften: there were too many wrong passwords for it lately.
        """
        now = time.monotonic()
        if not _LOGIN.match(login):
            raise KeyRefused("The login or the password is wrong.")
        with self._guard:
            tries = self._tries.setdefault(login, deque(maxlen=_MAX_TRIES))
            self._tries.move_to_end(login)
            if len(self._tries) > _MAX_SEEN:
                self._tries.popitem(last=False)
            if len(tries) == _MAX_TRIES and now - tries[0] < _TRIES_S:
                raise TriedTooOften
            tries.append(now)  # before it is compared, so that many at once are no more than ten
        with self._store.read() as connection:
            row = connection.execute(sa.select(api_key).where(api_key.c.login == login, self._valid)).first()
        right = check_password_hash(_NOBODYS if row is None else row.password, password[:_MAX_PASSWORD])
        if row is None or not right:
            raise KeyRefused("The login or the password is wrong.")
        with self._guard:
            tries.clear()
        return Principal(key_id=row.id, workspace_id=row.workspace_id, scopes=frozenset(row.scopes))

    def revoke(self, key_id: str, *, workspace_id: str | None = None) -> None:
        """Refuse a key, of this workspace if one is given, from now on.

        Raises:
            NotFound: there is no key with this id.
        """
        ours = [] if workspace_id is None else [api_key.c.workspace_id == workspace_id]
        with self._store.begin() as tx:
            changed = tx.execute(
                api_key.update()
                .where(api_key.c.id == key_id, *ours)
                .values(revoked_at=sa.func.coalesce(api_key.c.revoked_at, self._now), login=None, password=None)
            )
            if not changed.rowcount:
                raise NotFound("There is no key with this id.")

    def all(self, workspace_id: str | None = None) -> list[dict[str, Any]]:
        """Return every key, or those of one workspace, newest last, without the key itself."""
        rows = (
            sa.select(api_key, workspace.c.name.label("workspace"), self._valid.label("valid"))
            .join_from(api_key, workspace)
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
                    "login": row["login"],
                    "created_at": to_rfc3339(row["created_at"]),
                    "expires_at": to_rfc3339(row["expires_at"]),
                    "revoked_at": to_rfc3339(row["revoked_at"]),
                    "valid": bool(row["valid"]),
                }
                for row in connection.execute(rows).mappings()
            ]


def _digest(key: str) -> str:
    """A fast digest serves: keys have 256 random bits, unlike passwords."""
    return hashlib.sha256(key.encode()).hexdigest()

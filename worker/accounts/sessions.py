"""Sessions of people in the console: rows in SQL, so that one can see them and end them."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from worker.access.keys import Principal
from worker.accounts.errors import NoWorkspace, SessionEnded
from worker.accounts.links import digest
from worker.errors import NotFound
from worker.ids import new_id
from worker.states import AccountRole
from worker.store.engine import Store
from worker.store.rows import AccountSession
from worker.store.tables import account, account_session, membership, workspace

#: Prefix of session tokens; the sessions of API keys have another form.
PREFIX = "abs_"

#: A session ends when nothing was done in it for so long, and at the latest after so long.
IDLE_S = 12 * 3_600
MAX_S = 7 * 24 * 3_600

#: When a session was used last is kept to the minute, so that most requests write nothing.
_SEEN_MS = 60_000


#: The role of a membership that is in force: that of the person's groups, if they give one.
ROLE = sa.func.coalesce(membership.c.group_role, membership.c.role).label("role")


@dataclass(frozen=True, kw_only=True)
class Client:
    """The browser that logs in, as its requests describe it."""

    address: str = ""
    user_agent: str = ""


@dataclass(frozen=True, kw_only=True)
class Session:
    """A session in force: the person with their role in its workspace as it is now.

    Attributes:
        workspace: its name.
        csrf: the token of the session's forms.
        method: how they logged in: `password`, `code` or `sso`.
        has_second_factor: whether their logins ask for a code.
    """

    id: str
    account_id: str
    principal: Principal
    workspace: str
    csrf: str
    method: str
    has_second_factor: bool


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """A workspace that a person works in."""

    id: str
    name: str
    role: AccountRole


class AccountSessions:
    """Starts, checks and ends sessions. Thread-safe."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._of_member = (
            sa.select(
                account_session,
                account.c.name,
                account.c.totp_secret.is_not(None).label("has_second_factor"),
                ROLE,
                workspace.c.name.label("workspace"),
                store.clock.sql().label("now"),
            )
            .join_from(account_session, account, account.c.id == account_session.c.account_id)
            .join(
                membership,
                sa.and_(
                    membership.c.account_id == account_session.c.account_id,
                    membership.c.workspace_id == account_session.c.workspace_id,
                ),
            )
            .join(workspace, workspace.c.id == account_session.c.workspace_id)
            .where(account_session.c.digest == sa.bindparam("digest"), *_ACTIVE)
        )

    def start(self, tx: sa.Connection, account_id: str, *, method: str, client: Client) -> str:
        """Store a new session in the workspace where the person worked last; return its token, for the cookie.

        Raises:
            NoWorkspace: they belong to no workspace.
        """
        workspaces = _workspaces(tx, account_id)
        if not workspaces:
            raise NoWorkspace
        last = tx.execute(sa.select(account.c.workspace_id).where(account.c.id == account_id)).scalar()
        workspace_id = last if last in {found.id for found in workspaces} else workspaces[0].id
        token, now = PREFIX + secrets.token_urlsafe(32), self._store.now(tx)
        tx.execute(account_session.delete().where(account_session.c.expires_at <= now))
        row = {
            "id": new_id("ses"),
            "account_id": account_id,
            "workspace_id": workspace_id,
            "digest": digest(token),
            "csrf": secrets.token_urlsafe(24),
            "method": method,
            "address": client.address[:64],
            "user_agent": client.user_agent[:300],
            "created_at": now,
            "seen_at": now,
            "expires_at": now + MAX_S * 1_000,
        }
        tx.execute(account_session.insert().values(**row))
        values = {"logged_in_at": now, "workspace_id": workspace_id}
        tx.execute(account.update().where(account.c.id == account_id).values(**values))
        return token

    def check(self, token: str) -> Session:
        """Return the session of a token.

        Raises:
            SessionEnded: it was ended or has expired, or the person may not work in its workspace any more.
        """
        with self._store.read() as connection:
            row = connection.execute(self._of_member, {"digest": digest(token)}).mappings().first()
        if row is None or row["expires_at"] <= row["now"] or row["seen_at"] + IDLE_S * 1_000 <= row["now"]:
            raise SessionEnded
        session = AccountSession.from_row(row)
        if row["now"] - session.seen_at >= _SEEN_MS:
            with self._store.begin() as tx:
                seen = account_session.update().where(account_session.c.id == session.id)
                tx.execute(seen.values(seen_at=row["now"]))
        principal = Principal(
            workspace_id=session.workspace_id,
            account_id=session.account_id,
            role=AccountRole(row["role"]),
            name=row["name"],
        )
        return Session(
            id=session.id,
            account_id=session.account_id,
            principal=principal,
            workspace=row["workspace"],
            csrf=session.csrf,
            method=session.method,
            has_second_factor=bool(row["has_second_factor"]),
        )

    def all(self, account_id: str) -> Sequence[AccountSession]:
        """Return the sessions of a person that have not expired, the one used last first."""
        now = self._store.clock.sql()
        live = (account_session.c.expires_at > now, account_session.c.seen_at > now - IDLE_S * 1_000)
        found = sa.select(account_session).where(account_session.c.account_id == account_id, *live)
        with self._store.read() as connection:
            rows = connection.execute(found.order_by(account_session.c.seen_at.desc(), account_session.c.id.desc()))
            return [AccountSession.from_row(row) for row in rows.mappings()]

    def end(self, account_id: str, session_id: str) -> None:
        """End a session of a person.

        Raises:
            NotFound: they have none with this id.
        """
        which = (account_session.c.account_id == account_id, account_session.c.id == session_id)
        with self._store.begin() as tx:
            if not tx.execute(account_session.delete().where(*which)).rowcount:
                raise NotFound("There is no session with this id.")

    def end_others(self, account_id: str, *, but: str) -> int:
        """End the other sessions of a person; return how many there were."""
        with self._store.begin() as tx:
            return end_all(tx, account_id, but=but)

    def workspaces(self, account_id: str) -> Sequence[Workspace]:
        """Return the workspaces that a person works in, by name."""
        with self._store.read() as connection:
            return _workspaces(connection, account_id)

    def switch(self, account_id: str, session_id: str, workspace_id: str) -> None:
        """Go on in another workspace of the person.

        Raises:
            NotFound: they do not work in it.
        """
        with self._store.begin() as tx:
            if workspace_id not in {found.id for found in _workspaces(tx, account_id)}:
                raise NotFound("There is no workspace with this id.")
            moved = account_session.update().where(account_session.c.id == session_id)
            tx.execute(moved.values(workspace_id=workspace_id))
            tx.execute(account.update().where(account.c.id == account_id).values(workspace_id=workspace_id))


#: Conditions of a membership that is in force.
_ACTIVE = (
    account.c.disabled_at.is_(None),
    membership.c.accepted_at.is_not(None),
    membership.c.disabled_at.is_(None),
)


def end_all(tx: sa.Connection, account_id: str, *, but: str | None = None, workspace_id: str | None = None) -> int:
    """End the sessions of a person, but one, or those in one workspace; in the caller's transaction."""
    ended = account_session.delete().where(account_session.c.account_id == account_id)
    if but is not None:
        ended = ended.where(account_session.c.id != but)
    if workspace_id is not None:
        ended = ended.where(account_session.c.workspace_id == workspace_id)
    return tx.execute(ended).rowcount


def _workspaces(connection: sa.Connection, account_id: str) -> Sequence[Workspace]:
    found = (
        sa.select(workspace.c.id, workspace.c.name, ROLE)
        .join_from(membership, workspace, workspace.c.id == membership.c.workspace_id)
        .join(account, account.c.id == membership.c.account_id)
        .where(membership.c.account_id == account_id, *_ACTIVE)
        .order_by(workspace.c.name)
    )
    rows = connection.execute(found).all()
    return [Workspace(id=row.id, name=row.name, role=AccountRole(row.role)) for row in rows]

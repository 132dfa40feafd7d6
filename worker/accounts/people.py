"""The people of a workspace: who belongs to it, as what, and who may change that."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from worker.access.keys import Principal
from worker.access.permissions import includes
from worker.accounts.errors import LastOwner, RoleTooHigh
from worker.accounts.sessions import ROLE, end_all
from worker.errors import Invalid, NotFound
from worker.ids import is_id
from worker.states import AccountRole, MemberState
from worker.store.engine import Store
from worker.store.filters import EVERYTHING, Which
from worker.store.rows import Membership
from worker.store.tables import account, account_link, api_key, membership, workspace
from worker.time import to_rfc3339


@dataclass(frozen=True, kw_only=True)
class Change:
    """A change of a member; what is None stays.

    Attributes:
        revoke_keys: with `state` disabled, revoke the API keys in the workspace that belong to them as well.
    """

    role: AccountRole | None = None
    state: MemberState | None = None
    revoke_keys: bool = False


class People:
    """Lists and changes the people of workspaces. Thread-safe."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def rank(self, principal: Principal) -> AccountRole:
        """Return the highest role that a caller may give: a person's own, or that of whom a key belongs to.

        A key that belongs to nobody was made at the command line, by who runs the installation.
        """
        if principal.role is not None:
            return principal.role
        owned = (
            sa.select(
                api_key.c.account_id,
                ROLE,
                sa.func.coalesce(account.c.disabled_at, membership.c.disabled_at).label("disabled_at"),
            )
            .outerjoin(account, account.c.id == api_key.c.account_id)
            .outerjoin(
                membership,
                sa.and_(
                    membership.c.account_id == api_key.c.account_id,
                    membership.c.workspace_id == api_key.c.workspace_id,
                ),
            )
            .where(api_key.c.id == principal.key_id)
        )
        with self._store.read() as connection:
            row = connection.execute(owned).first()
        if row is not None and row.account_id is None:
            return AccountRole.OWNER
        if row is None or row.role is None or row.disabled_at is not None:
            return AccountRole.VIEWER
        return AccountRole(row.role)

    def page(
        self, workspace_id: str, which: Which = EVERYTHING, *, after: str | None = None, limit: int = 50
    ) -> tuple[list[dict[str, Any]], str | None]:
        """Return people of a workspace, those who came last first, and the cursor of the next page or None.

        `which` may have `role`, `state` and `email`.

        Raises:
            Invalid: `after` is not the cursor of a page.
        """
        if after is not None and not is_id(after):
            raise Invalid("Must be the `next_cursor` of the page before.", field="cursor")
        statement = self._members(workspace_id).order_by(membership.c.account_id.desc()).limit(limit + 1)
        if after is not None:
            statement = statement.where(membership.c.account_id < after)
        if "role" in which:
            statement = statement.where(which["role"] == ROLE)
        if "email" in which:
            statement = statement.where(account.c.email == which["email"].strip().lower())
        if "state" in which:
            statement = statement.where(_STATES[MemberState(which["state"])])
        with self._store.read() as connection:
            rows = list(connection.execute(statement).mappings())
        return [to_api(row) for row in rows[:limit]], rows[limit - 1]["id"] if len(rows) > limit else None

    def get(self, workspace_id: str, account_id: str) -> dict[str, Any]:
        """Return a person of a workspace in the form of the API.

        Raises:
            NotFound: nobody in the workspace has this id.
        """
        with self._store.read() as connection:
            statement = self._members(workspace_id).where(membership.c.account_id == account_id)
            row = connection.execute(statement).mappings().first()
        if row is None:
            raise NotFound("There is no account with this id.")
        return to_api(row)

    def change(self, workspace_id: str, account_id: str, change: Change, *, by: AccountRole) -> None:
        """Change the role of a person in a workspace, or disable or enable them there.

        `by` is the role of who asks. Sessions of a disabled person in the workspace end at once. A role holds until
        the person's next single sign-on applies one of their groups.

        Raises:
            NotFound: nobody in the workspace has this id.
            RoleTooHigh: it concerns an owner, and `by` is none.
            LastOwner: nobody else would own the workspace.
            Invalid: somebody who has not accepted cannot be made active.
        """
        with self._store.begin() as tx:
            found = self._lock(tx, workspace_id, account_id)
            _require(by, found.role, found.group_role, change.role)
            values: dict[str, Any] = {}
            if change.role is not None:
                values |= {"role": change.role, "group_role": None}
            if change.state == MemberState.DISABLED:
                values["disabled_at"] = found.disabled_at or self._store.now(tx)
            elif change.state is not None:
                state = MemberState.INVITED if found.accepted_at is None else MemberState.ACTIVE
                if change.state != state:
                    raise Invalid(f"Enabled again, this person is {state}.", field="state")
                values["disabled_at"] = None
            demoted = values.get("role", AccountRole.OWNER) != AccountRole.OWNER or values.get("disabled_at")
            if demoted:
                self._require_other_owner(tx, found)
            if values:
                tx.execute(membership.update().where(*_member(workspace_id, account_id)).values(**values))
            if values.get("disabled_at"):
                end_all(tx, account_id, workspace_id=workspace_id)
                if change.revoke_keys:
                    self._revoke_keys(tx, workspace_id, account_id)

    def remove(self, workspace_id: str, account_id: str, *, by: AccountRole, revoke_keys: bool = False) -> None:
        """Remove a person from a workspace; raises as `change`. What they wrote stays, with their name."""
        with self._store.begin() as tx:
            found = self._lock(tx, workspace_id, account_id)
            _require(by, found.role, found.group_role)
            self._require_other_owner(tx, found)
            end_all(tx, account_id, workspace_id=workspace_id)
            tx.execute(
                account_link.delete().where(
                    account_link.c.account_id == account_id, account_link.c.workspace_id == workspace_id
                )
            )
            tx.execute(membership.delete().where(*_member(workspace_id, account_id)))
            if revoke_keys:
                self._revoke_keys(tx, workspace_id, account_id)

    def disable_everywhere(self, account_id: str, *, disabled: bool) -> None:
        """Disable an account in all workspaces, or enable it again; for who runs the installation.

        Raises:
            NotFound: there is no such account.
            LastOwner: nobody else would own a workspace.
        """
        with self._store.begin() as tx:
            owned = sa.select(membership).where(membership.c.account_id == account_id)
            for row in tx.execute(owned).mappings().all() if disabled else ():
                self._require_other_owner(tx, self._lock(tx, row["workspace_id"], account_id))
            now = self._store.now(tx) if disabled else None
            changed = tx.execute(account.update().where(account.c.id == account_id).values(disabled_at=now))
            if not changed.rowcount:
                raise NotFound("There is no account with this id.")
            if disabled:
                end_all(tx, account_id)

    def has_owner(self, workspace_id: str) -> bool:
        """Whether somebody owns a workspace, who accepted and is not disabled."""
        with self._store.read() as connection:
            return connection.execute(owners(workspace_id).limit(1)).first() is not None

    def _members(self, workspace_id: str) -> sa.Select[Any]:
        keys = (
            sa.select(sa.func.count())
            .select_from(api_key)
            .where(
                api_key.c.account_id == account.c.id,
                api_key.c.workspace_id == membership.c.workspace_id,
                api_key.c.revoked_at.is_(None),
            )
            .scalar_subquery()
        )
        columns = ("id", "email", "name", "totp_secret", "logged_in_at", "disabled_at")
        return (
            sa.select(
                *(account.c[name] for name in columns),
                ROLE,
                membership.c.invited_by,
                membership.c.accepted_at,
                membership.c.disabled_at.label("out_at"),
                membership.c.created_at,
                keys.label("keys"),
            )
            .join_from(membership, account, account.c.id == membership.c.account_id)
            .where(membership.c.workspace_id == workspace_id)
        )

    def _lock(self, tx: sa.Connection, workspace_id: str, account_id: str) -> Membership:
        """Return a membership; changes of the workspace's people wait for each other, so that an owner is left."""
        tx.execute(sa.select(workspace.c.id).where(workspace.c.id == workspace_id).with_for_update())
        row = tx.execute(sa.select(membership).where(*_member(workspace_id, account_id))).mappings().first()
        if row is None:
            raise NotFound("There is no account with this id.")
        return Membership.from_row(row)

    def _require_other_owner(self, tx: sa.Connection, found: Membership) -> None:
        """Raise LastOwner if this is the last owner in force."""
        if set(tx.execute(owners(found.workspace_id)).scalars()) == {found.account_id}:
            raise LastOwner

    def _revoke_keys(self, tx: sa.Connection, workspace_id: str, account_id: str) -> None:
        owned = (api_key.c.workspace_id == workspace_id, api_key.c.account_id == account_id)
        revoked = api_key.update().where(*owned, api_key.c.revoked_at.is_(None))
        tx.execute(revoked.values(revoked_at=self._store.now(tx)))


_DISABLED = sa.or_(membership.c.disabled_at.is_not(None), account.c.disabled_at.is_not(None))
_STATES: Mapping[MemberState, sa.ColumnElement[bool]] = {
    MemberState.DISABLED: _DISABLED,
    MemberState.INVITED: sa.and_(~_DISABLED, membership.c.accepted_at.is_(None)),
    MemberState.ACTIVE: sa.and_(~_DISABLED, membership.c.accepted_at.is_not(None)),
}


def to_api(row: Mapping[str, Any] | sa.RowMapping) -> dict[str, Any]:
    """Return a person of a workspace in the form of the API."""
    disabled = row["disabled_at"] is not None or row["out_at"] is not None
    state = MemberState.INVITED if row["accepted_at"] is None else MemberState.ACTIVE
    return {
        "id": row["id"],
        "email": row["email"],
        "name": row["name"],
        "role": row["role"],
        "state": MemberState.DISABLED if disabled else state,
        "second_factor": row["totp_secret"] is not None,
        "api_keys": row["keys"],
        "invited_by": row["invited_by"],
        "last_login_at": to_rfc3339(row["logged_in_at"]),
        "created_at": to_rfc3339(row["created_at"]),
    }


def _member(workspace_id: str, account_id: str) -> tuple[sa.ColumnElement[bool], ...]:
    return membership.c.workspace_id == workspace_id, membership.c.account_id == account_id


def owners(workspace_id: str) -> sa.Select[Any]:
    """Return a SELECT of the ids of those who own a workspace, who accepted and are not disabled."""
    return (
        sa.select(membership.c.account_id)
        .join_from(membership, account, account.c.id == membership.c.account_id)
        .where(membership.c.workspace_id == workspace_id, ROLE == AccountRole.OWNER)
        .where(_STATES[MemberState.ACTIVE])
    )


def _require(by: AccountRole, *concerned: AccountRole | None) -> None:
    """Raise RoleTooHigh if a role is concerned that `by` does not include."""
    if not all(role is None or includes(by, role) for role in concerned):
        raise RoleTooHigh

"""Single sign-on: accounts for those whom the provider vouches for, with roles by their groups."""

from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa

from worker.access.permissions import RANKED
from worker.accounts.addresses import normalised
from worker.accounts.by_address import find_or_create, prove
from worker.accounts.entrance import LoggedIn
from worker.accounts.openid import Identity, OpenIdProvider, SignOnRefused
from worker.accounts.people import owners
from worker.accounts.sessions import AccountSessions, Client, end_all
from worker.errors import Invalid
from worker.states import AccountRole, LinkKind
from worker.store.engine import Store
from worker.store.rows import Account
from worker.store.tables import account, account_identity, account_link, membership, workspace

#: Stands for the inviter of those whom a group brought in; who loses the group loses access.
BY_GROUP = "single sign-on"


@dataclass(frozen=True, kw_only=True)
class Policy:
    """Who may log in, and as what.

    Attributes:
        roles: by group; somebody in several groups has the highest. They count instead of the role that somebody was
            invited to, as long as the group lasts.
        default_role: of those in none of the groups who were not invited; without it they must have been.
        trusts_email: whether an address counts that the provider does not call verified.
    """

    roles: tuple[tuple[str, AccountRole], ...] = ()
    default_role: AccountRole | None = None
    trusts_email: bool = False

    def role(self, groups: frozenset[str]) -> AccountRole | None:
        """Return the role that these groups give, or None."""
        given = {role for group, role in self.roles if group in groups}
        return next((role for role in RANKED if role in given), None)


class SingleSignOn:
    """Lets people in whom the provider vouches for. Thread-safe.

    Args:
        workspace_id: finds the workspace in which groups give roles.
    """

    def __init__(
        self,
        store: Store,
        provider: OpenIdProvider,
        sessions: AccountSessions,
        *,
        policy: Policy,
        workspace_id: Callable[[], str],
    ) -> None:
        self._store = store
        self.provider = provider
        self._sessions = sessions
        self._policy = policy
        self._workspace_id = workspace_id

    def enter(self, identity: Identity, *, client: Client) -> LoggedIn:
        """Log somebody in; their account is created or found by their verified address the first time.

        Raises:
            SignOnRefused: nothing gives them access, or their account is disabled.
            NoWorkspace: they belong to no workspace any more.
        """
        workspace_id, role = self._workspace_id(), self._policy.role(identity.groups)
        with self._store.begin() as tx:
            tx.execute(sa.select(workspace.c.id).where(workspace.c.id == workspace_id).with_for_update())
            may_create = (role or self._policy.default_role) is not None
            person = self._known(tx, identity) or self._linked(tx, identity, may_create=may_create)
            if person.disabled_at is not None:
                raise SignOnRefused("Your account is disabled. Ask an administrator.")
            dropped = self._apply(tx, person.id, workspace_id, role)
            if not dropped:
                token = self._sessions.start(tx, person.id, method="sso", client=client)
        if dropped:  # after the commit, which took the role away
            raise SignOnRefused("None of your groups has a role here any more. Ask an administrator.")
        return LoggedIn(account_id=person.id, token=token)

    def _known(self, tx: sa.Connection, identity: Identity) -> Account | None:
        """Return the account of somebody who has logged in this way before."""
        found = (
            sa.select(account)
            .join_from(account, account_identity, account_identity.c.account_id == account.c.id)
            .where(account_identity.c.issuer == identity.issuer, account_identity.c.subject == identity.subject)
        )
        row = tx.execute(found).mappings().first()
        return None if row is None else Account.from_row(row)

    def _linked(self, tx: sa.Connection, identity: Identity, *, may_create: bool) -> Account:
        """Return the account of the person's address, which is theirs from now on; create it if there is none.

        Whoever set the account up without ever proving that the address is theirs loses it.
        """
        address = self._address(identity)
        if not may_create and tx.execute(sa.select(account.c.id).where(account.c.email == address)).first() is None:
            raise SignOnRefused("None of your groups has a role here. Ask an administrator for an invitation.")
        person = find_or_create(self._store, tx, address, name=identity.name or address.partition("@")[0])
        prove(self._store, tx, person.id)
        ids = {"issuer": identity.issuer, "subject": identity.subject, "account_id": person.id}
        tx.execute(account_identity.insert().values(**ids, created_at=self._store.now(tx)))
        return person

    def _address(self, identity: Identity) -> str:
        if identity.email is None:
            raise SignOnRefused("The provider does not tell your e-mail address. Ask an administrator.")
        if not identity.email_verified and not self._policy.trusts_email:
            raise SignOnRefused("The provider does not say that your e-mail address is verified. Ask an administrator.")
        try:
            return normalised(identity.email)
        except Invalid:
            raise SignOnRefused("The provider tells no valid e-mail address. Ask an administrator.") from None

    def _apply(self, tx: sa.Connection, account_id: str, workspace_id: str, role: AccountRole | None) -> bool:
        """Give somebody the role of their groups; return whether they lost all access that a group had given them.

        An invitation that waits is accepted, as the address is proved. Without a group, people have the role that they
        were invited to, or the default one. The last owner stays one.
        """
        now = self._store.now(tx)
        theirs = (membership.c.account_id == account_id, membership.c.accepted_at.is_(None))
        tx.execute(membership.update().where(*theirs).values(accepted_at=now))
        invitations = (account_link.c.account_id == account_id, account_link.c.kind == LinkKind.INVITATION)
        tx.execute(account_link.delete().where(*invitations))
        where = (membership.c.account_id == account_id, membership.c.workspace_id == workspace_id)
        row = tx.execute(sa.select(membership).where(*where)).first()
        is_last = set(tx.execute(owners(workspace_id)).scalars()) == {account_id}
        default = self._policy.default_role
        if row is None and (role or default) is not None:
            ids = {"account_id": account_id, "workspace_id": workspace_id, "created_at": now, "accepted_at": now}
            values = {"role": role or default, "group_role": role, "invited_by": BY_GROUP}
            tx.execute(membership.insert().values(**ids, **values))
        elif row is None or is_last:
            return False
        elif role is not None:
            tx.execute(membership.update().where(*where).values(group_role=role))
        elif row.invited_by == BY_GROUP and default is None:
            tx.execute(membership.delete().where(*where))
            end_all(tx, account_id, workspace_id=workspace_id)
            return True
        elif row.group_role is not None:
            left = default if row.invited_by == BY_GROUP else row.role
            tx.execute(membership.update().where(*where).values(role=left, group_role=None))
        return False

"""Single sign-on: accounts for those whom the provider vouches for, with roles by their groups."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from worker.access.permissions import RANKED
from worker.accounts.addresses import normalised
from worker.accounts.entrance import LoggedIn
from worker.accounts.openid import Identity, OpenIdProvider, SignOnRefused
from worker.accounts.people import owners
from worker.accounts.sessions import AccountSessions, Client, end_all
from worker.errors import Invalid
from worker.ids import new_id
from worker.states import AccountRole, LinkKind
from worker.store.engine import Store
from worker.store.rows import Account
from worker.store.tables import account, account_identity, account_link, membership, workspace
from worker.store.upsert import upsert_into

#: Stands for the inviter of those whom a group brought in; who loses the group loses access.
BY_GROUP = "single sign-on"

#: What whoever had an account without proving its address may have set up.
_UNPROVED = ("password", "totp_secret", "totp_pending", "totp_step", "recovery_codes")


@dataclass(frozen=True, kw_only=True)
class Policy:
    """Who may log in, and as what.

    Attributes:
        roles: by group; somebody in several groups has the highest.
        default_role: of those in none of the groups; without it they must have been invited.
        trusts_email: whether an address counts that the provider does not call verified.
    """

    roles: tuple[tuple[str, AccountRole], ...] = ()
    default_role: AccountRole | None = None
    trusts_email: bool = False

    def role(self, groups: frozenset[str]) -> AccountRole | None:
        """Return the role of somebody in these groups, or None."""
        given = {role for group, role in self.roles if group in groups}
        return next((role for role in RANKED if role in given), self.default_role)


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
            person = self._known(tx, identity) or self._linked(tx, identity, may_create=role is not None)
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

        Whoever chose a password for an address without ever proving that it is theirs loses it.
        """
        address = self._address(identity)
        now = self._store.now(tx)
        row = tx.execute(sa.select(account).where(account.c.email == address)).mappings().first()
        if row is None and not may_create:
            raise SignOnRefused("None of your groups has a role here. Ask an administrator for an invitation.")
        if row is None:
            name = identity.name or address.partition("@")[0]
            person = Account(id=new_id("acc"), email=address, name=name, verified_at=now, created_at=now)
            tx.execute(account.insert().values(**vars(person)))
        else:
            person = Account.from_row(row)
            if person.verified_at is None:
                unproved: dict[str, Any] = dict.fromkeys(
                    ("password", "totp_secret", "totp_pending", "totp_step", "recovery_codes")
                )
                tx.execute(account.update().where(account.c.id == person.id).values(verified_at=now, **unproved))
                end_all(tx, person.id)
        ids = {"issuer": identity.issuer, "subject": identity.subject, "account_id": person.id, "created_at": now}
        tx.execute(account_identity.insert().values(**ids))
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
        """Give somebody the role of their groups; return whether they lost the one that a group had given them.

        An invitation that waits is accepted, as the address is proved. The last owner stays one.
        """
        now = self._store.now(tx)
        theirs = (membership.c.account_id == account_id, membership.c.accepted_at.is_(None))
        tx.execute(membership.update().where(*theirs).values(accepted_at=now))
        invitations = (account_link.c.account_id == account_id, account_link.c.kind == LinkKind.INVITATION)
        tx.execute(account_link.delete().where(*invitations))
        where = (membership.c.account_id == account_id, membership.c.workspace_id == workspace_id)
        row = tx.execute(sa.select(membership).where(*where)).first()
        is_last = set(tx.execute(owners(workspace_id)).scalars()) == {account_id}
        if role is None:
            if row is None or row.invited_by != BY_GROUP or is_last:
                return False
            tx.execute(membership.delete().where(*where))
            end_all(tx, account_id, workspace_id=workspace_id)
            return True
        ids = {"account_id": account_id, "workspace_id": workspace_id, "created_at": now, "accepted_at": now}
        joined = upsert_into(self._store, membership).values(**ids, role=role, invited_by=BY_GROUP)
        tx.execute(joined.on_conflict_do_nothing())
        if not is_last:
            tx.execute(membership.update().where(*where).values(role=role))
        return False

"""Invitations: how people come to a workspace, by mail and by a link that the inviter may pass on."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from worker.access.permissions import includes
from worker.accounts.addresses import normalised, normalised_name
from worker.accounts.by_address import find_or_create, prove
from worker.accounts.errors import LinkInvalid, RoleTooHigh
from worker.accounts.links import Links
from worker.accounts.mail import AccountMails
from worker.accounts.passwords import Passwords, check_new_password
from worker.accounts.people import owners
from worker.errors import Conflict, Invalid
from worker.ids import new_id
from worker.states import AccountRole, LetterKind, LinkKind
from worker.store.engine import Store
from worker.store.rows import Account, AccountLink
from worker.store.tables import account, membership, workspace


@dataclass(frozen=True, kw_only=True)
class Inviter:
    """Who invites: the name that the mail has, and the highest role that they may give."""

    name: str
    role: AccountRole


@dataclass(frozen=True, kw_only=True)
class Invitation:
    """An invitation: the account, and the link, which only this response has."""

    account_id: str
    url: str


@dataclass(frozen=True, kw_only=True)
class Offer:
    """An open invitation, as the page that a link opens shows it.

    Attributes:
        email: None for the first owner, who chooses it.
        has_account: whether whoever is invited logs in instead of choosing a password.
    """

    workspace: str
    email: str | None
    account_id: str | None
    name: str
    role: AccountRole
    invited_by: str | None
    has_account: bool


class Invitations:
    """Makes and accepts invitations. Thread-safe."""

    def __init__(self, store: Store, links: Links, mails: AccountMails, passwords: Passwords) -> None:
        self._store = store
        self._links = links
        self._mails = mails
        self._passwords = passwords

    def invite(self, workspace_id: str, *, email: str, role: AccountRole, by: Inviter, name: str = "") -> Invitation:
        """Invite somebody, by mail where a mail server is set; an invitation that waits is replaced.

        Raises:
            Conflict: they belong to the workspace already.
            Invalid: this is no e-mail address, or the name is too long.
            RoleTooHigh: the role is above that of the inviter.
        """
        address = normalised(email)
        chosen = normalised_name(name or address.partition("@")[0])
        if not includes(by.role, role):
            raise RoleTooHigh
        with self._store.begin() as tx:
            # Changes of a workspace's people wait for each other.
            tx.execute(sa.select(workspace.c.id).where(workspace.c.id == workspace_id).with_for_update())
            account_id = find_or_create(self._store, tx, address, name=chosen).id
            where = (membership.c.account_id == account_id, membership.c.workspace_id == workspace_id)
            row = tx.execute(sa.select(membership).where(*where)).first()
            if row is not None and (row.accepted_at is not None or row.disabled_at is not None):
                raise Conflict(f"{address} belongs to the workspace already.")
            if row is not None and not includes(by.role, AccountRole(row.role)):
                raise RoleTooHigh
            values = {"role": role, "invited_by": by.name[:200]}
            if row is None:
                ids = {"account_id": account_id, "workspace_id": workspace_id, "created_at": self._store.now(tx)}
                tx.execute(membership.insert().values(**ids, **values))
            else:
                tx.execute(membership.update().where(*where).values(**values))
            return self._renew(tx, account_id, workspace_id, address)

    def renew(self, workspace_id: str, account_id: str, *, by: Inviter) -> Invitation:
        """Send an invitation that waits again, with a new link; the old ones end.

        Raises:
            Conflict: nobody with this id waits in the workspace.
            RoleTooHigh: they are invited to a role above that of the inviter.
        """
        with self._store.begin() as tx:
            waiting = (
                sa.select(account.c.email, membership.c.role)
                .join_from(membership, account, account.c.id == membership.c.account_id)
                .where(membership.c.account_id == account_id, membership.c.workspace_id == workspace_id)
                .where(membership.c.accepted_at.is_(None), membership.c.disabled_at.is_(None))
            )
            row = tx.execute(waiting).first()
            if row is None:
                raise Conflict("This person does not wait for an invitation.")
            if not includes(by.role, AccountRole(row.role)):
                raise RoleTooHigh
            return self._renew(tx, account_id, workspace_id, row.email)

    def first_owner(self, workspace_id: str) -> str:
        """Return a new link with which somebody becomes the first owner of a workspace; older ones end."""
        with self._store.begin() as tx:
            self._links.drop(tx, LinkKind.FIRST_OWNER, account_id=None, workspace_id=workspace_id)
            token = self._links.make(tx, LinkKind.FIRST_OWNER, workspace_id=workspace_id)
        return f"{self._mails.console_url}/invitation?token={token}"

    def offer(self, token: str) -> Offer:
        """Return the invitation of a link.

        Raises:
            LinkInvalid: it was used or replaced, has expired, or never existed.
        """
        with self._store.read() as connection:
            link = self._find(connection, token)
            return self._offer(connection, link)

    def accept(self, token: str, *, name: str, password: str, email: str = "") -> str:
        """Create the person's account, or complete it, and have them join; return the account's id.

        `email` is that of a first owner; others were invited with theirs.

        Raises:
            LinkInvalid: as `offer`.
            Conflict: they have an account with a password: they log in, and `join`.
            Invalid: the name, the address or the password cannot be used.
        """
        chosen = normalised_name(name)
        with self._store.read() as connection:
            offer = self._offer(connection, self._find(connection, token))
        if offer.has_account:
            raise Conflict("You have an account: log in to accept.")
        address = normalised(email) if offer.email is None else offer.email
        check_new_password(password, words=(chosen, address, *address.replace("@", ".").split(".")))
        hashed = self._passwords.hash(password)
        with self._store.begin() as tx:
            link = self._links.use(tx, self._find(tx, token).kind, token)
            account_id = link.account_id or self._first_account(tx, link, address, chosen)
            now = self._store.now(tx)
            if link.by_mail:
                prove(self._store, tx, account_id)
            values = {"name": chosen, "password": hashed, "password_set_at": now}
            fresh = (account.c.id == account_id, account.c.password.is_(None))
            if not tx.execute(account.update().where(*fresh).values(**values)).rowcount:
                raise LinkInvalid  # another link was used meanwhile
            self._join(tx, link, account_id)
            return account_id

    def join(self, token: str, account_id: str) -> str:
        """Have somebody join who has an account and is logged in; return the workspace's id.

        Raises:
            LinkInvalid: as `offer`, or the invitation is somebody else's.
        """
        with self._store.begin() as tx:
            link = self._links.use(tx, LinkKind.INVITATION, token)
            if link.account_id != account_id or link.workspace_id is None:
                raise LinkInvalid("This invitation is for somebody else. Log in with the address that it was sent to.")
            self._join(tx, link, account_id)
            return link.workspace_id

    def _create(self, tx: sa.Connection, address: str, name: str) -> str:
        row = Account(id=new_id("acc"), email=address, name=name, created_at=self._store.now(tx))
        tx.execute(account.insert().values(**vars(row)))
        return row.id

    def _first_account(self, tx: sa.Connection, link: AccountLink, address: str, name: str) -> str:
        if link.workspace_id is None or tx.execute(owners(link.workspace_id).limit(1)).first() is not None:
            raise LinkInvalid("The workspace has an owner already, who can invite you.")
        try:
            with tx.begin_nested():
                account_id = self._create(tx, address, name)
        except IntegrityError:
            raise Invalid("Somebody has an account with this address.", field="email") from None
        ids = {"account_id": account_id, "workspace_id": link.workspace_id, "created_at": self._store.now(tx)}
        tx.execute(membership.insert().values(**ids, role=AccountRole.OWNER))
        return account_id

    def _renew(self, tx: sa.Connection, account_id: str, workspace_id: str, address: str) -> Invitation:
        self._links.drop(tx, LinkKind.INVITATION, account_id=account_id, workspace_id=workspace_id)
        token = self._links.make(tx, LinkKind.INVITATION, account_id=account_id, workspace_id=workspace_id)
        self._mails.queue(tx, LetterKind.INVITATION, address, workspace_id=workspace_id)
        return Invitation(account_id=account_id, url=f"{self._mails.console_url}/invitation?token={token}")

    def _join(self, tx: sa.Connection, link: AccountLink, account_id: str) -> None:
        now = self._store.now(tx)
        where = (membership.c.account_id == account_id, membership.c.workspace_id == link.workspace_id)
        waiting = (membership.c.accepted_at.is_(None), membership.c.disabled_at.is_(None))
        if not tx.execute(membership.update().where(*where, *waiting).values(accepted_at=now)).rowcount:
            raise LinkInvalid
        tx.execute(account.update().where(account.c.id == account_id).values(workspace_id=link.workspace_id))
        self._links.drop(tx, LinkKind.INVITATION, account_id=account_id, workspace_id=link.workspace_id)

    def _find(self, connection: sa.Connection, token: str) -> AccountLink:
        try:
            return self._links.find(connection, LinkKind.INVITATION, token)
        except LinkInvalid:
            return self._links.find(connection, LinkKind.FIRST_OWNER, token)

    def _offer(self, connection: sa.Connection, link: AccountLink) -> Offer:
        name = connection.execute(sa.select(workspace.c.name).where(workspace.c.id == link.workspace_id)).scalar_one()
        if link.account_id is None:
            return Offer(
                workspace=name,
                email=None,
                account_id=None,
                name="",
                role=AccountRole.OWNER,
                invited_by=None,
                has_account=False,
            )
        found: Any = connection.execute(
            sa.select(account, membership.c.role, membership.c.invited_by)
            .join_from(account, membership, membership.c.account_id == account.c.id)
            .where(account.c.id == link.account_id, membership.c.workspace_id == link.workspace_id)
            .where(account.c.disabled_at.is_(None), membership.c.disabled_at.is_(None))
        ).first()
        if found is None:
            raise LinkInvalid
        return Offer(
            workspace=name,
            email=found.email,
            account_id=found.id,
            name="" if found.name == found.email.partition("@")[0] else found.name,
            role=AccountRole(found.role),
            invited_by=found.invited_by,
            has_account=found.password is not None or found.logged_in_at is not None,
        )

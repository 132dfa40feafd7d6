"""How people log in: with their password and, where they have one, a second factor; and how they get a new password."""

from dataclasses import dataclass

import sqlalchemy as sa

from worker.accounts.addresses import normalised, normalised_name
from worker.accounts.by_address import prove
from worker.accounts.delays import LoginDelays
from worker.accounts.errors import LinkInvalid, LoginRefused
from worker.accounts.links import Links
from worker.accounts.mail import AccountMails
from worker.accounts.passwords import Passwords, check_new_password
from worker.accounts.second_factor import SecondFactor
from worker.accounts.sessions import AccountSessions, Client, end_all
from worker.errors import Invalid, TriedTooOften
from worker.states import LetterKind, LinkKind
from worker.store.engine import Store
from worker.store.rows import Account
from worker.store.tables import account, account_link

#: Wrong codes after which the password has to be entered again.
_MAX_CODES = 5


@dataclass(frozen=True, kw_only=True)
class LoggedIn:
    """A login that is complete.

    Attributes:
        token: of the session, for its cookie.
        device: token of this browser, for a cookie that outlives the session (`worker.accounts.delays`).
    """

    account_id: str
    token: str
    device: str | None = None


@dataclass(frozen=True, kw_only=True)
class NeedsCode:
    """A login whose password was right, and that waits for a code.

    Attributes:
        token: of the login, which `enter_code` takes.
    """

    token: str


class Entrance:
    """Lets people in. Thread-safe."""

    def __init__(
        self,
        store: Store,
        *,
        links: Links,
        mails: AccountMails,
        passwords: Passwords,
        delays: LoginDelays,
        sessions: AccountSessions,
        second_factor: SecondFactor,
    ) -> None:
        self._store = store
        self._links = links
        self._mails = mails
        self._passwords = passwords
        self._delays = delays
        self._sessions = sessions
        self._second_factor = second_factor

    def enter(self, email: str, password: str, *, client: Client, device: str | None = None) -> LoggedIn | NeedsCode:
        """Log in with a password. An address that nobody has gets the same error after the same time.

        Raises:
            LoginRefused: the address is unknown, the password is wrong, or the account is disabled.
            NoWorkspace: they belong to no workspace any more.
            TriedTooOften: there were too many failures with this address.
        """
        try:
            address = normalised(email)
        except Invalid:
            raise LoginRefused from None
        self._delays.admit(address, device=device)
        person = self._find(account.c.email == address)
        if not self._passwords.matches(None if person is None else person.password, password):
            raise LoginRefused
        if person is None or person.password is None or person.disabled_at is not None:
            raise LoginRefused
        self._delays.succeed(address, device=device)
        if self._passwords.is_outdated(person.password):
            self._rehash(person.id, person.password, password)
        with self._store.begin() as tx:
            if person.totp_secret is not None:
                token = self._links.make(tx, LinkKind.SECOND_FACTOR, account_id=person.id)
                return NeedsCode(token=token)
            token = self._sessions.start(tx, person.id, method="password", client=client)
        return LoggedIn(account_id=person.id, token=token, device=self._know(person, device))

    def enter_code(self, token: str, code: str, *, client: Client, device: str | None = None) -> LoggedIn:
        """Complete a login with a code of the authenticator app, or a recovery code.

        Raises:
            LoginRefused: the code is wrong.
            LinkInvalid: the login has expired, or there were too many wrong codes: the password is entered again.
            TriedTooOften: there were too many wrong codes for this account.
        """
        with self._store.begin() as tx:
            link = self._links.find(tx, LinkKind.SECOND_FACTOR, token, lock=True)
            failures = link.failures + 1  # before the code is looked at, so that parallel attempts count
            tx.execute(account_link.update().where(account_link.c.digest == link.digest).values(failures=failures))
        account_id = link.account_id or ""
        if link.failures >= _MAX_CODES:
            raise LinkInvalid("There were too many wrong codes. Enter your password again.")
        self._delays.admit(f"code {account_id}", device=device)
        self._second_factor.check(account_id, code)
        self._delays.succeed(f"code {account_id}", device=device)
        with self._store.begin() as tx:
            self._links.use(tx, LinkKind.SECOND_FACTOR, token)
            session = self._sessions.start(tx, account_id, method="code", client=client)
        return LoggedIn(account_id=account_id, token=session, device=self._know(self.account(account_id), device))

    def begin(self, account_id: str, *, method: str, client: Client) -> LoggedIn:
        """Log somebody in who proved who they are otherwise, such as by the link of an invitation.

        Raises:
            NoWorkspace: they belong to no workspace.
        """
        with self._store.begin() as tx:
            token = self._sessions.start(tx, account_id, method=method, client=client)
        return LoggedIn(account_id=account_id, token=token)

    def leave(self, account_id: str, session_id: str) -> None:
        """End the session in which somebody logs out."""
        self._sessions.end(account_id, session_id)

    # -- passwords ---------------------------------------------------------------------------------------------------

    def forgot(self, email: str) -> None:
        """Have a link mailed with which a new password is chosen, to an address that somebody has.

        It takes as long and says as much for an address that nobody has: nothing. So do more than a few in a row.
        """
        try:
            address = normalised(email)
            self._delays.admit(f"reset {address}")
        except (Invalid, TriedTooOften):
            return
        with self._store.begin() as tx:
            self._mails.queue(tx, LetterKind.RESET, address)

    def reset_link(self, account_id: str) -> str:
        """Return a link with which a person chooses a new password; for who runs the installation."""
        with self._store.begin() as tx:
            self._links.drop(tx, LinkKind.RESET, account_id=account_id, workspace_id=None)
            token = self._links.make(tx, LinkKind.RESET, account_id=account_id)
        return f"{self._mails.console_url}/reset?token={token}"

    def check_reset(self, token: str) -> None:
        """Raise LinkInvalid unless a new password can be chosen with this link."""
        with self._store.read() as connection:
            self._links.find(connection, LinkKind.RESET, token)

    def reset(self, token: str, password: str) -> str:
        """Set a new password with a link; all sessions of the person end. Return the account's id.

        A link by mail proves the address (`worker.accounts.by_address.prove`).

        Raises:
            LinkInvalid: the link was used or has expired.
            Invalid: the password cannot be used.
        """
        with self._store.read() as connection:
            link = self._links.find(connection, LinkKind.RESET, token)
        person = self._find(account.c.id == link.account_id)
        if person is None:
            raise LinkInvalid
        check_new_password(password, words=_words(person))
        hashed = self._passwords.hash(password)
        with self._store.begin() as tx:
            link = self._links.use(tx, LinkKind.RESET, token)
            if link.by_mail and prove(self._store, tx, person.id):
                self._mails.queue(tx, LetterKind.SECOND_FACTOR_OFF, person.email)
            values = {"password": hashed, "password_set_at": self._store.now(tx)}
            tx.execute(account.update().where(account.c.id == person.id).values(**values))
            for kind in (LinkKind.RESET, LinkKind.SECOND_FACTOR):
                self._links.drop(tx, kind, account_id=person.id, workspace_id=None)
            end_all(tx, person.id)
            self._mails.queue(tx, LetterKind.PASSWORD_CHANGED, person.email)
        return person.id

    def change_password(
        self, account_id: str, *, current: str, new: str, session_id: str, device: str | None = None
    ) -> None:
        """Change the password of somebody who knows it; their other sessions end.

        Raises:
            Invalid: the present password is wrong, or the new one cannot be used.
            TriedTooOften: there were too many wrong ones.
        """
        person = self.require_password(account_id, current, device=device)
        check_new_password(new, words=_words(person))
        hashed = self._passwords.hash(new)
        with self._store.begin() as tx:
            now = self._store.now(tx)
            changed = account.update().where(account.c.id == account_id)
            tx.execute(changed.values(password=hashed, password_set_at=now))
            end_all(tx, account_id, but=session_id)
            self._mails.queue(tx, LetterKind.PASSWORD_CHANGED, person.email)

    def require_password(self, account_id: str, password: str, *, device: str | None = None) -> Account:
        """Return the account if this is its password: sensitive changes ask for it again.

        Raises:
            Invalid: it is wrong.
            TriedTooOften: there were too many wrong ones.
        """
        self._delays.admit(f"current {account_id}", device=device)
        person = self._find(account.c.id == account_id)
        if person is None or not self._passwords.matches(person.password, password):
            raise Invalid("The current password is wrong.", field="current")
        self._delays.succeed(f"current {account_id}", device=device)
        return person

    def rename(self, account_id: str, name: str) -> None:
        """Change the name of a person, which their replies and the audit log have from then on.

        Raises:
            Invalid: it is blank or too long.
        """
        chosen = normalised_name(name)
        with self._store.begin() as tx:
            tx.execute(account.update().where(account.c.id == account_id).values(name=chosen))

    def account(self, account_id: str) -> Account:
        """Return a person's account."""
        found = self._find(account.c.id == account_id)
        if found is None:
            raise LoginRefused
        return found

    def by_email(self, email: str) -> Account | None:
        """Return the account of an address, or None."""
        return self._find(account.c.email == email.strip().lower())

    def _know(self, person: Account, device: str | None) -> str:
        """Return the token of the browser in which a person has logged in (`LoginDelays.know`)."""
        return self._delays.know(person.email, f"code {person.id}", f"current {person.id}", device=device)

    def _find(self, where: sa.ColumnElement[bool]) -> Account | None:
        with self._store.read() as connection:
            row = connection.execute(sa.select(account).where(where)).mappings().first()
        return None if row is None else Account.from_row(row)

    def _rehash(self, account_id: str, old: str, password: str) -> None:
        """Store the password with the present parameters."""
        hashed = self._passwords.hash(password)
        unchanged = (account.c.id == account_id, account.c.password == old)
        with self._store.begin() as tx:
            tx.execute(account.update().where(*unchanged).values(password=hashed))


def _words(person: Account) -> tuple[str, ...]:
    """Return the words that a person's password must not consist of."""
    return (person.name, person.email, *person.name.split(), *person.email.replace("@", ".").split("."))

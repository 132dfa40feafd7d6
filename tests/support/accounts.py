"""People for tests: accounts with roles, and a mail server that keeps what it is given."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.fernet import Fernet

from worker.accounts.invitations import Inviter
from worker.helpdesks.mail import MailRefused
from worker.services.accounts import Accounts, build_accounts, build_secret_box
from worker.settings import Settings
from worker.states import AccountRole
from worker.store.engine import Store

PASSWORD = "velvet otter mends bicycles"
_SECRET_KEY = Fernet.generate_key().decode()
OWNER = Inviter(name="Olga Owner", role=AccountRole.OWNER)


@dataclass
class Outbox:
    """A mailer; `tests/worker/helpdesks/test_mail.py` holds the real one to the same."""

    sent: list[tuple[str, str, str]] = field(default_factory=list)
    refuses: bool = False

    def send(self, *, to: str, subject: str, text: str) -> None:
        if self.refuses:
            raise MailRefused("450 later", status=450)
        self.sent.append((to, subject, text))

    def link(self) -> str:
        """Return the address in the last mail."""
        return re.search(r"https?://\S+", self.sent[-1][2])[0]

    def token(self) -> str:
        """Return the token of the link in the last mail."""
        return token_of(self.link())


def token_of(url: str) -> str:
    """Return the token of a link."""
    return url.partition("token=")[2]


def accounts_of(store: Store, mailer: Outbox | None, **settings: object) -> Accounts:
    """Build the parts over a database."""
    settings = {"secret_keys": (_SECRET_KEY,), **settings}
    made = Settings(home=Path("/nonexistent"), console_url="https://desk.example/console", **settings)
    return build_accounts(made, store, mailer, build_secret_box(made))


def join(
    accounts: Accounts,
    workspace_id: str,
    email: str,
    role: AccountRole = AccountRole.OWNER,
    *,
    name: str = "",
    password: str = PASSWORD,
) -> str:
    """Invite somebody and have them accept; return the account's id."""
    url = accounts.invitations.invite(workspace_id, email=email, role=role, by=OWNER).url
    return accounts.invitations.accept(token_of(url), name=name or email.partition("@")[0].title(), password=password)

"""The parts that manage people's accounts."""

from dataclasses import dataclass

from worker.accounts.delays import LoginDelays
from worker.accounts.entrance import Entrance
from worker.accounts.invitations import Invitations
from worker.accounts.links import Links
from worker.accounts.mail import AccountMails, Mailer
from worker.accounts.passwords import Passwords
from worker.accounts.people import People
from worker.accounts.sealing import Sealer
from worker.accounts.second_factor import SecondFactor
from worker.accounts.sessions import AccountSessions
from worker.settings import Settings
from worker.store.engine import Store


@dataclass(frozen=True, kw_only=True)
class Accounts:
    """The parts that manage people's accounts."""

    entrance: Entrance
    sessions: AccountSessions
    people: People
    invitations: Invitations
    second_factor: SecondFactor
    mails: AccountMails


def build_accounts(settings: Settings, store: Store, mailer: Mailer | None) -> Accounts:
    """Build them. `mailer` is None where no mail server is set."""
    links, passwords, sessions = Links(store), Passwords(), AccountSessions(store)
    mails = AccountMails(store, links, mailer=mailer, console_url=settings.console_address)
    sealer = Sealer(settings.session_keys)
    second_factor = SecondFactor(store, mails, passwords, seal=sealer.seal, unseal=sealer.unseal)
    return Accounts(
        entrance=Entrance(
            store,
            links=links,
            mails=mails,
            passwords=passwords,
            delays=LoginDelays(store),
            sessions=sessions,
            second_factor=second_factor,
        ),
        sessions=sessions,
        people=People(store),
        invitations=Invitations(store, links, mails, passwords),
        second_factor=second_factor,
        mails=mails,
    )

"""The parts that manage people's accounts."""

from dataclasses import dataclass
from functools import partial

from worker.access.keys import Keys
from worker.accounts.delays import LoginDelays
from worker.accounts.entrance import Entrance
from worker.accounts.invitations import Invitations
from worker.accounts.links import Links
from worker.accounts.mail import AccountMails, Mailer
from worker.accounts.openid import OpenIdProvider
from worker.accounts.passwords import Passwords
from worker.accounts.people import People
from worker.accounts.second_factor import SecondFactor
from worker.accounts.sessions import AccountSessions
from worker.accounts.single_sign_on import Policy, SingleSignOn
from worker.reports.weekly import WeeklyReports, weekly_letter
from worker.secret_box import SecretBox
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
    weekly_reports: WeeklyReports
    single_sign_on: SingleSignOn | None  # where the settings name a provider


def build_secret_box(settings: Settings) -> SecretBox:
    """Build what encrypts secrets in the database: those of second factors and of workspaces."""
    return SecretBox(settings.secret_keys, settings.secret_key_file)


def build_accounts(settings: Settings, store: Store, mailer: Mailer | None, secret_box: SecretBox) -> Accounts:
    """Build them. `mailer` is None where no mail server is set; `secret_box` encrypts second factors."""
    links, passwords, sessions = Links(store), Passwords(), AccountSessions(store)
    mails = AccountMails(
        store, links, mailer=mailer, console_url=settings.console_address, report=partial(weekly_letter, store)
    )
    second_factor = SecondFactor(store, mails, passwords, secret_box)
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
        weekly_reports=WeeklyReports(store, mails),
        single_sign_on=_build_single_sign_on(settings, store, sessions),
    )


def _build_single_sign_on(settings: Settings, store: Store, sessions: AccountSessions) -> SingleSignOn | None:
    if settings.oidc_issuer is None or settings.oidc_client_id is None:
        return None
    provider = OpenIdProvider(
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret,
        scopes=settings.oidc_scopes,
        groups_claim=settings.oidc_groups_claim,
        redirect_uri=f"{settings.console_address}/sso/callback",
    )
    policy = Policy(
        roles=settings.oidc_roles,
        default_role=settings.oidc_default_role,
        trusts_email=settings.oidc_trust_email,
    )
    keys = Keys(store)
    return SingleSignOn(
        store, provider, sessions, policy=policy, workspace_id=lambda: keys.workspace(settings.oidc_workspace)
    )

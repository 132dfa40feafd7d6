"""People's accounts, and single sign-on."""

from dataclasses import dataclass
from typing import ClassVar

from worker.settings import parsers
from worker.settings.setting import setting
from worker.states import AccountRole


@dataclass(frozen=True, kw_only=True)
class AccountSettings:
    """People's accounts, and single sign-on."""

    title: ClassVar[str] = "Accounts"

    console_url: str | None = setting(
        "ANSWERBACK_CONSOLE_URL",
        "address of the console as people reach it, `https://desk.example/console`, with which links in mail begin; "
        "without it, that of ANSWERBACK_HOST and ANSWERBACK_PORT",
        parsers.http_url,
        None,
    )
    passwords: bool = setting(
        "ANSWERBACK_PASSWORDS", "people may log in with a password; `off` leaves single sign-on", parsers.switch, True
    )
    second_factor: str = setting(
        "ANSWERBACK_SECOND_FACTOR",
        "who must have two-factor authentication, and may do nothing in the console before they set it up: `none`; "
        "`admins`, which are owners and admins; or `everybody`. API keys and single sign-on are not affected",
        parsers.one_of("none", "admins", "everybody"),
        "none",
    )
    oidc_issuer: str | None = setting(
        "ANSWERBACK_OIDC_ISSUER",
        "OpenID provider that people log in with, the address before `/.well-known/openid-configuration`",
        parsers.http_url,
        None,
    )
    oidc_client_id: str | None = setting("ANSWERBACK_OIDC_CLIENT_ID", "id of this client there", str, None)
    oidc_client_secret: str | None = setting(
        "ANSWERBACK_OIDC_CLIENT_SECRET", "its secret; none for a public client", str, None, secret=True
    )
    oidc_name: str = setting("ANSWERBACK_OIDC_NAME", "name of the provider on the login page", str, "single sign-on")
    oidc_scopes: tuple[str, ...] = setting(
        "ANSWERBACK_OIDC_SCOPES", "scopes to ask for, with commas", parsers.names, ("openid", "email", "profile")
    )
    oidc_groups_claim: str = setting(
        "ANSWERBACK_OIDC_GROUPS_CLAIM", "claim of the ID token that has a person's groups", str, "groups"
    )
    oidc_roles: tuple[tuple[str, AccountRole], ...] = setting(
        "ANSWERBACK_OIDC_ROLES",
        "roles by group, `support-leads=admin,support=agent`; somebody in several has the highest, and each login "
        "applies them anew",
        parsers.roles,
        (),
    )
    oidc_default_role: AccountRole | None = setting(
        "ANSWERBACK_OIDC_DEFAULT_ROLE",
        "role of new people who are in none of the groups, and of those who came by a group and lost it; without it, "
        "only who was invited may log in",
        AccountRole,
        None,
    )
    oidc_trust_email: bool = setting(
        "ANSWERBACK_OIDC_TRUST_EMAIL",
        "believe e-mail addresses that the provider does not call verified; for one where nobody chooses their own",
        parsers.switch,
        False,
    )
    oidc_workspace: str = setting(
        "ANSWERBACK_OIDC_WORKSPACE", "name of the workspace that the groups give roles in", str, "default"
    )

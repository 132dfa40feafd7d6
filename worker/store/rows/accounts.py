"""Rows of people's accounts."""

from collections.abc import Sequence
from dataclasses import dataclass

from worker.states import AccountRole, LetterKind, LinkKind
from worker.store.rows.base import TableRow


@dataclass(frozen=True, kw_only=True)
class Account(TableRow):
    """A person, with how they prove who they are."""

    id: str
    email: str
    name: str
    password: str | None = None
    totp_secret: str | None = None
    totp_pending: str | None = None
    totp_step: int | None = None
    recovery_codes: Sequence[str] | None = None
    workspace_id: str | None = None
    verified_at: int | None = None
    password_set_at: int | None = None
    logged_in_at: int | None = None
    disabled_at: int | None = None
    created_at: int


@dataclass(frozen=True, kw_only=True)
class Membership(TableRow):
    """The role of a person in a workspace.

    Attributes:
        role: of who is in no group that gives one.
        group_role: the one that the groups of single sign-on give; it counts instead of `role`.
    """

    account_id: str
    workspace_id: str
    role: AccountRole
    group_role: AccountRole | None = None
    invited_by: str | None = None
    accepted_at: int | None = None
    disabled_at: int | None = None
    report_due_at: int | None = None
    created_at: int


@dataclass(frozen=True, kw_only=True)
class AccountSession(TableRow):
    """A browser in which a person is logged in."""

    id: str
    account_id: str
    workspace_id: str
    csrf: str
    method: str
    address: str
    user_agent: str
    created_at: int
    seen_at: int
    expires_at: int


@dataclass(frozen=True, kw_only=True)
class AccountLink(TableRow):
    """A link or token that is used once."""

    digest: str
    kind: LinkKind
    account_id: str | None = None
    workspace_id: str | None = None
    by_mail: bool
    failures: int
    created_at: int
    expires_at: int


@dataclass(frozen=True, kw_only=True)
class AccountMail(TableRow):
    """Mail about an account that is to be sent."""

    id: str
    kind: LetterKind
    email: str
    workspace_id: str | None = None
    attempts: int
    due_at: int
    created_at: int

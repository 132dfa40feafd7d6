"""Enumerations of people and API keys."""

from enum import StrEnum


class KeyScope(StrEnum):
    """Permission of an API key; `admin` includes the others."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


class AccountRole(StrEnum):
    """Role of a person in a workspace; each may do all that those below it may."""

    OWNER = "owner"
    ADMIN = "admin"
    EDITOR = "editor"
    AGENT = "agent"
    VIEWER = "viewer"


class MemberState(StrEnum):
    """State of a person in a workspace; an invited one has not accepted yet, a disabled one may not log in there."""

    INVITED = "invited"
    ACTIVE = "active"
    DISABLED = "disabled"


class LinkKind(StrEnum):
    """Purpose of a link or token that is used once."""

    FIRST_OWNER = "first_owner"
    INVITATION = "invitation"
    RESET = "reset"
    SECOND_FACTOR = "second_factor"


class LetterKind(StrEnum):
    """Subject of a mail about an account."""

    INVITATION = "invitation"
    RESET = "reset"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - a name
    SECOND_FACTOR_ON = "second_factor_on"
    SECOND_FACTOR_OFF = "second_factor_off"
    WEEKLY_REPORT = "weekly_report"

"""Anticipated failures of accounts."""

from worker.errors import AnswerbackError, Conflict, KeyRefused, NotFound


class LoginRefused(KeyRefused):
    """Incorrect e-mail address or password."""

    code = "login_refused"


class NoWorkspace(KeyRefused):
    """You have no access to a workspace any more. Ask an administrator for an invitation."""

    code = "no_workspace"


class SessionEnded(KeyRefused):
    """The session has ended; log in again."""

    code = "session_ended"


class LinkInvalid(NotFound):
    """This link was used already, has expired, or was replaced by a newer one. Ask for a new one."""

    code = "link_invalid"


class LastOwner(Conflict):
    """This is the last owner of the workspace. Make somebody else an owner first."""

    code = "last_owner"


class RoleTooHigh(AnswerbackError):
    """Only owners may invite, change, disable or remove an owner."""

    code = "role_too_high"

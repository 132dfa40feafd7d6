"""The texts of mail about accounts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from worker.states import LetterKind
from worker.store.rows import Account


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A mail in plain text."""

    subject: str
    text: str


def invitation(person: Account, url: str, *, invited_by: str | None, workspace: str) -> Letter:
    """Return the mail that invites somebody to a workspace."""
    by = f"{invited_by} invites you" if invited_by else "You are invited"
    return Letter(
        subject=f"{by} to Answerback",
        text=f"""{by} to the workspace “{workspace}” of Answerback, the support desk, as {person.email}.

Accept within 7 days:
{url}

If you do not expect this, ignore it: nothing happens then.
""",
    )


def reset(person: Account, url: str) -> Letter:
    """Return the mail with which somebody chooses a new password."""
    return Letter(
        subject="Choose a new password for Answerback",
        text=f"""Hello {person.name},

somebody, probably you, asked for a new password for {person.email}. Choose it within an hour:
{url}

If it was not you, ignore this: your password stays as it is.
""",
    )


def _notice(what: str) -> Callable[[Account, str], Letter]:
    def letter(person: Account, url: str) -> Letter:
        return Letter(
            subject=f"{what} – Answerback",
            text=f"""Hello {person.name},

{what[0].lower()}{what[1:]} for {person.email}.

If it was not you, choose a new password at once ("Forgot your password?" on the login page), end your other sessions
at {url} and tell your administrator.
""",
        )

    return letter


#: Mail that tells of a change, with the address of the person's profile.
NOTICES: Mapping[LetterKind, Callable[[Account, str], Letter]] = {
    LetterKind.PASSWORD_CHANGED: _notice("The password was changed"),
    LetterKind.SECOND_FACTOR_ON: _notice("Two-factor authentication was turned on"),
    LetterKind.SECOND_FACTOR_OFF: _notice("Two-factor authentication was turned off"),
}

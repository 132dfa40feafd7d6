"""Texts that are encrypted in their column: tokens, secrets, and the passwords in URLs.

A sealed text says so by a prefix. One without it was stored before there was a key, and is read as it is.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit, urlunsplit

from worker.secret_box import SecretBox, SecretsUnreadable

_PREFIX = "sealed:"

#: The columns that are sealed, by table; of a URL, only its password.
SEALED: Mapping[str, tuple[str, ...]] = {
    "helpdesk": ("token", "webhook_secret"),
    "mailbox": ("imap_url", "smtp_url", "mailgun_key", "oauth_secrets", "inbound_password"),
}


class Sealing:
    """Seals and opens what columns hold. Safe to share between threads and processes.

    Args:
        box: encrypts; None for a database that is opened without keys, in which no secret is written or read.
    """

    def __init__(self, box: SecretBox | None) -> None:
        self._box = box

    @property
    def has_key(self) -> bool:
        """Whether there is a key already; sealing makes one otherwise."""
        return self._box is not None and self._box.has_key

    def seal(self, text: str) -> str:
        """Return a text as a column keeps it; an empty one stays empty.

        Raises:
            SecretsUnreadable: there is no key, and none can be written.
        """
        return _PREFIX + self._known_box().seal(text) if text else text

    def open(self, stored: str) -> str:
        """Return the text that a column keeps.

        Raises:
            SecretsUnreadable: it was sealed with another key.
        """
        return self._known_box().open(stored.removeprefix(_PREFIX)) if stored.startswith(_PREFIX) else stored

    def seal_url(self, url: str) -> str:
        """Return a URL with its password sealed; raises as `seal`."""
        return with_password(url, self.seal(password_of(url)))

    def open_url(self, stored: str) -> str:
        """Return a URL with the password that it was sealed with; raises as `open`."""
        return with_password(stored, self.open(password_of(stored)))

    def renew(self, column: str, stored: str) -> str:
        """Return the text of one of the columns `SEALED`, with its secret sealed with the first key.

        Raises:
            SecretsUnreadable: it was sealed with another key.
        """
        secret = secret_in(column, stored)
        if is_sealed(secret):
            renewed = _PREFIX + self._known_box().rotate(secret.removeprefix(_PREFIX))
        else:
            renewed = self.seal(secret)
        return with_password(stored, renewed) if _is_url(column) else renewed

    def _known_box(self) -> SecretBox:
        if self._box is None:
            raise SecretsUnreadable("This database was opened without the keys of its secrets.")
        return self._box


def is_sealed(stored: str) -> bool:
    """Whether a column keeps a text sealed."""
    return stored.startswith(_PREFIX)


def secret_in(column: str, stored: str) -> str:
    """Return the secret of what one of the columns `SEALED` keeps, as it is kept; empty when there is none."""
    return password_of(stored) if _is_url(column) else stored


def password_of(url: str) -> str:
    """Return the password of a URL as it is written there, with `%`; empty without one."""
    return urlsplit(url).netloc.rpartition("@")[0].partition(":")[2]


def with_password(url: str, password: str) -> str:
    """Return a URL with another password, written with `%`, or without one when it is empty."""
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    user = user.partition(":")[0] + (f":{password}" if password else "")
    return urlunsplit(parts._replace(netloc=f"{user}{at}{host}"))


def _is_url(column: str) -> bool:
    return column.endswith("_url")

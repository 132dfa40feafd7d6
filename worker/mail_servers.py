"""Mail servers: their URLs, dialled at the very address that was checked, and encrypted before a password is sent."""

import smtplib
import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from imapclient import IMAPClient
from imapclient.exceptions import LoginError
from imapclient.imap4 import IMAP4WithTimeout

from worker.addresses import AddressRefused, Guard
from worker.errors import AnswerbackError

#: Hosts to which a password may go in clear.
LOCAL = ("localhost", "127.0.0.1", "::1")

#: The ports of the schemes of a URL.
_PORTS: Mapping[str, int] = {"imap": 143, "imaps": 993, "smtp": 25, "smtps": 465}

#: What dialling raises, and what host names do that are none. The protocols have errors of their own.
DIAL_ERRORS = (OSError, UnicodeError, AddressRefused)

_Dial = Callable[[], socket.socket]


class NotSafe(AnswerbackError):
    """A password cannot be sent to this server: only in clear, or not at all."""

    code = "mail_server_not_safe"


@dataclass(frozen=True, kw_only=True)
class ServerUrl:
    """A mail server's URL, `smtps://user:password@host:port` or one with `smtp`, `imaps` or `imap`, in its parts.

    Attributes:
        encrypted: TLS from the first byte; otherwise STARTTLS encrypts, if the server offers it.
        user: empty without a login.
    """

    host: str
    port: int
    encrypted: bool
    user: str
    password: str = field(repr=False)

    def check_login(self, *, encrypted: bool) -> None:
        """Raise unless the user and the password may be sent over a connection that is `encrypted`, or is not.

        Raises:
            NotSafe: anybody on the way could read them, or they are not ASCII, which logins of IMAP and SMTP need.
        """
        if not encrypted and self.host not in LOCAL:
            raise NotSafe("The mail server offers no encryption; the password is not sent.")
        if not (self.user.isascii() and self.password.isascii()):
            raise NotSafe("The user or the password has characters that are not ASCII, which the login cannot send.")


@dataclass(frozen=True, kw_only=True)
class BearerLogin:
    """Logs in with an access token of OAuth 2, in place of a password; `refused` is called if the server refuses."""

    token: str = field(repr=False)
    refused: Callable[[], None]

    def imap(self, client: IMAPClient, user: str) -> None:
        """Log in by OAUTHBEARER (RFC 7628), or by XOAUTH2 where a server has only that, as Microsoft's.

        Raises:
            NotSafe: it offers neither.
            IMAPClientError: it refuses the token.
        """
        try:
            if client.has_capability("AUTH=OAUTHBEARER"):
                client.oauthbearer_login(user, self.token)
            elif client.has_capability("AUTH=XOAUTH2"):
                client.oauth2_login(user, self.token)
            else:
                raise NotSafe("The mail server takes no OAuth 2 logins.")
        except LoginError:
            self.refused()
            raise

    def smtp(self, server: smtplib.SMTP, user: str) -> None:
        """Log in by OAUTHBEARER or XOAUTH2.

        Raises:
            NotSafe: the server offers neither.
            SMTPException: it refuses the token.
        """
        offered = server.esmtp_features.get("auth", "").upper().split()
        escaped = user.replace("=", "=3D").replace(",", "=2C")
        forms = {
            "OAUTHBEARER": (f"n,a={escaped},\x01auth=Bearer {self.token}\x01\x01", "\x01"),
            "XOAUTH2": (f"user={user}\x01auth=Bearer {self.token}\x01\x01", ""),
        }
        mechanism = next((name for name in forms if name in offered), None)
        if mechanism is None:
            raise NotSafe("The mail server takes no OAuth 2 logins.")
        first, after_error = forms[mechanism]
        try:  # an error comes as a challenge, after whose answer the server refuses (RFC 7628, 3.2.3)
            server.auth(mechanism, lambda challenge=None: first if challenge is None else after_error)
        except smtplib.SMTPAuthenticationError:
            self.refused()
            raise


def server_url(url: str) -> ServerUrl:
    """Return the parts of a URL that was checked when it was given."""
    parts = urlsplit(url)
    return ServerUrl(
        host=parts.hostname or "",
        port=parts.port or _PORTS[parts.scheme],
        encrypted=parts.scheme in ("imaps", "smtps"),
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )


def open_imap(
    url: ServerUrl, guard: Guard, *, context: Callable[[], ssl.SSLContext], timeout_s: float
) -> "GuardedImapClient":
    """Connect by IMAP.

    Raises:
        IMAPClientError: the server does not greet as one.
        OSError, UnicodeError, AddressRefused: `DIAL_ERRORS`, it is not reached or may not be.
    """
    return GuardedImapClient(url, lambda: _dialled(url, guard, context=context, timeout_s=timeout_s), timeout_s)


def open_smtp(
    url: ServerUrl, guard: Guard | None, *, context: Callable[[], ssl.SSLContext], timeout_s: float
) -> smtplib.SMTP:
    """Connect by SMTP; without a guard, anywhere.

    Raises:
        SMTPException: the server does not greet as one.
        OSError, UnicodeError, AddressRefused: `DIAL_ERRORS`, it is not reached or may not be.
    """
    return _Smtp(url, lambda: _dialled(url, guard, context=context, timeout_s=timeout_s), timeout_s)


def _dialled(
    url: ServerUrl, guard: Guard | None, *, context: Callable[[], ssl.SSLContext], timeout_s: float
) -> socket.socket:
    """Return a connection to the first address that takes one; the name serves to check the certificate alone."""
    addresses = [url.host] if guard is None else [str(address) for address in guard.addresses(url.host, url.port)]
    failed: OSError | None = None
    for address in addresses:
        try:
            connection = socket.create_connection((address, url.port), timeout=timeout_s)
        except OSError as error:
            failed = error
            continue
        if not url.encrypted:
            return connection
        try:
            return context().wrap_socket(connection, server_hostname=url.host)
        except BaseException:
            connection.close()
            raise
    raise failed or OSError(f"{url.host} has no address")


class _Imap4(IMAP4WithTimeout):  # type: ignore[misc]  # the library has no types
    def __init__(self, url: ServerUrl, dial: _Dial, timeout_s: float) -> None:
        self._dial = dial
        super().__init__(url.host, url.port, timeout_s)

    def _create_socket(self, timeout: float | None = None) -> socket.socket:
        del timeout
        return self._dial()


class GuardedImapClient(IMAPClient):  # type: ignore[misc]  # likewise
    """An IMAPClient whose connection `dial` makes."""

    def __init__(self, url: ServerUrl, dial: _Dial, timeout_s: float) -> None:
        self._url, self._dial = url, dial
        self._timeout_s = timeout_s
        super().__init__(url.host, port=url.port, ssl=url.encrypted, timeout=timeout_s)

    def _create_IMAP4(self) -> _Imap4:  # noqa: N802  # the library's name
        return _Imap4(self._url, self._dial, self._timeout_s)


class _Smtp(smtplib.SMTP):
    def __init__(self, url: ServerUrl, dial: _Dial, timeout_s: float) -> None:
        self._dial = dial
        super().__init__(url.host, url.port, timeout=timeout_s)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        del host, port, timeout
        return self._dial()

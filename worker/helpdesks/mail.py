"""Mail servers that mail is handed to: the operator's, and those of mailboxes."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid, parseaddr

from worker.addresses import Guard
from worker.errors import AnswerbackError
from worker.mail_servers import DIAL_ERRORS, BearerLogin, NotSafe, open_smtp, server_url

#: Each step of the conversation with the server, in seconds.
_STEP_S = 5.0


class MailRefused(AnswerbackError):
    """The mail server is unavailable or refused the mail. `status` is its answer, None when there was none."""

    code = "mail_refused"

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, kw_only=True)
class MailServer:
    """A mail server.

    Attributes:
        url: `smtp://user:password@host:587` or `smtps://…`.
        sender: the address that its mail is from.
        guard: decides whether it may be reached; None for the operator's own.
        bearer: logs in with a token in place of the password of `url`.
        domains: further domains that mailboxes of workspaces may send from, besides that of `sender`.
    """

    url: str
    sender: str
    guard: Guard | None = None
    bearer: BearerLogin | None = None
    domains: tuple[str, ...] = ()

    def may_send_from(self, address: str) -> bool:
        """Whether a mailbox of a workspace may send from its address by this server, which vouches for it."""
        own = parseaddr(self.sender)[1].rpartition("@")[2].lower()
        return address.rpartition("@")[2].lower() in (own, *self.domains)

    def send(self, *, to: str, subject: str, text: str) -> None:
        """Send a mail in plain text.

        Raises:
            MailRefused: the server is unavailable or refuses it.
        """
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self.sender, to, subject
        message["Date"], message["Message-ID"] = formatdate(), make_msgid(domain="answerback")
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text)
        with self.connected() as server:
            server.send_message(message)

    @contextmanager
    def connected(self) -> Iterator[smtplib.SMTP]:
        """Yield a connection that is logged in.

        Raises:
            MailRefused: the server is unavailable, may not be reached, refuses the password, or takes it only in clear.
        """
        try:
            url = server_url(self.url)
            server = open_smtp(url, self.guard, context=ssl.create_default_context, timeout_s=_STEP_S)
            try:
                server.ehlo()
                encrypted = url.encrypted
                if not encrypted and server.has_extn("starttls"):
                    server.starttls(context=ssl.create_default_context())
                    server.ehlo()
                    encrypted = True
                if url.user:
                    url.check_login(encrypted=encrypted)
                    if self.bearer is not None:
                        self.bearer.smtp(server, url.user)
                    else:
                        server.login(url.user, url.password)
                yield server
            finally:
                with suppress(smtplib.SMTPException, OSError):  # what was handed in, was
                    server.quit()
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _said in error.recipients.values()]
            raise MailRefused(f"The recipients are refused: {error.recipients}"[:500], status=max(codes)) from error
        except smtplib.SMTPAuthenticationError as error:
            if self.bearer is None:
                raise _refused(error, status=error.smtp_code) from error
            raise _refused(error, status=None) from error  # the next attempt has another token
        except smtplib.SMTPResponseException as error:
            raise _refused(error, status=error.smtp_code) from error
        except NotSafe as error:
            raise MailRefused(str(error)) from error
        except (smtplib.SMTPException, *DIAL_ERRORS) as error:
            raise MailRefused(f"{type(error).__name__}: {error}"[:500]) from error


def _refused(error: smtplib.SMTPResponseException, *, status: int | None) -> MailRefused:
    said = error.smtp_error.decode(errors="replace") if isinstance(error.smtp_error, bytes) else error.smtp_error
    return MailRefused(f"{error.smtp_code} {said}"[:500], status=status)

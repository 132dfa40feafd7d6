"""The operator's mail server."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from urllib.parse import unquote, urlsplit

from worker.errors import AnswerbackError

#: Each step of the conversation with the server, in seconds.
_STEP_S = 5.0
_LOCAL = ("localhost", "127.0.0.1", "::1")


class MailRefused(AnswerbackError):
    """The mail server is unavailable or refused the mail. `status` is its answer, None when there was none."""

    code = "mail_refused"

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, kw_only=True)
class MailServer:
    """A mail server, `smtp://user:password@host:587` or `smtps://…`, and the sender's address."""

    url: str
    sender: str

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
            MailRefused: the server is unavailable, refuses the password, or takes it only in clear.
        """
        parts = urlsplit(self.url)
        host, encrypted = parts.hostname or "", parts.scheme == "smtps"
        try:
            if encrypted:
                port = parts.port or 465
                server: smtplib.SMTP = smtplib.SMTP_SSL(
                    host, port, timeout=_STEP_S, context=ssl.create_default_context()
                )
            else:
                server = smtplib.SMTP(host, parts.port or 25, timeout=_STEP_S)
            try:
                server.ehlo()
                if not encrypted and server.has_extn("starttls"):
                    server.starttls(context=ssl.create_default_context())
                    server.ehlo()
                    encrypted = True
                if parts.username:
                    if not encrypted and host not in _LOCAL:
                        raise MailRefused("The mail server offers no encryption; the password is not sent.")
                    server.login(unquote(parts.username), unquote(parts.password or ""))
                yield server
            finally:
                with suppress(smtplib.SMTPException, OSError):  # what was handed in, was
                    server.quit()
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _said in error.recipients.values()]
            raise MailRefused(f"The recipients are refused: {error.recipients}"[:500], status=max(codes)) from error
        except smtplib.SMTPResponseException as error:
            said = (
                error.smtp_error.decode(errors="replace") if isinstance(error.smtp_error, bytes) else error.smtp_error
            )
            raise MailRefused(f"{error.smtp_code} {said}"[:500], status=error.smtp_code) from error
        except (smtplib.SMTPException, OSError) as error:
            raise MailRefused(f"{type(error).__name__}: {error}"[:500]) from error

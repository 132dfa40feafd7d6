"""A mailbox by IMAP: read without a trace, search by Message-ID, append drafts and copies. Nothing is ever deleted."""

import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from imapclient import DRAFT, SEEN, IMAPClient
from imapclient.exceptions import IMAPClientError
from imapclient.imapclient import DRAFTS, SENT

from worker.addresses import Guard
from worker.errors import AnswerbackError
from worker.mail_servers import DIAL_ERRORS, LOCAL, BearerLogin, NotSafe, open_imap, server_url

#: Each step of the conversation with the server, in seconds.
_STEP_S = 10.0

#: Seconds after which a wait for news looks whether the process ends.
_GLANCE_S = 1.0

#: Of a mail that is larger, only the beginning is fetched: its text stands before its files.
_MAX_FETCHED = 25_000_000
_BEGINNING = 1_000_000

_SPECIAL = {"sent": SENT, "drafts": DRAFTS}
_FLAGS = {"sent": (SEEN,), "drafts": (DRAFT, SEEN)}


class MailboxUnavailable(AnswerbackError):
    """The IMAP server is unavailable, or refuses the mailbox."""

    code = "mailbox_unavailable"


@dataclass(frozen=True, kw_only=True)
class FolderState:
    """How far a folder is filled: UIDs below `next_uid` are given, and mean the same while `uid_validity` does."""

    uid_validity: int
    next_uid: int


class ImapMailbox:
    """An open connection to a mailbox. For one thread at a time; its methods raise MailboxUnavailable."""

    def __init__(self, client: IMAPClient, names: Mapping[str, str]) -> None:
        self._client = client
        self._names = dict(names)

    def folder(self, use: str) -> str | None:
        """Return the name of the folder for `inbox`, `sent` or `drafts`; None when there is none."""
        if use not in self._names:
            with _errors():
                found = "INBOX" if use == "inbox" else self._client.find_special_folder(_SPECIAL[use])
            if not found:
                return None
            self._names[use] = found
        return self._names[use]

    def open(self, folder: str) -> FolderState:
        """Open a folder for reading, which changes no flag."""
        with _errors():
            answer = self._client.select_folder(folder, readonly=True)
            next_uid = answer.get(b"UIDNEXT")
            if next_uid is None:  # a server may leave it out (RFC 3501, 6.3.1); `*` is its last mail
                last = self._client.search(["UID", "*"]) if answer.get(b"EXISTS", 0) else []
                next_uid = max(last, default=0) + 1
            return FolderState(uid_validity=int(answer[b"UIDVALIDITY"]), next_uid=int(next_uid))

    def uids_after(self, last_uid: int) -> list[int]:
        """Return the UIDs above one in the open folder, lowest first."""
        with _errors():
            # A server answers `n:*` with its last mail also when that is below n.
            return sorted(uid for uid in self._client.search(["UID", f"{last_uid + 1}:*"]) if uid > last_uid)

    def uids_since(self, day: object) -> list[int]:
        """Return the UIDs of the mail that came since a day (a `date`), lowest first."""
        with _errors():
            return sorted(self._client.search(["SINCE", day]))

    def read(self, uid: int) -> bytes | None:
        """Return a mail, or the beginning of one that is very large; None when it was removed meanwhile."""
        with _errors():
            size = self._client.fetch([uid], ["RFC822.SIZE"]).get(uid, {}).get(b"RFC822.SIZE")
            if size is None:
                return None
            is_whole = size <= _MAX_FETCHED
            item = "BODY.PEEK[]" if is_whole else f"BODY.PEEK[]<0.{_BEGINNING}>"
            found: dict[bytes, Any] = self._client.fetch([uid], [item]).get(uid, {})
            return next((value for name, value in found.items() if name.startswith(b"BODY[]")), None)

    def has(self, folder: str, message_id: str) -> bool:
        """Whether a folder has a mail with a Message-ID, given without brackets."""
        with _errors():
            self._client.select_folder(folder, readonly=True)
            return bool(self._client.search(["HEADER", "Message-ID", f"<{message_id}>"]))

    def append(self, use: str, data: bytes) -> bool:
        """Put a mail into the folder for `sent` or `drafts`; return False when there is none."""
        with _errors():
            folder = self.folder(use)
            if folder is None:
                return False
            self._client.append(folder, data, flags=_FLAGS[use])
            return True

    def wait(self, seconds: float, *, stopping: threading.Event) -> bool:
        """Wait for news in the open folder, or until `stopping`; return False at once when the server has no IDLE."""
        ends = time.monotonic() + seconds
        with _errors():
            if not self._client.has_capability("IDLE"):
                return False
            self._client.idle()
            try:
                while not stopping.is_set() and time.monotonic() < ends:
                    if self._client.idle_check(timeout=_GLANCE_S):
                        break
            finally:
                self._client.idle_done()
            return True


@contextmanager
def connected(
    url: str, guard: Guard, *, folders: Mapping[str, str], bearer: BearerLogin | None = None
) -> Iterator[ImapMailbox]:
    """Yield a connection that is logged in: `imaps://user:password@host`, or `imap://…` which STARTTLS encrypts.

    `bearer` logs in with a token in place of the password.

    Raises:
        MailboxUnavailable: the server is unavailable, refuses the password or token, takes it only in clear, or may
            not be reached.
    """
    with _errors():
        server = server_url(url)
        client = open_imap(server, guard, context=lambda: _context(server.host), timeout_s=_STEP_S)
    try:
        with _errors():
            encrypted = server.encrypted
            if not encrypted and client.has_capability("STARTTLS"):
                client.starttls(_context(server.host))
                encrypted = True
            server.check_login(encrypted=encrypted)
            if bearer is not None:
                bearer.imap(client, server.user)
            else:
                client.login(server.user, server.password)
        yield ImapMailbox(client, folders)
    finally:
        with suppress(IMAPClientError, OSError):
            client.logout()


def _context(host: str) -> ssl.SSLContext:
    """Return how TLS is checked; on this machine a certificate of its own will do."""
    context = ssl.create_default_context()
    if host in LOCAL:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


@contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except NotSafe as error:
        raise MailboxUnavailable(str(error)) from error
    except (IMAPClientError, *DIAL_ERRORS) as error:
        raise MailboxUnavailable(f"{type(error).__name__}: {error}"[:500]) from error

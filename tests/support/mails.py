"""Mail as programs write it, and a story of a mailbox whose mail comes by the API and leaves by a real SMTP server."""

import hashlib
import hmac
import time
from email.message import EmailMessage
from typing import Any

import sqlalchemy as sa

from tests.support.fakes import answer
from tests.support.places import Mailbox
from worker.store.tables import delivery

DESK = "support@desk.example"
HELP = "How do I reset my password?"
PASSED = "mx.desk.example; dmarc=pass header.from={domain}"


def mail(
    text: str = HELP,
    *,
    sender: str = "Ann <ann@shop.example>",
    to: str = DESK,
    subject: str = "My password",
    id: str | None = "1@shop.example",
    answers: str | None = None,
    believed: bool = True,
    **headers: str,
) -> bytes:
    """Return a raw mail; `answers` is the Message-ID of the mail that it replies to."""
    message = EmailMessage()
    if believed:
        message["Authentication-Results"] = PASSED.format(domain=sender.rpartition("@")[2].rstrip(">"))
    message["From"] = sender
    message["To"] = to
    message["Subject"] = subject
    message["Date"] = "Fri, 27 Nov 2026 09:30:00 +0000"
    if id is not None:
        message["Message-ID"] = f"<{id}>"
    if answers is not None:
        message["In-Reply-To"] = f"<{answers}>"
        message["References"] = f"<{answers}>"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message.as_bytes()


def mailgun_form(key: str, data: bytes, *, at: float | None = None) -> dict[str, str]:
    """Return the form that a route of Mailgun posts with a raw mail in UTF-8."""
    timestamp, token = str(int(time.time() if at is None else at)), "t" * 50
    signature = hmac.new(key.encode(), f"{timestamp}{token}".encode(), hashlib.sha256).hexdigest()
    body = data.decode("utf-8", "surrogateescape")
    return {"body-mime": body, "timestamp": timestamp, "token": token, "signature": signature, "recipient": DESK}


class MailStory:
    """A mailbox without IMAP, and the steps of a story."""

    def __init__(self, call: Any, services: Any, outbox: Mailbox, url: str, **more: Any):
        self.call, self.services, self.outbox = call, services, outbox
        new = {
            "name": "support",
            "address": DESK,
            "smtp_url": url,
            "authserv_id": "mx.desk.example",
            "mode": "reply",
            **more,
        }
        made = call("POST", "/v1/mailboxes", json=new)
        assert made.status_code == 201, made.json
        self.id = made.json["id"]

    def post(self, data: bytes) -> Any:
        """Post a raw mail as a provider does."""
        return self.call(
            "POST", f"/v1/mailboxes/{self.id}/inbound", data=data, headers={"Content-Type": "message/rfc822"}
        )

    def receive(self, data: bytes) -> None:
        """Post a raw mail, and do the work that it causes."""
        answered = self.post(data)
        assert answered.status_code == 202, answered.json
        self.work()

    def work(self) -> None:
        """Take what came, and send what is due."""
        self.services.mailing.intake.drain(self.id)
        self.send()

    def writes(self, text: str = HELP, **fields: Any) -> None:
        """Receive a mail of a customer."""
        self.receive(mail(text, **fields))

    def answers(self, outcome: Any = None) -> int:
        """Answer the ready conversations; return their number."""
        taken = 0
        with self.services.store.read() as connection:
            ready = list(connection.execute(sa.text("SELECT id FROM conversation WHERE mailbox = 'ready'")).scalars())
        for conversation_id in ready:
            claim = self.services.mailbox.claim(conversation_id)
            if claim is not None:
                self.services.mailbox.finish(claim, outcome or answer("Use the link that says so [1]."))
                taken += 1
        self.send()
        return taken

    def send(self) -> None:
        for destination in self.services.sender.due_destinations():
            transport = self.services.open_transport()
            while self.services.sender.send(destination, transport) is not None:
                pass
            transport.close()

    def again(self) -> None:
        """Make delayed retries due."""
        with self.services.store.begin() as tx:
            tx.execute(delivery.update().where(delivery.c.state == "pending").values(due_at=1))
            tx.execute(sa.text("UPDATE destination SET circuit_open_until = NULL"))
        self.send()

    @property
    def conversations(self) -> list[dict[str, Any]]:
        return list(reversed(self.call("GET", "/v1/conversations").json["items"]))

    def said(self, number: int = 0) -> list[tuple[str, str]]:
        """Return the role and the content of each message of a conversation, oldest conversation first."""
        id = self.conversations[number]["id"]
        items = self.call("GET", f"/v1/conversations/{id}/messages").json["items"]
        return [(item["role"], item["content"]) for item in items]

    @property
    def mails(self) -> dict[str, int]:
        """The number of mails by state, of those that there are."""
        counts = self.call("GET", f"/v1/mailboxes/{self.id}").json["mail"]
        return {state: count for state, count in counts.items() if count}

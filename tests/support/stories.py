"""The steps of a story with a connected helpdesk: tickets in, answers and agents, in-process."""

import sqlalchemy as sa

from tests.support.fakes import answer
from tests.support.helpdesks import SECRET, TOKEN
from worker.store.tables import delivery

HELP = "How do I reset my password?"


class Story:
    """A connected fake helpdesk, and the steps of a story."""

    def __init__(self, call, services, fake, **more):
        self.call, self.services, self.fake = call, services, fake
        new = {
            "name": "desk",
            "kind": fake.kind,
            "url": fake.url,
            "token": TOKEN,
            "webhook_secret": SECRET,
            "options": fake.options(),
            "mode": "reply",
            "resume_tag": fake.resume_tag,
            **more,
        }
        made = call("POST", "/v1/helpdesks", json=new)
        assert made.status_code == 201, made.json
        self.id = made.json["id"]

    def hook(self, *args, at=None, times=1, **more):
        """Send a webhook, and do the work that it causes."""
        body, headers = self.fake.webhook(*args, at=at, **more)
        for _ in range(times):
            answered = self.post(body, headers)
            assert answered.status_code == 204, answered.json
        self.send()

    def post(self, body, headers):
        return self.call.client.post(f"/v1/helpdesks/{self.id}/inbound", data=body, headers=headers)

    def asks(self, ticket, text=HELP, **more):
        self.hook(ticket, "written", self.fake.customer_writes(ticket, text), **more)

    def echo(self, ticket):
        """Send the echo of the last post, where that is the only sign of it: bots may not list what they wrote."""
        if self.fake.echoes:
            self.hook(ticket, "written", self.fake.tickets[ticket].entries[-1])

    def answers(self, outcome=None, *, before_change=lambda: None):
        """Answer the ready conversations; return their number. `before_change` runs once only changes are left."""
        taken = 0
        for conversation_id in self.services.mailbox.sweep(limit=10) or self._ready():
            claim = self.services.mailbox.claim(conversation_id)
            if claim is not None:
                self.services.mailbox.finish(claim, outcome or answer("Use the link that says so [1]."))
                taken += 1
        self.send(before_change=before_change)
        return taken

    def _ready(self):
        with self.services.store.read() as connection:
            return list(connection.execute(sa.text("SELECT id FROM conversation WHERE mailbox = 'ready'")).scalars())

    def send(self, *, before_change=lambda: None):
        for destination in self.services.sender.due_destinations():
            transport = self.services.open_transport()
            while self.services.sender.send(destination, transport) is not None:
                if self._waits("ticket_change"):
                    before_change()
            transport.close()

    def _waits(self, kind):
        waits = sa.select(delivery.c.id).where(delivery.c.kind == kind, delivery.c.attempts == 0)
        with self.services.store.read() as connection:
            return connection.execute(waits).first() is not None

    def again(self):
        """Make delayed retries due."""
        with self.services.store.begin() as tx:
            tx.execute(delivery.update().where(delivery.c.state == "pending").values(due_at=1))
            tx.execute(sa.text("UPDATE destination SET circuit_open_until = NULL"))
        self.send()

    @property
    def conversation(self):
        (only,) = self.call("GET", "/v1/conversations").json["items"]
        return only

    @property
    def said(self):
        items = self.call("GET", f"/v1/conversations/{self.conversation['id']}/messages").json["items"]
        return [(item["role"], item["state"]) for item in items]

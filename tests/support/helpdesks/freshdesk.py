"""A fake of Freshdesk, after its reference."""

import base64
import html
import re

from tests.support.helpdesks.fake import AGENT, BOT, CUSTOMER, SECRET, TOKEN, FakeDesk, Refused, need


class FakeFreshdesk(FakeDesk):
    """With two brands: tickets come to the `address` of the second, and `senders` are those of its replies."""

    kind = "freshdesk"
    address = "second@example.com"
    prefix = "/api/v2"
    routes = (
        ("GET", "/agents/me", "me"),
        ("GET", "/email_configs", "mailboxes"),
        ("GET", r"/tickets/(\d+)", "show"),
        ("PUT", r"/tickets/(\d+)", "update"),
        ("GET", r"/tickets/(\d+)/conversations", "talk"),
        ("POST", r"/tickets/(\d+)/reply", "reply"),
        ("POST", r"/tickets/(\d+)/notes", "note"),
    )

    def __init__(self):
        super().__init__()
        self.senders: list[str] = []

    def authorized(self, headers):
        return headers.get("authorization") == "Basic " + base64.b64encode(f"{TOKEN}:X".encode()).decode()

    def me(self):
        return {"id": BOT}

    def show(self, ticket):
        one = self.tickets[ticket]
        return {
            "id": ticket,
            "subject": "Parcel",
            "description": f"<div>{html.escape(one.entries[0].text)}</div>",
            "description_text": one.entries[0].text,
            "source": 2 if one.entries[0].author == CUSTOMER else 10,
            "email_config_id": 21,
            "product_id": None,
            "status": {"new": 2, "closed": 4}.get(one.status, one.status),
            "tags": one.tags,
            "responder_id": one.assignee,
            "requester": {"id": CUSTOMER, "name": "Ada", "email": "ada@example.com"},
        }

    def update(self, ticket, body):
        one = self.tickets[ticket]
        one.status, one.tags = body.get("status", one.status), body.get("tags", one.tags)
        one.assignee, one.group = body.get("responder_id", one.assignee), body.get("group_id", one.group)
        return {"id": ticket}

    def talk(self, ticket):
        return [
            {
                "id": one.id,
                "body": one.text if one.author == BOT else f"<div>{html.escape(one.text)}</div>",
                "body_text": re.sub(r"<[^>]+>", " ", one.text),
                "incoming": one.author == CUSTOMER,
                "auto_response": one.automatic,
                "private": not one.public,
                "user_id": one.author,
            }
            for one in self.tickets[ticket].entries[1:]
        ]

    def mailboxes(self):
        known = ((20, "desk@example.com"), (21, self.address))
        return [{"id": id, "reply_email": address, "product_id": None} for id, address in known]

    def reply(self, ticket, body):
        need(body, "body")
        if body.get("from_email", "desk@example.com") not in ("desk@example.com", self.address):
            raise Refused(400, {"errors": [{"field": "from_email", "code": "invalid_value"}]})
        self.senders.append(body.get("from_email", "desk@example.com"))
        return {"id": self.write(ticket, body["body"], public=True).id}

    def note(self, ticket, body):
        need(body, "body")
        return {"id": self.write(ticket, body["body"], public=not body["private"]).id}

    def signed(self, body, *, at):
        return {"X-Answerback-Secret": SECRET}

    def told(self, ticket, what, entry=None, tags=()):
        one = self.tickets[ticket]
        one.tags += [tag for tag in tags if tag not in one.tags]
        if what == "closed":
            one.status = "closed"
        if what == "assigned":
            one.assignee = AGENT
        return {"ticket_id": str(ticket)}

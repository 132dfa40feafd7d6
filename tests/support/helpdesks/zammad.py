"""A fake of Zammad, after its reference."""

import hashlib
import hmac
import uuid
from typing import Any

from tests.support.helpdesks.fake import AGENT, BOT, CUSTOMER, SECRET, TOKEN, FakeDesk, Refused, need

#: States of a Zammad in German: id, name, id of the type.
_STATES = ((1, "neu", 1), (2, "offen", 2), (3, "warten auf Erinnerung", 3), (4, "geschlossen", 5), (7, "erledigt", 5))


class FakeZammad(FakeDesk):
    """In German. Its webhooks have no tags, and a note is sent to nobody, whether it is public or not."""

    kind = "zammad"
    prefix = "/api/v1"
    channel = "web"  # by which the customer writes
    routes = (
        ("GET", "/users/me", "me"),
        ("GET", rf"/users/{CUSTOMER}", "customer"),
        ("GET", "/ticket_states", "states"),
        ("GET", "/tags", "tags"),
        ("GET", r"/tickets/(\d+)", "show"),
        ("POST", "/ticket_articles", "article"),
        ("GET", r"/ticket_articles/by_ticket/(\d+)", "articles"),
        ("PUT", r"/tickets/(\d+)", "update"),
        ("POST", "/tags/add", "tag"),
    )

    def authorized(self, headers):
        return headers.get("authorization") == f"Token token={TOKEN}"

    def me(self):
        return {"id": BOT}

    def customer(self):
        return {"id": CUSTOMER, "email": "ada@example.com"}

    def states(self):
        return [{"id": id, "name": name, "state_type_id": type, "active": True} for id, name, type in _STATES]

    def tags(self):
        return {"tags": self.tickets[int(self.call.query["o_id"])].tags}

    def _state(self, one):
        return next(state for state in _STATES if state[0] == {"new": 1, "closed": 4}.get(one.status, one.status))

    def show(self, ticket):
        one = self.tickets[ticket]
        state = self._state(one)[0]
        return {"id": ticket, "state_id": state, "owner_id": one.assignee or 1, "customer_id": CUSTOMER}

    def article(self, body):
        need(body, "ticket_id", "body", "type", "content_type")
        if body["ticket_id"] not in self.tickets:
            raise Refused(422)
        if body["type"] == "email":
            need(body, "to")
        is_sent = body["type"] != "note"
        return {"id": self.write(body["ticket_id"], body["body"], public=is_sent).id}

    def articles(self, ticket):
        return [
            {
                "id": one.id,
                "body": one.text,
                "sender": "Customer" if one.author == CUSTOMER else "Agent",
                "type": self.channel,
                "from": "Ada Lovelace <ada@example.com>",
                "subject": "Parcel",
            }
            for one in self.tickets[ticket].entries
        ]

    def update(self, ticket, body):
        one = self.tickets[ticket]
        names = {name: id for id, name, _type in _STATES}
        state = body.get("state_id") or (names.get(body["state"]) if "state" in body else one.status)
        types = {id: type for id, _name, type in _STATES}
        if "state" in body or "state_id" in body:
            if state not in types:
                raise Refused(422, {"error": "No lookup value found for 'state'"})
            if types[state] == 3 and not body.get("pending_time"):
                raise Refused(422, {"error": "Missing required value for field 'pending_time'!"})
        one.status, one.group = state, body.get("group", one.group)
        one.assignee = body.get("owner_id", one.assignee)
        return {"id": ticket}

    def tag(self, body):
        need(body, "item", "object", "o_id")
        self.tickets[body["o_id"]].tags.append(body["item"])
        return True

    def signed(self, body, *, at):
        digest = hmac.new(SECRET.encode(), body, hashlib.sha1).hexdigest()
        return {"X-Hub-Signature": f"sha1={digest}", "X-Zammad-Delivery": uuid.uuid4().hex}

    def told(self, ticket, what, entry=None, tags=()):
        one = self.tickets[ticket]
        one.tags += [tag for tag in tags if tag not in one.tags]
        if what == "closed":
            one.status = "closed"
        if what == "assigned":
            one.assignee = AGENT
        id, name, _type = self._state(one)
        told: dict[str, Any] = {
            "ticket": {
                "id": ticket,
                "title": "Parcel",
                "state": name,
                "state_id": id,
                "owner": {"id": one.assignee or 1},
                "customer": {"id": CUSTOMER, "firstname": "Ada", "lastname": "L", "email": "ada@example.com"},
            },
            "article": {},
        }
        if entry is not None:
            told["article"] = {
                "id": entry.id,
                "body": entry.text,
                "content_type": "text/html",
                "sender": "Customer" if entry.author == CUSTOMER else "Agent",
                "internal": not entry.public,
                "created_by_id": entry.author,
                "preferences": {"is-auto-response": entry.automatic},
            }
        return told

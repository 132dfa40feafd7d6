"""A fake of Intercom, after its reference."""

import hashlib
import hmac
import time
import uuid

from tests.support.contracts import Contract
from tests.support.helpdesks.fake import AGENT, BOT, CUSTOMER, SECRET, TOKEN, FakeDesk, Refused, need


class FakeIntercom(FakeDesk):
    """Intercom. What it is sent and what it answers has the form of its official description, or `faults` says so."""

    kind = "intercom"
    contract = Contract("intercom-2.14.json")
    region = "US"
    routes = (
        ("GET", "/me", "me"),
        ("GET", r"/conversations/(\d+)", "show"),
        ("POST", r"/conversations/(\d+)/reply", "reply"),
        ("POST", r"/conversations/(\d+)/parts", "part"),
    )

    def options(self):
        return {"admin_id": str(BOT), "app_id": "app1"}

    def authorized(self, headers):
        return headers.get("authorization") == f"Bearer {TOKEN}" and headers.get("intercom-version") == "2.14"

    def limit_headers(self):
        return {"X-RateLimit-Limit": "10000", "X-RateLimit-Reset": str(int(time.time()) + 30)}

    def handle_call(self, method, path, headers, body):
        try:
            if wrong := self.contract.request_faults(method, path, body):
                self.faults += wrong
                raise Refused(400)
            answer = super().handle_call(method, path, headers, body)
        except Refused as refused:
            error = {"code": "refused", "message": str(refused.status)}
            refused.body = {"type": "error.list", "request_id": uuid.uuid4().hex, "errors": [error]}
            self.faults += self.contract.response_faults(method, path, refused.status, refused.body)
            raise
        self.faults += self.contract.response_faults(method, path, 200, answer)
        return answer

    def me(self):
        app = {"type": "app", "id_code": "app1", "name": "Shop", "region": self.region}
        return {"type": "admin", "id": str(BOT), "name": "Answerback", "app": app}

    def _part(self, one):
        kind = "user" if one.author == CUSTOMER else "admin"
        return {
            "type": "conversation_part",
            "id": str(one.id),
            "part_type": "comment" if one.public else "note",
            "body": one.text,
            "author": {"type": kind, "id": str(one.author), "name": "Ada", "email": "ada@example.com"},
            "attachments": [],
            "redacted": False,
            # Whatever is written over the API has the code of its app, a human's and a customer's message too.
            "app_package_code": "desk-sync",
        }

    def _conversation(self, ticket, parts):
        one = self.tickets[ticket]
        first = self._part(one.entries[0])
        source = {name: first[name] for name in ("id", "body", "author", "attachments", "redacted")}
        return {
            "type": "conversation",
            "id": str(ticket),
            "title": "Parcel",
            "state": "closed" if one.status == "close" else "open",
            "open": one.status != "close",
            "admin_assignee_id": None if one.assignee is None else int(one.assignee),
            "team_assignee_id": None,
            "source": {**source, "type": "conversation", "delivered_as": "customer_initiated", "subject": ""},
            "tags": {"type": "tag.list", "tags": []},
            "conversation_parts": {
                "type": "conversation_part.list",
                "conversation_parts": parts,
                "total_count": len(parts),
            },
        }

    def show(self, ticket):
        return self._conversation(ticket, [self._part(one) for one in self.tickets[ticket].entries[1:]])

    def reply(self, ticket, body):
        need(body, "message_type", "type", "admin_id", "body")
        self.write(ticket, body["body"], public=body["message_type"] == "comment")
        return self.show(ticket)

    def part(self, ticket, body):
        need(body, "message_type", "admin_id")
        if body["message_type"] in ("open", "close"):
            self.tickets[ticket].status = body["message_type"]
        else:
            need(body, "assignee_id")
            self.tickets[ticket].assignee = body["assignee_id"]
        return self.show(ticket)

    def signed(self, body, *, at):
        return {"X-Hub-Signature": "sha1=" + hmac.new(SECRET.encode(), body, hashlib.sha1).hexdigest()}

    def told(self, ticket, what, entry=None, tags=()):
        one = self.tickets[ticket]
        if what == "assigned":
            one.assignee = AGENT
        topics = {
            "closed": "conversation.admin.closed",
            "assigned": "conversation.admin.assigned",
            "tagged": "conversation_part.tag.created",
        }
        topic, parts = topics.get(what, ""), []
        if what == "written":
            assert entry is not None
            first = one.entries[0] is entry
            topic = "conversation.user.created" if first else "conversation.user.replied"
            if entry.author != CUSTOMER:
                topic = "conversation.admin.replied"
            parts = [] if topic == "conversation.user.created" else [self._part(entry)]
        item = self._conversation(ticket, parts)
        self.faults += self.contract.faults({"$ref": "#/components/schemas/conversation"}, item)
        if what == "tagged":
            added = [{"type": "tag", "id": str(index), "name": tag} for index, tag in enumerate(tags)]
            item |= {name: {"type": "tag.list", "tags": added} for name in ("tags", "tags_added")}
        return {
            "type": "notification_event",
            "id": f"notif_{uuid.uuid4().hex}",
            "app_id": "app1",
            "topic": topic,
            "data": {"type": "notification_event_data", "item": item},
        }

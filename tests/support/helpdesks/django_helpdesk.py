"""A fake of django-helpdesk, after what the real one does: see tests/integration/test_django_helpdesk.py."""

import base64
from typing import Any

from tests.support.helpdesks.fake import AGENT, BOT, CUSTOMER, SECRET, TOKEN, FakeDesk, Refused, need


class FakeDjangoHelpdesk(FakeDesk):
    """django-helpdesk. A follow-up with another title renames the ticket, which `titles` keeps."""

    kind = "django_helpdesk"
    resume_tag = f"owner:{BOT}"
    prefix = "/api"
    routes = (
        ("GET", r"/tickets/", "listed"),
        ("GET", r"/tickets/(\d+)/", "show"),
        ("PATCH", r"/tickets/(\d+)/", "update"),
        ("POST", r"/followups/", "follow_up"),
    )

    def __init__(self):
        super().__init__()
        self.titles: dict[int, str] = {}

    def authorized(self, headers):
        return headers.get("authorization") == f"Token {TOKEN}"

    def listed(self):
        return {"count": len(self.tickets), "results": [self.show(id) for id in self.tickets][:1]}

    def show(self, ticket):
        one = self.tickets[ticket]
        return {
            "id": ticket,
            "queue": 1,
            "title": self.titles.get(ticket, "Parcel"),
            "description": one.entries[0].text,
            "submitter_email": "ada@example.com",
            "assigned_to": one.assignee,
            "status": {"new": 1, "closed": 3}.get(one.status, one.status),
            "on_hold": one.group == "held",
            "merged_to": None,
            "followup_set": [self._follow_up(ticket, entry) for entry in one.entries],
        }

    def _follow_up(self, ticket, entry):
        return {
            "id": entry.id,
            "ticket": ticket,
            "user": None if entry.author == CUSTOMER else entry.author,
            "title": "Parcel",
            "comment": entry.text,
            "public": entry.public,
            "message_id": None,
        }

    def update(self, ticket, body):
        one = self.tickets[ticket]
        if "status" in body and body["status"] not in (1, 2, 3, 4, 5):
            raise Refused(400, {"status": ["is not a valid choice."]})
        one.status, one.assignee = body.get("status", one.status), body.get("assigned_to", one.assignee)
        one.group = "held" if body.get("on_hold") else None
        return self.show(ticket)

    def follow_up(self, body):
        need(body, "ticket", "title", "comment")
        if body["ticket"] not in self.tickets:
            raise Refused(400, {"ticket": [f'Invalid pk "{body["ticket"]}" - object does not exist.']})
        self.titles[body["ticket"]] = body["title"]
        return self._follow_up(body["ticket"], self.write(body["ticket"], body["comment"], public=body["public"]))

    def signed(self, body, *, at):
        return {"Authorization": "Basic " + base64.b64encode(f"answerback:{SECRET}".encode()).decode()}

    def told(self, ticket, what, entry=None, tags=()) -> dict[str, Any]:
        one = self.tickets[ticket]
        if what == "closed":
            one.status = "closed"
        if what == "assigned":
            one.assignee = AGENT
        if what == "tagged":
            one.assignee = BOT
        told = {"ticket": self.show(ticket), "queue_slug": "help"}
        return told if entry is None or entry is one.entries[0] else {**told, "followup_id": entry.id}

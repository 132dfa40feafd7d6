"""A fake of Zendesk Support, after its reference."""

import base64
import hashlib
import hmac
import html
import re
import uuid
from datetime import UTC, datetime
from typing import Any

from tests.support.helpdesks.fake import AGENT, BOT, CUSTOMER, SECRET, TOKEN, FakeDesk, Refused, need


class FakeZendesk(FakeDesk):
    """Support. An account may have fields that agents must fill in before they solve: `required_to_solve`."""

    kind = "zendesk"
    required_to_solve = False
    prefix = "/api/v2"
    routes = (
        ("GET", r"/users/me\.json", "me"),
        ("GET", r"/tickets/(\d+)\.json", "show"),
        ("PUT", r"/tickets/(\d+)\.json", "update"),
        ("PUT", r"/tickets/(\d+)/tags\.json", "tag"),
        ("GET", r"/tickets/(\d+)/comments\.json", "comments"),
    )

    def options(self):
        return {"bot_id": str(BOT), "email": "bot@desk.example"}

    def authorized(self, headers):
        expected = base64.b64encode(f"bot@desk.example/token:{TOKEN}".encode()).decode()
        return headers.get("authorization") == f"Basic {expected}"

    def me(self):
        return {"user": {"id": BOT, "role": "agent"}}

    def _stamp(self, ticket):
        return f"2026-11-23T00:00:{self.tickets[ticket].version:02d}Z"

    def show(self, ticket):
        one = self.tickets[ticket]
        return {
            "ticket": {
                "id": ticket,
                "status": one.status,
                "updated_at": self._stamp(ticket),
                "tags": one.tags,
                "subject": "Parcel",
                "assignee_id": one.assignee,
                "via": {"channel": "web"},
            }
        }

    def update(self, ticket, body):
        need(body, "ticket")
        new = body["ticket"]
        if self.trouble[:1] == ["conflict"]:
            self.trouble.pop(0)
            self.agent_writes(ticket, "I am on it.", public=False)
        if not new.get("safe_update") or new.get("updated_stamp") != self._stamp(ticket):
            raise Refused(409, {"error": "UpdateConflict"})
        one, events = self.tickets[ticket], []
        if new.get("status") == "solved" and self.required_to_solve:
            raise Refused(422, {"error": "RecordInvalid", "description": "Category: is required to solve"})
        if "comment" in new:  # all of it or nothing
            need(new["comment"], "html_body")
            entry = self.write(ticket, new["comment"]["html_body"], public=new["comment"]["public"])
            events.append({"type": "Comment", "id": entry.id})
        one.status = new.get("status", one.status)
        one.assignee, one.group = new.get("assignee_id", one.assignee), new.get("group_id", one.group)
        return {"ticket": {"id": ticket}, "audit": {"events": events}}

    def tag(self, ticket, body):
        need(body, "tags")
        self.tickets[ticket].tags += [tag for tag in body["tags"] if tag not in self.tickets[ticket].tags]
        return {"tags": self.tickets[ticket].tags}

    def comments(self, ticket):
        listed = list(self.tickets[ticket].entries)
        if self.call.query.get("sort_order") == "desc":
            listed.reverse()
        size, page = 100, int(self.call.query.get("page", 1))
        answer = {"comments": [self._listed(one) for one in listed[(page - 1) * size : page * size]]}
        if self.call.query.get("include") == "users":
            roles = {CUSTOMER: "end-user", AGENT: "agent", BOT: "agent"}
            answer["users"] = [{"id": id, "name": "Ada", "role": role} for id, role in roles.items()]
        return answer

    def _listed(self, one):
        text = one.text if one.author == BOT else f"<p>{html.escape(one.text)}</p>"
        return {
            "id": one.id,
            "author_id": one.author,
            "public": one.public,
            "html_body": f'<div class="zd-comment" dir="auto">{text}</div>',
            "body": one.text,
            "metadata": {"system": {}, "flags": [4] if one.automatic else []},
        }

    def signed(self, body, *, at):
        timestamp = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        digest = hmac.new(SECRET.encode(), timestamp.encode() + body, hashlib.sha256).digest()
        return {
            "X-Zendesk-Webhook-Signature": base64.b64encode(digest).decode(),
            "X-Zendesk-Webhook-Signature-Timestamp": timestamp,
        }

    def told(self, ticket, what, entry=None, tags=()):
        kinds = {
            "written": "comment_added",
            "closed": "status_changed",
            "assigned": "agent_assignment_changed",
            "tagged": "tags_changed",
        }
        one = self.tickets[ticket]
        if what == "assigned":
            one.assignee = AGENT
        one.tags += [tag for tag in tags if tag not in one.tags]
        event: dict[str, Any] = {"meta": {"sequence": {"id": "1", "position": 1}}}
        kind = kinds[what]
        if entry is not None and entry is one.entries[0]:
            kind = "created"  # says nothing of the comment that it was created with
        elif entry is not None:
            author = {"id": str(entry.author), "is_staff": entry.author != CUSTOMER, "name": "Ada"}
            event["comment"] = {
                "id": str(entry.id),
                "body": re.sub(r"<[^>]+>", " ", entry.text),
                "is_public": entry.public,
                "author": author,
            }
        event |= {"closed": {"current": "SOLVED"}, "assigned": {"current": str(AGENT)}}.get(what, {})
        event |= {"tags_added": list(tags), "tags_removed": []} if what == "tagged" else {}
        return {
            "id": uuid.uuid4().hex,
            "type": f"zen:event-type:ticket.{kind}",
            "subject": f"zen:ticket:{ticket}",
            "detail": {
                "id": str(ticket),
                "subject": "Parcel",
                "status": "OPEN",
                "assignee_id": one.assignee,
                "tags": one.tags,
            },
            "event": event,
        }

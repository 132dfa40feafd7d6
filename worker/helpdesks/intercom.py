"""Intercom: an app's webhooks in, the REST API out.

Options: `admin_id`, the admin that the bot writes as; `app_id` of the workspace. The URL is that of the workspace's
region.
"""

import hashlib

from worker.addresses import Caller
from worker.helpdesks.answers import field, optional_record, record, records
from worker.helpdesks.protocol import (
    Account,
    Api,
    Headers,
    Json,
    Post,
    Posted,
    TicketEvent,
    UnreadableAnswer,
    WebhookRefused,
    digest,
    hmac_hex,
    message_text,
    newest,
    plain,
    require_same,
    text_of,
)
from worker.helpdesks.rendering import to_html
from worker.states import TicketEventKind

_VERSION = "2.14"

#: The API of each region, as a workspace names its own.
_HOSTS = {"US": "https://api.intercom.io", "EU": "https://api.eu.intercom.io", "AU": "https://api.au.intercom.io"}

#: The path of a conversation's parts.
_PARTS = ("conversation_parts", "conversation_parts")


class Intercom:
    """The connector of Intercom."""

    def __init__(self, account: Account, caller: Caller) -> None:
        self._account = account
        headers = {"authorization": f"Bearer {account.token}", "intercom-version": _VERSION}
        self._api = Api(caller, account.url, headers)

    def verify(self, body: bytes, headers: Headers, *, now: float) -> None:
        """Check `X-Hub-Signature`: sha1=hex(HMAC-SHA1(client secret, body)); Intercom signs no time."""
        del now
        expected = hmac_hex(self._account.webhook_secret, body, hashlib.sha1)
        require_same(headers.get("x-hub-signature", ""), f"sha1={expected}")

    def delivery_id(self, payload: Json, headers: Headers) -> str | None:
        """Return the notification's id, which may be missing."""
        del headers
        return payload.get("id")

    def read(self, payload: Json, headers: Headers) -> list[TicketEvent]:
        """Read a notification: what users and admins wrote, assignment, closing, tags."""
        del headers
        if text_of(payload.get("app_id")) not in ("", self._account.option("app_id")):
            raise WebhookRefused("The webhook is of another workspace.")
        topic, item = text_of(payload.get("topic")), (payload.get("data") or {}).get("item") or {}
        ticket = text_of(item.get("id"))
        parts = (item.get("conversation_parts") or {}).get("conversation_parts") or []
        if topic == "conversation.user.created":
            return self._written(ticket, item, item.get("source") or {})
        if topic in ("conversation.user.replied", "conversation.admin.replied"):
            return [event for part in parts for event in self._written(ticket, item, part)]
        if topic in ("conversation.admin.assigned", "conversation.admin.open.assigned"):
            value = self._agent(item)
            return [TicketEvent(kind=TicketEventKind.ASSIGNED, ticket=ticket, is_state=True, value=value)]
        if topic == "conversation.admin.closed":
            return [TicketEvent(kind=TicketEventKind.CLOSED, ticket=ticket)]
        if topic == "conversation_part.tag.created":
            added = item.get("tags_added")
            listed = (added or item.get("tags") or {}).get("tags") or ()
            tags = tuple(text_of(tag.get("name")) for tag in listed)
            return [TicketEvent(kind=TicketEventKind.TAGGED, ticket=ticket, is_state=not added, tags=tags)]
        return []

    def _written(self, ticket: str, item: Json, part: Json) -> list[TicketEvent]:
        author = part.get("author") or {}
        if author.get("from_ai_agent") or part.get("part_type") == "note":
            return []
        if not (part.get("body") or part.get("attachments")):  # an action, such as a change of an attribute
            return []
        staff = author.get("type") in ("admin", "team")
        assignee = self._agent(item)
        if author.get("type") == "bot" or (staff and text_of(author.get("id")) == self._bot):
            return []
        names = {name: text_of(author[name]) for name in ("id", "name", "email") if author.get(name)}
        return [
            TicketEvent(
                kind=TicketEventKind.AGENT if staff else TicketEventKind.CUSTOMER,
                ticket=ticket,
                message_id=text_of(part.get("id")),
                text=message_text(text_of(part.get("body"))),
                author=names,
                subject=plain(text_of(item.get("title") or part.get("subject"))) or None,
                owned=bool(assignee),
            ),
            TicketEvent(kind=TicketEventKind.ASSIGNED, ticket=ticket, is_state=True, value=assignee),
        ]

    @property
    def _bot(self) -> str:
        return self._account.option("admin_id")

    def look(self, ticket: str) -> list[TicketEvent]:
        """Return nothing: notifications report everything."""
        del ticket
        return []

    def find(self, ticket: str) -> list[Posted]:
        """Return the newest parts that admins wrote."""
        parts = records(self._api("GET", f"/conversations/{ticket}"), *_PARTS)
        return newest(
            Posted(id=text_of(field(part, "id")), text=text_of(part.get("body")))
            for part in parts
            if optional_record(part, "author").get("type") == "admin"
        )

    def post(self, post: Post) -> str:
        """Comment or add a note; the answer is the conversation, whose last part by the bot with this text it is."""
        body = {
            "message_type": "comment" if post.public else "note",
            "type": "admin",
            "admin_id": self._bot,
            "body": to_html(post.text, tables=False),
        }
        made = self._api("POST", f"/conversations/{post.ticket}/reply", body)
        for part in reversed(records(made, *_PARTS)):
            is_bots = text_of(optional_record(part, "author").get("id")) == self._bot
            if is_bots and digest(text_of(part.get("body"))) == digest(post.text):
                return text_of(field(part, "id"))
        raise UnreadableAnswer("The answer does not list the part that was written.")

    def change(self, post: Post) -> None:
        """Open, close and assign."""
        at = f"/conversations/{post.ticket}/parts"
        if post.status == "open":
            self._api("POST", at, {"message_type": "open", "admin_id": self._bot})
        if post.status == "closed":
            self._api("POST", at, {"message_type": "close", "type": "admin", "admin_id": self._bot})
        if post.assignee or post.group:
            kind, assignee = ("admin", post.assignee) if post.assignee else ("team", post.group)
            self._api(
                "POST", at, {"message_type": "assignment", "type": kind, "admin_id": self._bot, "assignee_id": assignee}
            )

    def assignee(self, ticket: str) -> str:
        """Return the admin who has a conversation, unless it is the bot."""
        return self._agent(record(self._api("GET", f"/conversations/{ticket}")))

    def _agent(self, conversation: Json) -> str:
        admin = text_of(conversation.get("admin_assignee_id"))
        return "" if admin in ("0", self._bot) else admin

    def check(self) -> list[tuple[str, str | None]]:
        """Try the credentials, the workspace and its region."""
        app = optional_record(record(self._api("GET", "/me")), "app")
        app_id, id = self._account.option("app_id"), text_of(app.get("id_code"))
        wrong = None if id == app_id else f"app_id is {app_id or 'not set'}, but the token's workspace is {id}."
        region = text_of(app.get("region"))
        url, host = self._account.url.rstrip("/"), _HOSTS.get(region)
        elsewhere = host is not None and url in _HOSTS.values() and url != host
        misplaced = f"The workspace is in the region {region}: set the URL to {host}." if elsewhere else None
        return [("credentials", None), ("workspace", wrong), ("region", misplaced)]

    def setup(self, inbound: str) -> str:
        """Return the steps in Intercom's developer hub."""
        return f"""\
1. Developer Hub > New app; its access token is `token`, its client secret `webhook_secret`.
   Permissions: read and write conversations, read one user and one company, read admins.
2. The URL of the connection is that of the workspace's region: {", ".join(_HOSTS.values())}.
3. Webhooks: {inbound}
   API version {_VERSION}. Intercom accepts the URL only while it is reachable.
   Topics: conversation.user.created, conversation.user.replied, conversation.admin.replied,
   conversation.admin.assigned, conversation.admin.closed, conversation_part.tag.created.
4. `admin_id` is a teammate of the bot's own: all that this teammate writes counts as the bot's."""

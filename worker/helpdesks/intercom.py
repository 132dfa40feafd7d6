"""Intercom: an app's webhooks in, the REST API out.

Options: `admin_id`, the admin that the bot writes as; `app_id` of the workspace.
"""

import hashlib

from worker.addresses import Caller
from worker.helpdesks.protocol import (
    Account,
    Api,
    Headers,
    Incoming,
    Json,
    Post,
    Posted,
    WebhookRefused,
    as_html,
    digest,
    hmac_hex,
    newest,
    plain,
    require_same,
    text_of,
)

_VERSION = "2.11"


class Intercom:
    """See the module."""

    def __init__(self, account: Account, caller: Caller) -> None:
        self._account = account
        headers = {"authorization": f"Bearer {account.token}", "intercom-version": _VERSION}
        self._api = Api(caller, account.url, headers)

    def verify(self, body: bytes, headers: Headers, *, now: float) -> None:
        """Check `X-Hub-Signature`: sha1=hex(HMAC-SHA1(client secret, body)); Intercom signs no time."""
        del now
        ours = hmac_hex(self._account.webhook_secret, body, hashlib.sha1)
        require_same(headers.get("x-hub-signature", ""), f"sha1={ours}")

    def delivery_id(self, payload: Json, headers: Headers) -> str | None:
        """Return the notification's id, which may be missing."""
        del headers
        return payload.get("id")

    def read(self, payload: Json, headers: Headers) -> list[Incoming]:
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
            return [one for part in parts for one in self._written(ticket, item, part)]
        if topic == "conversation.admin.assigned":
            to = text_of(item.get("admin_assignee_id"))
            value = "" if to in ("0", self._bot) else to
            return [Incoming(kind="assigned", ticket=ticket, stands=True, value=value)]
        if topic == "conversation.admin.closed":
            return [Incoming(kind="closed", ticket=ticket)]
        if topic == "conversation_part.tag.created":
            tags = ((item.get("tags") or {}).get("tags")) or []
            return [Incoming(kind="tagged", ticket=ticket, tags=tuple(text_of(one.get("name")) for one in tags))]
        return []

    def _written(self, ticket: str, item: Json, part: Json) -> list[Incoming]:
        author = part.get("author") or {}
        if author.get("from_ai_agent") or part.get("app_package_code") or part.get("part_type") == "note":
            return []
        staff = author.get("type") in ("admin", "team")
        assignee = text_of(item.get("admin_assignee_id"))
        assignee = "" if assignee in ("0", self._bot) else assignee
        if author.get("type") == "bot" or (staff and text_of(author.get("id")) == self._bot):
            return []
        names = {name: text_of(author[name]) for name in ("id", "name", "email") if author.get(name)}
        return [
            Incoming(
                kind="agent" if staff else "customer",
                ticket=ticket,
                message_id=text_of(part.get("id")),
                text=plain(text_of(part.get("body"))),
                author=names,
                subject=plain(text_of(item.get("title"))) or None,
                owned=bool(assignee),
            ),
            Incoming(kind="assigned", ticket=ticket, stands=True, value=assignee),
        ]

    @property
    def _bot(self) -> str:
        return self._account.option("admin_id")

    def look(self, ticket: str) -> list[Incoming]:
        """Return nothing: notifications tell all."""
        del ticket
        return []

    def find(self, ticket: str) -> list[Posted]:
        """Return the newest parts that admins wrote."""
        parts = self._api("GET", f"/conversations/{ticket}")["conversation_parts"]["conversation_parts"]
        sent = (one for one in parts if (one.get("author") or {}).get("type") == "admin")
        return newest(Posted(id=text_of(one["id"]), text=one.get("body") or "") for one in sent)

    def post(self, post: Post) -> str:
        """Comment, or add a note; the answer has the conversation, whose last part of ours with these words it is."""
        body = {
            "message_type": "comment" if post.public else "note",
            "type": "admin",
            "admin_id": self._bot,
            "body": as_html(post.text),
        }
        made = self._api("POST", f"/conversations/{post.ticket}/reply", body)
        parts = made["conversation_parts"]["conversation_parts"]
        ours = [one for one in parts if text_of((one.get("author") or {}).get("id")) == self._bot]
        return next(text_of(one["id"]) for one in reversed(ours) if digest(one.get("body") or "") == digest(post.text))

    def change(self, post: Post) -> None:
        """Open, close and assign."""
        at = f"/conversations/{post.ticket}/parts"
        if post.status in ("open", "closed"):
            how = {"message_type": "open" if post.status == "open" else "close", "type": "admin"}
            self._api("POST", at, {**how, "admin_id": self._bot})
        if post.assignee or post.group:
            kind, to = ("admin", post.assignee) if post.assignee else ("team", post.group)
            self._api(
                "POST", at, {"message_type": "assignment", "type": kind, "admin_id": self._bot, "assignee_id": to}
            )

    def check(self) -> list[tuple[str, str | None]]:
        """Try the credentials, and the workspace."""
        me = self._api("GET", "/me")
        app = text_of((me.get("app") or {}).get("id_code"))
        mine = self._account.option("app_id")
        wrong = None if app == mine else f"app_id is {mine or 'not set'}, but the token's workspace is {app}."
        return [("credentials", None), ("workspace", wrong)]

    def setup(self, inbound: str) -> str:
        """Return the steps in Intercom's developer hub."""
        return f"""\
1. Developer Hub > New app; its access token is `token`, its client secret `webhook_secret`.
   Permissions: read and write conversations, read one user and one company, read admins.
2. Webhooks: {inbound}
   Topics: conversation.user.created, conversation.user.replied, conversation.admin.replied,
   conversation.admin.assigned, conversation.admin.closed, conversation_part.tag.created.
3. `admin_id` is the teammate that the bot writes as."""

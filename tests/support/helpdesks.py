"""Small helpdesks over real HTTP that behave as the real ones do, after their reference: auth, validation, webhooks."""

import base64
import hashlib
import hmac
import html
import http.server
import json
import re
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.contracts import Contract
from worker.helpdesks.protocol import Account

SECRET = "hook-secret-0123456789"
TOKEN = "api-token"
BOT, AGENT, CUSTOMER = 900, 700, 500


def account(url: str = "https://desk.example", **options: object) -> Account:
    """Return the account of a helpdesk that has these options."""
    return Account(id="hd_1", url=url, token=TOKEN, webhook_secret=SECRET, options=options)


@dataclass
class Entry:
    """What stands in a ticket."""

    id: int
    author: int
    text: str
    public: bool = True
    automatic: bool = False


@dataclass
class Ticket:
    """A ticket."""

    id: int
    entries: list[Entry] = field(default_factory=list)
    status: str = "new"
    tags: list[str] = field(default_factory=list)
    assignee: int | None = None
    group: Any = None
    version: int = 1


class Refused(Exception):
    """An answer other than 200."""

    def __init__(self, status: int, body: Any = None, **headers: str):
        super().__init__(status)
        self.status, self.body, self.headers = status, body or {"error": status}, headers


class FakeDesk(http.server.ThreadingHTTPServer):
    """A helpdesk. `trouble` is a list of what happens to the next writes: see `_write`."""

    daemon_threads = True
    kind = ""
    routes: tuple[tuple[str, str, str], ...] = ()
    prefix = ""
    echoes = False  # of its own posts only the webhooks tell

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.tickets: dict[int, Ticket] = {}
        self.trouble: list[str] = []
        self.before_answer = lambda: None
        self.before_change: Callable[[str], None] = lambda _path: None  # of every call that changes something
        self.calls: list[str] = []
        self.faults: list[str] = []  # how calls and answers differ from what the maker describes
        self._ids = 1000
        self.guard = threading.RLock()
        self.call = threading.local()  # `query` of the call that a thread answers
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def handle_error(self, request, client_address):
        pass

    # -- what people do in it ----------------------------------------------------------------------------------------

    def options(self) -> dict[str, str]:
        return {"bot_id": str(BOT)}

    def customer_writes(self, ticket: int, text: str) -> Entry:
        return self._add(ticket, CUSTOMER, text)

    def agent_writes(self, ticket: int, text: str, *, public: bool = True) -> Entry:
        entry = self._add(ticket, AGENT, text, public=public)
        self.tickets[ticket].version += 1
        return entry

    def _add(self, ticket: int, author: int, text: str, *, public: bool = True) -> Entry:
        with self.guard:
            self._ids += 1
            entry = Entry(self._ids, author, text, public)
            self.tickets.setdefault(ticket, Ticket(ticket)).entries.append(entry)
            return entry

    def bots(self, ticket: int, *, public: bool) -> list[str]:
        """What the bot wrote into a ticket."""
        return [one.text for one in self.tickets[ticket].entries if one.author == BOT and one.public == public]

    # -- its webhooks ------------------------------------------------------------------------------------------------

    def told(self, ticket: int, what: str, entry: Entry | None = None, **more: Any) -> dict[str, Any]:
        """Return the payload of a webhook: `written`, `closed`, `assigned`, `tagged`."""
        raise NotImplementedError

    def signed(self, body: bytes, *, at: float) -> dict[str, str]:
        raise NotImplementedError

    def webhook(self, *args: Any, at: float | None = None, **more: Any) -> tuple[bytes, dict[str, str]]:
        body = json.dumps(self.told(*args, **more), ensure_ascii=False).encode()
        headers = self.signed(body, at=time.time() if at is None else at)
        return body, {"Content-Type": "application/json", **headers}

    # -- its API -----------------------------------------------------------------------------------------------------

    def authorized(self, headers: Any) -> bool:
        raise NotImplementedError

    def permitted(self, name: str) -> bool:
        """Whether the token may make a call, by the name of its handler."""
        return True

    def limit_headers(self) -> dict[str, str]:
        """What an answer with 429 says of when to try again: in half a minute."""
        return {"Retry-After": "30"}

    def handle_call(self, method: str, path: str, headers: Any, body: Any) -> Any:
        self.calls.append(f"{method} {path}")
        self.call.query = {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}
        if not self.authorized(headers):
            raise Refused(401)
        if method != "GET":
            self.before_change(path)
        for verb, pattern, name in self.routes:
            match = re.fullmatch(self.prefix + pattern, path.partition("?")[0])
            if verb == method and match:
                if not self.permitted(name):
                    raise Refused(401, {"error": "Access to this endpoint is not authorized for bots"})
                ids = [int(one) for one in match.groups()]
                if ids and ids[0] not in self.tickets:
                    raise Refused(404)
                return getattr(self, name)(*ids, body) if method != "GET" else getattr(self, name)(*ids)
        raise Refused(404)

    def write(self, ticket: int, text: str, *, public: bool) -> Entry:
        """Write as the bot; `trouble`: limit (429), fail (500, nothing done), lost (done, and no answer), slow."""
        trouble = self.trouble.pop(0) if self.trouble else ""
        if trouble == "limit":
            raise Refused(429, **self.limit_headers())
        if trouble == "fail":
            raise Refused(500)
        entry = self._add(ticket, BOT, text, public=public)
        self.tickets[ticket].version += 1
        self.before_answer()
        if trouble == "lost":
            raise ConnectionResetError
        return entry


def need(body: Any, *names: str) -> None:
    """Refuse a body without these, as the real ones do."""
    missing = [name for name in names if not isinstance(body, dict) or body.get(name) in (None, "")]
    if missing:
        raise Refused(422, {"missing": missing})


class _Handler(http.server.BaseHTTPRequestHandler):
    server: FakeDesk
    protocol_version = "HTTP/1.1"

    def _any(self):
        length = int(self.headers.get("content-length") or 0)
        data = self.rfile.read(length)
        more = {}
        try:
            body = json.loads(data) if data else None
            status, answer = 200, self.server.handle_call(self.command, self.path, self.headers, body)
        except Refused as refused:
            status, answer, more = refused.status, refused.body, refused.headers
        except ConnectionResetError:
            self.close_connection = True
            self.connection.close()
            return
        out = json.dumps(answer).encode()
        self.send_response(status)
        for name, value in {"content-length": str(len(out)), "content-type": "application/json", **more}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(out)

    do_GET = do_POST = do_PUT = _any

    def log_message(self, *_arguments):
        pass


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


class FakeChatwoot(FakeDesk):
    """Chatwoot with the token of a bot, after its source: `access_token_auth_helper.rb` and `webhooks/trigger.rb`.

    `may_label`: versions from June 2026 on. `account_secret` signs the account's webhooks, SECRET those of the bot.
    """

    kind = "chatwoot"
    prefix = "/api/v1/accounts/1"
    version = "4.15.0"
    account_secret = "account-hook-0123456789"
    may_label = True
    echoes = True
    routes = (
        ("GET", "/conversations", "listed"),
        ("POST", r"/conversations/(\d+)/messages", "message"),
        ("GET", r"/conversations/(\d+)/messages", "messages"),
        ("POST", r"/conversations/(\d+)/toggle_status", "toggle"),
        ("GET", r"/conversations/(\d+)/labels", "labels"),
        ("POST", r"/conversations/(\d+)/labels", "label"),
        ("POST", r"/conversations/(\d+)/assignments", "assign"),
    )

    def options(self):
        return {"account_id": "1"}

    def authorized(self, headers):
        return headers.get("api_access_token") == TOKEN

    def permitted(self, name):
        return name in {"message", "toggle", "assign", *(("labels", "label") if self.may_label else ())}

    def handle_call(self, method, path, headers, body):
        if (method, path) == ("GET", "/api"):  # which needs no token
            return {"version": self.version, "queue_services": "ok", "data_services": "ok"}
        return super().handle_call(method, path, headers, body)

    def message(self, ticket, body):
        need(body, "content", "message_type")
        entry = self.write(ticket, body["content"], public=not body.get("private"))
        return {"id": entry.id, "content": entry.text, "message_type": 1}

    def toggle(self, ticket, body):
        need(body, "status")
        self.tickets[ticket].status = body["status"]
        return {}

    def labels(self, ticket):
        return {"payload": self.tickets[ticket].tags}

    def label(self, ticket, body):
        self.tickets[ticket].tags = list(body["labels"])
        return {}

    def assign(self, ticket, body):
        self.tickets[ticket].assignee = body.get("assignee_id")
        return {}

    def signed(self, body, *, at, secret=SECRET):
        timestamp = str(int(at))
        digest = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
        return {
            "X-Chatwoot-Signature": f"sha256={digest}",
            "X-Chatwoot-Timestamp": timestamp,
            "X-Chatwoot-Delivery": uuid.uuid4().hex,
        }

    def deliver(self, send: Callable[[bytes, dict[str, str]], int], ticket: int, *args: Any) -> bool:
        """Send a webhook of the bot: again after 429 and 500, three times in all, and then open the conversation."""
        body, headers = self.webhook(ticket, *args)
        for _attempt in range(3):
            status = send(body, headers)
            if 200 <= status < 300:
                return True
            if status not in (429, 500):
                break
        if self.tickets[ticket].status in ("new", "pending"):
            self.tickets[ticket].status = "open"
        return False

    def told(self, ticket, what, entry=None, tags=(), sender=None, **more):
        """`sender` and further fields replace those of the message."""
        one = self.tickets[ticket]
        conversation = {
            "id": ticket,
            "status": "pending" if one.status == "new" else one.status,
            "labels": list(one.tags),
            "channel": "Channel::WebWidget",
            "meta": {"sender": {"id": CUSTOMER, "name": "Ada"}, "assignee": None, "team": None},
        }
        if what == "written":
            assert entry is not None
            kinds = {CUSTOMER: {}, AGENT: {"type": "user"}, BOT: {"type": "agent_bot"}}
            return {
                "account": {"id": 1, "name": "Shop"},
                "event": "message_created",
                "id": entry.id,
                "content": entry.text,
                "content_type": "text",
                "content_attributes": {},
                "additional_attributes": {},
                "message_type": "incoming" if entry.author == CUSTOMER else "outgoing",
                "private": not entry.public,
                "sender": sender or {"id": entry.author, "name": "Ada", **kinds[entry.author]},
                "conversation": conversation,
                **more,
            }
        if what == "closed":
            return conversation | {"event": "conversation_status_changed", "status": "resolved"}
        changed = {
            "assigned": {"assignee_id": {"previous_value": None, "current_value": AGENT}},
            "tagged": {"label_list": {"previous_value": one.tags, "current_value": [*one.tags, *tags]}},
        }
        return conversation | {"event": "conversation_updated", "changed_attributes": [changed[what]]}


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


FAKES = {one.kind: one for one in (FakeZendesk, FakeChatwoot, FakeZammad, FakeFreshdesk, FakeIntercom)}


class CannedDesk(FakeDesk):
    """A helpdesk whose answers the test writes, by method and path; an iterator gives one for each call.

    It refuses other calls with a 404, and keeps the last body of each.
    """

    def __init__(self) -> None:
        super().__init__()
        self.answers: dict[str, Any] = {}
        self.bodies: dict[str, Any] = {}

    def handle_call(self, method: str, path: str, headers: Any, body: Any) -> Any:
        call = f"{method} {path}"
        self.calls.append(call)
        self.bodies[call] = body
        answer = self.answers.get(call, Refused(404))
        answer = next(answer) if isinstance(answer, Iterator) else answer
        if isinstance(answer, Refused):
            raise answer
        return answer

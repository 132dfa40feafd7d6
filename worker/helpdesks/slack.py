"""Slack: each handoff has a thread in a channel, and an agent's reply there goes to the customer.

Options: `channel`, its id. The URL is https://slack.com, the token that of the app's bot, and the webhook secret the
app's signing secret.
"""

import json
import re
import time
from urllib.parse import urlencode

from worker.addresses import Caller
from worker.helpdesks.answers import field, optional_list, optional_record, record, records
from worker.helpdesks.protocol import (
    Account,
    Api,
    Headers,
    HelpdeskRefused,
    Json,
    Post,
    Posted,
    TicketEvent,
    digest,
    hmac_hex,
    require_fresh,
    require_same,
    text_of,
)
from worker.helpdesks.rendering import to_mrkdwn
from worker.states import TicketEventKind

#: Commands that agents write in a thread.
COMMANDS = {"!resume": TicketEventKind.RESUME, "!close": TicketEventKind.CLOSED}

_MAX_CHARACTERS = 12_000

#: Subtypes of messages that humans write; edits, joins and bots have others.
_WRITTEN = (None, "thread_broadcast", "file_share", "me_message")

#: How far back a message is looked for whose answer was lost, in seconds.
_LOOKED_BACK_S = 86_400.0

_MARKUP = re.compile(r"<([^<>|]+)(?:\|([^<>]*))?>")
_ESCAPED = re.compile(r"&(amp|lt|gt);")
_CHARACTERS = {"amp": "&", "lt": "<", "gt": ">"}

#: A mention whose name the event does not say, or one of everybody in a channel.
_NAMELESS = r"<(?:[@#]\w+\|?|!subteam\^\w+\|?|!(?:here|channel|everyone)(?:\|[^<>]*)?)>"
#: The same with what sets it off: at the start of a line, before punctuation, and elsewhere.
_UNNAMED = re.compile(
    rf"(?m)^(?:{_NAMELESS}[ \t]*)+[:,]?[ \t]*|,?[ \t]*{_NAMELESS}(?=[ \t]*[,.;:!?])|[ \t]*{_NAMELESS}"
)
#: Marks the bot's own messages.
_EVENT_TYPE = "answerback"
_SCOPES = ("chat:write", "channels:history", "groups:history", "channels:read", "groups:read")


class Slack:
    """The connector of Slack."""

    def __init__(self, account: Account, caller: Caller) -> None:
        self._account = account
        self._channel = account.option("channel")
        self._api = Api(caller, account.url, {"authorization": f"Bearer {account.token}"})

    def verify(self, body: bytes, headers: Headers, *, now: float) -> None:
        """Check `X-Slack-Signature`: v0=hex(HMAC-SHA256(signing secret, "v0:{time}:{body}")), and its time."""
        given = headers.get("x-slack-request-timestamp", "")
        expected = hmac_hex(self._account.webhook_secret, b"v0:" + given.encode() + b":" + body)
        require_same(headers.get("x-slack-signature", ""), f"v0={expected}")
        require_fresh(float(given) if given.isascii() and given.isdecimal() else None, now=now)

    def delivery_id(self, payload: Json, headers: Headers) -> str | None:
        """Return the event's id, which stays when Slack sends it again."""
        del headers
        return payload.get("event_id")

    def read(self, payload: Json, headers: Headers) -> list[TicketEvent]:
        """Read an event: what agents write in threads of the channel. Bots, edits and the rest have no effect."""
        del headers
        if payload.get("type") == "url_verification":
            return [TicketEvent(kind=TicketEventKind.CHALLENGE, ticket="", text=text_of(payload.get("challenge")))]
        event = payload.get("event") or {}
        thread, id = text_of(event.get("thread_ts")), text_of(event.get("ts"))
        if (
            payload.get("type") != "event_callback"
            or event.get("type") != "message"
            or event.get("subtype") not in _WRITTEN
            or event.get("bot_id")
            or event.get("channel") != self._channel
            or not thread
            or thread == id
        ):
            return []
        text = _plain(text_of(event.get("text")))
        files = tuple(text_of(file.get("name")) for file in event.get("files") or ())
        if not text and not files:  # it only mentions somebody
            return []
        kind = COMMANDS.get(text.lower(), TicketEventKind.AGENT)
        author = {"name": "an agent"}
        return [TicketEvent(kind=kind, ticket=thread, message_id=id, text=text, author=author, files=files)]

    def look(self, ticket: str) -> list[TicketEvent]:
        """Return nothing: events report everything."""
        del ticket
        return []

    def find(self, ticket: str) -> list[Posted]:
        """Return the bot's messages of the last day in a thread, or without one in the channel."""
        method = "conversations.replies" if ticket else "conversations.history"
        since = f"{time.time() - _LOOKED_BACK_S:.6f}"
        query = {"channel": self._channel, "limit": 900, "include_all_metadata": "true", "oldest": since}
        if ticket:
            query["ts"] = ticket
        answer = self._call("GET", f"{method}?{urlencode(query)}")
        found = []
        for message in records(optional_list(answer, "messages")):
            metadata = optional_record(message, "metadata")
            if metadata.get("event_type") == _EVENT_TYPE:
                payload = optional_record(metadata, "event_payload")
                found.append(
                    Posted(
                        id=text_of(message.get("ts")),
                        text=text_of(message.get("text")),
                        digest=text_of(payload.get("digest")),
                    )
                )
        return found

    def post(self, post: Post) -> str:
        """Write into the thread `ticket`, or start a thread without it; return the message's id, which is its time."""
        body: Json = {
            "channel": self._channel,
            "text": to_mrkdwn(post.text)[:_MAX_CHARACTERS],
            "metadata": {"event_type": _EVENT_TYPE, "event_payload": {"digest": digest(post.text)}},
            "unfurl_links": False,
        }
        if post.ticket:
            body["thread_ts"] = post.ticket
            body["reply_broadcast"] = post.loud
        return text_of(field(self._call("POST", "chat.postMessage", body), "ts"))

    def change(self, post: Post) -> None:
        """Do nothing: threads have no state."""

    def assignee(self, ticket: str) -> None:
        """Return None: threads are assigned to nobody."""
        del ticket

    def check(self) -> list[tuple[str, str | None]]:
        """Try the token, the channel, and whether the bot is in it."""
        who = self._call("POST", "auth.test")
        found: list[tuple[str, str | None]] = [(f"credentials ({who.get('team')}, {who.get('user')})", None)]
        try:
            query = urlencode({"channel": self._channel})
            channel = record(self._call("GET", f"conversations.info?{query}"), "channel")
            missing = None if channel.get("is_member") else "invite the app's bot: /invite @Answerback"
            found.append((f"channel #{channel.get('name')}", missing))
            self.find("")
            found.append(("scopes", None))
        except HelpdeskRefused as error:
            found.append(("channel", str(error)))
        return found

    def setup(self, inbound: str) -> str:
        """Return the app's manifest and what to do with it."""
        events = {"request_url": inbound, "bot_events": ["message.channels", "message.groups"]}
        manifest = {
            "display_information": {"name": "Answerback"},
            "features": {"bot_user": {"display_name": "Answerback"}},
            "oauth_config": {"scopes": {"bot": list(_SCOPES)}},
            "settings": {"event_subscriptions": events},
        }
        return f"""1. https://api.slack.com/apps → Create New App → From a manifest:

{json.dumps(manifest, indent=2)}

2. Install it, and keep its Bot User OAuth Token as `token` and its Signing Secret as `webhook_secret`
   (`answerback helpdesk change NAME --token … --webhook-secret …`). Slack verifies the request URL when both are known.
3. In the channel {self._channel}: /invite @Answerback

Each handoff becomes a thread. A reply in it goes to the customer and takes the conversation over; `!resume` gives it
back to the bot, `!close` closes it."""

    def _call(self, http: str, method: str, body: Json | None = None) -> Json:
        """Call a method; Slack says in a 200 that it failed."""
        answer = self._api(http, f"/api/{method}", body)
        if not isinstance(answer, dict) or not answer.get("ok"):
            error = answer.get("error") if isinstance(answer, dict) else None
            needed = answer.get("needed") if isinstance(answer, dict) else None
            raise HelpdeskRefused(f"{method.partition('?')[0]}: {error}{(needed and f', needs {needed}') or ''}")
        return answer


def _plain(text: str) -> str:
    """Return a message as it was typed: Slack marks links, names and channels up, and escapes three characters.

    Mentions that have an id and no name are left out: they are for colleagues, and mean nothing to a customer.
    """
    typed = _MARKUP.sub(_plain_markup, _UNNAMED.sub("", text))
    return _ESCAPED.sub(lambda match: _CHARACTERS[match[1]], typed).strip()


def _plain_markup(match: re.Match[str]) -> str:
    target, label = match[1], match[2] or ""
    if target.startswith("!date"):
        return label.strip()
    if target[0] in "@#!":  # a person, a channel or a group
        return ("#" if target[0] == "#" else "@") + label.lstrip("@")
    scheme, _, address = target.partition(":")
    if scheme in ("mailto", "tel"):
        target = address.partition("?")[0]
    elif "://" not in target:
        return label or target
    return f"{label} ({target})" if label and label not in target else target

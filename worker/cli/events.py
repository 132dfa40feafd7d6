"""Events for integrators: bring webhooks to this machine, make test events, and follow conversations."""

import base64
import difflib
import hashlib
import hmac
import json
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import click

from worker.cli.base import Failure, main
from worker.cli.remote import Remote, Server, checked_url, connect, follow, server_options

#: Seconds that a local receiver has, as any other.
_RECEIVER_TIMEOUT_S = 20.0


class EventTypes(click.ParamType[list[str]]):
    """Types of events of webhooks, separated by commas; `only_one` where one is asked for."""

    name = "type"

    def __init__(self, *, only_one: bool = False) -> None:
        self._only_one = only_one

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> list[str]:
        """Return the types; fail with the nearest name of one that is unknown."""
        from worker.deliveries.outbox import TYPES

        types = list(dict.fromkeys(part.strip() for part in str(value).split(",") if part.strip()))
        for type in types:
            if type not in TYPES:
                near = difflib.get_close_matches(type, TYPES, n=1)
                instead = f"Did you mean {near[0]}?" if near else f"There are {', '.join(TYPES)}."
                self.fail(f"There is no event {type!r}. {instead}", param, context)
        if not types or (self._only_one and len(types) > 1):
            self.fail("Name one type of event." if self._only_one else "Name at least one type of event.")
        return types

    def shell_complete(self, _context: click.Context, _param: click.Parameter, incomplete: str) -> Any:
        """Return the types that begin so."""
        from click.shell_completion import CompletionItem

        from worker.deliveries.outbox import TYPES

        return [CompletionItem(type) for type in TYPES if type.startswith(incomplete)]


@main.command()
@click.option("--forward", metavar="URL", help="Send each event there, signed as a real webhook.")
@click.option("--events", type=EventTypes(), help="Only these types, separated by commas; all by default.")
@click.option("--print-json", is_flag=True, help="Print each event as a line of JSON, and what else is said to stderr.")
@click.option("--secret", help="Secret that signs (whsec_…); by default one that stays the same for the key.")
@click.option("--cursor", default="now", show_default=True, help="Go on after this position, as it was printed.")
@click.option("--replay", multiple=True, metavar="EVENT_ID", help="Only send this event again; may be repeated.")
@server_options
def listen(
    forward: str | None,
    events: list[str] | None,
    print_json: bool,
    secret: str | None,
    cursor: str,
    replay: tuple[str, ...],
    server: Server,
) -> None:
    """Bring webhooks to this machine, over an outgoing connection: no public address is needed.

    Without --forward the events are only shown. A connection that breaks is made again, and nothing is missed.
    """
    if replay and forward is None:
        raise click.UsageError("--replay needs --forward: where the events are sent again.")
    secret = _checked_secret(secret, server)
    receiver = None if forward is None else _Receiver(checked_url(forward), secret)
    output = _Output(print_json=print_json)
    with connect(server) as remote:
        if replay:
            sent = [output.show(event, receiver) for event in [remote.get(f"/v1/events/{id}") for id in replay]]
            raise SystemExit(0 if all(sent) else 1)
        _listen(remote, output, receiver, cursor, events, url=server.url, secret=secret if forward else None)


def _listen(
    remote: Remote,
    output: "_Output",
    receiver: "_Receiver | None",
    cursor: str,
    events: list[str] | None,
    *,
    url: str,
    secret: str | None,
) -> None:
    from worker.deliveries.outbox import TYPES

    cursor = remote.get("/v1/events", cursor=cursor, limit=1)["next_cursor"] if cursor == "now" else cursor
    output.say(f"Listening to {url}; Ctrl-C stops." + (f" Webhooks are signed with {secret}" if secret else ""))
    try:
        for event in follow(remote, cursor, interrupted=output.say_interrupted, type=",".join(events or TYPES)):
            output.show(event, receiver)
            cursor = event["cursor"]
    except KeyboardInterrupt:
        output.say(f"Stopped. `--cursor {cursor}` goes on from here.")


def _checked_secret(secret: str | None, server: Server) -> str:
    from worker.deliveries import signing
    from worker.errors import Invalid

    if secret is None:  # of the key, so that a receiver keeps the secret it was given once
        digest = hmac.new(server.key.encode(), b"answerback listen", hashlib.sha256).digest()
        return "whsec_" + base64.b64encode(digest).decode()
    try:
        return signing.check_secret(secret)
    except Invalid as error:
        raise click.UsageError(f"--secret: {error}") from None


class _Output:
    """Prints events to stdout, as lines for people or as JSON, and all else to stderr."""

    def __init__(self, *, print_json: bool) -> None:
        self._print_json = print_json

    def say(self, text: str) -> None:
        click.secho(text, dim=True, err=True)

    def say_interrupted(self, reason: str) -> None:
        self.say(f"{reason} Trying again; nothing is missed.")

    def show(self, event: Mapping[str, Any], receiver: "_Receiver | None") -> bool:
        """Send an event to the receiver and show it; return whether it was accepted."""
        if self._print_json:
            click.echo(json.dumps(event, ensure_ascii=False))
        outcome, accepted = ("", True) if receiver is None else receiver.send(event)
        test = "  (test)" if event["data"].get("test") else ""
        line = f"{_time(event['created_at'])}  {event['type']:<24}{event['id']:<10}{outcome}{test}"
        click.secho(line.rstrip(), fg=None if accepted else "red", err=self._print_json)
        return accepted


class _Receiver:
    """A receiver on this machine."""

    def __init__(self, url: str, secret: str) -> None:
        import httpx

        self._url = url
        self._secret = secret
        self._client = httpx.Client(timeout=_RECEIVER_TIMEOUT_S, trust_env=False)

    def send(self, event: Mapping[str, Any]) -> tuple[str, bool]:
        """Send an event as a webhook; return the outcome in words, and whether it was accepted."""
        import httpx

        from worker.deliveries import outbox, signing

        at_ms = int(datetime.fromisoformat(event["created_at"]).timestamp() * 1_000)
        body = outbox.webhook_body(event["type"], event["data"], at=at_ms).encode()
        signed = signing.headers([self._secret], id=event["id"], timestamp=int(time.time()), body=body)
        headers = {**signed, "content-type": "application/json", "user-agent": "Answerback-Webhooks/1"}
        begun = time.monotonic()
        try:
            response = self._client.post(self._url, content=body, headers=headers)
        except httpx.HTTPError as error:
            return f"→ {self._url} cannot be reached: {error or type(error).__name__}", False
        milliseconds = (time.monotonic() - begun) * 1_000
        return f"→ {response.status_code} in {milliseconds:.0f} ms", response.is_success


@main.command()
@click.argument("type", type=EventTypes(only_one=True))
@server_options
def trigger(type: Sequence[str], server: Server) -> None:
    """Make a test event of a TYPE such as message.answered, for endpoints and for those who listen.

    It looks like a real one and has `test` in its data; its conversation does not exist.
    """
    with connect(server) as remote:
        made = remote.post("/v1/events/test", {"type": type[0]})
    click.echo(f"{made['id']}: {made['type']} goes to the endpoints that subscribe to it, and to those who listen.")


@main.command()
@click.argument("conversation_id", required=False)
@click.option("--cursor", default="now", show_default=True, help="Go on after this position.")
@server_options
def tail(conversation_id: str | None, cursor: str, server: Server) -> None:
    """Follow conversations as they happen: all of them, or one."""
    with connect(server) as remote:
        if conversation_id is not None:
            remote.get(f"/v1/conversations/{conversation_id}")
        cursor = remote.get("/v1/events", cursor=cursor, limit=1)["next_cursor"] if cursor == "now" else cursor
        of_what = conversation_id or "all conversations"
        click.secho(f"Following {of_what} of {server.url}; Ctrl-C stops.", dim=True, err=True)
        try:
            interrupted = _Output(print_json=False).say_interrupted
            for event in follow(remote, cursor, interrupted=interrupted, conversation_id=conversation_id):
                if (line := line_of(event)) is not None:
                    click.echo(f"{_time(event['created_at'])}  {line}")
        except KeyboardInterrupt:
            return


def line_of(event: Mapping[str, Any]) -> str | None:
    """Return the line that `tail` shows of an event; None where it shows none."""
    if event["conversation_id"] is None or event["type"] == "message.running":
        return None
    message, said = event["data"].get("message"), ""
    if message is None:
        return f"{event['conversation_id']}  {event['type'].partition('.')[2].replace('_', ' ')}"
    if event["type"] in ("message.queued", "message.replied"):
        said = f"{message['author'] or message['role']}: {message['content']}"
    elif event["type"] == "message.answered" and message["reply"]:
        said = f"assistant: {message['reply']['content']}"
    elif event["type"] == "message.handed_off" and message["handoff"]:
        said = f"handed off ({message['handoff']['reason']}): {message['handoff']['summary']}"
    else:  # also what was retried since
        said = message["state"].replace("_", " ")
    return f"{event['conversation_id']}  {' '.join(said.split())[:300]}"


def _time(moment: str) -> str:
    """Return a time as it is on this machine's clock."""
    try:
        return datetime.fromisoformat(moment).astimezone().strftime("%H:%M:%S")
    except ValueError:
        raise Failure(f"The server sent a time that is none: {moment!r}.") from None

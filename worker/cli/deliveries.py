"""Deliveries: list, show and send again, here or on a server."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import click

from worker.cli.base import TABLE, count_of, main, note, open_services, output_option, print_list, print_value
from worker.cli.remote import Server, connect, server_options


@dataclass(frozen=True)
class _Origin:
    """Where deliveries are: in a workspace of this machine, or on a server."""

    workspace: str
    server: Server | None


@main.group(invoke_without_command=True)
@click.option("--state", type=click.Choice(["pending", "delivered", "exhausted"]))
@click.option("--endpoint", help="Deliveries of one endpoint only.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000))
@click.option("--workspace", default="default", show_default=True, help="On a server, the key decides.")
@output_option
@server_options(optional=True)
@click.pass_context
def deliveries(
    context: click.Context,
    state: str | None,
    endpoint: str | None,
    limit: int,
    workspace: str,
    output: str,
    server: Server | None,
) -> None:
    """List, show and replay deliveries, newest first."""
    context.obj = _Origin(workspace, server)
    if context.invoked_subcommand is not None:
        return
    from worker.deliveries.listing import page
    from worker.store.scope import Scope

    which = {name: value for name, value in (("state", state), ("endpoint", endpoint)) if value is not None}
    if server is not None:
        with connect(server) as remote:
            found = remote.list("/v1/deliveries", limit=limit, **which)
    else:
        with open_services() as services:
            found, _cursor = page(Scope(services.store, services.keys.known_workspace(workspace)), which, limit=limit)
    columns = {name: name for name in ("id", "state", "attempts", "kind", "type", "url")}
    empty = "There are no deliveries: endpoints, callback URLs and helpdesks cause them."
    print_list(found, output, {**columns, "last": _last}, empty="No delivery matches." if which else empty)


def _last(delivery: dict[str, Any]) -> Any:
    attempt = delivery["last_attempt"] or {}
    return attempt.get("status") or attempt.get("error")


@deliveries.command("show")
@click.argument("delivery_id")
@output_option
@click.pass_obj
def show_delivery(origin: _Origin, delivery_id: str, output: str) -> None:
    """Show a delivery with its payload and its attempts."""
    from worker.deliveries.listing import show
    from worker.store.scope import Scope

    if origin.server is not None:
        with connect(origin.server) as remote:
            found = remote.get(f"/v1/deliveries/{delivery_id}")
    else:
        with open_services() as services:
            found = show(Scope(services.store, services.keys.known_workspace(origin.workspace)), delivery_id)
    if output != TABLE:
        print_value(found, output)
        return
    click.echo(f"{found['id']}  {found['state']}  {found['kind']}  {found['type']}  {found['url']}")
    for attempt in found["all_attempts"]:
        seen = f"{attempt['address'] or '':<16}{attempt['status'] or attempt['error']}"
        click.echo(f"  {attempt['number']:>2}  {attempt['started_at']}  {attempt['duration_ms']:>6} ms  {seen}")
    click.echo(found["payload"])


@deliveries.command()
@click.argument("delivery_ids", nargs=-1)
@click.option("--since", type=click.DateTime(), help="Every exhausted delivery that was enqueued since then, UTC.")
@click.option("--endpoint", help="With --since: deliveries of one endpoint only.")
@click.pass_obj
def replay(origin: _Origin, delivery_ids: tuple[str, ...], since: datetime | None, endpoint: str | None) -> None:
    """Send deliveries again, under their ids."""
    if bool(delivery_ids) == (since is not None):
        raise click.UsageError("Give DELIVERY_IDS, or --since.")
    if endpoint is not None and since is None:
        raise click.UsageError("--endpoint needs --since.")
    begins = None if since is None else since.replace(tzinfo=UTC)
    if origin.server is None:
        count = _replay_here(origin.workspace, delivery_ids, begins, endpoint)
    else:
        count = _replay_there(origin.server, delivery_ids, begins, endpoint)
    if count:
        click.echo(f"{count_of(count, 'delivery')} will be sent again.")
    else:
        click.echo("No delivery matches; `answerback deliveries` lists them.")


def _replay_here(workspace: str, ids: tuple[str, ...], since: datetime | None, endpoint: str | None) -> int:
    with open_services() as services:
        owner = services.keys.known_workspace(workspace)
        if since is not None:
            which = {"since_ms": int(since.timestamp() * 1_000)}
            count = services.endpoints.replay_all(owner, which | ({} if endpoint is None else {"endpoint": endpoint}))
        else:
            for id in ids:
                services.endpoints.replay(owner, id)
            count = len(ids)
        note(services, "deliveries.replay", ", ".join(ids) or f"since {since}", workspace_id=owner)
    return count


def _replay_there(server: Server, ids: tuple[str, ...], since: datetime | None, endpoint: str | None) -> int:
    with connect(server) as remote:
        if since is not None:
            which = {"since": since.isoformat()} | ({} if endpoint is None else {"endpoint": endpoint})
            return int(remote.post("/v1/deliveries/replay", which)["replayed"])
        for id in ids:
            remote.post(f"/v1/deliveries/{id}/replay")
    return len(ids)

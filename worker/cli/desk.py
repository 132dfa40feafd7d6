"""Questions, API keys, deliveries and the audit log."""

import dataclasses
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from worker.cli.base import Failure, as_json_option, main, note, open_services, print_json

if TYPE_CHECKING:
    from worker.conversations.outcomes import Citation


@main.command()
@click.argument("question")
@click.option("--workspace", default="default", show_default=True)
@as_json_option
def ask(question: str, workspace: str, as_json: bool) -> None:
    """Answer QUESTION, with sources; nothing is stored."""
    from worker.answering.question import Question
    from worker.conversations.outcomes import Answer, Handoff

    if not question.strip():
        raise click.UsageError("The question is empty.")
    with open_services() as services:
        workspace_id = services.keys.known_workspace(workspace)
        voice = services.voices.get(workspace_id)
        outcome = services.agent_of(workspace_id).answer(
            Question(workspace_id=workspace_id, content=question.strip(), voice=voice)
        )
    if as_json:
        print_json({"outcome": type(outcome).__name__.lower(), **dataclasses.asdict(outcome)})
    elif isinstance(outcome, Answer):
        click.echo(outcome.content)
        if outcome.citations:
            click.secho("\nSources", bold=True)
        for line in _source_lines(outcome.citations):
            click.echo(line)
        confidence = "" if outcome.confidence is None else f" · confidence {outcome.confidence:.2f}"
        click.secho(f"\nsupport {outcome.support:.2f}{confidence} · {outcome.model or outcome.answerer}", dim=True)
    elif isinstance(outcome, Handoff):
        click.secho(f"A human should answer this ({outcome.reason}).", bold=True)
        click.echo(outcome.summary)
    else:
        raise Failure(f"Answering failed: {outcome.error.get('message', 'no reason is known.')}")


def _source_lines(citations: "Sequence[Citation]") -> Iterator[str]:
    """Yield each source once, in the order of its first citation, with its numbered quotes below it."""
    by_source: dict[tuple[str, str | None], list[Citation]] = {}
    for citation in citations:
        url = citation.url.partition("#")[0] if citation.url else None
        by_source.setdefault((citation.document_id, url), []).append(citation)
    for (_document, url), quotes in by_source.items():
        yield f"  {quotes[0].title}{f' ({url})' if url else ''}"
        for citation in quotes:
            yield f"    [{citation.number}] “{' '.join(citation.quote.split())}”"


@main.group()
def keys() -> None:
    """Create, list and revoke API keys."""


@keys.command("make")
@click.argument("name")
@click.option("--workspace", default="default", show_default=True, help="Created if it does not exist.")
@click.option("--scopes", default="read,write,admin", show_default=True)
@click.option("--expires-in-days", type=click.FloatRange(min=0, min_open=True))
def make_key(name: str, workspace: str, scopes: str, expires_in_days: float | None) -> None:
    """Create a key and print it; it is not shown again."""
    from worker.access.keys import SCOPES

    chosen = [scope.strip() for scope in scopes.split(",")]
    if not chosen or not set(chosen) <= set(SCOPES):
        raise click.UsageError(f"Scopes are {', '.join(SCOPES)}.")
    lasts = None if expires_in_days is None else expires_in_days * 86_400
    with open_services() as services:
        workspace_id = services.keys.workspace(workspace)
        made = services.keys.make(workspace_id, name=name, scopes=chosen, expires_in_s=lasts)
        note(services, "keys.make", name, workspace_id=workspace_id)
    click.echo(made)


@keys.command("list")
@as_json_option
def list_keys(as_json: bool) -> None:
    """List the keys of all workspaces."""
    with open_services() as services:
        found = services.keys.all()
    if as_json:
        print_json(found)
        return
    for key in found:
        until = f"until {key['expires_at']}" if key["expires_at"] else "active"
        state = until if key["valid"] else "revoked" if key["revoked_at"] else f"expired {key['expires_at']}"
        click.echo(
            f"{key['id']}  {key['hint']:<12}{key['workspace']:<16}{key['name']:<20}{','.join(key['scopes']):<18}{state}"
        )


@keys.command("revoke")
@click.argument("key_id")
def revoke_key(key_id: str) -> None:
    """Revoke a key."""
    with open_services() as services:
        services.keys.revoke(key_id)
        note(services, "keys.revoke", key_id, workspace_id=services.keys.workspace_of(key_id))
    click.echo(f"{key_id} is revoked.")


@keys.command("callback-secret")
@click.option("--workspace", default="default", show_default=True)
def callback_secret(workspace: str) -> None:
    """Print the secret with which receivers verify a workspace's callbacks."""
    with open_services() as services:
        click.echo(services.keys.callback_secret(services.keys.known_workspace(workspace)))


@main.group(invoke_without_command=True)
@click.option("--state", type=click.Choice(["pending", "delivered", "exhausted"]))
@click.option("--endpoint", help="Deliveries of one endpoint only.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000))
@click.option("--workspace", default="default", show_default=True)
@as_json_option
@click.pass_context
def deliveries(
    context: click.Context, state: str | None, endpoint: str | None, limit: int, workspace: str, as_json: bool
) -> None:
    """List, show and replay deliveries, newest first."""
    context.obj = workspace
    if context.invoked_subcommand is not None:
        return
    from worker.deliveries.listing import page
    from worker.store.scope import Scope

    which = {name: value for name, value in (("state", state), ("endpoint", endpoint)) if value is not None}
    with open_services() as services:
        found, _cursor = page(Scope(services.store, services.keys.known_workspace(workspace)), which, limit=limit)
    if as_json:
        print_json(found)
        return
    for delivery in found:
        last = delivery["last_attempt"] or {}
        seen = last.get("status") or last.get("error") or ""
        kind = f"{delivery['attempts']:>3}×  {delivery['kind']:<14}{delivery['type']:<20}"
        click.echo(f"{delivery['id']}  {delivery['state']:<10}{kind}{delivery['url']}  {seen}")


@deliveries.command("show")
@click.argument("delivery_id")
@as_json_option
@click.pass_obj
def show_delivery(workspace: str, delivery_id: str, as_json: bool) -> None:
    """Show a delivery with its payload and its attempts."""
    from worker.deliveries.listing import show
    from worker.store.scope import Scope

    with open_services() as services:
        found = show(Scope(services.store, services.keys.known_workspace(workspace)), delivery_id)
    if as_json:
        print_json(found)
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
def replay(workspace: str, delivery_ids: tuple[str, ...], since: datetime | None, endpoint: str | None) -> None:
    """Send deliveries again, under their ids."""
    if bool(delivery_ids) == (since is not None):
        raise click.UsageError("Give DELIVERY_IDS, or --since.")
    with open_services() as services:
        owner = services.keys.known_workspace(workspace)
        if since is not None:
            which = {"since_ms": int(since.replace(tzinfo=UTC).timestamp() * 1_000)}
            count = services.endpoints.replay_all(owner, which | ({} if endpoint is None else {"endpoint": endpoint}))
        else:
            for id in delivery_ids:
                services.endpoints.replay(owner, id)
            count = len(delivery_ids)
        note(services, "deliveries.replay", ", ".join(delivery_ids) or f"since {since}", workspace_id=owner)
    click.echo(f"{count} will be sent again.")


@main.command()
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 1000))
@click.option("--workspace", default="default", show_default=True)
@as_json_option
def audit(limit: int, workspace: str, as_json: bool) -> None:
    """List the audit log, newest first."""
    with open_services() as services:
        found, _cursor = services.audit_log.page(services.keys.known_workspace(workspace), limit=limit)
    if as_json:
        print_json(found)
        return
    for entry in found:
        click.echo(
            f"{entry['created_at']}  {entry['via']:<8}{entry['actor']:<20}{entry['action']:<28}{entry['subject'] or ''}"
        )

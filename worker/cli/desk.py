"""Questions, API keys and the audit log."""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from worker.cli.base import (
    TABLE,
    Failure,
    main,
    note,
    open_services,
    output_option,
    print_list,
    print_value,
)
from worker.cli.remote import Server, connect, server_options

if TYPE_CHECKING:
    from worker.conversations.outcomes import Citation, Outcome


@main.command()
@click.argument("question")
@click.option("--workspace", default="default", show_default=True)
@output_option
@server_options(optional=True)
def ask(question: str, workspace: str, output: str, server: Server | None) -> None:
    """Answer QUESTION, with sources; nothing is stored."""
    from worker.conversations.outcomes import Answer, Handoff

    if not question.strip():
        raise click.UsageError("The question is empty.")
    outcome = _answer_here(question.strip(), workspace) if server is None else _answer_there(question.strip(), server)
    if output != TABLE:
        print_value({"outcome": type(outcome).__name__.lower(), **dataclasses.asdict(outcome)}, output)
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


def _answer_here(question: str, workspace: str) -> "Outcome":
    from worker.answering.question import Question

    with open_services() as services:
        workspace_id = services.keys.known_workspace(workspace)
        voice = services.voices.get(workspace_id)
        question_of_desk = Question(workspace_id=workspace_id, content=question, voice=voice)
        return services.agent_of(workspace_id).answer(question_of_desk)


def _answer_there(question: str, server: Server) -> "Outcome":
    from worker.conversations.outcomes import Answer, Citation, Handoff

    with connect(server) as remote:
        found = remote.post("/v1/answers", {"question": question}, timeout_s=60.0)
    answer, handoff = found["answer"], found["handoff"]
    if answer is None:
        return Handoff(reason=handoff["reason"], summary=handoff["summary"])
    parts = ("number", "document_id", "title", "url", "quote", "start", "end")
    citations = tuple(Citation(**{name: citation[name] for name in parts}) for citation in answer["citations"])
    names = ("content", "support", "confidence", "answerer", "model", "snapshot")
    return Answer(citations=citations, **{name: answer[name] for name in names})


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
@output_option
def list_keys(output: str) -> None:
    """List the keys of all workspaces."""
    with open_services() as services:
        found = services.keys.all()
    empty = "There are no keys: `answerback keys make NAME` makes one."
    columns = {"id": "id", "key": "hint", "workspace": "workspace", "name": "name"}
    print_list(found, output, {**columns, "scopes": _scopes_of, "state": _state_of}, empty=empty)


def _scopes_of(key: dict[str, Any]) -> str:
    return ",".join(key["scopes"])


def _state_of(key: dict[str, Any]) -> str:
    if key["valid"]:
        return f"until {key['expires_at']}" if key["expires_at"] else "active"
    return "revoked" if key["revoked_at"] else f"expired {key['expires_at']}"


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


@main.command()
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 1000))
@click.option("--workspace", default="default", show_default=True)
@output_option
def audit(limit: int, workspace: str, output: str) -> None:
    """List the audit log, newest first."""
    with open_services() as services:
        found, _cursor = services.audit_log.page(services.keys.known_workspace(workspace), limit=limit)
    empty = "The audit log is empty: it has what is changed by commands, the API and the console."
    columns = {"time": "created_at", **{name: name for name in ("via", "actor", "action", "subject")}}
    print_list(found, output, columns, empty=empty)

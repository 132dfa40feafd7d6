"""Suggestions of articles from what agents replied."""

from typing import TextIO

import click

from worker.cli.base import TABLE, count_of, main, note, open_services, output_option, print_list, print_value
from worker.states import SuggestionState

_STATES = [state.value for state in SuggestionState]


@main.group(invoke_without_command=True)
@click.option("--workspace", default="default", show_default=True)
@click.option("--state", type=click.Choice(_STATES), default="open", show_default=True)
@click.option("--limit", type=click.IntRange(1, 1_000), default=50, show_default=True)
@output_option
@click.pass_context
def suggestions(context: click.Context, workspace: str, state: str, limit: int, output: str) -> None:
    """List drafts of articles, most asked first; show, accept or refuse one."""
    context.obj = workspace
    if context.invoked_subcommand is not None:
        return
    with open_services() as services:
        workspace_id = services.keys.known_workspace(workspace)
        found = services.suggestions.most_asked(workspace_id, state=state, limit=limit)
    empty = f"There are no {state} suggestions: they are drafted from what agents reply where the bot had no answer."
    print_list(found, output, {"id": "id", "asked": "count", "title": "title"}, empty=empty)


@suggestions.command()
@click.argument("id")
@output_option
@click.pass_obj
def show(workspace: str, id: str, output: str) -> None:
    """Show the suggestion ID, and the replies that it comes from."""
    with open_services() as services:
        found = services.suggestions.get(services.keys.known_workspace(workspace), id)
    if output != TABLE:
        print_value(found, output)
        return
    click.secho(found["title"], bold=True)
    click.echo(f"\n{found['text']}\n")
    for item in found["exchanges"]:
        click.secho(f"{item['conversation_id']}  {' '.join(item['question'].split())[:120]}", dim=True)


@suggestions.command()
@click.argument("id")
@click.option("--title", help="Title in place of the draft's.")
@click.option(
    "--file", type=click.File(encoding="utf-8"), help="Markdown in place of the draft; `-` reads standard input."
)
@click.pass_obj
def accept(workspace: str, id: str, title: str | None, file: TextIO | None) -> None:
    """Publish the suggestion ID as a document."""
    text = file.read() if file is not None else None
    with open_services() as services:
        workspace_id = services.keys.known_workspace(workspace)
        accepted = services.suggestions.accept(workspace_id, id, title=title, text=text)
        note(services, "suggestions.accept", id, workspace_id=workspace_id)
        services.common.hints.index(workspace_id)
    click.echo(f"{accepted['document_id']} is published once an ingest worker has indexed it.")


@suggestions.command()
@click.argument("id")
@click.option("--note", "why", help="Why it is not wanted.")
@click.pass_obj
def refuse(workspace: str, id: str, why: str | None) -> None:
    """Refuse the suggestion ID; it is not offered again when the same is asked."""
    with open_services() as services:
        workspace_id = services.keys.known_workspace(workspace)
        services.suggestions.refuse(workspace_id, id, note=why)
        note(services, "suggestions.refuse", id, workspace_id=workspace_id)
    click.echo(f"{id} is refused.")


@suggestions.command()
def draft() -> None:
    """Draft what agents of all workspaces replied up to now, without waiting for a worker to do so."""
    from worker.suggestions.collecting import Collector

    with open_services() as services:
        drafter, collector = services.drafter, Collector(services.store)
        workspaces = services.workspace_settings.where_on("suggestions")
        while collector.collect(workspaces=workspaces):
            pass
        ids = drafter.due(limit=1_000)
        for id in ids:
            drafter.draft(id)
    if ids:
        click.echo(f"Drafts were made from {count_of(len(ids), 'reply')}; `answerback suggestions` lists them.")
    else:
        click.echo("There is nothing to draft: no agent replied where the bot had no answer since the last time.")

"""The knowledge base: ingest, search, snapshots."""

import dataclasses
import sys
from pathlib import Path
from typing import Any

import click

from kb.filters import AUDIENCES, Filters
from worker.cli.base import (
    TABLE,
    count_of,
    main,
    note,
    open_services,
    output_option,
    print_list,
    print_value,
    progress_bar,
)
from worker.cli.remote import Server, connect, server_options


@main.command()
@click.argument("inputs", nargs=-1, required=True, metavar="FILE|FOLDER|ZIP|URL...")
@click.option("--workspace", default="default", show_default=True)
@click.option("--source", help="Source of the documents, such as `help-centre`; searches can filter by it.")
@click.option("--language", help="Language, such as `en`; detected in each text if omitted.")
@click.option("--tag", "tags", multiple=True, help="A tag for each document; may be repeated.")
@click.option(
    "--audience",
    type=click.Choice(AUDIENCES),
    help="`internal` is never cited to customers; new documents are public.",
)
@click.option("--quiet", is_flag=True, help="Print errors only.")
@output_option
def ingest(
    inputs: tuple[str, ...],
    workspace: str,
    source: str | None,
    language: str | None,
    tags: tuple[str, ...],
    audience: str | None,
    quiet: bool,
    output: str,
) -> None:
    """Read files, folders, zip archives, pages and sitemaps (*.xml) into the knowledge base and publish it.

    Markdown, HTML, PDF, Word, PowerPoint, Excel, CSV of questions and answers, plain text.

    A file that was ingested before replaces its document, which keeps the metadata that is not given again. An
    unchanged file is left alone.
    """
    from worker.knowledge import ingest as ingesting
    from worker.knowledge.library import DocumentMetadata

    for path_or_url in inputs:
        if not ingesting.is_url(path_or_url) and not Path(path_or_url).exists():
            raise click.UsageError(f"There is no {path_or_url}.")
    visible = not (quiet or output != TABLE)
    with open_services() as services, progress_bar(visible) as progress:
        owner = services.keys.known_workspace(workspace)
        report = ingesting.ingest(
            ingesting.documents_in(inputs, services.importer),
            workspace_id=owner,
            library=services.library,
            indexer=services.indexer,
            store=services.store,
            progress=progress,
            metadata=DocumentMetadata(source=source, language=language, tags=tags or None, audience=audience),
        )
        note(services, "documents.ingest", f"{report.added} documents", workspace_id=owner)
    if output != TABLE:
        print_value(dataclasses.asdict(report), output)
    else:
        for name, reason in report.failed.items():
            click.secho(f"{name}: {reason}", fg="red", err=True)
        if not quiet:
            click.echo(
                f"{count_of(report.added, 'document')} added or changed, {report.unchanged} unchanged, "
                f"{len(report.failed)} failed; "
                f"snapshot {report.snapshot or 'unchanged'}."
            )
    if report.failed:
        sys.exit(1)


@main.command()
@click.argument("query")
@click.option("--limit", default=5, show_default=True, type=click.IntRange(1, 50))
@click.option("--source", "sources", multiple=True, help="Search this source only; may be repeated.")
@click.option(
    "--language", "languages", multiple=True, help="Search this language only, such as `en`; may be repeated."
)
@click.option("--tag", "tags", multiple=True, help="Search documents with this tag only; may be repeated.")
@click.option(
    "--audience", type=click.Choice(AUDIENCES), help="Search documents for this audience only; customers see `public`."
)
@click.option("--workspace", default="default", show_default=True)
@output_option
@server_options(optional=True)
def search(
    query: str,
    limit: int,
    sources: tuple[str, ...],
    languages: tuple[str, ...],
    tags: tuple[str, ...],
    audience: str | None,
    workspace: str,
    output: str,
    server: Server | None,
) -> None:
    """Find passages for QUERY and show the score of each leg."""
    if not query.strip():
        raise click.UsageError("The query is empty.")

    given = {"sources": sources, "languages": languages, "tags": tags}
    if server is not None:
        filters: dict[str, Any] = {name: list(value) for name, value in given.items() if value}
        if audience is not None:
            filters["audience"] = audience
        with connect(server) as remote:
            found = remote.post("/v1/search", {"query": query, "limit": limit, "filters": filters})
    else:
        which = Filters(**{name: value or None for name, value in given.items()}, audience=audience)
        found = _search_here(query, workspace, limit, which)
    if output != TABLE:
        print_value(found, output)
        return
    for item in found["items"]:
        dense, lexical = item["scores"]["dense"], item["scores"]["lexical"]
        scores = (
            f"dense {'–' if dense is None else f'{dense:.3f}'}  lexical {'–' if lexical is None else f'{lexical:.2f}'}"
        )
        click.secho(f"{item['score']:.3f}  {' > '.join([item['title'], *item['headings'][1:]])}", bold=True, nl=False)
        click.secho(f"  {scores}", dim=True)
        click.echo("       " + " ".join(item["text"].split())[:160])
    if not found["items"]:
        click.echo("No passage matches.")
    click.secho(f"snapshot {found['snapshot']}", dim=True)


def _search_here(query: str, workspace: str, limit: int, filters: Filters) -> dict[str, Any]:
    from worker.knowledge.serializers import found_to_api

    with open_services() as services:
        owner = services.keys.known_workspace(workspace)
        return found_to_api(services.snapshot_cache.search(owner, query, limit=limit, filters=filters))


@main.group(invoke_without_command=True)
@click.option("--workspace", default="default", show_default=True)
@output_option
@click.pass_context
def snapshots(context: click.Context, workspace: str, output: str) -> None:
    """List the published versions of the knowledge base; roll back or rebuild."""
    context.obj = workspace
    if context.invoked_subcommand is not None:
        return
    with open_services() as services:
        found = services.library.snapshots(services.keys.known_workspace(workspace))
    empty = "Nothing is published yet: `answerback ingest FILE` publishes the first snapshot."
    columns = {"version": "version", "published": "created_at", "documents": "documents", "passages": "passages"}
    print_list(found, output, {"active": _mark, **columns}, empty=empty)


def _mark(snapshot: dict[str, Any]) -> str:
    return "*" if snapshot["active"] else " "


@snapshots.command()
@click.argument("version")
@click.pass_obj
def activate(workspace: str, version: str) -> None:
    """Activate VERSION."""
    with open_services() as services:
        owner = services.keys.known_workspace(workspace)
        services.library.activate(owner, version)
        note(services, "snapshots.activate", version, workspace_id=owner)
    click.echo(f"{version} is active; running workers follow within two seconds.")


@snapshots.command()
@click.pass_obj
def rebuild(workspace: str) -> None:
    """Rebuild the newest snapshot from the database, with the configured model."""
    with open_services() as services:
        owner = services.keys.known_workspace(workspace)
        version = services.indexer.publish(owner, force=True)
        note(services, "snapshots.rebuild", str(version), workspace_id=owner)
    click.echo(f"{version} is published.")

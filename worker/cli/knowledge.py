"""The knowledge base: ingest, search, snapshots."""

import dataclasses
import sys
from pathlib import Path

import click

from kb.filters import AUDIENCES, Filters
from worker.cli.base import as_json_option, main, note, open_services, print_json, progress_bar


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
@as_json_option
def ingest(
    inputs: tuple[str, ...],
    workspace: str,
    source: str | None,
    language: str | None,
    tags: tuple[str, ...],
    audience: str | None,
    quiet: bool,
    as_json: bool,
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
    visible = not (quiet or as_json)
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
    if as_json:
        print_json(dataclasses.asdict(report))
    else:
        for name, reason in report.failed.items():
            click.secho(f"{name}: {reason}", fg="red", err=True)
        if not quiet:
            click.echo(
                f"{report.added} added or changed, {report.unchanged} unchanged, {len(report.failed)} failed; "
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
@as_json_option
def search(
    query: str,
    limit: int,
    sources: tuple[str, ...],
    languages: tuple[str, ...],
    tags: tuple[str, ...],
    audience: str | None,
    workspace: str,
    as_json: bool,
) -> None:
    """Find passages for QUERY and show the score of each leg."""
    from worker.knowledge.serializers import found_to_api

    filters = Filters(sources=sources or None, languages=languages or None, tags=tags or None, audience=audience)
    with open_services() as services:
        found = found_to_api(
            services.snapshot_cache.search(
                services.keys.known_workspace(workspace), query, limit=limit, filters=filters
            )
        )
    if as_json:
        print_json(found)
        return
    for item in found["items"]:
        dense, lexical = item["scores"]["dense"], item["scores"]["lexical"]
        scores = (
            f"dense {'–' if dense is None else f'{dense:.3f}'}  lexical {'–' if lexical is None else f'{lexical:.2f}'}"
        )
        click.secho(f"{item['score']:.3f}  {' > '.join([item['title'], *item['headings'][1:]])}", bold=True, nl=False)
        click.secho(f"  {scores}", dim=True)
        click.echo("       " + " ".join(item["text"].split())[:160])
    click.secho(f"snapshot {found['snapshot']}", dim=True)


@main.group(invoke_without_command=True)
@click.option("--workspace", default="default", show_default=True)
@as_json_option
@click.pass_context
def snapshots(context: click.Context, workspace: str, as_json: bool) -> None:
    """List the published versions of the knowledge base; roll back or rebuild."""
    context.obj = workspace
    if context.invoked_subcommand is not None:
        return
    with open_services() as services:
        found = services.library.snapshots(services.keys.known_workspace(workspace))
    if as_json:
        print_json(found)
        return
    for snapshot in found:
        mark = "*" if snapshot["active"] else " "
        size = f"{snapshot['documents']} documents, {snapshot['passages']} passages"
        click.echo(f"{mark} {snapshot['version']:<16}{snapshot['created_at']}  {size}")


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

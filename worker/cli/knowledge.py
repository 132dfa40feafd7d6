"""The knowledge base: bring files in, search, measure, publish."""

import dataclasses
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kb.filters import AUDIENCES, Filters
from worker.cli.base import as_json_option, main, note, open_services, print_json, progress_bar
from worker.settings import Settings

if TYPE_CHECKING:
    from worker.answering.question import Answerer
    from worker.evaluation.measures import Difference


@main.command()
@click.argument("places", nargs=-1, required=True, metavar="FILE|FOLDER|ZIP|URL...")
@click.option("--workspace", default="default", show_default=True)
@click.option("--source", help="Where they belong, such as `help-centre`; searches can filter by it.")
@click.option("--language", help="Their language, such as `en`; found in each text without it.")
@click.option("--tag", "tags", multiple=True, help="A tag for each of them; may be given again for another.")
@click.option(
    "--audience",
    type=click.Choice(AUDIENCES),
    help="`internal` is never cited to customers; new documents are public.",
)
@click.option("--quiet", is_flag=True, help="No progress, only what went wrong.")
@as_json_option
def ingest(
    places: tuple[str, ...],
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

    A file that was ingested before replaces its document and keeps the marks that are not given anew; one that has not
    changed is left alone.
    """
    from worker.knowledge import ingest as ingesting
    from worker.knowledge.library import DocumentMetadata

    for place in places:
        if not ingesting.is_url(place) and not Path(place).exists():
            raise click.UsageError(f"There is no {place}.")
    shown = not (quiet or as_json)
    with open_services() as services, progress_bar(shown) as progress:
        owner = services.keys.known_workspace(workspace)
        report = ingesting.ingest(
            ingesting.documents_in(places, services.importer),
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
@click.option("--source", "sources", multiple=True, help="Of this source only; may be given again for another.")
@click.option("--language", "languages", multiple=True, help="In this language only, such as `en`.")
@click.option("--tag", "tags", multiple=True, help="With this tag only.")
@click.option("--audience", type=click.Choice(AUDIENCES), help="For these readers only; customers see `public`.")
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


@main.command("eval")
@click.argument("folder", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--precision", type=click.Choice(["int8", "fp32"]), help="Of the embedding model; the setting's without it."
)
@click.option("--whole", is_flag=True, help="Leave documents uncut, as published figures of retrieval have them.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Keep the results here, as JSON.")
@click.option(
    "--report", type=click.Path(dir_okay=False, path_type=Path), help="Write a page with plots here, as HTML."
)
@click.option(
    "--gate",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Earlier results of --output: exit with 1 when a measure is significantly worse.",
)
@click.option(
    "--compare",
    nargs=2,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Compare two results of --output and print which differences are significant; needs no FOLDER.",
)
@as_json_option
def evaluate(
    folder: Path | None,
    precision: str | None,
    whole: bool,
    output: Path | None,
    report: Path | None,
    gate: Path | None,
    compare: tuple[Path, Path] | None,
    as_json: bool,
) -> None:
    """Measure how good it is on a FOLDER of labelled cases, with the answerer that is configured.

    \b
    What the folder holds decides what is measured:
      corpus.jsonl, queries.jsonl, qrels.tsv   retrieval, answering, grounding; refusal, where
      (or CLINC150's train and val.jsonl)      queries say whether they are `answerable`
      claims.jsonl                             grounding: {"claim", "passage", "supported"}
      escalation.tsv                           escalation: category or `none`, message
      follow_ups.tsv                           rewriting: question, follow-up, title
      DOMAIN.SPLIT.jsonl, articles/DOMAIN/     drafts of a language model, true or with a fault
    """
    from worker.evaluation import report as reports

    if compare is not None:
        before, after = (_results(path) for path in compare)
        _print_differences(reports.differences(before, after), as_json=as_json)
        return
    if folder is None:
        raise click.UsageError("Give a FOLDER, or two files with --compare.")
    results = _measured(folder, precision, whole=whole, quiet=as_json)
    differences = reports.differences(_results(gate), results) if gate is not None else []
    if output is not None:
        output.write_text(json.dumps(results, ensure_ascii=False, indent=1) + "\n")
    if report is not None:
        try:
            report.write_text(reports.page(results, differences=differences, baseline=str(gate or "")))
        except ImportError:
            raise click.ClickException("Plots need matplotlib: run `pip install answerback[report]`.") from None
    if as_json:
        short = {name: {**one, "items": None} for name, one in results["measures"].items()}
        print_json({**results, "measures": short, "differences": [dataclasses.asdict(one) for one in differences]})
    else:
        for name, one in results["measures"].items():
            click.echo(f"{name:<62}{one['value']:>8.4f}  [{one['low']:.4f}, {one['high']:.4f}]  {one['n']:>6}")
        if differences:
            click.echo()
            _print_differences(differences, as_json=False)
    if any(one.verdict == "worse" for one in differences):
        click.secho("Regression: a measure is significantly worse than before.", fg="red", err=True)
        sys.exit(1)
    if any(one.verdict == "missing" for one in differences):
        click.secho(
            "Regression: a measure of the earlier results is missing; write new ones with --output.", fg="red", err=True
        )
        sys.exit(1)


def _measured(folder: Path, precision: str | None, *, whole: bool, quiet: bool) -> dict[str, Any]:
    from kb.embedding import load
    from worker.answering.extractive import ExtractiveAnswerer
    from worker.caching import CachedEmbedder, MemoryCache
    from worker.evaluation import suites
    from worker.services.commands import build_commands
    from worker.services.common import build_common

    settings = Settings.from_env()
    loaded = load(settings.embedding_folder, precision=precision or settings.embedding_precision)
    embedder = CachedEmbedder(loaded, MemoryCache("vectors", limit=50_000))
    extractive = settings.chosen_answerer == "extractive"
    answerer: Answerer = (
        ExtractiveAnswerer(embedder) if extractive else build_commands(build_common(settings)).agent.answerer
    )
    with progress_bar(not quiet, "measuring") as progress:
        setup = suites.Setup(
            embedder=embedder,
            answerer=answerer,
            min_relevance=settings.min_relevance,
            whole=whole,
            progress=lambda _what, done, total: progress(done, total),
        )
        results = suites.run(folder, setup)
    about = {
        "folder": folder.name,
        "embedding": embedder.identity,
        "answerer": settings.chosen_answerer,
        "models": ", ".join(settings.models) if not extractive else "none",
        "minimum relevance": settings.min_relevance,
        "documents": "whole" if whole else "cut into passages",
    }
    return suites.to_json(results, about)


def _results(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text())
        found["measures"]
    except (ValueError, KeyError, TypeError):
        raise click.ClickException(f"{path} does not hold results of `answerback eval --output`.") from None
    return found


def _print_differences(differences: Sequence["Difference"], *, as_json: bool) -> None:
    if as_json:
        print_json([{**dataclasses.asdict(one), "change": one.change} for one in differences])
        return
    for one in differences:
        colour = {"better": "green", "worse": "red"}.get(one.verdict)
        figures = f"{one.a:.4f} → {one.b:.4f}  {one.change:+.4f} [{one.low:+.4f}, {one.high:+.4f}]  {one.verdict}"
        click.secho(f"{one.name:<62}{figures}", fg=colour)


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
    for one in found:
        mark = "*" if one["active"] else " "
        click.echo(
            f"{mark} {one['version']:<16}{one['created_at']}  {one['documents']} documents, {one['passages']} passages"
        )


@snapshots.command()
@click.argument("version")
@click.pass_obj
def activate(workspace: str, version: str) -> None:
    """Let VERSION answer from now on."""
    with open_services() as services:
        owner = services.keys.known_workspace(workspace)
        services.library.activate(owner, version)
        note(services, "snapshots.activate", version, workspace_id=owner)
    click.echo(f"{version} is active; running workers follow within two seconds.")


@snapshots.command()
@click.pass_obj
def rebuild(workspace: str) -> None:
    """Build the newest snapshot again from the database, with the configured model."""
    with open_services() as services:
        owner = services.keys.known_workspace(workspace)
        version = services.indexer.publish(owner, force=True)
        note(services, "snapshots.rebuild", str(version), workspace_id=owner)
    click.echo(f"{version} is published.")

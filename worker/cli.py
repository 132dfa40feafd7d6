"""The command line: the same product without make."""

import dataclasses
import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from worker.errors import AnswerbackError, SettingsInvalid
from worker.settings import Settings

_ENDS = {"answer": ("threads", None), "callback": ("threads", 16), "ingest": ("prefork", 1)}


class _Group(click.Group):
    """Turns what was expected to go wrong into a sentence and exit status 1."""

    def invoke(self, context: click.Context) -> Any:
        from kb.errors import KnowledgeError

        try:
            return super().invoke(context)
        except SettingsInvalid as error:
            raise _Failure("\n".join(error.problems)) from None
        except (AnswerbackError, KnowledgeError) as error:
            raise _Failure(str(error)) from None


class _Failure(click.ClickException):
    def show(self, file: Any = None) -> None:  # noqa: ARG002
        click.secho(self.message, err=True, fg="red", bold=False)


_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="answerback")
def main() -> None:
    """Answerback answers support messages, and hands over what it cannot answer."""


@main.command()
def up() -> None:
    """Run everything on this machine until Ctrl-C."""
    from worker.up import up as run

    run(Settings.from_env(), say=lambda line: click.echo(line))


@main.command()
def web() -> None:
    """Serve the API (gunicorn)."""
    from worker import checks

    settings = Settings.from_env()
    checks.require(checks.for_web(settings))
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    _become(
        "gunicorn",
        *("--config", "python:web.gunicorn", "--bind", f"{host}:{settings.port}"),
        *("--workers", str(settings.web_workers), "--threads", str(settings.web_threads)),
        "web:create_app()",
    )


@main.command()
@click.argument("queue", type=click.Choice(sorted(_ENDS)), default="answer")
def worker(queue: str) -> None:
    """Consume one queue (Celery)."""
    Settings.from_env()
    pool, concurrency = _ENDS[queue]
    sized = [] if concurrency is None else ["--concurrency", str(concurrency)]
    _become(
        "celery",
        *("--app", "worker.app", "worker", "--queues", queue, "--pool", pool, *sized),
        # Two of one name on one machine would fight for the queue of remote control, which RabbitMQ refuses.
        *("--hostname", f"{queue}-{os.getpid()}@%h", "--without-gossip", "--without-mingle"),
    )


@main.command()
def flower() -> None:
    """Watch tasks in the browser (Flower)."""
    settings = Settings.from_env()
    if settings.flower_auth:  # by the environment: arguments can be read by everyone on the machine
        os.environ["FLOWER_BASIC_AUTH"] = settings.flower_auth
    _become(
        "celery",
        *("--app", "worker.app", "flower", f"--port={settings.flower_port}"),
        f"--address={settings.flower_host}",
        *("--purge_offline_workers=60", "--max_tasks=5000"),
    )


@main.command()
def migrate() -> None:
    """Bring the database to this version; also make the first workspace and key."""
    from worker.up import key_file, prepare_database

    settings = Settings.from_env()
    made = prepare_database(settings)
    click.echo("The database is up to date.")
    if made is not None:
        click.echo(f"API key (kept in {key_file(settings)}): {made}")


@main.command()
@click.option("--force", is_flag=True, help="Export again even if it was done.")
def model(force: bool) -> None:
    """Export the embedding model for serving (once; needs torch)."""
    from kb.export import export

    settings = Settings.from_env()
    folder = settings.embedding_folder
    if (folder / "manifest.json").exists() and not force:
        click.echo(f"{settings.embedding_model} is exported already: {folder}")
        return
    manifest = export(settings.embedding_model, folder, report=lambda line: click.echo(f"  {line}"))
    cosines = ", ".join(f"{name} {value:.4f}" for name, value in manifest["cosine"].items())
    click.echo(f"  exported to {folder} (least cosine to the original: {cosines})")


@main.command()
@click.argument("question")
@click.option("--workspace", default="default", show_default=True)
@_as_json
def ask(question: str, workspace: str, as_json: bool) -> None:
    """Answer QUESTION here and now, with sources; nothing is stored."""
    from worker.answering.question import Question
    from worker.conversations.outcomes import Answer, Handoff

    if not question.strip():
        raise click.UsageError("The question is empty.")
    with _services() as built:
        outcome = built.agent.answer(Question(workspace_id=built.keys.workspace(workspace), content=question.strip()))
    if as_json:
        _print_json({"outcome": type(outcome).__name__.lower(), **dataclasses.asdict(outcome)})
    elif isinstance(outcome, Answer):
        click.echo(outcome.content)
        click.secho("\nSources", bold=True)
        for citation in outcome.citations:
            link = f" ({citation.url})" if citation.url else ""
            quote = " ".join(citation.quote.split())
            click.echo(f"  [{citation.number}] {citation.title}{link}\n      “{quote}”")
        click.secho(f"\nsupport {outcome.support:.2f} · {outcome.model or outcome.answerer}", dim=True)
    elif isinstance(outcome, Handoff):
        click.secho(f"A person should answer this ({outcome.reason}).", bold=True)
        click.echo(outcome.summary)
    else:
        raise _Failure(str(outcome.error.get("message", "It did not work.")))


@main.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--workspace", default="default", show_default=True)
@click.option("--quiet", is_flag=True, help="No progress, only what went wrong.")
@_as_json
def ingest(paths: tuple[Path, ...], workspace: str, quiet: bool, as_json: bool) -> None:
    """Read files and folders (Markdown, HTML, CSV, text) into the knowledge base and publish it.

    A file that was ingested before replaces its document; one that has not changed is left alone.
    """
    from worker.knowledge.ingest import files_in, ingest_files

    shown = not (quiet or as_json)
    with _services() as built, _progress(shown) as progress:
        report = ingest_files(
            list(files_in(paths)),
            workspace_id=built.keys.workspace(workspace),
            library=built.library,
            indexer=built.indexer,
            store=built.store,
            progress=progress,
        )
    if as_json:
        _print_json(dataclasses.asdict(report))
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
@click.option("--workspace", default="default", show_default=True)
@_as_json
def search(query: str, limit: int, workspace: str, as_json: bool) -> None:
    """Find passages for QUERY and show the score of each leg."""
    from worker.knowledge.relay import as_wire

    with _services() as built:
        found = as_wire(built.shelf.search(built.keys.workspace(workspace), query, limit=limit), limit=limit)
    if as_json:
        _print_json(found)
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
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--precision", type=click.Choice(["int8", "fp32"]), help="Of the embedding model; the setting's without it."
)
@click.option("--dense-weight", type=click.FloatRange(0, 1), help="Weight of the dense leg in the fusion.")
@_as_json
def evaluate(folder: Path, precision: str | None, dense_weight: float | None, as_json: bool) -> None:
    """Measure retrieval on a labelled FOLDER (corpus.jsonl, queries.jsonl, qrels.tsv)."""
    from kb import quality
    from kb.embedding import OnnxEmbedder
    from kb.search import DENSE_WEIGHT

    settings = Settings.from_env()
    precision = precision or settings.embedding_precision
    labels = quality.load(folder)
    embedder = OnnxEmbedder.load(settings.embedding_folder, precision=precision)
    with _progress(not as_json, "embedding", len(labels.corpus)) as progress:
        done = 0

        def count(more: int) -> None:
            nonlocal done
            done += more
            progress(done, len(labels.corpus))

        weight = DENSE_WEIGHT if dense_weight is None else dense_weight
        scores = quality.evaluate(labels, embedder, dense_weight=weight, progress=count)
    if as_json:
        about = {"folder": str(folder), "model": embedder.identity, "documents": len(labels.corpus)}
        _print_json({**about, **{leg: dataclasses.asdict(score) for leg, score in scores.items()}})
        return
    click.echo(f"{len(labels.corpus)} documents, {len(labels.queries)} queries, {embedder.identity}\n")
    click.secho(f"{'leg':<10}{'nDCG@10':>9}{'recall@10':>11}{'MRR@10':>9}{'p50 ms':>9}", bold=True)
    for leg, score in scores.items():
        click.echo(f"{leg:<10}{score.ndcg:>9.4f}{score.recall:>11.4f}{score.mrr:>9.4f}{score.p50_ms:>9.2f}")


@main.command()
@_as_json
def doctor(as_json: bool) -> None:
    """Check every part, running or stopped, and say what to do about each problem."""
    from worker import checks

    findings = [checks.run(check) for check in checks.for_doctor(Settings.from_env())]
    if as_json:
        _print_json([dataclasses.asdict(finding) for finding in findings])
    else:
        for finding in findings:
            mark = click.style("ok  ", fg="green") if finding.problem is None else click.style("FAIL", fg="red")
            click.echo(f"{mark}  {finding.name:<10}{finding.latency_ms:>9.2f} ms  {finding.problem or finding.detail}")
    if any(finding.problem for finding in findings):
        sys.exit(1)


@main.group()
def keys() -> None:
    """Make, list and revoke API keys."""


@keys.command("make")
@click.argument("name")
@click.option("--workspace", default="default", show_default=True, help="Made if there is none of this name.")
@click.option("--scopes", default="read,write,admin", show_default=True)
@click.option("--expires-in-days", type=click.FloatRange(min=0, min_open=True))
def make_key(name: str, workspace: str, scopes: str, expires_in_days: float | None) -> None:
    """Make a key and print it: it cannot be seen again."""
    from worker.access import SCOPES

    chosen = [scope.strip() for scope in scopes.split(",")]
    if not chosen or not set(chosen) <= set(SCOPES):
        raise click.UsageError(f"Scopes are {', '.join(SCOPES)}.")
    lasts = None if expires_in_days is None else expires_in_days * 86_400
    with _services() as built:
        workspace_id = built.keys.workspace(workspace)
        click.echo(built.keys.make(workspace_id, name=name, scopes=chosen, expires_in_s=lasts))


@keys.command("list")
@_as_json
def list_keys(as_json: bool) -> None:
    """List the keys of all workspaces."""
    with _services() as built:
        found = built.keys.all()
    if as_json:
        _print_json(found)
        return
    for key in found:
        state = "revoked" if key["revoked_at"] else f"until {key['expires_at']}" if key["expires_at"] else "active"
        click.echo(
            f"{key['id']}  {key['hint']:<12}{key['workspace']:<16}{key['name']:<20}{','.join(key['scopes']):<18}{state}"
        )


@keys.command("revoke")
@click.argument("key_id")
def revoke_key(key_id: str) -> None:
    """Refuse a key from now on."""
    with _services() as built:
        built.keys.revoke(key_id)
    click.echo(f"{key_id} is revoked.")


@keys.command("callback-secret")
@click.option("--workspace", default="default", show_default=True)
def callback_secret(workspace: str) -> None:
    """Print the secret with which receivers verify a workspace's callbacks."""
    with _services() as built:
        click.echo(built.keys.callback_secret(built.keys.workspace(workspace)))


@main.command()
@click.option("--state", type=click.Choice(["pending", "delivered", "exhausted"]))
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000))
@click.option("--workspace", default="default", show_default=True)
@_as_json
def deliveries(state: str | None, limit: int, workspace: str, as_json: bool) -> None:
    """List callback deliveries, newest first."""
    from worker.callbacks.listing import page
    from worker.store.scope import Scope

    with _services() as built:
        found, _cursor = page(Scope(built.store, built.keys.workspace(workspace)), state=state, limit=limit)
    if as_json:
        _print_json(found)
        return
    for one in found:
        last = one["last_attempt"] or {}
        seen = last.get("status") or last.get("error") or ""
        click.echo(f"{one['id']}  {one['state']:<10}{one['attempts']:>3}×  {one['type']:<20}{one['url']}  {seen}")


@main.command()
@_as_json
def status(as_json: bool) -> None:
    """Show what waits, who works, and what happened so far."""
    from worker.counters import NAMES
    from worker.status import status as ask

    with _services() as built:
        found = ask(built.store, built.counters)
    if as_json:
        _print_json(found)
        return
    oldest = found["oldest_unanswered_s"]
    click.echo(
        f"unanswered messages  {found['open_messages']}" + (f", the oldest for {oldest:.1f} s" if oldest else "")
    )
    click.echo(f"leases held          {found['leases_held']}")
    for one in found["workers"]:
        click.echo(f"worker {one['id']:<32} {','.join(one['roles']):<10} {one['state']}, {one['leases']} leases")
    for name, value in found["counters"].items():
        click.echo(f"{name:<20} {value:>10}  {NAMES[name]}")


@main.group(invoke_without_command=True)
@click.option("--workspace", default="default", show_default=True)
@_as_json
@click.pass_context
def snapshots(context: click.Context, workspace: str, as_json: bool) -> None:
    """List the published versions of the knowledge base; roll back or rebuild."""
    context.obj = workspace
    if context.invoked_subcommand is not None:
        return
    with _services() as built:
        found = built.library.snapshots(built.keys.workspace(workspace))
    if as_json:
        _print_json(found)
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
    with _services() as built:
        built.library.activate(built.keys.workspace(workspace), version)
    click.echo(f"{version} is active; running workers follow within two seconds.")


@snapshots.command()
@click.pass_obj
def rebuild(workspace: str) -> None:
    """Build the newest snapshot again from the database, with the configured model."""
    with _services() as built:
        version = built.indexer.publish(built.keys.workspace(workspace), force=True)
    click.echo(f"{version} is published.")


@contextmanager
def _services() -> Iterator[Any]:
    """Yield the parts of this process, quiet on the terminal."""
    from worker import checks, logs
    from worker.services import Services

    logs.configure("error")
    settings = Settings.from_env()
    checks.require([checks.database(settings)])
    built = Services(settings)
    try:
        yield built
    finally:
        built.close()


@contextmanager
def _progress(shown: bool, label: str = "embedding", length: int | None = None) -> Iterator[Any]:
    """Yield `progress(done, total)`, which moves a bar on a terminal."""
    if not shown:
        yield lambda _done, _total: None
        return
    with click.progressbar(length=length or 1, label=label, file=sys.stderr) as bar:

        def move(done: int, total: int) -> None:
            bar.length = max(1, total)
            bar.update(done - bar.pos)

        yield move


def _become(module: str, *arguments: str) -> None:
    """Replace this process, so that signals reach who they are meant for."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.execv(sys.executable, [sys.executable, "-m", module, *arguments])


def _print_json(value: Iterable[Any] | dict[str, Any]) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


if __name__ == "__main__":
    main()

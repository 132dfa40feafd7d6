"""Run the parts of an installation, and see how they are."""

import dataclasses
import os
import sys

import click

from worker.cli.base import as_json_option, main, open_services, print_json
from worker.settings import Settings

_ENDS = {"answer": ("threads", None), "callback": ("threads", 16), "ingest": ("prefork", 1)}


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
@as_json_option
def doctor(as_json: bool) -> None:
    """Check every part, running or stopped, and say what to do about each problem."""
    from worker import checks

    findings = [checks.run(check) for check in checks.for_doctor(Settings.from_env())]
    if as_json:
        print_json([dataclasses.asdict(finding) for finding in findings])
    else:
        for finding in findings:
            mark = click.style("ok  ", fg="green") if finding.problem is None else click.style("FAIL", fg="red")
            click.echo(f"{mark}  {finding.name:<10}{finding.latency_ms:>9.2f} ms  {finding.problem or finding.detail}")
    if any(finding.problem for finding in findings):
        sys.exit(1)


@main.command()
@as_json_option
def status(as_json: bool) -> None:
    """Show what waits, who works, and what happened so far."""
    from worker.counters import NAMES
    from worker.status import status as ask

    with open_services() as built:
        found = ask(built.store, built.counters)
    if as_json:
        print_json(found)
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


def _become(module: str, *arguments: str) -> None:
    """Replace this process, so that signals reach who they are meant for."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.execv(sys.executable, [sys.executable, "-m", module, *arguments])

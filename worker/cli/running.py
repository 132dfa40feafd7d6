"""Run the processes of an installation, and check them."""

import dataclasses
import os
import sys
from pathlib import Path

import click

from worker.cli.base import TABLE, Failure, count_of, main, note, open_services, output_option, print_value
from worker.errors import AnswerbackError
from worker.launch.consuming import POOLS
from worker.settings import Settings, masked


@main.command()
def up() -> None:
    """Run everything on this machine until Ctrl-C."""
    from worker.launch.up import up as run

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
@click.argument("queue", type=click.Choice(sorted(POOLS)), default="answer")
def worker(queue: str) -> None:
    """Consume one queue (Celery)."""
    Settings.from_env()
    _become("worker.launch.consuming", queue)


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
    """Migrate the database to this version; create the first workspace and key."""
    from worker.launch.local_server import key_file
    from worker.launch.up import owner_link, prepare_database

    settings = Settings.from_env()
    made = prepare_database(settings)
    click.echo("The database is up to date.")
    if made is not None:
        click.echo(f"API key (kept in {key_file(settings)}): {made}")
    if (owner := owner_link(settings)) is not None:
        click.echo(f"Become the owner, and choose a password (once, within 7 days): {owner}")


@main.group()
def model() -> None:
    """Export models for serving, or check the language model."""


@model.command("export")
@click.argument("name", required=False)
@click.option("--force", is_flag=True, help="Export again.")
def export_embedding_model(name: str | None, force: bool) -> None:
    """Export an embedding model for serving (once; needs the extra `export`).

    NAME is a model that comes in a package (all-MiniLM-L6-v2, multilingual-e5-small), a folder, or one of the hub;
    without it, that of ANSWERBACK_EMBEDDING_MODEL. The default model ships as int8 and needs no export.
    ANSWERBACK_EMBEDDING_MODEL=NAME then chooses it; an ingest worker embeds every knowledge base anew.
    """
    settings = Settings.from_env()
    _export_embedding_model(settings, name or settings.embedding_model, force=force)


@model.command("check")
@click.argument("names", nargs=-1)
@click.option("--timeout-s", type=float, default=60.0, show_default=True, help="Seconds that each call may take.")
@output_option
def check_model(names: tuple[str, ...], timeout_s: float, output: str) -> None:
    """Ask the endpoint of the language model for all that answering needs.

    NAMES are models to try; without any, those of ANSWERBACK_MODELS. Each is called three times.
    """
    from worker.answering.chat_api.probe import probe_configured

    settings = Settings.from_env()
    reports = probe_configured(settings, names=names, timeout_s=timeout_s)
    if output != TABLE:
        print_value([report.to_json() for report in reports], output)
    else:
        click.echo(f"{masked(settings.openai_base_url or 'https://api.openai.com/v1')}")
        for report in reports:
            click.secho(f"\n{report.model}", bold=True)
            for step in report.steps:
                mark = click.style("ok  ", fg="green") if step.works else click.style("no  ", fg="yellow")
                click.echo(f"  {mark}{step.name:<18}{step.detail}")
            for name, value in report.parameters.items() if report.answers else ():
                click.secho(f"      {name:<18}{value}", dim=True)
    if not all(report.answers for report in reports):
        sys.exit(1)


@model.command("support")
@click.option("--force", is_flag=True, help="Export again.")
@click.option("--supported-label", type=int, help="Number of the label that means supported, where its name does not.")
@click.option(
    "--calibrate",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of labelled drafts (as tests/data/drafts) whose dev half the probability is fitted on.",
)
def export_support_model(force: bool, supported_label: int | None, calibrate: Path | None) -> None:
    """Export the classifier of ANSWERBACK_SUPPORT_MODEL for serving (once; needs the extra `export`).

    Without --calibrate the model's own probability counts as it is.
    """
    from kb.classifier_export import export
    from kb.extras import require_export

    settings = Settings.from_env()
    folder = settings.support_folder
    if folder is None or settings.support_model is None:
        raise Failure("ANSWERBACK_SUPPORT_MODEL names no model; the project's own needs no export.")
    if (folder / "manifest.json").exists() and not force:
        click.echo(f"{settings.support_model} is exported already: {folder}")
    else:
        require_export()
        manifest = export(
            settings.support_model, folder, label=supported_label, report=lambda line: click.echo(f"  {line}")
        )
        click.echo(f"  exported to {folder} ({manifest['file']}, differs by at most {manifest['difference']:.4f})")
    if calibrate is not None:
        from worker.evaluation.calibration import calibrate as fit

        fitted = fit(folder, calibrate)
        click.echo(f"  calibrated: slope {fitted['slope']}, bias {fitted['bias']}")


def _export_embedding_model(settings: Settings, name: str, *, force: bool) -> None:
    from kb.embedding import load
    from kb.export import export
    from kb.extras import require_export
    from worker.answering.triage.learned_examples import LearnedExamples

    folder, overrides = settings.folder_of_model(name), settings.embedding_overrides
    if (folder / "manifest.json").exists() and not force:
        click.echo(f"{name} is exported already: {folder}")
        return
    require_export()
    try:
        manifest = export(name, folder, overrides=overrides, report=lambda line: click.echo(f"  {line}"))
    except OSError as error:  # as the hub and its cache say that they do not have it
        raise Failure(f"The model {name} was found neither here nor on the hub: {str(error).splitlines()[0]}") from None
    cosines = ", ".join(f"{name} {value:.4f}" for name, value in manifest.get("cosine", {}).items())
    click.echo(f"  exported to {folder} (least cosine to the original: {cosines})" if cosines else f"  ready: {folder}")
    embedder = load(folder, precision=settings.embedding_precision, overrides=overrides)
    LearnedExamples(embedder, folder).recogniser()
    click.echo("  learned the examples of escalation")


@main.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def backup(file: Path) -> None:
    """Back the embedded installation up to FILE; it may run meanwhile."""
    from worker.launch.backup import backup as take

    manifest = take(Settings.from_env(), file)
    try:
        with open_services() as services:
            note(services, "backup", file.name, workspace_id=services.keys.workspace())
    except AnswerbackError as error:  # before an upgrade's migration, as one would
        click.secho(f"The backup could not be written to the audit log: {error}", fg="yellow", err=True)
    size = file.stat().st_size / 1024**2
    files = count_of(len(manifest["sha256"]), "file")
    click.echo(f"{file}: {size:.1f} MB, {files}. It holds keys: keep it where they are safe.")
    for version in manifest["left_out"]:
        click.secho(
            f"Version {version} of a knowledge base is not whole, and not in it: after a restore, an ingest worker "
            "builds it anew from the documents.",
            fg="yellow",
        )


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--replace", is_flag=True, help="Move the current state of the home aside, to before-….")
def restore(file: Path, replace: bool) -> None:
    """Restore the backup in FILE to the home; start the installation afterwards."""
    from worker.launch.backup import restore as put_back

    manifest = put_back(Settings.from_env(), file, replace=replace)
    click.echo(f"The home is as it was at {manifest['taken_at']}.")
    click.echo("Start it with `answerback up`, which makes the model if it is missing.")


@main.command()
@output_option
def doctor(output: str) -> None:
    """Check every component, running or stopped, and say what to do about each problem."""
    from worker import checks

    findings = [checks.run(check) for check in checks.for_doctor(Settings.from_env())]
    if output != TABLE:
        print_value([dataclasses.asdict(finding) for finding in findings], output)
    else:
        for finding in findings:
            failed = click.style("FAIL", fg="red") if finding.needed else click.style("warn", fg="yellow")
            mark = click.style("ok  ", fg="green") if finding.problem is None else failed
            click.echo(f"{mark}  {finding.name:<16}{finding.latency_ms:>9.2f} ms  {finding.problem or finding.detail}")
            if finding.problem and finding.why:
                click.secho(f"{'':34}{finding.why}", dim=True)
    if any(finding.problem and finding.needed for finding in findings):
        sys.exit(1)


@main.command()
@output_option
def status(output: str) -> None:
    """Show waiting messages, workers and counters."""
    from worker.runtime.status import status as ask
    from worker.telemetry.counters import NAMES

    with open_services() as services:
        found = ask(services.store, services.counters)
    if output != TABLE:
        print_value(found, output)
        return
    oldest = found["oldest_unanswered_s"]
    click.echo(
        f"unanswered messages  {found['open_messages']}" + (f", the oldest for {oldest:.1f} s" if oldest else "")
    )
    click.echo(f"leases held          {found['leases_held']}")
    for worker in found["workers"]:
        leases = count_of(worker["leases"], "lease")
        click.echo(f"worker {worker['id']:<32} {','.join(worker['roles']):<10} {worker['state']}, {leases}")
    for name, value in found["counters"].items():
        click.echo(f"{name:<20} {value:>10}  {NAMES[name]}")


def _become(module: str, *arguments: str) -> None:
    """Replace this process, so that signals reach who they are meant for."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.execv(sys.executable, [sys.executable, "-m", module, *arguments])

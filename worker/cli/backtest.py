"""Answer past tickets in shadow and report what would have become of them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from worker.cli.base import Failure, as_json_option, main, open_services, print_json, progress_bar

if TYPE_CHECKING:
    from worker.backtest.past_tickets import PastTickets
    from worker.services.commands import Commands


@dataclass(frozen=True, kw_only=True)
class _Options:
    """The options of the command, by their names."""

    workspace: str
    report: Path
    columns: tuple[str, ...]
    encoding: str | None
    limit: int | None
    max_cost: float | None
    max_seconds: float | None
    restart: bool
    unredacted: bool


@main.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--workspace", default="default", show_default=True)
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("backtest.html"),
    show_default=True,
    help="The page to write; JSON, CSV and the state of the run go beside it.",
)
@click.option(
    "--column", "columns", multiple=True, metavar="FIELD=NAME", help="Column of question, reply, subject or id."
)
@click.option("--encoding", help="Encoding of the file; found by itself if it is UTF-8, UTF-16 or Windows-1252.")
@click.option("--limit", type=click.IntRange(min=1), help="Answer so many tickets, drawn at random.")
@click.option("--max-cost", type=click.FloatRange(min=0, min_open=True), help="US dollars that the run may cost.")
@click.option("--max-seconds", type=click.FloatRange(min=0, min_open=True), help="Begin no ticket after so long.")
@click.option("--restart", is_flag=True, help="Forget what an earlier run has done.")
@click.option("--unredacted", is_flag=True, help="Keep card numbers, e-mail addresses, phone numbers and secrets.")
@as_json_option
def backtest(file: Path, *, as_json: bool, **options: Any) -> None:
    """Answer the past tickets of FILE in shadow and compare the answers with the humans' replies.

    FILE is CSV, JSON or JSON Lines, with a question and a human reply in each row, or an export of Zendesk or Intercom.
    Nothing is stored as a conversation, nothing is sent, and no tool that changes anything is called. A run that was
    stopped goes on where it was when the command is given again.
    """
    from worker.backtest import columns as names
    from worker.backtest import files

    given = _Options(**options)
    if not given.report.absolute().parent.is_dir():
        raise Failure(f"There is no folder {given.report.parent}.")
    chosen = names.parse(given.columns)
    found = files.read(file, chosen=chosen, encoding=given.encoding)
    if not found.tickets:
        raise Failure(_nothing(found))
    about = {
        "file": file.name,
        "content": hashlib.sha256(file.read_bytes()).hexdigest()[:16],
        "columns": ", ".join(f"{name}={column}" for name, column in chosen.items()),
        "encoding": found.encoding,
        "workspace": given.workspace,
        "personal_data": "kept" if given.unredacted else "masked",
    }
    with open_services() as services:
        figures, written = _run(services, found, about, given, quiet=as_json)
    if as_json:
        print_json({**figures, "files": [str(path) for path in written]})
    else:
        _print(figures, found, written)


def _run(
    services: "Commands", found: "PastTickets", about: dict[str, Any], given: _Options, *, quiet: bool
) -> tuple[dict[str, Any], Sequence[Path]]:
    """Answer the tickets, write the report and return its figures and files."""
    from worker.backtest import report as reports
    from worker.backtest import state_file
    from worker.backtest.run import Backtest, NoAnswer
    from worker.backtest.summary import summary
    from worker.redaction import Redactor

    workspace_id = services.keys.known_workspace(given.workspace)
    settings = services.workspace_settings.of(workspace_id)
    llm = settings.chosen_answerer == "llm"
    about |= {
        "snapshot": services.snapshot_cache.current(workspace_id).version,
        "answerer": settings.chosen_answerer,
        "models": ", ".join(settings.models) if llm else "",
    }
    stopped: str | None
    failure: NoAnswer | None = None
    with state_file.opened(given.report.with_suffix(".state.jsonl"), about, restart=given.restart) as state:
        run = Backtest(
            agent=services.shadow(
                workspace_id,
                max_usd=given.max_cost,
                spent_usd=sum(done.cost_usd for done in state.done.values()),
            ),
            embedder=services.question_embedder,
            workspace_id=workspace_id,
            voice=services.voices.get(workspace_id),
            deadline_s=settings.deadline_s,
            redactor=None if given.unredacted else Redactor(),
            max_seconds=given.max_seconds,
        )
        with progress_bar(not quiet, "answering") as progress:
            try:
                stopped = run.run(found.tickets, state, limit=given.limit, progress=progress)
            except NoAnswer as error:
                failure, stopped = error, "because the language model did not answer"
        results = [state.done[number] for number in sorted(state.done)]
    figures = {**summary(results, found.bad_rows, in_file=len(found.tickets)), "stopped": stopped}
    written = reports.write(
        given.report,
        about={**about, "format": found.format, "stopped": stopped},
        figures=figures,
        results=results,
        bad_rows=found.bad_rows,
    )
    if failure is not None:
        raise failure
    return figures, written


def _nothing(found: "PastTickets") -> str:
    lines = [f"  {row.location}: {row.reason}" for row in found.bad_rows[:5]]
    return "\n".join(["There is no ticket with a question and a human reply in the file.", *lines])


def _print(figures: dict[str, Any], found: "PastTickets", written: Sequence[Path]) -> None:
    for ending, count in figures["endings"].items():
        if count:
            click.echo(f"{ending.replace('_', ' '):<14}{count:>7}  {100 * count / figures['tickets']:>3.0f} %")
        if ending == "handed_off":
            for reason, of_reason in figures["handed_off"].items():
                click.secho(f"  {reason:<12}{of_reason:>7}", dim=True)
    if figures["closeness"]:
        click.echo(f"closeness to the human reply: median {figures['closeness']['median']:.2f}, of 1")
    for row in found.bad_rows[:5]:
        click.secho(f"left out: {row.location}: {row.reason}", fg="yellow", err=True)
    if len(found.bad_rows) > 5:
        click.secho(f"… and {len(found.bad_rows) - 5} more, in the report", fg="yellow", err=True)
    if figures["stopped"]:
        click.secho(f"Stopped {figures['stopped']}: give the command again to go on.", fg="yellow", err=True)
    click.echo(f"{written[0]} (and {', '.join(path.suffix for path in written[1:])} beside it)")

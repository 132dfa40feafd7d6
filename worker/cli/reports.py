"""Reports on what became of conversations."""

import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import click

from worker.cli.base import TABLE, main, open_services, output_option, print_table, print_value
from worker.cli.remote import Server, connect, server_options

_DAY = click.DateTime(["%Y-%m-%d"])

#: Between batches, so that others write to the database meanwhile.
_PAUSE_S = 0.05


@main.command()
@click.option("--since", type=_DAY, help="First day (UTC); without it, the period has 30 days.")
@click.option("--until", type=_DAY, help="Last day (UTC); today without it.")
@click.option("--channel", help="Only conversations of this channel; `none` where it is not known.")
@click.option("--language", help="Only conversations in this language, such as `de`.")
@click.option("--workspace", default="default", show_default=True)
@click.option(
    "--csv", "as_csv", is_flag=True, help="Print CSV, with the figures of each day, reason, channel, language."
)
@output_option
@server_options(optional=True)
def report(
    since: datetime | None,
    until: datetime | None,
    channel: str | None,
    language: str | None,
    workspace: str,
    as_csv: bool,
    output: str,
    server: Server | None,
) -> None:
    """Report what became of conversations, compared with the days before."""
    days = {"since": since and since.date(), "until": until and until.date()}
    found = _here(days, channel, language, workspace) if server is None else _there(days, channel, language, server)
    if as_csv:
        from worker.reports.spreadsheet import to_csv

        click.echo(to_csv(found), nl=False)
    elif output != TABLE:
        print_value(found, output)
    else:
        _print(found)


def _here(days: dict[str, date | None], channel: str | None, language: str | None, workspace: str) -> dict[str, Any]:
    from worker.reports.collecting import FactCollector
    from worker.reports.figures import Which, summary
    from worker.reports.period import period_of

    period = period_of(now_ms=round(datetime.now(UTC).timestamp() * 1_000), first=days["since"], last=days["until"])
    with open_services() as services:
        workspace_id = services.keys.known_workspace(workspace)
        while FactCollector(services.store).collect():
            time.sleep(_PAUSE_S)
        return summary(services.store, workspace_id, period, Which(channel=channel, language=language))


def _there(days: dict[str, date | None], channel: str | None, language: str | None, server: Server) -> dict[str, Any]:
    asked = {**days, "channel": channel, "language": language}
    with connect(server) as remote:
        query: dict[str, Any] = {name: str(value) for name, value in asked.items() if value is not None}
        return remote.get("/v1/reports/summary", **query)


def _print(report: dict[str, Any]) -> None:
    now, before, period = report["totals"], report["totals_before"], report["period"]
    click.secho(f"{period['since']} to {period['until']}, and the {len(report['days'])} days before", bold=True)
    formats: dict[str, Callable[[Any], str]] = {
        "conversations": str,
        "resolved_by_bot": str,
        "resolution_rate": _percent,
        "partly_answered": str,
        "resolved_by_human": str,
        "open": str,
        "unresolved": str,
        "handed_off": str,
        "reopened": str,
        "satisfaction": _percent,
        "first_response_ms": _times,
        "resolution_ms": _times,
        "cost_usd": _dollars,
        "cost_per_resolution_usd": _dollars,
    }
    rows = [[name.replace("_", " "), show(now[name]), show(before[name])] for name, show in formats.items()]
    print_table(["figure", "now", "before"], rows)
    if report["handoffs"]:
        click.echo()
        lines = [[line["reason"], line["count"], line["before"]] for line in report["handoffs"]]
        print_table(["handed off because", "now", "before"], lines)


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.0%}"


def _dollars(cost: float | None) -> str:
    return "–" if cost is None else f"${cost:.4f}"


def _times(found: dict[str, int] | None) -> str:
    return "–" if found is None else f"median {found['p50'] / 1_000:,.0f} s, p90 {found['p90'] / 1_000:,.0f} s"

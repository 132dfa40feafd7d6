"""Reports for whoever answers for the desk: figures, charts, topics, CSV, and the weekly mail."""

from typing import Any

import flask
from markupsafe import Markup
from werkzeug.wrappers import Response

from kb.errors import KnowledgeError
from web.console import plots
from web.console.session import personal
from web.console.site import REFUSALS, Page, blueprint, refused, to
from web.http.api import checked, services
from web.http.auth import needs
from web.schemas.reports import ReportQuery
from worker.access.permissions import Permission
from worker.knowledge.search_service import NoWorker
from worker.reports import figures
from worker.reports.figures import ALL, UNKNOWN, Which
from worker.reports.period import DEFAULT_DAYS, Period, period_of
from worker.reports.spreadsheet import to_csv
from worker.states import SuggestionState

_SPANS = (7, 30, 90, 365)
_MAX_SUGGESTIONS = 5

#: Series of the chart of outcomes, with their labels.
_OUTCOMES = {
    "resolved_by_bot": "resolved by the bot",
    "partly_answered": "partly answered",
    "unresolved": "unresolved",
    "resolved_by_human": "resolved by people",
    "open": "still open",
}

#: Days from which a chart has a bar for each week.
_MANY_DAYS = 93


@blueprint.get("/reports")
@needs(Permission.READ)
def reports() -> Page:
    """Show the figures of a period beside those of the period before."""
    try:
        return _reports(**_asked())
    except REFUSALS as error:
        return refused(error, _reports)


@blueprint.get("/reports/topics")
@needs(Permission.READ)
def report_topics() -> str:
    """Show the topics of a period: the part of the page that a worker computes."""
    asked, problem, found = _asked(), None, None
    period, which = asked["period"], asked["which"]
    try:
        found = services().search_client.topics(
            flask.g.principal.workspace_id,
            first=str(period.first),
            last=str(period.last),
            channel=which.channel,
            language=which.language,
        )
    except NoWorker:
        problem = "No answer worker replied in time, so the topics are not known now. Reload the page to try again."
    except KnowledgeError as error:
        problem = str(error)
    return flask.render_template("console/_topics.html", topics=found, problem=problem)


@blueprint.get("/reports.csv")
@needs(Permission.READ)
def report_csv() -> Response:
    """Download the figures of a period."""
    asked = _asked()
    period: Period = asked["period"]
    found = figures.summary(services().store, flask.g.principal.workspace_id, period, asked["which"])
    name = f"report-{period.first}-{period.last}.csv"
    return flask.Response(
        to_csv(found),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@blueprint.post("/reports/mail")
@personal
def mail_reports() -> Response:
    """Have the weekly report mailed to oneself, or no more."""
    wanted = flask.request.form.get("wanted") == "1"
    session = flask.g.session
    if session is None:
        flask.abort(403, description="API keys get no mail: log in with your account.")
    services().accounts.weekly_reports.want(session.principal.workspace_id, session.account_id, wanted=wanted)
    return to("reports", _anchor="mail")


def _asked() -> dict[str, Any]:
    """Return the period and the filters that the address asks for.

    Raises:
        Invalid: a day is none, or the period has no or too many days.
    """
    given = {name: value for name, value in flask.request.args.items() if value and name in ReportQuery().fields}
    query = checked(ReportQuery(), given)
    with services().store.read() as connection:
        now_ms = services().store.now(connection)
    days = flask.request.args.get("days", DEFAULT_DAYS, type=int)
    period = period_of(
        now_ms=now_ms,
        first=query.get("since"),
        last=query.get("until"),
        days=days if days in _SPANS else DEFAULT_DAYS,
    )
    return {"period": period, "which": Which(channel=query.get("channel"), language=query.get("language"))}


def _reports(period: Period | None = None, which: Which = ALL, **more: Any) -> str:
    workspace_id = flask.g.principal.workspace_id
    if period is None:  # what was asked for is wrong
        with services().store.read() as connection:
            period = period_of(now_ms=services().store.now(connection))
    found = figures.summary(services().store, workspace_id, period, which)
    filters = {"channel": which.channel, "language": which.language}
    return flask.render_template(
        "console/reports.html",
        report=found,
        days=_weeks(found["days"]) if period.days > _MANY_DAYS else found["days"],
        unit="Week of" if period.days > _MANY_DAYS else "Day",
        outcomes=_OUTCOMES,
        charts=_charts(_weeks(found["days"]) if period.days > _MANY_DAYS else found["days"]),
        spans=_SPANS,
        length=period.days,
        asked={"since": str(period.first), "until": str(period.last), **filters},
        filters=filters,
        unknown=UNKNOWN,
        suggestions=services().suggestions.most_asked(workspace_id, state=SuggestionState.OPEN, limit=_MAX_SUGGESTIONS),
        **_mail(),
        **more,
    )


def _mail() -> dict[str, Any]:
    """Return whether mail can be sent, and whether whoever is logged in wants the weekly report."""
    accounts, session = services().accounts, flask.g.session
    if session is None or not accounts.mails.can_send:
        return {"can_mail": False, "is_mailed": False}
    wanted = accounts.weekly_reports.is_wanted(session.principal.workspace_id, session.account_id)
    return {"can_mail": True, "is_mailed": wanted}


def _weeks(days: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the counts of each seven days, named by the first."""
    names = ("conversations", *_OUTCOMES)
    weeks = [days[first : first + 7] for first in range(0, len(days), 7)]
    return [{"day": week[0]["day"], **{name: sum(day[name] for day in week) for name in names}} for week in weeks]


def _charts(days: list[dict[str, Any]]) -> dict[str, Markup]:
    """Return the charts, by title."""
    names = [day["day"] for day in days]
    series = {label: [day[name] for day in days] for name, label in _OUTCOMES.items()}
    rates = [day["resolved_by_bot"] / day["conversations"] * 100 if day["conversations"] else None for day in days]
    return {
        "Conversations by outcome": plots.bars(names, series, label="Conversations by the day they began, and outcome"),
        "Resolved by the bot": plots.lines(
            names, {"resolved by the bot": rates}, label="Share of conversations that the bot resolved", unit=" %"
        ),
    }


#: Units of time in ms, and until when each is used.
_UNITS = ((1, "ms", 1_000), (1_000, "s", 60_000), (60_000, "min", 3_600_000), (3_600_000, "h", 172_800_000))


@blueprint.app_template_filter("duration")
def duration(ms: int | None) -> str:
    """Return a time in words for tables: `850 ms`, `2.1 s`, `5 min`, `3.5 h`, `2.1 days`."""
    if ms is None:
        return "–"
    for size, unit, end in _UNITS:
        if ms < end:
            return f"{ms / size:.3g} {unit}"
    return f"{ms / 86_400_000:.3g} days"


@blueprint.app_template_filter("change")
def change(now: float | None, before: float | None) -> str:
    """Return how a number changed: `+12 %`, `−3 %`, `±0 %`; nothing where there was none before."""
    if not before or now is None:
        return ""
    percent = round((now - before) / before * 100)
    return f"{'+' if percent > 0 else '−' if percent < 0 else '±'}{abs(percent):,} %"

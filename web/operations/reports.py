"""Reports on what became of conversations."""

from typing import Any

import flask

from web.http.api import Blueprint, services
from web.http.auth import needs
from web.http.operations import operation
from web.schemas import reports as schemas
from worker.access.permissions import Permission
from worker.reports import figures
from worker.reports.figures import Which
from worker.reports.period import Period, period_of

blueprint = Blueprint("reports", __name__, description="Reports on what became of conversations")


@blueprint.get("/reports/summary")
@operation("reports.retrieve")
@needs(Permission.READ)
@blueprint.arguments(schemas.ReportQuery, location="query")
@blueprint.response(200, schemas.Report)
def show(query: dict[str, Any]) -> dict[str, Any]:
    """Return the figures of a period beside those of the period before."""
    return figures.summary(services().store, flask.g.principal.workspace_id, _period(query), _which(query))


@blueprint.get("/reports/topics")
@operation("reports.topics", "no_worker", "knowledge_error")
@needs(Permission.READ)
@blueprint.arguments(schemas.ReportQuery, location="query")
@blueprint.response(200, schemas.ReportTopics)
def topics(query: dict[str, Any]) -> dict[str, Any]:
    """Group the conversations of a period by what they ask."""
    period, which = _period(query), _which(query)
    return services().search_client.topics(
        flask.g.principal.workspace_id,
        first=str(period.first),
        last=str(period.last),
        channel=which.channel,
        language=which.language,
    )


def _period(query: dict[str, Any]) -> Period:
    with services().store.read() as connection:
        now_ms = services().store.now(connection)
    return period_of(now_ms=now_ms, first=query.get("since"), last=query.get("until"))


def _which(query: dict[str, Any]) -> Which:
    return Which(channel=query.get("channel"), language=query.get("language"))

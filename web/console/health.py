"""The health of the installation, and the budgets for language models."""

import flask

from web.console.site import Page, blueprint
from web.http.api import scope, services
from web.http.auth import admin
from web.operations.health import components
from worker.answering import spending
from worker.runtime.status import status
from worker.telemetry.counters import NAMES

_PAGE = 50


@blueprint.get("/health")
@admin
def health() -> Page:
    """Show components, workers and counters of all workspaces."""
    deps = services()
    return flask.render_template(
        "console/health.html",
        components=components(deps.settings),
        status=status(deps.store, deps.counters),
        meanings=NAMES,
        flower=f"http://{deps.settings.flower_host}:{deps.settings.flower_port}",
    )


@blueprint.get("/budgets")
@admin
def budgets() -> Page:
    """Show budgets, and the cost of models by day and key."""
    workspace, deps = scope(), services()
    days, cursor = spending.page(workspace, by="day", after=flask.request.args.get("cursor"), limit=_PAGE)
    today = spending.today(workspace, deps.settings.budgets)
    names = {key["id"]: key["name"] for key in deps.keys.all(workspace.workspace_id)}
    return flask.render_template(
        "console/budgets.html",
        limits=[{"budget": budget, "spent": spent} for budget, spent in today.spent],
        days=days,
        keys=[{**key, "name": names.get(key["subject"], key["subject"])} for key in today.keys[:_PAGE]],
        today=today.day,
        cursor=cursor,
    )

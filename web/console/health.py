"""How the installation is, and what models may still cost."""

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
    """Show each part, each worker, and what happened so far, over all workspaces."""
    built = services()
    return flask.render_template(
        "console/health.html",
        components=components(built.settings),
        status=status(built.store, built.counters),
        meanings=NAMES,
        flower=f"http://{built.settings.flower_host}:{built.settings.flower_port}",
    )


@blueprint.get("/budgets")
@admin
def budgets() -> Page:
    """Show what models cost today and before, and what they may cost."""
    workspace, built = scope(), services()
    days, cursor = spending.page(workspace, by="day", after=flask.request.args.get("cursor"), limit=_PAGE)
    today = spending.today(workspace, built.settings.budgets)
    names = {key["id"]: key["name"] for key in built.keys.all(workspace.workspace_id)}
    return flask.render_template(
        "console/budgets.html",
        limits=[{"budget": budget, "spent": spent} for budget, spent in today.spent],
        days=days,
        keys=[{**key, "name": names.get(key["subject"], key["subject"])} for key in today.keys[:_PAGE]],
        today=today.day,
        cursor=cursor,
    )

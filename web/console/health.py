"""How the installation is, and what models may still cost."""

import flask

from web.console.site import Page, blueprint
from web.http.api import scope, services
from web.http.auth import admin
from web.operations.health import components
from worker.answering import spending
from worker.runtime.status import status
from worker.store import tables
from worker.telemetry.counters import NAMES
from worker.time import to_rfc3339

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
    mine, built = scope(), services()
    with built.store.read() as connection:
        today = str(to_rfc3339(built.store.now(connection)))[:10]
    table = tables.spending
    days, cursor = mine.page(table, table.c.scope == "day", after=flask.request.args.get("cursor"), limit=_PAGE)
    accounts = mine.select(table).where(table.c.scope.in_(("key", "day")), table.c.day == today)
    with built.store.read() as connection:
        todays = connection.execute(accounts).mappings().all()
    limits = [
        {
            "budget": budget,
            "spent": max((budget.of(row) for row in todays if row["scope"] == budget.scope), default=None),
        }
        for budget in built.settings.budgets
    ]
    of_keys = sorted((row for row in todays if row["scope"] == "key"), key=lambda row: row["cost_usd"], reverse=True)
    names = {one["id"]: one["name"] for one in built.keys.all(mine.workspace_id)}
    return flask.render_template(
        "console/budgets.html",
        limits=limits,
        days=[spending.to_api(row) for row in days],
        keys=[{**spending.to_api(row), "name": names.get(row["subject"], row["subject"])} for row in of_keys[:_PAGE]],
        today=today,
        cursor=cursor,
    )

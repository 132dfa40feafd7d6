"""The health of the installation, and the budgets for language models."""

from typing import Any

import flask

from web.console.site import Page, blueprint
from web.http.api import scope, services
from web.http.auth import admin
from web.operations.health import components
from worker.answering.chat_api import spending
from worker.runtime.status import status
from worker.settings import Settings, masked
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


@blueprint.get("/model")
@admin
def model() -> Page:
    """Show the configured language models."""
    return _model()


@blueprint.post("/model")
@admin
def check_model() -> Page:
    """Call each configured language model, and show what works and which parameters are used."""
    from worker.answering.chat_api.probe import probe_for_page  # the front does not load the client otherwise

    settings = _settings()
    return _model(reports=probe_for_page(settings, guard=services().workspace_settings.guard_of(settings)))


def _settings() -> Settings:
    return services().workspace_settings.of(flask.g.principal.workspace_id)


def _model(**more: Any) -> str:
    settings = _settings()
    return flask.render_template(
        "console/model.html",
        answerer=settings.chosen_answerer,
        models=settings.models,
        endpoint=masked(settings.openai_base_url or "https://api.openai.com/v1"),
        judge=settings.chosen_judge,
        **more,
    )


@blueprint.get("/budgets")
@admin
def budgets() -> Page:
    """Show budgets, and the cost of models by day and key."""
    workspace, deps, settings = scope(), services(), _settings()
    days, cursor = spending.page(workspace, by="day", after=flask.request.args.get("cursor"), limit=_PAGE)
    today = spending.today(workspace, settings.budgets, judge_budgets=settings.judge_budgets)
    names = {key["id"]: key["name"] for key in deps.keys.all(workspace.workspace_id)}
    return flask.render_template(
        "console/budgets.html",
        limits=[
            {"budget": budget, "spent": spent, "of_judge": of_judge}
            for of_judge, spendings in ((False, today.spent), (True, today.judge))
            for budget, spent in spendings
        ],
        days=days,
        keys=[{**key, "name": names.get(key["subject"], key["subject"])} for key in today.keys[:_PAGE]],
        today=today.day,
        cursor=cursor,
    )

"""The settings of the workspace by area: checked and shown as a difference before they are saved; their history."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import flask
from markupsafe import Markup, escape
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from kb.errors import KnowledgeError
from web.console.settings_form import SettingsForm, options
from web.console.site import Page, blueprint, to
from web.http.api import services
from web.http.auth import admin
from web.knowledge.answers import direct_answer
from worker.errors import AnswerbackError
from worker.knowledge.search_service import NoWorker
from worker.settings.overridable import AREAS, OVERRIDABLE, Area, in_area
from worker.workspace_settings import settings_file
from worker.workspace_settings.listing import to_api
from worker.workspace_settings.overrides import SettingsRefused
from worker.workspace_settings.workspace_settings import SettingsChanged, WorkspaceSettings

#: Seconds that a question may take that is tried, and its most characters.
_TRY_TIMEOUT_S = 40.0
_MAX_QUESTION = 2_000


@blueprint.app_template_filter("code")
def code(text: str) -> Markup:
    """Return a text as HTML in which what stands in backticks is code, and settings have their names of the console."""
    for setting in OVERRIDABLE.values():
        text = re.sub(rf"`?\b{setting.env}\b`?", f"“{setting.label}”", text)
    parts = re.split(r"`([^`]+)`", text)
    return Markup("").join(Markup("<code>{}</code>").format(p) if n % 2 else escape(p) for n, p in enumerate(parts))


@blueprint.get("/settings")
@admin
def settings() -> Response:
    """Lead to the first area."""
    return to("settings_area", area=AREAS[0].name)


@blueprint.get("/settings/<string:area>")
@admin
def settings_area(area: str) -> Page:
    """Show an area as a form."""
    found = _area(area)
    overrides = _settings().overrides(_owner())
    return _page(found, SettingsForm.of(overrides, area), saved="saved" in flask.request.args)


@blueprint.post("/settings/<string:area>/review")
@admin
def review_settings(area: str) -> Page:
    """Show what a form would change and what is wrong with it, or try its model; nothing is saved."""
    found, given = _area(area), flask.request.form
    form = SettingsForm.sent(given, area, _settings(), _owner())
    if name := given.get("reset"):
        form = form.without(name)
    try:
        would, changes = _settings().preview(_owner(), form.new(_settings(), _owner()))
    except SettingsRefused as error:
        return _page(found, form, problems=error.problems_by_field, version=_version()), 422
    more: dict[str, Any] = {"question": given.get("question", "").strip()[:_MAX_QUESTION]}
    if "try" in given and more["question"]:
        more["tries"] = _tries(more["question"], form.new(_settings(), _owner()))
    if "check" in given:
        from worker.answering.chat_api.probe import probe_for_page  # the front does not load the client otherwise

        more["reports"] = probe_for_page(would, guard=_settings().guard_of(would))
        more["checked"] = True
    return _page(found, form, changes=changes, version=_version(), **more)


@blueprint.post("/settings/<string:area>")
@admin
def save_settings(area: str) -> Page | Response:
    """Save an area, unless a value is wrong or somebody changed the settings meanwhile."""
    found, form = _area(area), SettingsForm.sent(flask.request.form, area, _settings(), _owner())
    new = form.new(_settings(), _owner())
    try:
        changes = _settings().change(_owner(), new, version=_version())
    except SettingsRefused as error:
        return _page(found, form, problems=error.problems_by_field, version=_version()), 422
    except SettingsChanged:
        _would, changes = _settings().preview(_owner(), new)
        return _page(found, form, changes=changes, is_conflict=True), 409
    flask.g.made, flask.g.changes = "settings", [change.to_api() for change in changes]
    return to("settings_area", area=area, saved=1)


@blueprint.get("/settings/history")
@admin
def settings_history() -> Page:
    """Show who changed which setting, newest first."""
    found, cursor = services().audit_log.page(_owner(), {"subject": "settings"}, after=flask.request.args.get("cursor"))
    return flask.render_template(
        "console/settings_history.html",
        rows=found,
        cursor=cursor,
        tabs=_tabs("history"),
        label=_label,
        value_text=_value_text,
    )


@blueprint.get("/settings/file")
@admin
def settings_in_file() -> Response:
    """Send what the workspace overrides as a YAML file, without secrets."""
    response = flask.Response(settings_file.write(_settings().overrides(_owner())), mimetype="application/yaml")
    response.headers["Content-Disposition"] = 'attachment; filename="answerback-settings.yaml"'
    return response


def _tries(question: str, new: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return the answers of a worker with the settings of today and with new ones; nothing is stored."""
    tried = _settings().sealed(_owner(), new)
    return [("Today", _direct(question, None)), ("With these changes", _direct(question, tried))]


def _direct(question: str, tried: dict[str, Any] | None) -> dict[str, Any]:
    try:
        return direct_answer(question, turns=(), wait_s=_TRY_TIMEOUT_S, tried=tried)
    except (NoWorker, KnowledgeError) as error:
        return {"problem": str(error)}


def _page(area: Area, form: SettingsForm, *, version: int | None = None, **more: Any) -> str:
    """Return the page of an area with a form; `version` is what the form was made of, if not of what is stored."""
    overrides = _settings().overrides(_owner())
    items = {item["name"]: item for item in to_api(overrides, _settings().defaults)["items"]}
    problems: Mapping[str, str] = more.pop("problems", {})
    return flask.render_template(
        "console/settings.html",
        area=area,
        tabs=_tabs(area.name),
        fields=[{**items[setting.name], "options": options(setting)} for setting in in_area(area.name)],
        form=form,
        problems=problems,
        version=overrides.version if version is None else version,
        unusable=_unusable(),
        label=_label,
        value_text=_value_text,
        area_of=lambda name: OVERRIDABLE[name].area,
        **more,
    )


def _unusable() -> str | None:
    """Return why the stored settings cannot be used at present, so that messages wait; None when they can."""
    try:
        _settings().of(_owner())
    except AnswerbackError as error:
        return str(error)
    return None


def _settings() -> WorkspaceSettings:
    return services().workspace_settings


def _owner() -> str:
    return str(flask.g.principal.workspace_id)


def _area(name: str) -> Area:
    found = next((area for area in AREAS if area.name == name), None)
    if found is None:
        raise NotFound("There are no such settings.")
    return found


def _version() -> int:
    """Return the version that the form was made of; one that is never stored if it has another text there."""
    version = flask.request.form.get("version", "")
    return int(version) if version.isdecimal() and len(version) < 16 else -1


def _tabs(current: str) -> Sequence[tuple[str, str, bool]]:
    areas = [
        (flask.url_for("console.settings_area", area=area.name), area.title, area.name == current) for area in AREAS
    ]
    return [*areas, (flask.url_for("console.settings_history"), "History", current == "history")]


def _label(name: str) -> str:
    return OVERRIDABLE[name].label if name in OVERRIDABLE else name


def _value_text(name: str, value: Any) -> str:
    """Return a value of a change as a text."""
    if value is None:
        return "default"
    setting = OVERRIDABLE.get(name)
    return str(value) if setting is None else setting.to_text(value)

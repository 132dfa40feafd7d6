"""Connect a helpdesk, show the steps to take in it, change how it is reached, and disconnect it."""

from collections.abc import Mapping
from typing import Any

import flask
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from web.console.site import REFUSALS, Page, blueprint, given, refused, to
from web.http.api import checked, services
from web.http.auth import admin
from web.schemas.helpdesks import HelpdeskChange, NewHelpdesk
from worker.errors import Invalid
from worker.helpdesks.options import MODES, OPTIONS

#: Labels of the kinds of helpdesks that are not their capitalised name.
_KINDS = {"email": "E-mail", "zendesk": "Zendesk"}

#: Addresses as each kind has them, for the hint of the field.
_ADDRESSES = {
    "email": "mailto: with the addresses to notify, such as mailto:desk@yours.example",
    "zendesk": "https://yours.zendesk.com",
    "freshdesk": "https://yours.freshdesk.com",
    "intercom": "https://api.intercom.io, or that of your region",
    "slack": "https://slack.com",
}

_HOURS_HINT = "Europe/Berlin on the first line, then a day and its hours on each, such as: mon 09:00-17:30"


@blueprint.get("/helpdesks/new/<string:kind>")
@admin
def new_helpdesk(kind: str) -> Page:
    """Show the form that connects a helpdesk of a kind."""
    return _form(kind)


@blueprint.post("/helpdesks/new/<string:kind>")
@admin
def connect_helpdesk(kind: str) -> Page:
    """Connect a helpdesk; only this response shows a secret that was made."""
    if kind not in OPTIONS:
        raise NotFound("There is no such kind of helpdesk.")
    try:
        options = {name: value for name in OPTIONS[kind] if (value := given(f"option-{name}"))}
        fields = {"name": given("name"), "kind": kind, "url": given("url", most=2_000), "mode": given("mode")}
        more = {name: value for name in ("token", "webhook_secret") if (value := given(name, most=2_000))}
        new = checked(NewHelpdesk(), {**fields, **more, "options": options, **_limits()})
        made = services().connections.make(_owner(), new)
    except REFUSALS as error:
        return refused(error, _form, kind)
    flask.g.made = made["id"]
    return _setup(made["id"], secret=None if "webhook_secret" in more else made["webhook_secret"])


@blueprint.get("/helpdesks/<string:helpdesk_id>/setup")
@admin
def setup_helpdesk(helpdesk_id: str) -> Page:
    """Show what an administrator has to do in the helpdesk."""
    return _setup(helpdesk_id)


@blueprint.get("/helpdesks/<string:helpdesk_id>/edit")
@admin
def edit_helpdesk(helpdesk_id: str) -> Page:
    """Show a connection as a form; its secrets are not shown."""
    row = services().connections.show(_owner(), helpdesk_id)
    typed = {"typed_url": row["url"], "typed_languages": ", ".join(row["languages"] or ())}
    hours = row["hours"] or {}
    lines = [hours["timezone"], *(f"{day} {span}" for day, span in hours.items() if day != "timezone")] if hours else []
    return _form(row["kind"], row, **typed, typed_hours="\n".join(lines))


@blueprint.post("/helpdesks/<string:helpdesk_id>/edit")
@admin
def save_helpdesk(helpdesk_id: str) -> Page | Response:
    """Change how a helpdesk is reached and when it is answered; empty secrets stay as they are."""
    row = services().connections.show(_owner(), helpdesk_id)
    try:
        fields = {name: value for name in ("url", "token", "webhook_secret") if (value := given(name, most=2_000))}
        new = checked(HelpdeskChange(), {**fields, **_limits(with_empty=True)})
        services().connections.change(_owner(), helpdesk_id, new)
    except REFUSALS as error:
        return refused(error, _form, row["kind"], row)
    return to("helpdesks")


@blueprint.post("/helpdesks/<string:helpdesk_id>/remove")
@admin
def remove_helpdesk(helpdesk_id: str) -> Response:
    """Disconnect a helpdesk; its conversations stay."""
    services().connections.remove(_owner(), helpdesk_id)
    return to("helpdesks")


def kinds() -> Mapping[str, str]:
    """Return the labels of the kinds of helpdesks."""
    return {kind: _KINDS.get(kind, kind.capitalize()) for kind in OPTIONS}


def _form(kind: str, row: Mapping[str, Any] | None = None, /, **more: Any) -> str:
    if kind not in OPTIONS:
        raise NotFound("There is no such kind of helpdesk.")
    return flask.render_template(
        "console/helpdesk_form.html",
        kind=kind,
        label=kinds()[kind],
        row=row,
        options=OPTIONS[kind],
        modes=MODES,
        address=_ADDRESSES.get(kind, "https://…"),
        hours_hint=_HOURS_HINT,
        typed=lambda name: more.get(f"typed_{name}", ""),
        **more,
    )


def _setup(helpdesk_id: str, secret: str | None = None) -> str:
    connections = services().connections
    row = connections.named(_owner(), helpdesk_id)
    base = flask.request.url_root.rstrip("/")
    steps = connections.setup(row, f"{base}/v1/helpdesks/{row.id}/inbound")
    return flask.render_template("console/helpdesk_setup.html", row=row, steps=steps, secret=secret, base=base)


def _owner() -> str:
    return str(flask.g.principal.workspace_id)


def _limits(*, with_empty: bool = False) -> dict[str, Any]:
    """Return the languages and hours that were typed; those left empty are left out, or None `with_empty`."""
    limits: dict[str, Any] = {}
    languages = [code.strip() for code in given("languages").split(",") if code.strip()]
    hours = _hours(given("hours", most=1_000))
    for name, value in (("languages", languages), ("hours", hours)):
        if value or with_empty:
            limits[name] = value or None
    return limits


def _hours(text: str) -> dict[str, str]:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        return {}
    hours = {"timezone": lines[0]}
    for line in lines[1:]:
        day, _space, span = line.partition(" ")
        if day.lower() in hours or not span:
            raise Invalid(f"Write {_HOURS_HINT}; not {line!r}.", field="hours")
        hours[day.lower()] = span.replace(" ", "")
    return hours

"""Connected helpdesks and their checks."""

from typing import Any

import flask
from werkzeug.wrappers import Response

from web.console.connecting import kinds
from web.console.site import Page, blueprint, given, to
from web.http.api import services
from web.http.auth import admin, needs
from worker.access.permissions import Permission
from worker.helpdesks.options import MODES


@blueprint.get("/helpdesks")
@needs(Permission.READ)
def helpdesks() -> Page:
    """Show the connected helpdesks."""
    return _helpdesks()


@blueprint.post("/helpdesks/<string:helpdesk_id>/check")
@admin
def check_helpdesk(helpdesk_id: str) -> Page:
    """Check a connection, and show the result of each check."""
    connections, workspace_id = services().connections, flask.g.principal.workspace_id
    row = connections.named(workspace_id, helpdesk_id)
    return _helpdesks(checked={helpdesk_id: connections.check(row)})


@blueprint.post("/helpdesks/<string:helpdesk_id>/change")
@admin
def change_helpdesk(helpdesk_id: str) -> Response:
    """Change the mode of a connection, or enable or disable it."""
    new = {}
    if (mode := given("mode")) in MODES:
        new["mode"] = mode
    if (state := given("state")) in ("enabled", "disabled"):
        new["state"] = state
    services().connections.change(flask.g.principal.workspace_id, helpdesk_id, new)
    return to("helpdesks")


def _helpdesks(**more: Any) -> str:
    found = services().connections.all(flask.g.principal.workspace_id)
    return flask.render_template("console/helpdesks.html", rows=found, modes=MODES, kinds=kinds(), **more)

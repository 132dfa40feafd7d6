"""Mailboxes: what came and went, and how each is reached."""

from typing import Any
from urllib.parse import quote

import flask
from werkzeug.wrappers import Response

from web.console.site import REFUSALS, Page, blueprint, given, refused, to
from web.http.api import checked, services
from web.http.auth import admin, needs
from web.schemas.mailboxes import NewMailbox
from worker.access.permissions import Permission
from worker.errors import Invalid
from worker.helpdesks.options import MODES
from worker.mailboxes.consents import ConsentState

#: Mails that the page of a mailbox shows, each way.
_MAX_MAILS = 50

#: Ports at which a connection begins in clear and is then encrypted.
_STARTTLS_PORTS = ("143", "587", "25")


@blueprint.get("/mailboxes")
@needs(Permission.READ)
def mailboxes() -> Page:
    """Show the connected mailboxes with their last mail."""
    found = services().mailboxes.all(_owner())
    last = {row["id"]: services().mailboxes.recent(_owner(), row["id"], limit=1) for row in found}
    return flask.render_template("console/mailboxes.html", rows=found, last=last)


@blueprint.get("/mailboxes/new")
@admin
def new_mailbox() -> Page:
    """Show the form that connects a mailbox."""
    return _form()


@blueprint.post("/mailboxes/new")
@admin
def connect_mailbox() -> Page | Response:
    """Connect a mailbox, and show its page."""
    try:
        made = services().mailboxes.make(_owner(), checked(NewMailbox(), _typed()))
    except REFUSALS as error:
        return refused(error, _form)
    flask.g.made = made["id"]
    return to("mailbox", mailbox_id=made["id"])


@blueprint.get("/mailboxes/<string:mailbox_id>")
@needs(Permission.READ)
def mailbox(mailbox_id: str) -> Page:
    """Show a mailbox with its last mail."""
    return _page(mailbox_id)


@blueprint.post("/mailboxes/<string:mailbox_id>/check")
@admin
def check_mailbox(mailbox_id: str) -> Page:
    """Log in to the servers of a mailbox, and show the result of each step."""
    known = services().mailboxes
    found = known.check(known.get(_owner(), mailbox_id))
    # The page says by itself that no sender is believed.
    return _page(mailbox_id, checks=[(name, wrong) for name, wrong in found if not name.startswith("authserv_id")])


@blueprint.post("/mailboxes/<string:mailbox_id>/change")
@admin
def change_mailbox(mailbox_id: str) -> Page | Response:
    """Change the mode of a mailbox, or pause it or go on."""
    new = {}
    if (mode := given("mode")) in MODES:
        new["mode"] = mode
    if (state := given("state")) in ("enabled", "disabled"):
        new["state"] = state
    try:
        services().mailboxes.change(_owner(), mailbox_id, new)
    except REFUSALS as error:
        return refused(error, _page, mailbox_id)
    return to("mailbox", mailbox_id=mailbox_id)


@blueprint.post("/mailboxes/<string:mailbox_id>/allow")
@admin
def allow_address(mailbox_id: str) -> Response:
    """Send to an address again that mail bounced from."""
    services().mailboxes.allow(_owner(), mailbox_id, given("address", most=320))
    return to("mailbox", mailbox_id=mailbox_id)


@blueprint.post("/mailboxes/<string:mailbox_id>/remove")
@admin
def remove_mailbox(mailbox_id: str) -> Response:
    """Disconnect a mailbox; its conversations stay."""
    services().mailboxes.remove(_owner(), mailbox_id)
    return to("mailboxes")


def _page(mailbox_id: str, /, **more: Any) -> str:
    known = services().mailboxes
    row = known.show(_owner(), mailbox_id)
    is_connected = row["oauth"] is not None and row["oauth"]["state"] == ConsentState.CONNECTED
    return flask.render_template(
        "console/mailbox.html",
        row=row,
        needs_consent=not is_connected and known.lacks_password(known.get(_owner(), mailbox_id)),
        mails=known.recent(_owner(), mailbox_id, limit=_MAX_MAILS),
        suppressed=known.suppressions(_owner(), mailbox_id),
        modes=MODES,
        **more,
    )


def _form(**more: Any) -> str:
    return flask.render_template(
        "console/mailbox_form.html", modes=MODES, typed=lambda name: more.get(f"typed_{name}", ""), **more
    )


def _typed() -> dict[str, Any]:
    """Return the fields of a new mailbox as the API takes them; those left empty are left out."""
    fields: dict[str, Any] = {name: given(name, most=320) for name in ("name", "address", "sender_name", "authserv_id")}
    fields["mode"] = given("mode")
    for name in ("team", "notify"):
        fields[name] = [entry for entry in given(name, most=4_000).replace(",", " ").split() if entry]
    user, password = given("user", most=320) or given("address", most=320), given("password", most=500)
    fields["imap_url"] = _url("imap", given("imap_server"), user, password)
    fields["smtp_url"] = _url("smtp", given("smtp_server"), user, password)
    fields["saves_sent"] = "saves_sent" in flask.request.form
    return {name: value for name, value in fields.items() if value}


def _url(scheme: str, server: str, user: str, password: str) -> str | None:
    """Return the URL of a server that was typed as `host` or `host:port`; None when none was.

    Raises:
        Invalid: it is no such thing.
    """
    if not server:
        return None
    host, _colon, port = server.partition(":")
    if not host or set(server) & set("/@? ") or (port and not port.isdigit()):
        raise Invalid(
            f"{server!r}: write a host, such as {scheme}.yours.example, or host:port.", field=f"{scheme}_server"
        )
    plain = "" if port in _STARTTLS_PORTS else "s"
    return f"{scheme}{plain}://{quote(user, safe='')}:{quote(password, safe='')}@{server}"


def _owner() -> str:
    return str(flask.g.principal.workspace_id)

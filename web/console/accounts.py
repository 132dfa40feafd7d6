"""One's own account: name, password, second factor, sessions and workspaces; and accepting an invitation."""

from typing import Any

import flask
import segno
from werkzeug.wrappers import Response

from web.console.session import client, device, log_in, open_to_all, personal, resume
from web.console.site import REFUSALS, Page, blueprint, given, refused, to
from web.http.api import services
from worker.accounts.errors import LinkInvalid
from worker.errors import KeyRefused


@blueprint.get("/profile")
@personal
def profile() -> Page:
    """Show one's own account."""
    return _profile()


@blueprint.post("/profile")
@personal
def rename() -> Page | Response:
    """Change one's name."""
    try:
        services().accounts.entrance.rename(_account_id(), given("name"))
    except REFUSALS as error:
        return refused(error, _profile)
    return to("profile")


@blueprint.post("/profile/password")
@personal
def change_password() -> Page | Response:
    """Change one's password; the other sessions end."""
    form = flask.request.form
    try:
        services().accounts.entrance.change_password(
            _account_id(),
            current=form.get("current", ""),
            new=form.get("new", ""),
            session_id=flask.g.session.id,
            device=device(),
        )
    except REFUSALS as error:
        return _refused(error)
    return to("profile", done="password")


@blueprint.post("/profile/second-factor")
@personal
def begin_second_factor() -> Page | Response:
    """Show a new secret to scan, after one's password."""
    accounts = services().accounts
    try:
        _require_password()
        accounts.second_factor.begin(_account_id())
    except REFUSALS as error:
        return _refused(error)
    return to("second_factor")


@blueprint.get("/profile/second-factor/required")
@personal
def second_factor_required() -> Page | Response:
    """Ask for two-factor authentication, which the workspace demands, before anything else."""
    return flask.render_template("console/second_factor_required.html") if flask.g.must_set_up else to("inbox")


@blueprint.get("/profile/second-factor")
@personal
def second_factor() -> Page | Response:
    """Show the secret that waits for its confirmation."""
    return _second_factor() or to("second_factor_required" if flask.g.must_set_up else "profile")


@blueprint.post("/profile/second-factor/confirm")
@personal
def confirm_second_factor() -> Page | Response:
    """Turn the second factor on; only this response shows the recovery codes."""
    try:
        codes = services().accounts.second_factor.confirm(_account_id(), given("code"))
    except REFUSALS as error:
        return refused(error, lambda **more: _second_factor(**more) or _own_page(**more))
    return flask.render_template("console/recovery_codes.html", codes=codes)


@blueprint.post("/profile/second-factor/remove")
@personal
def remove_second_factor() -> Page | Response:
    """Turn the second factor off, after one's password."""
    accounts = services().accounts
    try:
        _require_password()
        accounts.second_factor.remove(_account_id())
    except REFUSALS as error:
        return _refused(error)
    return to("profile")


@blueprint.post("/profile/sessions/<string:session_id>/end")
@personal
def end_session(session_id: str) -> Response:
    """End one of one's sessions."""
    services().accounts.sessions.end(_account_id(), session_id)
    return to("profile")


@blueprint.post("/profile/sessions/end")
@personal
def end_other_sessions() -> Response:
    """End one's other sessions."""
    services().accounts.sessions.end_others(_account_id(), but=flask.g.session.id)
    return to("profile")


@blueprint.post("/profile/workspace")
@personal
def switch_workspace() -> Response:
    """Go on in another workspace."""
    services().accounts.sessions.switch(_account_id(), flask.g.session.id, given("workspace"))
    return to("inbox")


@blueprint.get("/invitation")
@open_to_all
def invitation() -> Page:
    """Show an invitation: who has no account chooses a password, who has one logs in."""
    return _invitation()


@blueprint.post("/invitation")
@open_to_all
def accept() -> Page | Response:
    """Accept an invitation, and log in."""
    accounts = services().accounts
    try:
        account_id = accounts.invitations.accept(
            given("token"),
            name=given("name"),
            password=flask.request.form.get("password", ""),
            email=given("email", most=254),
        )
    except LinkInvalid:
        return _invitation()
    except REFUSALS as error:
        page, status = refused(error, lambda **more: _offered(**more))
        return page, status
    entered = accounts.entrance.begin(account_id, method="password", client=client())
    return log_in(entered, to=flask.url_for("console.inbox"))


@blueprint.post("/invitation/join")
@personal
def join() -> Page | Response:
    """Accept an invitation with the account that is logged in."""
    accounts = services().accounts
    try:
        workspace_id = accounts.invitations.join(given("token"), _account_id())
    except REFUSALS as error:
        return flask.render_template("console/link_invalid.html", problem=str(error)), 404
    accounts.sessions.switch(_account_id(), flask.g.session.id, workspace_id)
    return to("inbox")


def _account_id() -> str:
    """Return the account that is logged in; abort for an API key, which has none."""
    account_id = flask.g.principal.account_id
    if account_id is None:
        flask.abort(403, description="You are logged in with an API key, which has no account.")
    return str(account_id)


def _require_password() -> None:
    """Ask for the password again, as it was typed as the current one."""
    current = flask.request.form.get("current", "")
    services().accounts.entrance.require_password(_account_id(), current, device=device())


def _profile(**more: Any) -> str:
    if flask.g.session is None:
        return flask.render_template("console/profile_of_key.html")
    accounts, account_id = services().accounts, _account_id()
    return flask.render_template(
        "console/profile.html",
        account=accounts.entrance.account(account_id),
        sessions=accounts.sessions.all(account_id),
        workspaces=accounts.sessions.workspaces(account_id),
        done=flask.request.args.get("done"),
        **more,
    )


def _own_page(**more: Any) -> str:
    """Return the profile, or what stands for it until two-factor authentication is set up."""
    if flask.g.must_set_up:
        return flask.render_template("console/second_factor_required.html", **more)
    return _profile(**more)


def _refused(error: Any) -> Page:
    """Return the page with an error, without the passwords that were typed."""
    page, status = refused(error, lambda **more: _own_page(problem=more["problem"]))
    return page, status


def _second_factor(**more: Any) -> str | None:
    """Return the page with the secret as a picture and as text, or None where none waits."""
    url = services().accounts.second_factor.pending(_account_id())
    if url is None:
        return None
    secret = url.partition("secret=")[2].partition("&")[0]
    picture = segno.make(url, error="m").svg_data_uri(scale=5, border=2, dark="#000", light="#fff")
    groups = [secret[start : start + 4] for start in range(0, len(secret), 4)]
    return flask.render_template("console/second_factor.html", picture=picture, groups=groups, **more)


def _invitation() -> Page:
    try:
        return _offered()
    except LinkInvalid as error:
        return flask.render_template("console/link_invalid.html", problem=str(error)), 404


def _offered(**more: Any) -> str:
    token = flask.request.values.get("token", "")[:200]
    offer = services().accounts.invitations.offer(token)
    try:
        resume()
    except KeyRefused:
        flask.g.pop("csrf", None)
    is_theirs = (
        offer.account_id is not None and "principal" in flask.g and flask.g.principal.account_id == offer.account_id
    )
    return flask.render_template("console/invitation.html", offer=offer, token=token, is_theirs=is_theirs, **more)

"""The people of the workspace: invite them, change their roles, disable and remove them."""

from typing import Any

import flask
from werkzeug.wrappers import Response

from web.console.site import REFUSALS, Page, blueprint, given, refused, to
from web.http.api import services
from web.http.auth import needs
from worker.access.permissions import MEANINGS, RANKED, Permission, includes
from worker.accounts.invitations import Invitation, Inviter
from worker.accounts.people import Change
from worker.errors import Invalid
from worker.states import AccountRole, MemberState

_PAGE = 100

#: What the roles are for, most powerful first.
ROLES = {
    AccountRole.OWNER: "everything, and other owners",
    AccountRole.ADMIN: "settings, people, keys and the audit log",
    AccountRole.EDITOR: "the knowledge base, and all that agents do",
    AccountRole.AGENT: "conversations: reply, take over, close",
    AccountRole.VIEWER: "read only",
}


@blueprint.get("/people")
@needs(Permission.MANAGE_PEOPLE)
def people() -> Page:
    """Show the people of the workspace."""
    return _people()


@blueprint.post("/people")
@needs(Permission.MANAGE_PEOPLE)
def invite() -> Page:
    """Invite somebody; only this response shows the link."""
    try:
        made = services().accounts.invitations.invite(
            flask.g.principal.workspace_id,
            email=given("email", most=254),
            name=given("name"),
            role=_role(given("role")),
            by=inviter(),
        )
    except REFUSALS as error:
        return refused(error, _people)
    flask.g.made = made.account_id
    return _invited(made)


@blueprint.post("/people/<string:account_id>/invitation")
@needs(Permission.MANAGE_PEOPLE)
def renew_invitation(account_id: str) -> Page:
    """Send an invitation again; only this response shows the new link."""
    try:
        return _invited(services().accounts.invitations.renew(flask.g.principal.workspace_id, account_id, by=inviter()))
    except REFUSALS as error:
        return refused(error, _people)


@blueprint.post("/people/<string:account_id>")
@needs(Permission.MANAGE_PEOPLE)
def change_person(account_id: str) -> Page | Response:
    """Change the role of somebody, or disable or enable them."""
    try:
        change = Change(
            role=_role(given("role")) if given("role") else None,
            state=_state(given("state")),
            revoke_keys="revoke_keys" in flask.request.form,
        )
        people = services().accounts.people
        people.change(flask.g.principal.workspace_id, account_id, change, by=people.rank(flask.g.principal))
    except REFUSALS as error:
        return refused(error, _people)
    return to("people")


@blueprint.post("/people/<string:account_id>/remove")
@needs(Permission.MANAGE_PEOPLE)
def remove_person(account_id: str) -> Page | Response:
    """Remove somebody from the workspace."""
    people = services().accounts.people
    try:
        people.remove(
            flask.g.principal.workspace_id,
            account_id,
            by=people.rank(flask.g.principal),
            revoke_keys="revoke_keys" in flask.request.form,
        )
    except REFUSALS as error:
        return refused(error, _people)
    return to("people")


def inviter() -> Inviter:
    """Return whoever is logged in, as the one who invites."""
    principal = flask.g.principal
    return Inviter(name=principal.name or "An administrator", role=services().accounts.people.rank(principal))


def _people(**more: Any) -> str:
    accounts = services().accounts
    rank = accounts.people.rank(flask.g.principal)
    found, cursor = accounts.people.page(
        flask.g.principal.workspace_id, after=flask.request.args.get("cursor"), limit=_PAGE
    )
    return flask.render_template(
        "console/people.html",
        rows=found[::-1] if cursor is None and "cursor" not in flask.request.args else found,
        cursor=cursor,
        roles=ROLES,
        given_roles=[role for role in RANKED if includes(rank, role)],
        meanings=MEANINGS,
        includes=includes,
        rank=rank,
        can_mail=accounts.mails.can_send,
        **more,
    )


def _invited(made: Invitation) -> str:
    accounts = services().accounts
    person = accounts.people.get(flask.g.principal.workspace_id, made.account_id)
    return flask.render_template("console/invited.html", person=person, url=made.url, mailed=accounts.mails.can_send)


def _role(name: str) -> AccountRole:
    if name not in tuple(AccountRole):
        raise Invalid("Choose a role.", field="role")
    return AccountRole(name)


def _state(name: str) -> MemberState | None:
    if name and name not in tuple(MemberState):
        raise Invalid("Must be active, invited or disabled.", field="state")
    return MemberState(name) if name else None

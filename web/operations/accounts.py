"""People's accounts: provisioning by API."""

from typing import Any

import flask

from web.http.api import Blueprint, services
from web.http.auth import needs
from web.http.operations import operation
from web.schemas.accounts import AccountChange, AccountQuery, InvitedUserAccount, NewAccount, UserAccount
from web.schemas.fields import page_of
from worker.access.permissions import Permission
from worker.accounts.invitations import Invitation, Inviter
from worker.accounts.people import Change
from worker.states import AccountRole, MemberState

blueprint = Blueprint("accounts", __name__, description="The people of the workspace, and what they may do")


@blueprint.get("/accounts")
@operation("accounts.list")
@needs(Permission.MANAGE_PEOPLE)
@blueprint.arguments(AccountQuery, location="query")
@blueprint.response(200, page_of(UserAccount))
def list_accounts(query: dict[str, Any]) -> dict[str, Any]:
    """List the people of the workspace, those who came last first."""
    people = services().accounts.people
    found, cursor = people.page(_workspace(), query, after=query.get("cursor"), limit=query["limit"])
    return {"items": found, "next_cursor": cursor}


@blueprint.post("/accounts")
@operation("accounts.invite", "conflict", "role_too_high")
@needs(Permission.MANAGE_PEOPLE)
@blueprint.arguments(NewAccount)
@blueprint.response(201, InvitedUserAccount)
def invite(new: dict[str, Any]) -> tuple[Any, int, dict[str, str]]:
    """Invite somebody to the workspace; an invitation that waits is replaced."""
    made = services().accounts.invitations.invite(
        _workspace(), email=new["email"], role=AccountRole(new["role"]), name=new.get("name", ""), by=_inviter()
    )
    return _invited(made), 201, {"Location": f"/v1/accounts/{made.account_id}"}


@blueprint.get("/accounts/<string:account_id>")
@operation("accounts.retrieve")
@needs(Permission.MANAGE_PEOPLE)
@blueprint.response(200, UserAccount)
def show(account_id: str) -> dict[str, Any]:
    """Return a person of the workspace."""
    return services().accounts.people.get(_workspace(), account_id)


@blueprint.patch("/accounts/<string:account_id>")
@operation("accounts.update", "last_owner", "role_too_high")
@needs(Permission.MANAGE_PEOPLE)
@blueprint.arguments(AccountChange)
@blueprint.response(200, UserAccount)
def change(new: dict[str, Any], account_id: str) -> dict[str, Any]:
    """Change the role of a person, or disable or enable them in the workspace."""
    people = services().accounts.people
    change = Change(
        role=AccountRole(new["role"]) if "role" in new else None,
        state=MemberState(new["state"]) if "state" in new else None,
        revoke_keys=new.get("revoke_keys", False),
    )
    people.change(_workspace(), account_id, change, by=people.rank(flask.g.principal))
    return people.get(_workspace(), account_id)


@blueprint.delete("/accounts/<string:account_id>")
@operation("accounts.remove", "last_owner", "role_too_high")
@needs(Permission.MANAGE_PEOPLE)
@blueprint.response(204)
def remove(account_id: str) -> None:
    """Remove a person from the workspace; what they wrote stays, with their name."""
    people = services().accounts.people
    people.remove(_workspace(), account_id, by=people.rank(flask.g.principal))


@blueprint.post("/accounts/<string:account_id>/invitation")
@operation("accounts.renew_invitation", "conflict", "role_too_high")
@needs(Permission.MANAGE_PEOPLE)
@blueprint.response(200, InvitedUserAccount)
def renew(account_id: str) -> dict[str, Any]:
    """Send an invitation that waits again, with a new link; the old one ends."""
    return _invited(services().accounts.invitations.renew(_workspace(), account_id, by=_inviter()))


def _workspace() -> str:
    return str(flask.g.principal.workspace_id)


def _inviter() -> Inviter:
    return Inviter(name="An administrator", role=services().accounts.people.rank(flask.g.principal))


def _invited(made: Invitation) -> dict[str, Any]:
    person = services().accounts.people.get(_workspace(), made.account_id)
    return {**person, "invitation_url": made.url}
